"""A walk judges files by what lies beside them, with the real recogniser."""

from __future__ import annotations

import pytest

from scanner.content.recognise import examine
from scanner.demo.generator import age_twin
from scanner.model.content import ContentFacts, ContentState, ContentTask, Note, ReadRange
from scanner.model.mask import Mask
from scanner.model.reading import Observed, Reading
from scanner.model.view import View
from scanner.probes.walk import observe_view
from tests.content.samples import EXPORT, RANDOM
from tests.probes.memory_tree import a_context, tree_of
from tests.probes.test_walk import target

NAME = "0123456789abcdef" * 4
AGE_KEY = b"# public key: age1demo\nAGE-SECRET-KEY-1" + b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2


class Recognise:
    """Recognises in this process."""

    async def examine(self, task: ContentTask, read: ReadRange) -> Reading[ContentFacts]:
        running = examine(task, Mask(b"0123456789abcdef"))
        try:
            wanted = next(running)
            while True:
                wanted = running.send(await read(wanted.offset, wanted.length))
        except StopIteration as stop:
            facts = stop.value
            assert isinstance(facts, ContentFacts)
            return Observed(facts)


async def seen(files: dict[str, bytes]) -> list[ContentFacts]:
    context = a_context(target(), examiner=Recognise())
    reading = await observe_view(tree_of(files), username="u", encrypted=True, context=context)
    assert isinstance(reading, Observed)
    view = reading.value
    assert isinstance(view, View)
    facts = [file.content.value for file in view.walk.files if isinstance(file.content, Observed)]
    assert len(facts) == len(files)
    return facts


@pytest.mark.parametrize(
    ("folder", "state"), [("/out", ContentState.KEYLESS), ("/other", ContentState.ENCRYPTED)]
)
async def test_a_key_in_the_same_directory_lowers_a_file(folder: str, state: ContentState) -> None:
    facts = await seen({"/out/e.age": age_twin(EXPORT), f"{folder}/notes.txt": AGE_KEY[:97]})
    (sealed,) = (each for each in facts if each.format == "age")
    assert sealed.state is state
    assert (Note.KEY_BESIDE in sealed.notes) == (state is ContentState.KEYLESS)


async def test_the_files_of_a_vault_are_encrypted() -> None:
    vault = {
        "/r/config": RANDOM[:155],
        f"/r/keys/{NAME}": b'{"kdf":"scrypt","salt":"a","data":"b"}',
        f"/r/data/01/{NAME}": RANDOM[:5000],
        f"/r/snapshots/{NAME}": RANDOM[:300],
    }
    facts = await seen(vault)
    assert sorted(each.format for each in facts) == ["restic", "restic", "restic", "restic-key"]
    alone = await seen({path: data for path, data in vault.items() if "keys" not in path})
    assert {each.state for each in alone} == {ContentState.OPAQUE}
