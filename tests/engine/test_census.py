"""Which supplied secrets are the same, without anybody learning one."""

from __future__ import annotations

from scanner.engine.census import SecretCensus
from scanner.model.secret import SecretRef, SecretScheme
from scanner.model.shared_secret import SharedSecret
from scanner.model.target import Account, Target
from tests.probes.memory_tree import MemorySecrets


def ref(name: str) -> SecretRef:
    return SecretRef(SecretScheme.ENV, name)


KNOWN = MemorySecrets({"env:A": b"same", "env:B": b"same", "env:C": b"other"})


def login(username: str, reference: str, **changes: str) -> Account:
    return Account(username=username, password=ref(reference), **changes)  # type: ignore[arg-type]


def target(asset: str, *accounts: Account) -> Target:
    return Target(host=f"{asset}.example.org", asset=asset, accounts=accounts)


def shared(*targets: Target) -> list[tuple[SharedSecret, ...]]:
    census = SecretCensus(KNOWN, targets)
    return [census.shared(one) for one in targets]


def test_one_secret_on_several_assets_is_told_to_each() -> None:
    told = shared(
        target("a", login("x", "A")), target("b", login("y", "B")), target("c", login("z", "C"))
    )
    assert told == [
        (SharedSecret(username="x", assets=1),),
        (SharedSecret(username="y", assets=1),),
        (),
    ]


def test_one_reference_for_two_accounts_of_an_asset_is_the_same_secret() -> None:
    (told,) = shared(target("a", login("x", "A"), login("y", "A"), login("z", "C")))
    assert told == (
        SharedSecret(username="x", accounts=("y",)),
        SharedSecret(username="y", accounts=("x",)),
    )


def test_two_targets_of_one_asset_are_one_asset() -> None:
    assert shared(target("a", login("x", "A")), target("a", login("x", "A"))) == [(), ()]


def test_a_declared_realm_is_left_out_on_both_sides() -> None:
    told = shared(target("a", login("x", "A", realm="directory")), target("b", login("y", "B")))
    assert told == [(), ()]


def test_what_cannot_be_resolved_opens_nothing() -> None:
    assert shared(target("a", login("x", "GONE")), target("b", login("y", "GONE"))) == [(), ()]


def test_a_password_is_no_key() -> None:
    key = Account(username="y", private_key=ref("B"))
    assert shared(target("a", login("x", "A"), key)) == [()]


def test_nothing_of_a_secret_shows() -> None:
    census = SecretCensus(KNOWN, (target("a", login("x", "A")),))
    census.shared(census.targets[0])
    assert "same" not in repr(census)
    assert repr(census) == "SecretCensus()"
