from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanner.clients.faults import Fault
from scanner.clients.tls import (
    ChainFault,
    Verification,
    judge_peer,
    looking_context,
    pin_of,
    require_chain,
    strict_context,
)
from scanner.model.observation import CertificateFacts
from scanner.model.peer import PeerTrust
from scanner.model.reading import Reason
from scanner.model.target import TlsTrust

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FACTS = CertificateFacts(
    subject="CN=ftp.example.org",
    issuer="CN=Example authority",
    names=("ftp.example.org",),
    not_before="2026-01-01T00:00:00Z",
    not_after="2026-12-31T00:00:00Z",
    key_type="rsa",
    key_bits=2048,
    signature="sha256",
    self_signed=False,
    sha256="11" * 32,
    spki_sha256="22" * 32,
)
WITH_CA = Verification(declared=TlsTrust(ca=Path("/pki/ca.pem")), name="ftp.example.org", now=NOW)
UNDECLARED = replace(WITH_CA, declared=TlsTrust())
PINNED = replace(WITH_CA, declared=TlsTrust(pins=(pin_of(FACTS),)))
LATER = NOW + timedelta(days=365)


def trust(by: Verification, facts: CertificateFacts = FACTS) -> PeerTrust:
    return judge_peer(facts, by)[0]


def test_a_good_chain_name_and_lifetime_verify() -> None:
    assert judge_peer(FACTS, WITH_CA) == (PeerTrust.VERIFIED, "")


def test_each_flaw_has_its_own_word() -> None:
    failed = ChainFault(PeerTrust.UNTRUSTED, "self-signed certificate")
    assert judge_peer(FACTS, replace(WITH_CA, chain=failed)) == (PeerTrust.UNTRUSTED, failed.detail)
    assert trust(replace(WITH_CA, name="other.example.org")) is PeerTrust.MISMATCHED
    assert trust(replace(WITH_CA, now=LATER)) is PeerTrust.EXPIRED


def test_a_pin_decides_alone_and_still_tells_the_flaws() -> None:
    assert trust(PINNED) is PeerTrust.PINNED
    found, detail = judge_peer(FACTS, replace(PINNED, name="x.example.org", now=LATER))
    assert found is PeerTrust.PINNED
    assert "expired" in detail
    assert "x.example.org" in detail


def test_a_missing_pin_is_not_healed_by_a_chain() -> None:
    other = replace(FACTS, spki_sha256="33" * 32)
    both = replace(PINNED, declared=TlsTrust(ca=Path("/pki/ca.pem"), pins=PINNED.declared.pins))
    assert trust(both, other) is PeerTrust.UNTRUSTED
    assert trust(both, replace(FACTS, spki_sha256="")) is PeerTrust.UNTRUSTED


def test_pins_compare_without_regard_to_padding() -> None:
    bare = pin_of(FACTS).rstrip("=")
    assert trust(replace(PINNED, declared=TlsTrust(pins=(bare,)))) is PeerTrust.PINNED


def test_nothing_declared_is_never_verified() -> None:
    assert trust(UNDECLARED) is PeerTrust.UNVERIFIED
    assert trust(replace(UNDECLARED, first_use_allowed=True)) is PeerTrust.FIRST_USE
    assert trust(replace(UNDECLARED, now=LATER)) is PeerTrust.EXPIRED


def test_first_use_is_no_way_around_a_declared_trust() -> None:
    failed = ChainFault(PeerTrust.UNTRUSTED, "no")
    assert trust(replace(WITH_CA, first_use_allowed=True, chain=failed)) is PeerTrust.UNTRUSTED


@pytest.mark.parametrize("value", list(PeerTrust))
def test_only_verified_and_pinned_may_receive_secrets(value: PeerTrust) -> None:
    allowed = value in {PeerTrust.VERIFIED, PeerTrust.PINNED}
    assert value.may_receive_secrets is allowed


def test_a_context_for_secrets_is_modern_and_one_for_looking_is_not() -> None:
    assert strict_context().minimum_version is ssl.TLSVersion.TLSv1_2
    assert looking_context().minimum_version is ssl.TLSVersion.MINIMUM_SUPPORTED


def test_no_context_offers_suites_without_a_certificate() -> None:
    for context in (strict_context(), looking_context()):
        names = {str(cipher["name"]) for cipher in context.get_ciphers()}
        assert not {name for name in names if "NULL" in name or name.startswith(("ADH", "AECDH"))}


def test_a_ca_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("", encoding="ascii")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(Fault) as caught:
            require_chain(strict_context(), TlsTrust(ca=tmp_path / name))
        assert caught.value.reason is Reason.UNREADABLE
