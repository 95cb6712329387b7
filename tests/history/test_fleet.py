from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from scanner.history import Fleet
from scanner.history.fleet import MOST_NAMED
from scanner.model.finding import HostReport
from scanner.model.login_keys import (
    AccountKeys,
    AuthorizedKey,
    AuthorizedKeys,
    KeyAnswers,
    KeyQuery,
)
from scanner.model.observation import EndpointObservation, FtpFacts
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.sftp import SftpFacts
from scanner.model.ssh import SshFacts
from tests.checks.cases import account, endpoint, enforced_ftp, modern_ssh, plain_ftp, seen
from tests.history.cases import report


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with Fleet() as opened:
        yield opened


def asset(name: str, *endpoints: EndpointObservation) -> HostReport:
    look = seen(*endpoints)
    return replace(report(asset=name, observations=[look]), host=f"{name}.example.org")


def at(address: str, facts: FtpFacts | SshFacts | None, **more: Any) -> EndpointObservation:
    return endpoint(facts, address=address, **more)


def keyed(fingerprint: str) -> SshFacts:
    facts = modern_ssh()
    assert isinstance(facts.host_keys, Observed)
    (key,) = facts.host_keys.value
    return replace(facts, host_keys=Observed((replace(key, fingerprint=fingerprint),)))


def test_a_run_of_strangers_has_nothing_in_common(fleet: Fleet) -> None:
    fleet.add(asset("a", at("192.0.2.1", plain_ftp())))
    fleet.add(asset("b", at("192.0.2.2", plain_ftp())))
    assert list(fleet.facts()) == []
    assert fleet.aliases("a") == ()


def test_ports_and_keys_of_the_same_assets_are_one_fact(fleet: Fleet) -> None:
    for name in "ab":
        ftp, ssh = at("192.0.2.1", plain_ftp()), at("192.0.2.1", keyed("SHA256:k"), port=22)
        fleet.add(asset(name, ftp, ssh))
    (fact,) = fleet.facts()
    assert (fact["kind"], fact["ports"], fact["keys"]) == ("same-server", [21, 22], ["SHA256:k"])
    assert fleet.aliases("a") == ("b.example.org",)


def test_another_key_at_the_same_place_is_another_server(fleet: Fleet) -> None:
    fleet.add(asset("a", at("192.0.2.1", keyed("SHA256:k"))))
    fleet.add(asset("b", at("192.0.2.1", keyed("SHA256:other"))))
    assert list(fleet.facts()) == []


@pytest.mark.parametrize(
    "facts",
    [
        None,
        enforced_ftp(tls=Unobserved(Reason.TLS_FAILED)),
        replace(modern_ssh(), host_keys=Unobserved(Reason.TIMEOUT)),
    ],
)
def test_where_no_key_was_read_nothing_is_claimed(
    fleet: Fleet, facts: FtpFacts | SshFacts | None
) -> None:
    fleet.add(asset("a", at("192.0.2.1", facts)))
    fleet.add(asset("b", at("192.0.2.1", facts)))
    assert list(fleet.facts()) == []


def test_both_families_of_one_server_are_no_shared_key(fleet: Fleet) -> None:
    for name in "ab":
        both = [at(address, keyed("SHA256:k")) for address in ("192.0.2.1", "2001:db8::1")]
        fleet.add(asset(name, *both))
    assert [fact["kind"] for fact in fleet.facts()] == ["same-server"] * 2


def test_a_key_on_servers_apart_is_a_lead(fleet: Fleet) -> None:
    for number, name in enumerate("abc", start=1):
        fleet.add(asset(name, at(f"192.0.2.{number}", keyed("SHA256:k"))))
    (fact,) = fleet.facts()
    assert (fact["kind"], fact["more"]) == ("shared-key", 0)
    assert fact["addresses"] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert fleet.aliases("a") == ()


def test_a_crowd_at_one_address_is_counted_and_named_in_part(fleet: Fleet) -> None:
    for number in range(MOST_NAMED + 5):
        fleet.add(asset(f"a{number:04}", at("192.0.2.1", plain_ftp())))
    (fact,) = fleet.facts()
    assert (len(fact["assets"]), fact["more"]) == (MOST_NAMED, 5)
    assert len(fleet.aliases("a0000")) == MOST_NAMED
    assert "a0000.example.org" not in fleet.aliases("a0000")


def opened_by(*fingerprints: str) -> SshFacts:
    """A server with one account that these keys open, by its word or by its key file."""
    first, *rest = fingerprints
    query = KeyQuery(holder="h", fingerprint=first, accepted=Observed(value=True))
    answers = KeyAnswers(people=1, verified=True, queries=(query,))
    keys = tuple(AuthorizedKey(fingerprint=each, algorithm="ssh-ed25519") for each in rest)
    session = SftpFacts(version=3, authorized_keys=Observed(AuthorizedKeys(keys=keys)))
    return replace(
        keyed(f"SHA256:host-{first}"),
        account_keys=(AccountKeys(username="lab", answers=Observed(answers)),),
        accounts=(replace(account(), sftp=Observed(session)),),
    )


def test_a_login_key_on_servers_apart_is_a_lead_by_its_fingerprint(fleet: Fleet) -> None:
    fleet.add(asset("a", at("192.0.2.1", opened_by("SHA256:one", "SHA256:both"))))
    fleet.add(asset("b", at("192.0.2.2", opened_by("SHA256:both", "SHA256:two"))))
    (fact,) = fleet.facts()
    assert (fact["kind"], fact["keys"]) == ("shared-login-key", ["SHA256:both"])
    assert (fact["assets"], fact["addresses"]) == (["a", "b"], ["192.0.2.1", "192.0.2.2"])


def test_login_keys_of_strangers_are_none(fleet: Fleet) -> None:
    fleet.add(asset("a", at("192.0.2.1", opened_by("SHA256:one"))))
    fleet.add(asset("b", at("192.0.2.2", opened_by("SHA256:two"))))
    assert list(fleet.facts()) == []


def test_a_login_key_of_one_server_under_two_names_is_no_lead_of_its_own(fleet: Fleet) -> None:
    for name in "ab":
        fleet.add(asset(name, at("192.0.2.1", opened_by("SHA256:one"))))
    assert [fact["kind"] for fact in fleet.facts()] == ["same-server"]


def test_a_key_that_was_refused_opens_nothing(fleet: Fleet) -> None:
    for number, name in enumerate("ab", start=1):
        query = KeyQuery(holder="h", fingerprint="SHA256:x", accepted=Observed(value=False))
        answers = KeyAnswers(people=1, verified=True, queries=(query,))
        asked = AccountKeys(username="lab", answers=Observed(answers))
        facts = replace(keyed(f"SHA256:host-{name}"), account_keys=(asked,))
        fleet.add(asset(name, at(f"192.0.2.{number}", facts)))
    assert list(fleet.facts()) == []
