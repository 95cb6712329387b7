"""Files that are unchanged since they were judged are not read again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest

from scanner.history import History
from scanner.model.content import (
    ContentFacts,
    ContentState,
    ContentTask,
    DataClass,
    DataKind,
    ReadRange,
)
from scanner.model.listing import Entry, Precision
from scanner.model.reading import Observed, Reading
from scanner.model.target import Limits, Migration, Target
from scanner.model.view import View
from scanner.probes.walk import observe_view
from tests.probes.memory_tree import (
    NOW,
    PERSONAL,
    MarkExaminer,
    MemoryTree,
    a_context,
    a_file,
)

LAB = Target(host="ftp.example.org", asset="lab")
OLD = NOW - timedelta(days=3)
ORDER = Migration(order_id="M", paths=("/*",), fields=("day",), date_field="day")


@dataclass
class Nights:
    """Looks at trees night after night, over one history."""

    history: History = field(default_factory=lambda: History.in_memory(lambda: NOW))
    reads: list[bytes] = field(default_factory=list)

    async def look(
        self,
        *entries: Entry,
        of: Target = LAB,
        username: str = "lab",
        place: str = "192.0.2.1:21",
        content: bytes = PERSONAL,
        examiner: object | None = None,
    ) -> View:
        contents = {b"/" + entry.name: content for entry in entries}
        tree = MemoryTree({b"/": entries}, contents)
        context = a_context(
            of, judged=self.history, place=place, examiner=examiner or MarkExaminer()
        )
        reading = await observe_view(tree, username=username, encrypted=True, context=context)
        self.reads = tree.reads
        assert isinstance(reading, Observed)
        return reading.value


def csv(**facts: object) -> Entry:
    return replace(a_file(b"a.csv", size=8, modified=OLD), **facts)  # type: ignore[arg-type]


async def test_a_file_that_is_unchanged_is_not_read_again_and_says_when_it_was() -> None:
    nights = Nights()

    first = await nights.look(csv())
    assert nights.reads == [b"/a.csv"]
    second = await nights.look(csv())

    assert nights.reads == []
    assert (second.walk.sampled, second.walk.unread) == (1, ())
    assert second.walk.files[0].content == first.walk.files[0].content
    assert first.walk.files[0].read_at is None
    assert second.walk.files[0].read_at == "2026-05-01T03:00:00Z"


@pytest.mark.parametrize(
    "changed",
    [
        csv(size=9),
        csv(modified=OLD + timedelta(seconds=1)),
        csv(precision=Precision.MINUTE),
        csv(zone_known=False),
        csv(name=b"b.csv"),
    ],
)
async def test_a_file_that_changed_is_read_again(changed: Entry) -> None:
    nights = Nights()
    await nights.look(csv())

    seen = await nights.look(changed)

    assert nights.reads == [b"/" + changed.name]
    assert seen.walk.files[0].read_at is None


@pytest.mark.parametrize(
    "other",
    [
        {"username": "other"},
        {"place": "192.0.2.1:22"},
        {"place": "192.0.2.2:21"},
        {"of": replace(LAB, asset="other")},
        {"of": replace(LAB, tenant="other")},
        {"of": replace(LAB, limits=Limits(bytes_per_file=4_096))},
        {"of": replace(LAB, migrations=(ORDER,))},
    ],
)
async def test_what_was_read_elsewhere_by_another_or_for_less_is_no_reading_of_this(
    other: dict[str, object],
) -> None:
    nights = Nights()
    await nights.look(csv())

    await nights.look(csv(), **other)  # type: ignore[arg-type]

    assert nights.reads == [b"/a.csv"]


@pytest.mark.parametrize(
    "version", ["scanner.probes.known.VERSION", "scanner.probes.known.__version__"]
)
async def test_a_recogniser_that_learnt_something_reads_again(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights = Nights()
    await nights.look(csv())
    monkeypatch.setattr(version, "9")

    await nights.look(csv())

    assert nights.reads == [b"/a.csv"]


@pytest.mark.parametrize(
    "entry",
    [
        csv(modified=None),
        csv(size=None),
        csv(modified=NOW - timedelta(minutes=59)),
        csv(modified=NOW + timedelta(days=1)),
        csv(modified=NOW - timedelta(hours=47), zone_known=False),
        csv(modified=NOW - timedelta(hours=47), precision=Precision.DAY),
    ],
)
async def test_a_file_whose_change_might_not_show_is_read_every_night(entry: Entry) -> None:
    nights = Nights()
    await nights.look(entry)

    await nights.look(entry)

    assert nights.reads == [b"/a.csv"]


async def test_an_order_that_asks_for_other_days_is_read_for_anew() -> None:
    def target(**days: date) -> Target:
        return replace(LAB, migrations=(replace(ORDER, **days),))  # type: ignore[arg-type]

    nights = Nights()
    await nights.look(csv(), of=target(date_from=date(2024, 1, 1)))
    await nights.look(csv(), of=target(date_from=date(2024, 1, 1)))
    assert nights.reads == []
    await nights.look(csv(), of=target(date_from=date(2025, 1, 1)))
    assert nights.reads == [b"/a.csv"]


async def test_what_is_known_costs_no_budget_so_that_the_rest_comes_next() -> None:
    limited = replace(LAB, limits=Limits(files_sampled=2))
    entries = [csv(name=f"{n}.csv".encode()) for n in range(6)]
    nights = Nights()
    left = []

    for _ in range(4):
        walk = (await nights.look(*entries, of=limited, content=b"harmless")).walk
        left.append((walk.sampled, sum(each.files for each in walk.unread), len(nights.reads)))

    assert left == [(2, 4, 2), (4, 2, 2), (6, 0, 2), (6, 0, 0)]


async def test_a_file_known_to_be_harmful_is_proof_without_being_read() -> None:
    nights = Nights()
    entries = [csv(name=f"{n}.csv".encode()) for n in range(3)]
    await nights.look(*entries)

    walk = (await nights.look(*entries, csv(name=b"new.csv"))).walk

    assert nights.reads == []
    assert walk.sampled == 3
    assert [(each.detail, each.files) for each in walk.unread] == [("sampling stops at proof", 1)]


async def test_a_file_cut_short_by_the_budget_of_the_host_is_not_taken_as_read() -> None:
    poor = replace(LAB, limits=Limits(bytes_per_host=12))
    nights = Nights()
    await nights.look(csv(), of=poor)

    await nights.look(csv())

    assert nights.reads == [b"/a.csv"]


class Breaking:
    async def examine(self, task: ContentTask, read: ReadRange) -> Reading[ContentFacts]:
        await read(0, task.size)
        return Observed(ContentFacts(format="unknown", state=ContentState.MALFORMED))


async def test_what_could_not_be_made_out_is_tried_again() -> None:
    nights = Nights()
    await nights.look(csv(), examiner=Breaking())

    await nights.look(csv())

    assert nights.reads == [b"/a.csv"]


async def test_what_the_place_says_of_a_file_is_judged_anew() -> None:
    class OfAgeAndKeys:
        async def examine(self, task: ContentTask, read: ReadRange) -> Reading[ContentFacts]:
            await read(0, task.size)
            if task.name == "a.age":
                return Observed(ContentFacts(format="age", state=ContentState.ENCRYPTED))
            key = DataKind(kind="age-secret-key", data_class=DataClass.SECRET, count=1)
            return Observed(ContentFacts(format="text", state=ContentState.CLEAR, kinds=(key,)))

    nights = Nights()
    sealed, key = csv(name=b"a.age"), csv(name=b"k.txt")
    states = []
    for entries in ((sealed, key), (sealed,), (sealed, key)):
        files = (await nights.look(*entries, examiner=OfAgeAndKeys())).walk.files
        contents = [file.content.value for file in files if isinstance(file.content, Observed)]
        states += [each.state for each in contents if each.format == "age"]

    assert states == [ContentState.KEYLESS, ContentState.ENCRYPTED, ContentState.KEYLESS]
    assert nights.reads == []
