"""Which targets have a drill of a variant, and the doors at which its login is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scanner import targets as targets_file
from scanner.api.job import Clock, FileJob
from scanner.clients.dialer import Dialer
from scanner.clients.effort import EffortMeter
from scanner.engine.line_up import UNCOMPARED
from scanner.errors import InputError, SecretError
from scanner.history import History, mask_key
from scanner.intake.problem import shown
from scanner.model.address import Admitted
from scanner.model.content import ContentFacts, ContentTask, ReadRange
from scanner.model.drill import CanaryFile, Drill, DrillVariant, OffNetwork
from scanner.model.mask import Mask
from scanner.model.reading import Reading, Reason, Unobserved
from scanner.model.target import Endpoint, Target
from scanner.probes.context import EvidenceLog, ProbeContext
from scanner.probes.drill import Door
from scanner.probes.drill_login import LoginDesk
from scanner.probes.drill_visit import DrillAttempts, DrillVisitor
from scanner.secrets import FileSecrets

_KEYS = {
    DrillVariant.FAILED_LOGIN: ("drill", ""),
    DrillVariant.CANARY: ("drill_canary", "canary"),
    DrillVariant.OFF_NETWORK: ("drill_off_network", "off_network"),
}
"""The opt-in of each variant, and the key below ``drill`` that it needs."""


def wanted_targets(job: FileJob, host: str | None, variant: DrillVariant) -> list[Target]:
    """Return the targets to drill. Raises ``InputError`` where none may be."""
    opt_in, key = _KEYS[variant]
    if host is None:
        found = [
            each
            for each in job.file.targets
            if getattr(each.allow, opt_in) and _declared(each, key) is not None
        ]
        if not found:
            thing = f"'drill.{key}'" if key else "'drill'"
            told = f"no target allows a drill; give one a {thing} and set its 'allow.{opt_in}'"
            raise InputError(f"{job.file.path}: {told}")
        return found
    target = targets_file.find_target(job.file, host)
    if target is None:
        raise InputError(f"--host: {shown(host)} is no host or asset of {job.file.path}")
    place = f"targets[{job.file.targets.index(target)}]"
    if target.drill is None:
        raise InputError(f"{place}: 'drill' is missing; say how a drill is run there")
    if _declared(target, key) is None:
        raise InputError(f"{place}.drill: {key!r} is missing; say how that drill is run there")
    if not getattr(target.allow, opt_in):
        told = "is not set; set it to true to run a drill there"
        raise InputError(f"{place}.allow.{opt_in}: {told}")
    return [target]


def _declared(target: Target, key: str) -> Drill | CanaryFile | OffNetwork | None:
    if target.drill is None or not key:
        return target.drill
    found: CanaryFile | OffNetwork | None = getattr(target.drill, key)
    return found


def check_login(job: FileJob, wanted: Iterable[Target], variant: DrillVariant) -> None:
    """Raise ``InputError`` where a secret of a variant's account cannot be had."""
    key = _KEYS[variant][1]
    if not key:
        return
    secrets = FileSecrets(job.base)
    for target in wanted:
        for place, reference in target.drill.secrets() if target.drill else ():
            if not place.startswith(f"{key}."):
                continue
            try:
                secrets.resolve(reference)
            except SecretError as error:
                at = f"targets[{job.file.targets.index(target)}].drill.{place}"
                raise InputError(f"{at}: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorkeeper:
    """Makes the doors of one drill."""

    job: FileJob
    target: Target
    variant: DrillVariant
    history: History
    history_path: Path
    clock: Clock

    @property
    def username(self) -> str:
        """The name that logs in; the nonce of a failed login's is left out."""
        errand = self._errand()
        return "drill-*" if errand is None else errand.account.username

    def doors(self, admitted: Sequence[Admitted], endpoints: Sequence[Endpoint]) -> list[Door]:
        """Return a door for each admitted address and port."""
        several = len({each.ip for each in admitted}) > 1
        by_port = {endpoint.port: endpoint for endpoint in endpoints}
        return [self._door(each, by_port[each.port], several=several) for each in admitted]

    def _door(self, admitted: Admitted, endpoint: Endpoint, *, several: bool) -> Door:
        seconds = self.target.limits.timeout_seconds
        dialer = Dialer(admitted, EffortMeter(), connect_seconds=seconds)
        errand = self._errand()
        if errand is None:
            desk = LoginDesk(
                dialer=dialer, attempts=self.history, clock=self.clock, seconds=seconds
            )
            make = desk.fail
        else:
            context = self._context(errand, several=several)
            visitor = DrillVisitor(dialer=dialer, context=context, errand=errand, seconds=seconds)
            make = visitor.make
        return Door(protocol=endpoint.protocol, dialer=dialer, seconds=seconds, make=make)

    def _errand(self) -> CanaryFile | OffNetwork | None:
        key = _KEYS[self.variant][1]
        found = _declared(self.target, key) if key else None
        return found if isinstance(found, CanaryFile | OffNetwork) else None

    def _context(self, errand: CanaryFile | OffNetwork, *, several: bool) -> ProbeContext:
        vantage = self.job.first_vantage
        remember = isinstance(errand, CanaryFile)
        return ProbeContext(
            target=self.target,
            vantage=vantage,
            secrets=FileSecrets(self.job.base),
            attempts=DrillAttempts(self.history, remember=remember),
            examiner=_NoExaminer(),
            mask=Mask(mask_key(self.history_path)),
            clock=self.clock,
            evidence=EvidenceLog("drill", vantage, self.clock),
            # Nobody has put its addresses side by side: whichever answers has to be pinned.
            pinned_only=UNCOMPARED if several else "",
        )


class _NoExaminer:
    """A drill judges no content."""

    async def examine(self, task: ContentTask, read: ReadRange) -> Reading[ContentFacts]:
        del task, read
        return Unobserved(Reason.NOT_LOOKED_AT)
