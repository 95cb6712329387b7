from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.observation import EndpointObservation, EndpointState, IdentityDifference
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.target import Protocol
from scanner.wire.identity import (
    CERTIFICATE,
    NONE,
    OTHER_SERVICE,
    Sighting,
    differences,
    greeting_mark,
    host_key_marks,
    sighting_of,
)
from tests.checks.cases import endpoint, enforced_ftp, modern_ssh, plain_ftp

SAME = [
    ("(vsFTPd 3.0.3)", "(vsFTPd 3.0.3)"),
    ("ProFTPD Server (Debian) [127.0.0.1]", "ProFTPD Server (Debian) [::1]"),
    ("ProFTPD Server (Debian) [::ffff:127.0.0.1]", "ProFTPD Server (Debian) [192.0.2.7]"),
    ("You are user number 1 of 50 allowed.", "You are user number 17 of 50 allowed."),
    ("Local time is now 02:18. Server port: 21.", "Local time is now 23:59. Server port: 2121."),
    ("ftp1.example.org FTP server ready", "ftp2.example.net FTP server ready"),
    ("web01 FTP (pid 4711)", "web17 FTP (pid 9)"),
    ("Ready on Mon Nov 23 02:18:01 UTC 2026", "Ready on Tue Dec 1 11:00:59 UTC 2026"),
    ("Welcome, 2026-11-23T02:18:01Z.", "Welcome, 2026-12-01T11:00:59Z."),
]
OTHER = [
    ("(vsFTPd 3.0.3)", "(vsFTPd 3.0.5)"),
    ("ProFTPD 1.3.8b Server", "ProFTPD 1.3.8 Server"),
    ("Microsoft FTP Service", "ProFTPD Server"),
    ("", "ready"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_what_varies_from_machine_to_machine_is_no_mark(one: str, two: str) -> None:
    assert greeting_mark([one]) == greeting_mark([two])


@pytest.mark.parametrize(("one", "two"), OTHER)
def test_products_and_versions_are_marks(one: str, two: str) -> None:
    assert greeting_mark([one]) != greeting_mark([two])


@given(st.lists(st.text(max_size=60), max_size=8))
def test_a_greeting_of_any_kind_has_a_mark_that_tells_none_of_its_text(lines: list[str]) -> None:
    mark = greeting_mark(lines)
    assert mark.startswith("sha256:")
    assert len(mark) == len("sha256:") + 32
    assert mark == greeting_mark(lines)


def sighting(address: str, port: int = 21, speaks: str = "ftp", **marks: str) -> Sighting:
    return Sighting(address=address, port=port, speaks=speaks, marks=marks)


def test_a_mark_read_in_one_place_alone_proves_nothing() -> None:
    seen = [sighting("a", greeting="x", key="k"), sighting("b", greeting="x")]
    assert differences(seen) == ()


def test_ports_are_not_compared_with_one_another() -> None:
    assert differences([sighting("a", 21, greeting="x"), sighting("b", 990, greeting="y")]) == ()


def test_an_address_that_changes_midway_differs_from_itself() -> None:
    (found,) = differences([sighting("a", key="k1"), sighting("a", key="k2")])
    assert (found.mark, found.seen) == ("key", {"a": ("k1", "k2")})


def test_a_protocol_of_its_own_is_a_difference_whatever_else_agrees() -> None:
    seen = [sighting("a", speaks="ftp"), sighting("b", speaks=OTHER_SERVICE)]
    (found,) = differences(seen)
    assert (found.mark, found.protocol) == ("protocol", Protocol.AUTO)


@pytest.mark.parametrize(
    ("one", "two", "marks"),
    [
        ({"ssh-rsa": "A"}, {"ssh-rsa": "A"}, set()),
        ({"ssh-rsa": "A", "ssh-dss": "D"}, {"ssh-rsa": "A"}, set()),
        ({"ssh-rsa": "A"}, {"ssh-rsa": "B"}, {"host-key ssh-rsa"}),
        ({"ssh-rsa": "A"}, {"ssh-ed25519": "E"}, {"host-key"}),
        ({"ssh-rsa": "A"}, {}, set()),
    ],
)
def test_host_keys_are_compared_kind_by_kind(
    one: dict[str, str], two: dict[str, str], marks: set[str]
) -> None:
    seen = [
        sighting(address, 22, "sftp", **host_key_marks(keys))
        for address, keys in (("a", one), ("b", two))
    ]
    assert {each.mark for each in differences(seen)} == marks


def test_what_a_scan_saw_has_the_marks_of_the_line_up() -> None:
    tls, clear = sighting_of(endpoint(enforced_ftp())), sighting_of(endpoint(plain_ftp()))
    assert tls is not None
    assert clear is not None
    assert clear.marks[CERTIFICATE] == NONE
    assert tls.marks[CERTIFICATE] != NONE
    ssh = sighting_of(endpoint(modern_ssh()))
    assert ssh is not None
    assert {"identification", "host-key ssh-ed25519"} <= set(ssh.marks)


@pytest.mark.parametrize("reason", [Reason.CLOSED, Reason.TIMEOUT])
def test_nobody_is_no_identity(reason: Reason) -> None:
    assert sighting_of(endpoint(None, reason=reason)) is None


def test_another_service_is_somebody() -> None:
    other = EndpointObservation(
        port=21,
        protocol=Protocol.FTP,
        address="192.0.2.7",
        declared=True,
        state=EndpointState.OTHER_SERVICE,
        reason=Reason.OTHER_SERVICE,
    )
    found = sighting_of(other)
    assert found is not None
    assert found.speaks == OTHER_SERVICE


def test_tls_that_failed_is_not_taken_for_none() -> None:
    facts = enforced_ftp(tls=Unobserved(Reason.TLS_FAILED))
    found = sighting_of(endpoint(facts))
    assert isinstance(facts.auth_tls, Observed)
    assert found is not None
    assert CERTIFICATE not in found.marks


SIGHTINGS = st.lists(
    st.builds(
        sighting,
        st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"]),
        st.sampled_from([21, 990]),
        st.sampled_from(["ftp", "ftps", OTHER_SERVICE]),
        greeting=st.sampled_from(["g1", "g2"]),
    ),
    max_size=6,
)


@given(SIGHTINGS, st.randoms())
def test_the_order_of_sightings_decides_nothing(seen: list[Sighting], chance: Random) -> None:
    shuffled = list(seen)
    chance.shuffle(shuffled)
    assert told(differences(seen)) == told(differences(shuffled))


def told(found: Iterable[IdentityDifference]) -> list[tuple[int, str, list[tuple[str, list[str]]]]]:
    return sorted(
        (each.port, each.mark, sorted((at, sorted(shown)) for at, shown in each.seen.items()))
        for each in found
    )


@given(SIGHTINGS)
def test_what_is_seen_twice_differs_no_more_than_once(seen: list[Sighting]) -> None:
    assert differences([*seen, *seen]) == differences(seen)
    assert differences(seen[:1] * 2) == ()


def test_a_certificate_is_marked_by_the_key_inside() -> None:
    plain, certified = "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"
    assert host_key_marks({certified: "K"}) == host_key_marks({plain: "K"})
    assert host_key_marks({plain: "K", certified: "other"}) == host_key_marks({plain: "K"})


def test_the_random_tail_of_tinyssh_is_no_mark() -> None:
    one, two, other = (
        sighting_of(
            endpoint(modern_ssh(identification=Observed(f"SSH-2.0-{rest}")), protocol=Protocol.SFTP)
        )
        for rest in (
            "tinyssh_20230101-1 Ab3dEf9h",
            "tinyssh_20230101-1 zz9876yX",
            "tinyssh_20240101 zz9876yX",
        )
    )

    assert one == two
    assert one != other
