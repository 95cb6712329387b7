"""``scan worker``: looks at targets from one vantage, for whoever coordinates. It judges nothing.

It resolves the references to secrets where it stands, and keeps the attempts that it spends in a
history of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from scanner import targets as targets_file
from scanner.api.broker import BrokerPlace, at
from scanner.api.job import Clock, utc_now
from scanner.api.workshop import DEFAULT_CONTACT, barred, closed
from scanner.engine.census import SecretCensus
from scanner.engine.contract import Look
from scanner.engine.examiner import ProcessExaminer
from scanner.engine.messages import Batch
from scanner.engine.nats_worker import Order, Worker
from scanner.engine.observe import Sight, Tools
from scanner.engine.scope import Resolver, Scope, SystemResolver
from scanner.engine.unseen import unseen
from scanner.errors import InputError
from scanner.history import Begun, History, default_path, mask_key
from scanner.intake.problem import shown
from scanner.model.attempts import NoAttempts
from scanner.model.mask import Mask
from scanner.model.reading import Reason, Unobserved
from scanner.model.secret import SecretRef
from scanner.model.target import Authorisation
from scanner.probes.context import utc_text
from scanner.secrets import FileSecrets

_VANTAGE = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_MOST_BATCHES = 64
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRequest:
    """What a worker is asked to be.

    ``base`` is the folder below which files and ``file:`` secrets are looked for. ``mask_key``
    refers to the 32 bytes that the coordinator has beside its history; without it, files of
    earlier nights are not known again.
    """

    place: BrokerPlace
    vantage: str
    slots: int = 8
    base: Path = Path()
    history: Path | None = None
    mask_key: SecretRef | None = None
    clock: Clock = utc_now
    resolver: Resolver | None = None


async def work(request: WorkerRequest, note: Callable[[str], None]) -> None:
    """Work until cancelled. Raises ``InputError`` where it cannot begin."""
    if not _VANTAGE.fullmatch(request.vantage):
        raise InputError(f"{shown(request.vantage)}: is not the name of a vantage")
    path = request.history or default_path()
    secrets = FileSecrets(request.base)
    mask = Mask(_key(request, secrets, path))
    begun_path = path.with_name(f"{path.name}.begun")
    async with at(request.place, request.vantage) as broker:
        with History.open(path, request.clock) as memory, Begun(begun_path, request.clock) as begun:
            async with ProcessExaminer(mask) as examiner:
                tools = Tools(
                    scope=Scope(Authorisation(reference="")),
                    resolver=request.resolver or SystemResolver(),
                    secrets=secrets,
                    attempts=memory,
                    examiner=examiner,
                    mask=mask,
                    clock=request.clock,
                    vantage=request.vantage,
                    judged=memory,
                )
                worker = Worker(
                    broker=broker,
                    vantage=request.vantage,
                    slots=request.slots,
                    begin=Station(tools, secrets).begin,
                    begun=begun,
                    base=request.base.absolute(),
                    ack_seconds=request.place.ack_wait,
                    note=note,
                )
                await worker.work()


def _key(request: WorkerRequest, secrets: FileSecrets, history: Path) -> bytes:
    if request.mask_key is None:
        return mask_key(history)
    key = secrets.resolve(request.mask_key).reveal()
    if len(key) != _KEY_BYTES:
        raise InputError(f"{request.mask_key}: a masking key has {_KEY_BYTES} bytes")
    return key


@dataclass(slots=True)
class Station:
    """Begins looks with a worker's tools, within what each batch is allowed."""

    tools: Tools
    secrets: FileSecrets
    _for: dict[int, tuple[Batch, Tools]] = field(default_factory=dict)

    def begin(self, order: Order) -> Look:
        """Return a look at one target; one that touches nothing outside its hours."""
        target, tools = order.target, self._tools(order.batch)
        now = tools.clock()
        expired = targets_file.check_authorisation(order.batch.authorisation, now.date())
        why = barred(target, tools.scope, now)
        if expired:
            why = Unobserved(Reason.EXPIRED, expired[0])
        if why is not None:
            return closed(unseen(target, tools.vantage, why, at=utc_text(now)))
        if not order.logins:
            tools = replace(tools, attempts=NoAttempts(tools.attempts))
        return Sight(target=target, tools=tools)

    def _tools(self, batch: Batch) -> Tools:
        """Return the tools for a batch, made once."""
        known = self._for.get(id(batch))
        if known is None:
            while len(self._for) >= _MOST_BATCHES:
                del self._for[next(iter(self._for))]
            listed = {each.asset: each for each in (*batch.beside, *batch.targets)}
            made = replace(
                self.tools,
                scope=Scope(batch.authorisation, batch.exclude),
                contact=batch.contact or DEFAULT_CONTACT,
                census=SecretCensus(self.secrets, tuple(listed.values())),
            )
            # The batch is kept beside its tools, so that no other one gets its id meanwhile.
            known = self._for[id(batch)] = (batch, made)
        return known[1]
