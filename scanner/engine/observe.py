"""All that a worker runs: one target in, observations out. Nothing is judged here."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import field, replace
from datetime import datetime
from pathlib import PurePath

from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault
from scanner.engine.line_up import Door, compared, line_up, pinned_only
from scanner.engine.scope import Admission, Resolver, Scope, SystemResolver
from scanner.errors import ScannerError
from scanner.model.attempts import AttemptLedger, limit_key
from scanner.model.content import Examiner
from scanner.model.evidence import Evidence
from scanner.model.frozen import dataclass
from scanner.model.judged import JudgedFiles, NothingJudged
from scanner.model.mask import Mask
from scanner.model.observation import (
    EndpointObservation,
    EndpointState,
    FtpFacts,
    Observations,
)
from scanner.model.reading import Reason, Unobserved
from scanner.model.secret import SecretResolver
from scanner.model.shared_secret import Census, NothingShared
from scanner.model.ssh import SshFacts
from scanner.model.target import Endpoint, Protocol, Target
from scanner.model.view import AccountView
from scanner.probes.allowance import Allowance
from scanner.probes.context import EvidenceLog, ProbeContext, utc_text
from scanner.probes.locks import CredentialGate, KeyedLocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a worker works with. ``credentialed`` is false where no secret may be used.

    ``locks`` let one scan at a time reach an address, whatever names it has. ``resolver`` looks
    names up. ``census`` knows which supplied secrets serve more than one account.
    """

    scope: Scope
    resolver: Resolver = field(default_factory=SystemResolver)
    secrets: SecretResolver
    attempts: AttemptLedger
    examiner: Examiner
    mask: Mask
    clock: Callable[[], datetime]
    vantage: str
    contact: str = "anonymous@example.invalid"
    credentialed: bool = True
    locks: KeyedLocks = field(default_factory=KeyedLocks)
    gate: CredentialGate = field(default_factory=CredentialGate)
    judged: JudgedFiles = field(default_factory=NothingJudged)
    stops_at_proof: bool = True
    census: Census = field(default_factory=NothingShared)


async def observe(target: Target, tools: Tools) -> Observations:
    """Probe every endpoint of every admitted address, one after the other.

    Never raises for what a server does. The asset's deadline leaves the rest ``Unobserved``.
    """
    sight = Sight(target=target, tools=tools)
    await sight.look()
    return sight.observations()


