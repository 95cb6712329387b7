"""Where finished events go: from the targets file's ``delivery`` to sinks, and what is left."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from scanner import targets as targets_file
from scanner.errors import InputError
from scanner.intake.secret_refs import parse_ref
from scanner.model.secret import SecretRef
from scanner.model.target import TargetsFile
from scanner.secrets import FileSecrets
from scanner.sinks.append_file import FileSink
from scanner.sinks.flush import Delivery, Patience, flush
from scanner.sinks.http import HttpSink
from scanner.sinks.outbox import Outbox
from scanner.sinks.receipt import Sink
from scanner.sinks.run_folder import RunFolder
from scanner.sinks.secure import Trust
from scanner.sinks.syslog import SyslogSink

_PORT = 6514
_Entry = Mapping[str, str | int]
ONCE = Patience(tries=1)


class Deliveries:
    """All places that a targets file names, and what waits for each below ``reports``."""

    def __init__(self, file: TargetsFile, reports: Path, patience: Patience | None = None) -> None:
        secrets = FileSecrets(file.path.parent)
        self._patience = patience or Patience()
        self._faults: tuple[str, ...] = ()
        self._sinks = [
            (_sink(entry, secrets), Outbox(reports, key_of(entry))) for entry in file.delivery
        ]

    def __bool__(self) -> bool:
        return bool(self._sinks)

    def add(self, folder: Path) -> tuple[str, ...]:
        """Remember a run for every sink. Returns a line for each that cannot."""
        faults: list[str] = []
        for sink, outbox in self._sinks:
            try:
                if not outbox.add(folder.name):
                    faults.append(f"{sink.name}: too many runs wait for it; {folder.name} does not")
            except InputError as error:
                faults += (f"{sink.name}: {problem}" for problem in error.problems)
            except OSError as error:
                faults.append(f"{sink.name}: {error.filename}: {error.strerror}")
        return tuple(faults)

    def flush(self, patience: Patience | None = None) -> tuple[Delivery, ...]:
        """Send what waits, sink after sink."""
        return tuple(
            flush(sink, outbox, patience or self._patience) for sink, outbox in self._sinks
        )

    @asynccontextmanager
    async def during(self, folder: Path) -> AsyncIterator[None]:
        """Remember the run of a folder, and tell once that it has begun, beside the block."""
        self._faults = self.add(folder)
        begun = asyncio.create_task(asyncio.to_thread(self.flush, ONCE))
        try:
            yield
        finally:
            await begun

    async def finished(self, *, hurried: bool) -> tuple[Delivery, ...]:
        """Send all that waits; ``hurried``: without a second try. A cancellation stops it."""
        work = asyncio.ensure_future(asyncio.to_thread(self.flush, ONCE if hurried else None))
        try:
            sent = await asyncio.shield(work)
        except asyncio.CancelledError:
            self._patience.stopped.set()
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            sent = await work
        told = tuple(Delivery(sink="delivery", faults=(fault,)) for fault in self._faults)
        return (*told, *sent)


def undelivered(code: int, sent: Iterable[Delivery]) -> int:
    """Return the exit code of a run: 4 goes before 3 and 0, and after everything else."""
    return 4 if code in {0, 3} and not all(one.complete for one in sent) else code


def deliver(
    targets: Path, reports: Path, runs: tuple[Path, ...] = (), patience: Patience | None = None
) -> tuple[Delivery, ...]:
    """Send what waits below ``reports``, and all of ``runs`` (again).

    An authorisation that has ended is no hindrance: nothing is scanned. Raises ``InputError``
    where the file or a run cannot be used, or the file names no place to deliver to.
    """
    file = targets_file.load_targets(targets)
    if not file.delivery:
        raise InputError(f"{targets}: lists no delivery; add one")
    deliveries = Deliveries(file, reports, patience)
    for run in runs:
        folder = RunFolder.open(run).path
        if folder.resolve().parent != reports.resolve():
            raise InputError(f"{run}: does not lie in {reports}; name its folder with --reports")
        if faults := deliveries.add(folder.resolve()):
            raise InputError(*faults)
    return deliveries.flush()


def key_of(entry: _Entry) -> str:
    """Return the name of a delivery's memory: the same as long as it goes to the same place."""
    place = str(entry.get("host") or entry.get("url") or entry.get("path"))
    parts = (entry["kind"], entry.get("format", "ocsf"), place, entry.get("port", _PORT))
    digest = hashlib.sha256("\x00".join(map(str, parts)).encode()).hexdigest()[:12]
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", place.partition("?")[0].partition("://")[2] or place)
    return f"{entry['kind']}-{readable.strip('-.')[:40]}-{digest}"


def _sink(entry: _Entry, secrets: FileSecrets) -> Sink:
    form = str(entry.get("format", "ocsf"))
    if entry["kind"] == "file":
        return FileSink(Path(str(entry["path"])), form)
    trust = Trust(
        ca=_path(entry, "ca"),
        certificate=_path(entry, "certificate"),
        private_key=_ref(entry, "private_key"),
    )
    if entry["kind"] == "syslog":
        return SyslogSink(str(entry["host"]), int(entry.get("port", _PORT)), form, trust, secrets)
    return HttpSink(str(entry["url"]), form, trust, _ref(entry, "token"), secrets)


def _path(entry: _Entry, key: str) -> Path | None:
    text = entry.get(key)
    return None if text is None or (key, text) == ("ca", "system") else Path(str(text))


def _ref(entry: _Entry, key: str) -> SecretRef | None:
    text = entry.get(key)
    return None if text is None else parse_ref(str(text))
