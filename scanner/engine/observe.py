"""All that a worker runs: one target in, observations out. Nothing is judged here."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePath

from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.clients.faults import Fault
from scanner.engine.scope import Admission, Scope
from scanner.errors import ScannerError
from scanner.model.address import Admitted
from scanner.model.attempts import AttemptLedger, limit_key
from scanner.model.content import Examiner
from scanner.model.evidence import Evidence
from scanner.model.mask import Mask
from scanner.model.observation import (
    EndpointObservation,
    EndpointState,
    FtpFacts,
    Observations,
    SshFacts,
)
from scanner.model.reading import Reason, Unobserved
from scanner.model.secret import SecretResolver
from scanner.model.target import Endpoint, Protocol, Target
from scanner.probes.context import EvidenceLog, ProbeContext, utc_text
from scanner.probes.detect import detect
from scanner.probes.ftp import observe_ftp
from scanner.probes.locks import CredentialGate, KeyedLocks
from scanner.probes.sftp import observe_sftp


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a worker works with. ``credentialed`` is false where no secret may be used.

    ``locks`` let one scan at a time reach an address, whatever names it has.
    """

    scope: Scope
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


async def observe(target: Target, tools: Tools) -> Observations:
    """Probe every endpoint of every admitted address, one after the other.

    Never raises for what a server does. The asset's deadline leaves the rest ``Unobserved``.
    """
    sight = Sight(target=target, tools=tools)
    await sight.look()
    return sight.observations()


@dataclass(slots=True, kw_only=True)
class Sight:
    """One look at one target. Whoever owns it can tell what was seen, even of a look cut short.

    ``only`` are the ports that are asked; ``None`` means all of the target's.
    """

    target: Target
    tools: Tools
    only: frozenset[int] | None = None
    _started: str = field(init=False)
    _over: bool = field(init=False, default=False)
    _admission: Admission | None = field(init=False, default=None)
    _endpoints: list[EndpointObservation] = field(init=False, default_factory=list)
    _evidence: list[Evidence] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._started = utc_text(self.tools.clock())

    async def look(self) -> None:
        """Probe what is asked, as ``observe`` does.

        Raises ``ScannerError`` where the scanner cannot go on, such as a history in other hands.
        """
        asked = [endpoint.port for endpoint in self._asked()]
        self._admission = await self.tools.scope.admit(self.target.host, asked)
        if self._admission.failure is None:
            await self._probe(self._admission)
        self._over = True

    def observations(self) -> Observations:
        """Return what was seen so far; each endpoint without an answer says why."""
        admission = self._admission or Admission(failure=_CUT)
        return Observations(
            asset=self.target.asset,
            host=self.target.host,
            vantage=self.tools.vantage,
            started=self._started,
            finished=utc_text(self.tools.clock()),
            addresses=tuple(dict.fromkeys(str(admitted.ip) for admitted in admission.admitted)),
            out_of_scope=admission.out_of_scope,
            unreached=admission.failure,
            endpoints=(*self._endpoints, *self._unanswered(admission), *self._unasked(admission)),
            evidence=tuple(self._evidence),
        )

    def _asked(self) -> list[Endpoint]:
        every = self.target.endpoints
        return [each for each in every if self.only is None or each.port in self.only]

    async def _probe(self, admission: Admission) -> None:
        """Probe until the asset's deadline; what was seen before it is kept.

        Each probe is told what is left of the asset's time and ends by itself a little earlier,
        so that the deadline itself only cuts one that does not.
        """
        clock = asyncio.get_running_loop().time
        end = clock() + self.target.limits.asset_seconds
        try:
            async with asyncio.timeout_at(end):
                for admitted, endpoint in _plan(self.target, admission):
                    log = EvidenceLog(
                        _prefix(self.tools, admitted), self.tools.vantage, self.tools.clock
                    )
                    async with self.tools.locks.hold(limit_key(admitted)):
                        hurried = _with_seconds(self.target, end - clock())
                        seen = await _endpoint(hurried, endpoint, admitted, self.tools, log)
                    self._endpoints.append(seen)
                    self._evidence.extend(log.all())
        except TimeoutError:
            return

    def _unanswered(self, admission: Admission) -> list[EndpointObservation]:
        """Return the endpoints that were asked for and never reached, each with its reason."""
        why = admission.failure or (_LATE if self._over else _CUT)
        done = {(endpoint.address, endpoint.port) for endpoint in self._endpoints}
        wanted = [(str(a.ip), endpoint) for a, endpoint in _plan(self.target, admission)]
        wanted = wanted or [(self.target.host, endpoint) for endpoint in self._asked()]
        return [
            _left_out(endpoint, address, why)
            for address, endpoint in wanted
            if (address, endpoint.port) not in done
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


def _plan(target: Target, admission: Admission) -> list[tuple[Admitted, Endpoint]]:
    """Pair each admitted address and port with its endpoint, address by address."""
    by_port = {endpoint.port: endpoint for endpoint in target.endpoints}
    return [(admitted, by_port[admitted.port]) for admitted in admission.admitted]


def _with_seconds(target: Target, seconds: float) -> Target:
    limits = replace(target.limits, asset_seconds=max(0.0, seconds))
    return replace(target, limits=limits)


def _prefix(tools: Tools, admitted: Admitted) -> str:
    return f"{tools.vantage}/{admitted}"


async def _endpoint(
    target: Target, endpoint: Endpoint, admitted: Admitted, tools: Tools, log: EvidenceLog
) -> EndpointObservation:
    meter = EffortMeter()
    dialer = _dialer(target, admitted, meter)
    protocol = endpoint.protocol
    facts: FtpFacts | SshFacts | None = None
    trouble: Unobserved | None = None
    fault: str | None = None
    try:
        if protocol is Protocol.AUTO:
            protocol = await detect(dialer, target.limits.timeout_seconds)
        facts = await _facts(protocol, dialer, _context(target, tools, log))
        trouble = _mute(facts)
    except Fault as error:
        trouble = error.reading
    except ScannerError:
        raise  # said on purpose and no bug: the history is in other hands, for one
    except Exception as error:  # noqa: BLE001 - our own bug must not end the run
        fault = _where(error)
    return EndpointObservation(
        port=admitted.port,
        protocol=protocol,
        address=str(admitted.ip),
        declared=endpoint.declared,
        state=_state(trouble, fault),
        reason=trouble.reason if trouble else None,
        detail=trouble.detail if trouble else "",
        effort=meter.facts(),
        facts=None if trouble else facts,
        fault=fault,
    )


def _dialer(target: Target, admitted: Admitted, meter: EffortMeter) -> Dialer:
    limits = target.limits
    return Dialer(
        admitted,
        meter,
        connect_seconds=limits.timeout_seconds,
        most_data_connections=limits.entries + limits.files_sampled,
    )


def _context(target: Target, tools: Tools, log: EvidenceLog) -> ProbeContext:
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
        gate=tools.gate,
    )


async def _facts(protocol: Protocol, dialer: Dialer, context: ProbeContext) -> FtpFacts | SshFacts:
    if protocol is Protocol.SFTP:
        return await observe_sftp(dialer, context)
    return await observe_ftp(dialer, context, implicit=protocol is Protocol.FTPS)


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


def _left_out(endpoint: Endpoint, address: str, why: Unobserved) -> EndpointObservation:
    return EndpointObservation(
        port=endpoint.port,
        protocol=endpoint.protocol,
        address=address,
        declared=endpoint.declared,
        state=EndpointState.UNREACHABLE,
        reason=why.reason,
        detail=why.detail,
    )