class Sight:
    """One look at one target. Whoever owns it can tell what was seen, even of a look cut short.

    ``only`` are the ports that are asked; ``None`` means all of the target's.
    """

    def __init__(self, *, target: Target, tools: Tools, only: frozenset[int] | None = None) -> None:
        self.target = target
        self.tools = tools
        self.only = only
        self._started = utc_text(tools.clock())
        self._over = False
        self._admission: Admission | None = None
        self._doors: list[Door] = []
        self._endpoints: list[EndpointObservation] = []
        self._evidence: list[Evidence] = []
        self._allowances: dict[str, Allowance] = {}

    async def look(self) -> None:
        """Probe what is asked, as ``observe`` does.

        Raises ``ScannerError`` where the scanner cannot go on, such as a history in other hands.
        """
        asked = [endpoint.port for endpoint in self._asked()]
        tools = self.tools
        self._admission = await tools.scope.admit(self.target.host, asked, tools.resolver)
        if self._admission.failure is None:
            self._doors = _plan(self.target, self._admission)
            await self._probe()
        self._over = True

    def observations(self) -> Observations:
        """Return what was seen so far; each endpoint without an answer says why."""
        admission = self._admission or Admission(failure=_CUT)
        tools = self.tools
        log = EvidenceLog(f"{tools.vantage}/identity", tools.vantage, tools.clock)
        mixed = compared(self._doors, self._endpoints, log)
        return Observations(
            asset=self.target.asset,
            host=self.target.host,
            vantage=self.tools.vantage,
            started=self._started,
            finished=utc_text(self.tools.clock()),
            addresses=tuple(dict.fromkeys(str(admitted.ip) for admitted in admission.admitted)),
            out_of_scope=admission.out_of_scope,
            unreached=admission.failure,
            omitted=admission.omitted,
            mixed_identity=mixed,
            shared_secrets=tools.census.shared(self.target) if tools.credentialed else (),
            endpoints=(*self._endpoints, *self._unanswered(admission), *self._unasked(admission)),
            evidence=(*self._evidence, *log.all()),
        )

    def _asked(self) -> list[Endpoint]:
        every = self.target.endpoints
        return [each for each in every if self.only is None or each.port in self.only]

    async def _probe(self) -> None:
        """Probe until the asset's deadline; what was seen before it is kept.

        Who answers at each of several addresses is read first, before any is sent a secret.

        Each probe is told what is left of the asset's time and ends by itself a little earlier,
        so that the deadline itself only cuts one that does not.
        """
        clock = asyncio.get_running_loop().time
        end = clock() + self.target.limits.asset_seconds
        try:
            async with asyncio.timeout_at(end):
                await line_up(self._doors, self.target, self.tools.locks)
                for door in self._doors:
                    log = _log_of(door, self.tools)
                    async with self.tools.locks.hold(limit_key(door.admitted)):
                        hurried = _with_seconds(self.target, end - clock())
                        context = self._context(door, hurried, log)
                        seen = await _endpoint(door, context)
                    self._endpoints.append(seen)
                    self._evidence.extend(log.all())
        except TimeoutError:
            return

    def _context(self, door: Door, target: Target, log: EvidenceLog) -> ProbeContext:
        tools = self.tools
        return ProbeContext(
            target=target,
            vantage=tools.vantage,
            secrets=tools.secrets,
            attempts=tools.attempts,
            examiner=tools.examiner,
            mask=tools.mask,
            clock=tools.clock,
            evidence=log,
            contact=tools.contact,
            credentialed=tools.credentialed,
            pinned_only=pinned_only(door, self._doors),
            gate=tools.gate,
            judged=tools.judged,
            stops_at_proof=tools.stops_at_proof,
            place=str(door.admitted),
            allowance=self._allowance(door),
        )

    def _allowance(self, door: Door) -> Allowance:
        """Return what may be sampled at a door's address, over all of its doors."""
        ip = str(door.admitted.ip)
        allowance = self._allowances.setdefault(ip, Allowance(self.target.limits))
        at = self._doors.index(door)
        still = [each for each in self._doors[at:] if _is_beside(each, door)]
        allowance.looks = sum(_looks(each, self.target, self.tools) for each in still)
        return allowance

    def _unanswered(self, admission: Admission) -> list[EndpointObservation]:
        """Return the endpoints that were asked for and never reached, each with its reason."""
        why = admission.failure or (_LATE if self._over else _CUT)
        if not self._doors:
            return [_left_out(endpoint, self.target.host, why) for endpoint in self._asked()]
        done = {(endpoint.address, endpoint.port) for endpoint in self._endpoints}
        return [
            _left_out(door.endpoint, str(door.admitted.ip), why, door.meter)
            for door in self._doors
            if (str(door.admitted.ip), door.admitted.port) not in done
        ]

    def _unasked(self, admission: Admission) -> list[EndpointObservation]:
        """Return the endpoints that this look leaves alone."""
        addresses = dict.fromkeys(str(admitted.ip) for admitted in admission.admitted)
        asked = self._asked()
        return [
            _left_out(endpoint, address, _NOT_ASKED)
            for address in addresses or (self.target.host,)
            for endpoint in self.target.endpoints
            if endpoint not in asked
        ]


_LATE = Unobserved(Reason.TIME_BUDGET, "the asset's time was spent before this endpoint")
_CUT = Unobserved(Reason.INTERRUPTED, "the scan was interrupted before this endpoint was done")
_NOT_ASKED = Unobserved(Reason.NOT_LOOKED_AT, "not asked in this scan")


def _plan(target: Target, admission: Admission) -> list[Door]:
    """Pair each admitted address and port with its endpoint, address by address."""
    by_port = {endpoint.port: endpoint for endpoint in target.endpoints}
    return [
        Door(admitted=admitted, endpoint=by_port[admitted.port]) for admitted in admission.admitted
    ]


def _is_beside(door: Door, other: Door) -> bool:
    return door.admitted.ip == other.admitted.ip and door.dead is None


def _looks(door: Door, target: Target, tools: Tools) -> int:
    """Return how many logins may look at files at a door."""
    supplied = [account for account in target.accounts if account.has_credential]
    if not tools.credentialed:
        supplied = []
    anonymous = door.protocol is not Protocol.SFTP
    return len(supplied) + anonymous


