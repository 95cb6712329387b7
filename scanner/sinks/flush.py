"""Sends what waits: again and again with longer pauses, and tells what is left."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from scanner.errors import InputError, LockedError
from scanner.sinks.lock import exclusive
from scanner.sinks.outbox import Batch, Outbox
from scanner.sinks.receipt import DeliveryFault, Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a sink is tried: failures in a row, and seconds between them (first, most).

    Once ``stopped`` is set no pause is made, and nothing is begun any more.
    """

    tries: int = 6
    first: float = 0.5
    most: float = 30.0
    stopped: threading.Event = field(default_factory=threading.Event)
    sleep: Callable[[float], object] | None = None
    jitter: Callable[[], float] = random.random

    def rest(self, seconds: float) -> None:
        """Wait, or until ``stopped`` is set."""
        (self.sleep or self.stopped.wait)(seconds)

    def pause(self, failures: int, after: float) -> float:
        """Return how long to wait after so many failures: doubled each time, half of it random."""
        wait = min(self.most, self.first * 2.0 ** (failures - 1))
        return max(wait * (0.5 + self.jitter() / 2), min(after, self.most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of one sink. ``faults`` are lines for a person."""

    sink: str
    sent: int = 0
    left: int = 0
    refused: int = 0
    faults: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything arrived."""
        return not (self.left or self.refused or self.faults)


def flush(sink: Sink, outbox: Outbox, patience: Patience) -> Delivery:
    """Send all that waits for a sink, as far as it goes. Never raises for what is out there."""
    work = _Flush(sink, outbox, patience)
    try:
        with exclusive(outbox.lock):
            work.all()
    except DeliveryFault as fault:
        work.faults.append(fault.why)
    except LockedError:
        work.faults.append("another delivery to it is under way")
    except InputError as error:
        work.faults += error.problems
    except OSError as error:
        work.faults.append(f"{error.filename or 'spool'}: {error.strerror}")
    finally:
        sink.close()
    return work.told()


class _Flush:
    def __init__(self, sink: Sink, outbox: Outbox, patience: Patience) -> None:
        self._sink = sink
        self._outbox = outbox
        self._patience = patience
        self.sent = 0
        self.refused = 0
        self.faults: list[str] = []

    def all(self) -> None:
        for place in self._outbox.pending():
            if self._outbox.source(place.run) is None:
                self.faults.append(f"{place.run}: removed before all of it was delivered")
                self._outbox.done(place.run)
                continue
            whole = self._outbox.is_whole(place.run)
            for batch in self._outbox.batches(place):
                self._batch(batch)
                self._outbox.advance(batch.end)
            if whole:
                self._outbox.done(place.run)

    def _batch(self, batch: Batch) -> None:
        """Send until every line is taken or refused. Raises ``DeliveryFault`` on giving up."""
        lines, failures = batch.lines, 0
        while lines:
            if self._patience.stopped.is_set():
                raise DeliveryFault("stopped by a signal")
            after, why = 0.0, ""
            try:
                receipt = self._sink.send(lines)
            except DeliveryFault as fault:
                failures += 1
                after = fault.after
                if fault.lasting or failures >= self._patience.tries:
                    raise
            else:
                if receipt.refused:
                    self._refuse(receipt.refused, receipt.why)
                self.sent += len(lines) - len(receipt.again) - len(receipt.refused)
                failures = 1 if len(receipt.again) < len(lines) else failures + 1
                lines, why = receipt.again, receipt.why
                if lines and failures >= self._patience.tries:
                    raise DeliveryFault(why)
            if lines:
                self._patience.rest(self._patience.pause(failures, after))

    def _refuse(self, lines: tuple[str, ...], why: str) -> None:
        kept = self._outbox.refuse(lines)
        self.refused += len(lines)
        self.faults.append(f"{why}: {len(lines)} events are refused for good, kept in {kept}")

    def told(self) -> Delivery:
        try:
            left = self._outbox.left()
        except (InputError, OSError):
            left = 0
        return Delivery(
            sink=self._sink.name,
            sent=self.sent,
            left=left,
            refused=self.refused,
            faults=tuple(self.faults),
        )
