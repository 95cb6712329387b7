"""Builders of cases: an asset as its judges get it, with one thing changed at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from scanner.checks.base import evaluate
from scanner.checks.registry import all_checks
from scanner.model.case import Case
from scanner.model.content import ContentFacts, ContentState, DataClass, DataKind
from scanner.model.failure import FailureId
from scanner.model.finding import FailureResult, Finding
from scanner.model.listing import Outcome
from scanner.model.observation import (
    AnonymousAccess,
    AnonymousTry,
    AuthTls,
    CertificateFacts,
    ClearLadder,
    ClearLogin,
    DataProtection,
    EndpointObservation,
    EndpointState,
    FtpFacts,
    Observations,
    Reply,
    TlsFacts,
    TlsOffer,
)
from scanner.model.peer import PeerTrust
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.ssh import AuthMethods, HostKey, KexInit, SshFacts
from scanner.model.target import Endpoint, Protocol, Target
from scanner.model.tls_survey import (
    TlsFlight,
    TlsGroup,
)
from scanner.model.view import AccountView, CredentialStatus, FileFact, OrderSeen, View, Walk, Zone

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
FTP = Endpoint(port=21, protocol=Protocol.FTP)
SFTP = Endpoint(port=22, protocol=Protocol.SFTP)


def reply(code: int, text: str = "") -> Reply:
    return Reply(code, (text,) if text else ())


def target(**changes: Any) -> Target:
    base = Target(host="files.example.org", asset="files", endpoints=(FTP,))
    return replace(base, **changes)


def walk(**changes: Any) -> Walk:
    base = Walk(
        directories=1,
        entries=0,
        bytes=0,
        stopped=(),
        outside_public=0,
        eligible=0,
        sampled=0,
        writable_claims=0,
        unparsed=0,
    )
    return replace(base, **changes)


def view(**changes: Any) -> View:
    walked = changes.pop("walk", None) or walk()
    base = View(username="anonymous", encrypted=False, home="/", root=Outcome.LISTED, walk=walked)
    return replace(base, **changes)


def content(*classes: DataClass, state: ContentState = ContentState.CLEAR) -> ContentFacts:
    kinds = tuple(DataKind(kind=f"{item}-kind", data_class=item, count=3) for item in classes)
    return ContentFacts(format="csv", state=state, kinds=kinds)


def file(*classes: DataClass, **changes: Any) -> FileFact:
    facts = changes.pop("content", None) or Observed(content(*classes))
    base = FileFact(key="k1", directory="/export", extension="csv", size=10, content=facts)
    return replace(base, **changes)


def refused_anonymous() -> Observed[AnonymousAccess]:
    tries = tuple(
        AnonymousTry(username=name, encrypted=False, replies=(reply(530),), accepted=False)
        for name in ("anonymous", "ftp")
    )
    return Observed(AnonymousAccess(tries=tries), ("e1",))


def accepted_anonymous() -> Observed[AnonymousAccess]:
    replies = (reply(331), reply(230))
    attempt = AnonymousTry(username="anonymous", encrypted=False, replies=replies, accepted=True)
    return Observed(AnonymousAccess(tries=(attempt,)), ("e1",))


def certificate() -> CertificateFacts:
    return CertificateFacts(
        subject="CN=files.example.org",
        issuer="CN=Example CA",
        names=("files.example.org",),
        not_before="2026-01-01T00:00:00Z",
        not_after="2027-01-01T00:00:00Z",
        key_type="ec",
        key_bits=256,
        signature="sha256",
        self_signed=False,
        sha256="00",
        spki_sha256="00",
    )


def tls(trust: PeerTrust = PeerTrust.VERIFIED) -> Observed[TlsFacts]:
    facts = TlsFacts(version="TLSv1.3", cipher="x", certificate=certificate(), trust=trust)
    return Observed(facts, ("e2",))


OFFERS = ("sslv3", "tls1.0-1.1", "broken-suites", "3des")


def offers(*accepted: str) -> Observed[tuple[TlsOffer, ...]]:
    return Observed(tuple(TlsOffer(offer=name, accepted=name in accepted) for name in OFFERS))


def flight(**changes: Any) -> Observed[TlsFlight]:
    """What a sound server of TLS 1.2 shows."""
    sound = TlsFlight(
        accepted=True,
        version="TLSv1.2",
        suite="TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        secure_renegotiation=True,
        compression="none",
        chain=2,
        group=TlsGroup(name="x25519", bits=256),
        client_certificate=False,
        whole=True,
    )
    return Observed(replace(sound, **changes), ("e3",))


def enforced_ftp(**changes: Any) -> FtpFacts:
    """An endpoint that requires TLS of everybody, on control and data, and was seen to."""
    refused = ClearLadder(step=ClearLogin.REFUSED, replies=(reply(530),))
    base = FtpFacts(
        greeting=Observed(reply(220, "ready")),
        auth_tls=Observed(AuthTls(mechanism="tls", replies=(reply(234),))),
        tls=tls(),
        legacy_tls=offers(),
        tls_flight=flight(),
        clear_named=Observed(refused),
        clear_anonymous=Observed(refused),
        anonymous=refused_anonymous(),
        data=Observed(DataProtection(clear_accepted=False, replies=(reply(522),))),
        ccc=Observed(reply(534)),
    )
    return replace(base, **changes)


def plain_ftp(**changes: Any) -> FtpFacts:
    """An endpoint without any TLS that asks for passwords."""
    base = FtpFacts(
        greeting=Observed(reply(220, "ready")),
        auth_tls=Observed(AuthTls(mechanism="", replies=(reply(500), reply(500)))),
        clear_named=Observed(ClearLadder(step=ClearLogin.ASKED, replies=(reply(331),))),
        clear_anonymous=Observed(ClearLadder(step=ClearLogin.REFUSED, replies=(reply(530),))),
        anonymous=refused_anonymous(),
    )
    return replace(base, **changes)


def kexinit(**changes: Any) -> KexInit:
    base = KexInit(
        kex=("mlkem768x25519-sha256", "curve25519-sha256", "kex-strict-s-v00@openssh.com"),
        host_key=("ssh-ed25519",),
        ciphers_in=("aes256-gcm@openssh.com",),
        ciphers_out=("aes256-gcm@openssh.com",),
        macs_in=("hmac-sha2-256-etm@openssh.com",),
        macs_out=("hmac-sha2-256-etm@openssh.com",),
        compression_in=("none",),
        compression_out=("none",),
    )
    return replace(base, **changes)


def host_key(**changes: Any) -> HostKey:
    base = HostKey(
        algorithm="ssh-ed25519", bits=256, fingerprint="SHA256:x", trust=PeerTrust.PINNED
    )
    return replace(base, **changes)


def modern_ssh(**changes: Any) -> SshFacts:
    base = SshFacts(
        identification=Observed("SSH-2.0-OpenSSH_9.2"),
        kexinit=Observed(kexinit()),
        host_keys=Observed((host_key(),)),
        every_key=Observed(value=True),
        methods=Observed(AuthMethods(none_accepted=False, methods=("publickey",))),
    )
    return replace(base, **changes)


def account(seen: View | None = None, username: str = "lab") -> AccountView:
    return AccountView(
        username=username,
        status=CredentialStatus.ACCEPTED,
        view=Observed(seen or view(username=username, encrypted=True), ("e3",)),
    )


def endpoint(facts: FtpFacts | SshFacts | None, **changes: Any) -> EndpointObservation:
    is_ssh = isinstance(facts, SshFacts)
    base = EndpointObservation(
        port=22 if is_ssh else 21,
        protocol=Protocol.SFTP if is_ssh else Protocol.FTP,
        address="127.0.0.9",
        declared=True,
        state=EndpointState.OPEN if facts else EndpointState.FILTERED,
        reason=None if facts else Reason.FILTERED,
        facts=facts,
    )
    return replace(base, **changes)


def seen(*endpoints: EndpointObservation, vantage: str = "internal") -> Observations:
    return Observations(
        asset="files",
        host="files.example.org",
        vantage=vantage,
        started="2026-11-22T03:00:00Z",
        finished="2026-11-22T03:00:01Z",
        addresses=("127.0.0.9",),
        endpoints=endpoints,
    )


def case(*facts: FtpFacts | SshFacts | None, **changes: Any) -> Case:
    endpoints = tuple(endpoint(item) for item in facts)
    base = Case(target=target(), observations=(seen(*endpoints),), now=NOW)
    return replace(base, **changes)


def result(failure: FailureId, judged: Case) -> FailureResult:
    check = next(check for check in all_checks() if check.id is failure)
    return evaluate(check, judged)


def finding(row: FailureResult, facet: str) -> Finding:
    return next(item for item in row.findings if item.facet == facet)


def order_seen(**changes: Any) -> OrderSeen:
    base = OrderSeen(
        order_id="MIG-1", patterns=("/exchange/mig-1/*",), found=True, complete=True, files=0
    )
    return replace(base, **changes)


NOTHING = Unobserved(Reason.TIMEOUT, "no answer in time")
PRIVATE = Zone.PRIVATE