def _with_seconds(target: Target, seconds: float) -> Target:
    limits = replace(target.limits, asset_seconds=max(0.0, seconds))
    return replace(target, limits=limits)


def _log_of(door: Door, tools: Tools) -> EvidenceLog:
    return EvidenceLog(f"{tools.vantage}/{door.admitted}", tools.vantage, tools.clock)


async def _endpoint(door: Door, context: ProbeContext) -> EndpointObservation:
    target, protocol = context.target, door.protocol
    dialer = door.dialer(target)
    facts: FtpFacts | SshFacts | None = None
    trouble = door.dead
    fault = door.fault
    try:
        if trouble is None:
            if protocol is Protocol.AUTO:
                from scanner.probes.detect import detect  # noqa: PLC0415 - it knows both families

                protocol = await detect(dialer, target.limits.timeout_seconds)
            facts = await _facts(protocol, dialer, context)
            trouble = _mute(facts)
    except Fault as error:
        trouble = error.reading
    except ScannerError:
        raise  # said on purpose and no bug: the history is in other hands, for one
    except Exception as error:  # noqa: BLE001 - our own bug must not end the run
        fault = _where(error)
    return EndpointObservation(
        port=door.admitted.port,
        protocol=protocol,
        address=str(door.admitted.ip),
        declared=door.endpoint.declared,
        state=_state(trouble, fault),
        reason=trouble.reason if trouble else None,
        detail=trouble.detail if trouble else "",
        effort=door.meter.facts(),
        facts=None if trouble else facts,
        fault=fault,
    )


async def _facts(protocol: Protocol, dialer: Dialer, context: ProbeContext) -> FtpFacts | SshFacts:
    # The two families are slow to load, and an ad-hoc scan needs one of them.
    if protocol is Protocol.SFTP:
        from scanner.probes.sftp import observe_sftp  # noqa: PLC0415

        return await observe_sftp(dialer, context)
    from scanner.probes.ftp import observe_ftp  # noqa: PLC0415

    kept_back = _kept_back(context)
    if kept_back:
        context = replace(context, target=replace(context.target, accounts=()))
    facts = await observe_ftp(dialer, context, implicit=protocol is Protocol.FTPS)
    return replace(facts, accounts=kept_back) if kept_back else facts


def _kept_back(context: ProbeContext) -> tuple[AccountView, ...]:
    """Return the accounts that are not tried over FTP because no pin is declared.

    Where pins are declared they alone decide who is sent a secret, and nothing is kept back.
    """
    if not context.pinned_only or context.target.tls.pins or not context.credentialed:
        return ()
    from scanner.probes.ftp_accounts import not_sent  # noqa: PLC0415 - as above

    return tuple(
        not_sent(account, Reason.UNVERIFIED_PEER, context.pinned_only)
        for account in context.target.accounts
        if account.password is not None
    )


def _mute(facts: FtpFacts | SshFacts) -> Unobserved | None:
    """Return why an endpoint that never spoke gave nothing at all."""
    first = facts.greeting if isinstance(facts, FtpFacts) else facts.identification
    if not isinstance(first, Unobserved):
        return None
    if isinstance(facts, FtpFacts) and not isinstance(facts.tls, Unobserved):
        return None
    return first


_STATES = {
    Reason.CLOSED: EndpointState.CLOSED,
    Reason.FILTERED: EndpointState.FILTERED,
    Reason.UNREACHABLE: EndpointState.UNREACHABLE,
    Reason.OTHER_SERVICE: EndpointState.OTHER_SERVICE,
}


def _state(trouble: Unobserved | None, fault: str | None) -> EndpointState:
    if trouble is None:
        return EndpointState.UNREACHABLE if fault else EndpointState.OPEN
    return _STATES.get(trouble.reason, EndpointState.OPEN)


def _where(error: Exception) -> str:
    """Name a bug by type and place only: its text might quote what a server sent."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {PurePath(frame.filename).name}:{frame.lineno}"


def _left_out(
    endpoint: Endpoint, address: str, why: Unobserved, meter: EffortMeter | None = None
) -> EndpointObservation:
    return EndpointObservation(
        port=endpoint.port,
        protocol=endpoint.protocol,
        address=address,
        declared=endpoint.declared,
        state=EndpointState.UNREACHABLE,
        reason=why.reason,
        detail=why.detail,
        effort=(meter or EffortMeter()).facts(),
    )
