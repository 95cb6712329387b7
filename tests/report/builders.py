"""Host reports for tests of renderers: synthetic, deterministic, and every part of them filled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from scanner.model.content import (
    Column,
    ContentFacts,
    ContentState,
    DataClass,
    DataKind,
    DateCheck,
    Note,
    TableFacts,
)
from scanner.model.evidence import Evidence
from scanner.model.failure import CAP_REASONS, CapTrigger, FailureId, Grade
from scanner.model.finding import (
    Assessment,
    BreachSeverity,
    Cap,
    Confidence,
    CredentialReport,
    FailureResult,
    Finding,
    HostReport,
    MegabusMatch,
    Severity,
    Source,
    Verdict,
    finding_uid,
)
from scanner.model.listing import EntryKind, Outcome, Precision
from scanner.model.login_keys import (
    AccountKeys,
    AuthorizedKey,
    AuthorizedKeys,
    KeyAnswers,
    KeyQuery,
)
from scanner.model.observation import (
    AnonymousAccess,
    AnonymousTry,
    AuthTls,
    Bounce,
    CertificateFacts,
    ClearLadder,
    ClearLogin,
    DataProtection,
    Effort,
    EndpointObservation,
    EndpointState,
    FtpFacts,
    Observations,
    PassiveAddress,
    Reply,
    Software,
    TlsFacts,
    TlsOffer,
    WriteTest,
)
from scanner.model.peer import PeerTrust
from scanner.model.product import Product
from scanner.model.reading import Observed, Reason, Unobserved
from scanner.model.scan import Coverage, Delta, ScanHeader
from scanner.model.sftp import (
    Attributes,
    ChannelFacts,
    Confinement,
    Neighbours,
    PathSeen,
    Presence,
    SftpExtension,
    SftpFacts,
    SftpLimits,
    ShellAnswer,
    Sibling,
)
from scanner.model.ssh import (
    AccountMethods,
    AuthMethods,
    EmptyPassword,
    GroupExchange,
    HostCertificate,
    HostKey,
    KexInit,
    Prompt,
    SshExtension,
    SshFacts,
    Sshfp,
    SshfpRecord,
)
from scanner.model.target import AcceptedRisk, Decoy, Protocol
from scanner.model.tls_survey import (
    SuiteOrder,
    TlsFlight,
    TlsGroup,
    TlsSuite,
    TlsSurvey,
    TlsVersionSurvey,
)
from scanner.model.trend import ScorePoint
from scanner.model.view import (
    AccountView,
    AreaSeen,
    CredentialStatus,
    FileFact,
    IntegritySeen,
    NameSigns,
    OrderSeen,
    Unread,
    View,
    Walk,
    WritableSigns,
    Zone,
)

AT = "2026-07-01T02:13:00Z"
CONTROLS = {"gdpr": ("32(1)(b)",), "cwe": ("306",)}


def header() -> ScanHeader:
    return ScanHeader(
        uid="scan-1",
        started="2026-07-01T02:00:00Z",
        finished="2026-07-01T02:30:00Z",
        tool_version="0.1.0",
        vantages=("internal", "internet"),
        authorisation="CHG-1042",
        targets_sha256="0" * 64,
        coverage=Coverage(targeted=3, assessed=2, unreachable=1),
        delta=Delta(new=2, unchanged=1),
    )


def finding(failure: FailureId, facet: str = "facet", **changes: object) -> Finding:
    vantage = str(changes.get("vantage", "internet"))
    plain = Finding(
        uid=finding_uid("default", "ftp-archive-01", vantage, failure, facet),
        facet=facet,
        vantage=vantage,
        ways_in=("ftp 192.0.2.1:21",),
        verdict=Verdict.FAIL,
        source=Source.NETWORK,
        confidence=Confidence.PROOF,
        severity=Severity.HIGH,
        summary=f"{facet} failed",
        remedy=f"Mend {facet}.",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def row(failure: FailureId, *findings: Finding, **changes: object) -> FailureResult:
    """A row that says what its first finding says, or is not looked at."""
    if not findings:
        plain = FailureResult(
            id=failure,
            verdict=Verdict.UNKNOWN,
            source=None,
            confidence=None,
            severity=Severity.INFO,
            summary="not looked at",
            reason="not-looked-at",
            remedy=f"Declare what {failure} needs.",
            controls=CONTROLS,
        )
    else:
        chief = findings[0]
        plain = FailureResult(
            id=failure,
            verdict=chief.verdict,
            source=chief.source,
            confidence=chief.confidence,
            severity=chief.severity,
            summary=chief.summary,
            reason=chief.reason,
            remedy=chief.remedy,
            controls=CONTROLS,
            findings=findings,
        )
    return replace(plain, **changes)  # type: ignore[arg-type]


def evidence(identity: str = "internet/192.0.2.1:21#1", **changes: object) -> Evidence:
    plain = Evidence(
        id=identity,
        kind="ftp-reply",
        vantage="internet",
        at=AT,
        data={"code": 230, "lines": ("Login successful.",), "encrypted": False},
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def file_fact(number: int = 1, state: ContentState | None = ContentState.CLEAR) -> FileFact:
    if state is None:
        content: Observed[ContentFacts] | Unobserved = Unobserved(Reason.SAMPLE_BUDGET)
    else:
        content = Observed(
            ContentFacts(
                format="csv",
                state=state,
                kinds=(
                    DataKind(
                        kind="nir", data_class=DataClass.HEALTH, count=40, valid_share=0.9, column=0
                    ),
                ),
                columns=(
                    Column(index=0, name="nir"),
                    Column(index=1, key="ab12", free_text=True),
                ),
                rows=1200,
                persons=1100,
                contacts=2,
                bytes_read=65_536,
                tables=(
                    TableFacts(
                        columns=(Column(index=0, name="surname", like="nom"),),
                        rows=1200,
                        rows_read=300,
                        whole=False,
                        dates=DateCheck(inside=290, outside=4, untold=6),
                    ),
                ),
                unordered_kinds=("nir",),
                notes=(Note.OLD_CIPHER,),
            )
        )
    return FileFact(
        key=f"{number:032x}",
        directory="/exchange/mig-7",
        extension="csv",
        size=1_000_000,
        modified="2026-03-01T00:00:00Z",
        precision=Precision.MINUTE,
        named="2026-03",
        mode=0o644,
        zone=Zone.PRIVATE,
        orders=("MIG-7",),
        content=content,
    )


def view(username: str = "anonymous", *, files: tuple[FileFact, ...] = ()) -> View:
    return View(
        username=username,
        encrypted=False,
        home="/",
        root=Outcome.LISTED,
        root_reply="226 Directory send OK.",
        walk=Walk(
            directories=3,
            entries=12,
            bytes=65_536,
            stopped=("depth",),
            outside_public=12,
            eligible=4,
            sampled=2,
            writable_claims=2,
            unparsed=3,
            links=2,
            links_outside=1,
            links_untold=1,
            writable=WritableSigns(perm=2, perm_letters="adf", others=1, group=3, acl=1),
            unparsed_shapes=("aaaaaa aaaaaaa|9999-99-99",),
            forged_possible=1,
            unread=(
                Unread(
                    reason=Reason.SAMPLE_BUDGET,
                    detail="the bytes for sampling were spent",
                    files=7,
                ),
            ),
            integrity=(
                IntegritySeen(
                    order_id="MIG-7",
                    exports=3,
                    summed=2,
                    weak=1,
                    signed=1,
                    verified=1,
                    mismatched=1,
                    mismatched_in=("/exchange/***",),
                    absent=1,
                    manifests=("bagit", "order-manifest"),
                    ticketed=3,
                    evidence=("e9",),
                ),
            ),
            names=NameSigns(drafts=1, leftovers=2, customers=3),
            areas=(
                AreaSeen(
                    path="/exchange",
                    zone=Zone.PRIVATE,
                    outcome=Observed(Outcome.LISTED),
                    entries=12,
                    mode=0o755,
                ),
                AreaSeen(path="/pub", zone=Zone.PUBLIC, outcome=Unobserved(Reason.TIME_BUDGET)),
            ),
            orders=(
                OrderSeen(
                    order_id="MIG-7",
                    patterns=("/exchange/mig-7/*",),
                    found=True,
                    complete=False,
                    files=3,
                ),
            ),
            files=files or (file_fact(), file_fact(2, None)),
        ),
    )


def ftp_facts() -> FtpFacts:
    """FTP with every fact observed."""
    return FtpFacts(
        greeting=Observed(Reply(220, ("Example FTP",))),
        features=Observed(("AUTH TLS", "MLSD")),
        auth_tls=Observed(AuthTls(mechanism="tls", replies=(Reply(234),), in_feat=True)),
        tls=Observed(tls_facts()),
        legacy_tls=Observed((TlsOffer(offer="sslv3", accepted=False),)),
        tls_flight=Observed(tls_flight()),
        tls_survey=Observed(tls_survey()),
        clear_named=Observed(ClearLadder(step=ClearLogin.ASKED, replies=(Reply(331, ("Pass?",)),))),
        clear_anonymous=Observed(ClearLadder(step=ClearLogin.REFUSED, replies=(Reply(530),))),
        anonymous=Observed(
            AnonymousAccess(
                tries=(
                    AnonymousTry(
                        username="anonymous",
                        encrypted=False,
                        replies=(Reply(331), Reply(230, ("Login successful.",))),
                        accepted=True,
                    ),
                )
            )
        ),
        anonymous_view=Observed(view()),
        data=Observed(DataProtection(clear_accepted=True, replies=(Reply(200), Reply(550)))),
        ccc=Observed(Reply(200)),
        session_reused=Observed(value=True),
        passive=Observed(PassiveAddress(announced="10.0.0.1:40000", foreign=True)),
        software=Observed(Software(product=Product.VSFTPD, version="3.0.3", signs=("greeting",))),
        system=Observed(Reply(215, ("UNIX Type: L8",))),
        help=Observed(Reply(214, ("Help OK.",))),
        site_help=Observed(Reply(550, ("Permission denied.",))),
        status=Observed(Reply(211, ("FTP server status:", "End of status"))),
        injectable=Observed(value=False),
        reuse_required=Observed(value=True),
        bounce=Observed(Bounce(accepted=False, replies=(Reply(500), Reply(500)))),
        clear_on_implicit=Unobserved(Reason.NOT_OFFERED, "TLS is not implicit on this port"),
        write_test=Observed(WriteTest(tried=2, written=0, replies=(Reply(550), Reply(550)))),
        accounts=(
            AccountView(
                username="lab-transfer",
                status=CredentialStatus.ACCEPTED,
                view=Observed(view("lab-transfer")),
            ),
        ),
    )


def sftp_facts() -> SftpFacts:
    """A session with every fact observed."""
    folder = Attributes(kind=EntryKind.DIRECTORY, mode=0o755, uid=0, gid=0)
    present = Observed(Presence.PRESENT)
    root = PathSeen(path="/", presence=present, attributes=folder)
    return SftpFacts(
        version=3,
        extensions=(SftpExtension("statvfs@openssh.com", "2"),),
        dropped=1,
        limits=Observed(SftpLimits(packet=262_144, read=261_120, write=261_120, handles=1019)),
        home=Observed(PathSeen(path="/home/***", presence=present, attributes=folder)),
        confinement=Observed(
            Confinement(
                confined=False,
                signs=("/etc/passwd /usr /proc: present", "the root belongs to root"),
                root=root,
                known=(
                    PathSeen(path="/proc", presence=present, attributes=folder),
                    PathSeen(path="/home", presence=Unobserved(Reason.TIMEOUT)),
                ),
            )
        ),
        key_files=Observed((PathSeen(path=".ssh", presence=Observed(Presence.MISSING)),)),
        authorized_keys=Observed(
            AuthorizedKeys(
                keys=(
                    AuthorizedKey(fingerprint="SHA256:DDDD", algorithm="ssh-ed25519", comment="c1"),
                ),
                unparsed=1,
            )
        ),
        neighbours=Observed(
            Neighbours(
                parent="/home",
                outcome=Outcome.LISTED,
                folders=2,
                siblings=(
                    Sibling(name="***", outcome=Observed(Outcome.DENIED), mode=0o700, uid=1002),
                    Sibling(name="***", outcome=Unobserved(Reason.TIME_BUDGET)),
                ),
            )
        ),
        read_only=Observed(value=False),
    )


def tls_flight() -> TlsFlight:
    return TlsFlight(
        accepted=True,
        version="TLSv1.2",
        suite="TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        secure_renegotiation=True,
        compression="none",
        chain=1,
        group=TlsGroup(name="dh", bits=2048),
        client_certificate=False,
        whole=True,
    )


def tls_survey() -> TlsSurvey:
    """One version refused, one accepted, and the rounds spent."""
    accepted = TlsVersionSurvey(
        version="TLSv1.2",
        suites=(
            TlsSuite(name="TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
            TlsSuite(name="TLS_RSA_WITH_AES_128_CBC_SHA", flaws=("cbc-sha1",)),
        ),
        groups=(TlsGroup(name="dh", bits=2048), TlsGroup(name="0x0A0A")),
        order=SuiteOrder.SERVER,
    )
    refused = TlsVersionSurvey(version="SSLv3", complete=True, detail="alert: protocol version")
    return TlsSurvey(versions=(refused, accepted), rounds=3, cut="the budget is spent")


def tls_facts() -> TlsFacts:
    return TlsFacts(
        version="TLSv1.2",
        cipher="ECDHE-RSA-AES256-GCM-SHA384",
        certificate=certificate(),
        trust=PeerTrust.UNTRUSTED,
        trust_detail="self-signed",
    )


def certificate() -> CertificateFacts:
    return CertificateFacts(
        subject="CN=ftp.example.org",
        issuer="CN=ftp.example.org",
        names=("ftp.example.org",),
        not_before="2026-01-01T00:00:00Z",
        not_after="2027-01-01T00:00:00Z",
        key_type="rsa",
        key_bits=2048,
        signature="sha256WithRSAEncryption",
        self_signed=True,
        sha256="a" * 64,
        spki_sha256="b" * 64,
    )


def _certificate() -> HostCertificate:
    return HostCertificate(
        serial=7,
        key_id="archive",
        principals=("ftp.example.org",),
        valid_after="2026-01-01T00:00:00Z",
        valid_before="",
        authority="SHA256:BBBB",
        authority_algorithm="ssh-ed25519",
    )


def ssh_facts() -> SshFacts:
    lists = ("x",)
    return SshFacts(
        identification=Observed("SSH-2.0-Example_1.0"),
        kexinit=Observed(
            KexInit(
                kex=("curve25519-sha256",),
                host_key=("ssh-ed25519",),
                ciphers_in=lists,
                ciphers_out=lists,
                macs_in=lists,
                macs_out=lists,
                compression_in=lists,
                compression_out=lists,
            )
        ),
        host_keys=Observed(
            (
                HostKey(
                    algorithm="ssh-ed25519",
                    bits=256,
                    fingerprint="SHA256:AAAA",
                    trust=PeerTrust.PINNED,
                ),
                HostKey(
                    algorithm="ssh-ed25519-cert-v01@openssh.com",
                    bits=256,
                    fingerprint="SHA256:AAAA",
                    trust=PeerTrust.EXPIRED,
                    trust_detail="the certificate proves nothing: it has expired",
                    certificate=HostCertificate(
                        serial=2**64 - 1,
                        key_id="sftp-1",
                        principals=("sftp.example.org",),
                        valid_after="",
                        valid_before="2026-06-30T00:00:00Z",
                        authority="SHA256:BBBB",
                        authority_algorithm="ssh-ed25519",
                    ),
                ),
            )
        ),
        every_key=Observed(value=True),
        sshfp=Observed(
            Sshfp(
                records=(SshfpRecord(algorithm=4, hash_type=2, matches=True, contradicts=False),),
                authenticated=True,
            )
        ),
        group_exchange=Observed(
            (
                GroupExchange(smallest_asked=1024, preferred=1024, largest_asked=8192, given=2048),
                GroupExchange(smallest_asked=1024, preferred=1024, largest_asked=1024, given=None),
            )
        ),
        extensions=Observed((SshExtension(name="server-sig-algs", value="ssh-ed25519"),)),
        methods=Observed(AuthMethods(none_accepted=False, methods=("publickey",))),
        prompts=Observed((Prompt(text="Password: ", echo=False),)),
        account_methods=(
            AccountMethods(
                username="migration",
                methods=Observed(AuthMethods(none_accepted=False, methods=("publickey",))),
            ),
            AccountMethods(username="old", methods=Unobserved(Reason.THROTTLED, "turned away")),
        ),
        empty_passwords=(EmptyPassword(username="migration", accepted=Observed(value=False)),),
        account_keys=(
            AccountKeys(
                username="migration",
                answers=Observed(
                    KeyAnswers(
                        people=2,
                        verified=True,
                        stranger_refused=Observed(value=True),
                        queries=(
                            KeyQuery(
                                holder="h1",
                                fingerprint="SHA256:CCCC",
                                algorithm="ssh-ed25519",
                                accepted=Observed(value=True),
                            ),
                            KeyQuery(
                                holder="h2",
                                accepted=Unobserved(Reason.UNREADABLE, "no public key"),
                            ),
                        ),
                    )
                ),
            ),
        ),
        accounts=(
            AccountView(
                username="migration",
                status=CredentialStatus.PARTIAL,
                remaining=("keyboard-interactive",),
                view=Unobserved(Reason.NO_LOGIN, "a second factor is asked for"),
            ),
            AccountView(
                username="partner",
                status=CredentialStatus.ACCEPTED,
                view=Unobserved(Reason.TIMEOUT, "no answer in time"),
                sftp=Observed(sftp_facts()),
                channels=Observed(
                    ChannelFacts(
                        shell=Observed(ShellAnswer.REFUSED),
                        forwarding=Unobserved(Reason.TIMEOUT, "no answer in time"),
                    )
                ),
            ),
        ),
    )


def endpoints() -> tuple[EndpointObservation, ...]:
    """FTP, a closed FTPS port, SFTP."""
    return (
        EndpointObservation(
            port=21,
            protocol=Protocol.FTP,
            address="192.0.2.1",
            declared=True,
            state=EndpointState.OPEN,
            effort=Effort(
                connections=6,
                connection_budget=200,
                logins=3,
                logins_failed=1,
                bytes_received=70_000,
                verbs={"USER": 3, "AUTH": 2, "PASS": 2},
            ),
            facts=ftp_facts(),
        ),
        EndpointObservation(
            port=990,
            protocol=Protocol.FTPS,
            address="192.0.2.1",
            declared=False,
            state=EndpointState.CLOSED,
            reason=Reason.CLOSED,
            detail="connection refused",
            effort=Effort(connections=1, connection_budget=200),
        ),
        EndpointObservation(
            port=22,
            protocol=Protocol.SFTP,
            address="192.0.2.1",
            declared=True,
            state=EndpointState.OPEN,
            effort=Effort(connections=2, connection_budget=9, logins=1),
            facts=ssh_facts(),
        ),
    )


def look(vantage: str = "internet", **changes: object) -> Observations:
    plain = Observations(
        asset="ftp-archive-01",
        host="ftp.example.org",
        vantage=vantage,
        started=AT,
        finished="2026-07-01T02:14:00Z",
        addresses=("192.0.2.1",),
        endpoints=endpoints(),
        evidence=(
            evidence(),
            evidence("internet/192.0.2.1:21#2", kind="tls", data={"version": "TLSv1.2"}),
        ),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def bad_rows() -> tuple[FailureResult, ...]:
    """Every verdict once at least, with leads, an accepted risk and an old fail."""
    ids = FailureId
    return (
        row(
            ids.OPEN_ZONE,
            finding(
                ids.OPEN_ZONE,
                "anonymous-login",
                severity=Severity.CRITICAL,
                summary="anyone can log in as anonymous and list 12 entries",
                remedy="Turn anonymous logins off, and move public files to a web server.",
                evidence=("internet/192.0.2.1:21#1",),
                caps=(CapTrigger.OPEN_LISTING,),
                first_seen="2026-05-28T02:00:00Z",
                days_open=34,
            ),
        ),
        row(
            ids.CLEAR_STORAGE,
            finding(
                ids.CLEAR_STORAGE,
                "readable-data",
                severity=Severity.CRITICAL,
                summary="1 file in clear holds health data: 40 values of kind nir",
                remedy="Encrypt exports for their receiver before they are laid down.",
            ),
        ),
        row(
            ids.PLAINTEXT_TRANSPORT,
            finding(
                ids.PLAINTEXT_TRANSPORT,
                "password-in-clear",
                summary="a named user is asked for a password in clear (331)",
                ways_in=("ftp 192.0.2.1:21", "ftp [2001:db8::1]:21"),
                suppressed=True,
            ),
            finding(
                ids.PLAINTEXT_TRANSPORT,
                "clear-data",
                severity=Severity.MEDIUM,
                summary="the data channel may be clear",
                suppressed=True,
            ),
            finding(
                ids.PLAINTEXT_TRANSPORT,
                "weak-macs",
                severity=Severity.LOW,
                ways_in=("sftp 192.0.2.1:22",),
                summary="SSH offers SHA-1 MACs",
                remedy="Take hmac-sha1 out of the server's MACs.",
            ),
        ),
        row(ids.OVERDUE_DELETION),
        row(
            ids.SHARED_ACCOUNT,
            finding(
                ids.SHARED_ACCOUNT,
                "same-uid",
                verdict=Verdict.UNKNOWN,
                reason="suspected",
                confidence=Confidence.STRONG,
                summary="suspected: two accounts land on one uid",
            ),
        ),
        row(
            ids.MISSING_SUPERVISION,
            finding(
                ids.MISSING_SUPERVISION,
                "drill",
                verdict=Verdict.PASS,
                severity=Severity.INFO,
                source=Source.OPERATOR,
                summary="the drill of 2026-06-01 raised its alert in 3 minutes",
            ),
        ),
        row(
            ids.UNCONTROLLED_MIGRATION,
            finding(
                ids.UNCONTROLLED_MIGRATION,
                "procedure",
                verdict=Verdict.PASS,
                severity=Severity.INFO,
                source=Source.DOCUMENT,
                vantage="papers",
                ways_in=(),
                summary="a procedure is declared, reviewed 2026-05-01",
            ),
        ),
        row(
            ids.EXCESS_EXTRACTION,
            verdict=Verdict.ERROR,
            summary="the check failed",
            reason="own-fault",
        ),
        row(
            ids.MISSING_CONTRACT,
            verdict=Verdict.NOT_APPLICABLE,
            summary="the data are our own (signed by DPO, until 2027-06-30)",
            reason="the data are our own",
        ),
    )


def bad_report() -> HostReport:
    """A host with nearly everything wrong."""
    return HostReport(
        tenant="default",
        asset="ftp-archive-01",
        host="ftp.example.org",
        owner="Data exchange team",
        tags=("laboratories",),
        judged_at=AT,
        observations=(look(),),
        failures=bad_rows(),
        assessment=Assessment(
            score=14.1,
            best_case=19.0,
            coverage=64.6,
            grade=Grade.F,
            worst=Grade.F,
            best=Grade.F,
            megabus_match=MegabusMatch(matched=3, cleared=2, unknown=3),
            caps=(
                Cap(
                    trigger=CapTrigger.OPEN_LISTING,
                    grade=Grade.D,
                    reason=CAP_REASONS[CapTrigger.OPEN_LISTING],
                    failure=FailureId.OPEN_ZONE,
                    vantage="internet",
                    since="2026-05-28T02:00:00Z",
                ),
                Cap(
                    trigger=CapTrigger.OPEN_PERSONAL_DATA,
                    grade=Grade.F,
                    reason=CAP_REASONS[CapTrigger.OPEN_PERSONAL_DATA],
                    failure=FailureId.CLEAR_STORAGE,
                    vantage="internet",
                    since=AT,
                    stale=True,
                ),
            ),
            letter_lowered="open-zone has been open for 34 days",
        ),
        credentials=(
            CredentialReport(username="lab-transfer", status="accepted"),
            CredentialReport(
                username="migration",
                status="partial",
                detail="a second factor is asked for",
                skipped=("readable-data", "shared-keys"),
            ),
        ),
        exceptions=(
            AcceptedRisk(
                failure="plaintext-transport",
                reason="Last supplier moves to SFTP",
                approved_by="CISO",
                until=date(2027, 1, 31),
            ),
        ),
        breach_candidate=AT,
        breach_severity=BreachSeverity(score=4.5, level="very high"),
        trend=(
            ScorePoint("2026-06-29T02:13:00Z", 38.0),
            ScorePoint("2026-06-30T02:13:00Z", None),
            ScorePoint(AT, 14.1),
        ),
    )


def silent_report() -> HostReport:
    """A host of which nothing is known: no port answered."""
    nothing = look(
        addresses=(),
        endpoints=(),
        evidence=(),
        unreached=Unobserved(Reason.NAME_NOT_RESOLVED, "no address for ftp.example.org"),
    )
    return replace(
        bad_report(),
        observations=(nothing,),
        failures=tuple(row(failure) for failure in FailureId),
        assessment=Assessment(
            score=0.0,
            best_case=100.0,
            coverage=0.0,
            grade=Grade.U,
            worst=Grade.F,
            best=Grade.A,
            megabus_match=MegabusMatch(matched=0, cleared=0, unknown=9),
        ),
        credentials=(),
        exceptions=(),
        breach_candidate=None,
        breach_severity=None,
        trend=(ScorePoint(AT, None),),
    )


def good_report() -> HostReport:
    """A host with nothing wrong, and nothing unknown."""
    closed = endpoints()[2]
    return replace(
        silent_report(),
        asset="sftp-good",
        host="sftp.example.org",
        observations=(look("internet", host="sftp.example.org", endpoints=(closed,), evidence=()),),
        failures=tuple(
            row(
                failure,
                finding(
                    failure,
                    verdict=Verdict.PASS,
                    severity=Severity.INFO,
                    ways_in=("sftp 192.0.2.1:22",),
                    summary="seen to be in order",
                ),
            )
            for failure in FailureId
        ),
        assessment=Assessment(
            score=100.0,
            best_case=100.0,
            coverage=100.0,
            grade=Grade.A,
            worst=Grade.A,
            best=Grade.A,
            megabus_match=MegabusMatch(matched=0, cleared=9, unknown=0),
        ),
        trend=(ScorePoint("2026-06-30T02:13:00Z", 88.4), ScorePoint(AT, 100.0)),
    )


def decoy_report() -> HostReport:
    return replace(
        bad_report(), asset="honeypot-1", decoy=Decoy(owner="SOC", until=date(2027, 1, 31))
    )
