"""What goes over a broker: enough to look, no secret and no paper; what comes back is not trusted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scanner.engine.messages import (
    Batch,
    Sighting,
    Sign,
    decode_batch,
    decode_sighting,
    decode_sign,
    encode_batch,
    encode_sighting,
    encode_sign,
)
from scanner.engine.unseen import unseen
from scanner.model.evidence import Evidence
from scanner.model.observation import Observations
from scanner.model.reading import Reason, Unobserved
from scanner.model.target import Exclusion, Target
from scanner.schemas.catalogue import load_schema
from scanner.targets import load_targets

EXAMPLE = Path(__file__).parents[2] / "targets.example.json"
LOOKED_WITH = (
    "host", "asset", "tenant", "vantages", "timezone", "windows", "endpoints", "areas", "tls",
    "known_hosts", "resolver", "host_keys", "limits", "accounts", "allow",
)  # fmt: skip


def example() -> Batch:
    file = load_targets(EXAMPLE)
    return Batch(
        name="b2",
        origin="b1",
        again=True,
        seconds=90.0,
        contact="security@example.org",
        authorisation=file.authorisation,
        targets=tuple(file.targets),
        exclude=(Exclusion(match="192.0.2.7", reason="a fragile device"),),
        beside=tuple(file.targets[:1]),
    )


def seen() -> Observations:
    target = Target(host="192.0.2.1", asset="lab")
    return unseen(target, "dmz", Unobserved(Reason.CLOSED, "closed"), at="2026-11-26T00:00:00Z")


def changed(**changes: Any) -> bytes:
    plain = json.loads(encode_sighting(Sighting(batch="b1", asset="lab", observations=seen())))
    return json.dumps({**plain, **changes}).encode()


def test_a_worker_is_told_all_that_looking_takes() -> None:
    batch = example()
    there = decode_batch(encode_batch(batch, EXAMPLE.parent), EXAMPLE.parent)
    assert (there.name, there.origin, there.again, there.seconds) == ("b2", "b1", True, 90.0)
    assert there.contact == batch.contact
    assert there.exclude == batch.exclude
    assert there.authorisation.scope == batch.authorisation.scope
    assert there.authorisation.valid_until == batch.authorisation.valid_until
    for told, meant in zip(there.targets, batch.targets, strict=True):
        for name in LOOKED_WITH:
            assert getattr(told, name) == getattr(meant, name), name
        assert [each.paths for each in told.migrations] == [each.paths for each in meant.migrations]
        assert [each.fields for each in told.migrations] == [
            each.fields for each in meant.migrations
        ]
    assert there.beside[0].accounts == batch.targets[0].accounts


def test_papers_and_owners_stay_at_home() -> None:
    batch = example()
    for told in decode_batch(encode_batch(batch, EXAMPLE.parent), EXAMPLE.parent).targets:
        assert (told.documents, told.contracts, told.papers, told.logs) == ((), (), (), ())
        assert (told.owner, told.tags, told.inventory, told.drill) == ("", (), None, None)
        assert {each.controller + each.owner for each in told.migrations} <= {""}
    assert any(target.contracts for target in batch.targets)
    assert b"Clinic of the Hill" not in encode_batch(batch, EXAMPLE.parent)


def test_files_are_named_below_the_folder_of_the_worker(tmp_path: Path) -> None:
    data = encode_batch(example(), EXAMPLE.parent)
    assert str(EXAMPLE.parent).encode() not in data
    there = decode_batch(data, tmp_path).targets[0]
    assert there.tls.ca == tmp_path / "trust/house-ca.pem"


def test_messages_are_what_the_published_schemas_say() -> None:
    sighting = Sighting(batch="b1", asset="lab", observations=seen())
    for name, data in (
        ("batch", encode_batch(example(), EXAMPLE.parent)),
        ("sighting", encode_sighting(sighting)),
        ("sign", encode_sign(Sign(worker="0" * 16, slots=8, busy=3))),
    ):
        schema = load_schema(name)
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate(json.loads(data))
    assert decode_sighting(encode_sighting(sighting), "dmz") == sighting
    assert decode_sign(b'{"worker":"0000000000000000","slots":8,"busy":3}').slots == 8


@pytest.mark.parametrize("secret", ["hunter2", "password", "env:"])
def test_a_batch_with_anything_but_a_reference_is_refused(secret: str) -> None:
    plain = json.loads(encode_batch(example(), EXAMPLE.parent))
    plain["targets"][0]["accounts"][0]["password"] = secret
    with pytest.raises(ValueError, match="not a batch") as refused:
        decode_batch(json.dumps(plain).encode(), EXAMPLE.parent)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        changed(observations={}),
        changed(vantage="internal"),
        changed(whole="yes"),
        changed(batch="../b1"),
        changed(asset="another"),
        changed(observations={"asset": "lab", "host": "h", "vantage": "dmz"}),
    ],
)
def test_what_is_no_sighting_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a |no observations|nested|another|Expecting|decode"):
        decode_sighting(data, "dmz")


def test_a_worker_speaks_for_no_other_vantage() -> None:
    data = encode_sighting(Sighting(batch="b1", asset="lab", observations=seen()))
    with pytest.raises(ValueError, match="another vantage"):
        decode_sighting(data, "internal")
    foreign = Evidence(
        id="internal/1", kind="reply", vantage="internal", at="2026-11-26T00:00:00Z", data={}
    )
    forged = replace(seen(), evidence=(foreign,))
    data = encode_sighting(Sighting(batch="b1", asset="lab", observations=forged))
    with pytest.raises(ValueError, match="evidence from another vantage"):
        decode_sighting(data, "dmz")


def test_texts_of_a_worker_are_made_safe_again() -> None:
    hostile = replace(seen(), host="\x1b[2J\u202egpj.exe", addresses=("caf\u00e9",))
    data = encode_sighting(Sighting(batch="b1", asset="lab", observations=hostile))
    told = decode_sighting(data, "dmz").observations
    assert told.host == r"\x1b[2J\u202egpj.exe"
    assert told.addresses == ("caf\u00e9",)


def test_an_authorisation_without_an_end_has_none_there() -> None:
    batch = example()
    endless = replace(batch, authorisation=replace(batch.authorisation, valid_until=None))
    there = decode_batch(encode_batch(endless, EXAMPLE.parent), EXAMPLE.parent)
    assert there.authorisation.valid_until is None
    until = replace(batch, authorisation=replace(batch.authorisation, valid_until=date(2027, 1, 2)))
    there = decode_batch(encode_batch(until, EXAMPLE.parent), EXAMPLE.parent)
    assert there.authorisation.valid_until == date(2027, 1, 2)
