"""Content is judged in another process, and whatever that process does, the run goes on."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from backports import zstd

from scanner.content.formats.office_password import BUILT_IN
from scanner.demo.generator import EXPORT_FIELDS, age_twin, invent_people, people_csv
from scanner.engine.examiner import ProcessExaminer, WorkerLimits
from scanner.model.content import ContentState, ContentTask, Examiner, ReadRange
from scanner.model.mask import Mask
from scanner.model.reading import Observed, Reason, Unobserved
from tests.content.samples import pdf
from tests.content.test_bounds import SAMPLES, wide_zstd
from tests.content.test_office import standard

MASK = Mask(b"0123456789abcdef")
EXPORT = people_csv(invent_people(50))
CANARY = "Canary-7f3a-Value"
SHORT = WorkerLimits(seconds=0.4, module="tests.engine.misbehaving_worker")
PATIENT = WorkerLimits(seconds=20, module="tests.engine.misbehaving_worker")


def reader(data: bytes) -> ReadRange:
    async def read(offset: int, length: int) -> bytes:
        await asyncio.sleep(0)
        return data[offset : offset + length]

    return read


def task(name: str, data: bytes = EXPORT) -> ContentTask:
    return ContentTask(name=name, size=len(data))


async def state_of(examiner: Examiner, name: str, data: bytes = EXPORT) -> ContentState:
    reading = await examiner.examine(task(name, data), reader(data))
    assert isinstance(reading, Observed)
    return reading.value.state


def alive(pid: int) -> bool:
    """Whether a process exists, as a zombie or not."""
    return Path(f"/proc/{pid}").exists()


def command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.fixture
async def examiner() -> AsyncIterator[ProcessExaminer]:
    async with ProcessExaminer(MASK, limits=PATIENT) as running:
        yield running


@pytest.fixture
async def impatient() -> AsyncIterator[ProcessExaminer]:
    async with ProcessExaminer(MASK, limits=SHORT, workers=1) as running:
        yield running


async def test_facts_come_back_as_the_recogniser_tells_them() -> None:
    async with ProcessExaminer(MASK) as examiner:
        reading = await examiner.examine(
            ContentTask(name="a.csv", size=len(EXPORT), ordered_fields=("Nir", "nom")),
            reader(EXPORT),
        )
    assert isinstance(reading, Observed)
    facts = reading.value
    assert (facts.format, facts.state, facts.rows) == ("csv", ContentState.CLEAR, 50)
    assert [column.name for column in facts.columns[:2]] == ["Nir", "nom"]
    assert facts.bytes_read == len(EXPORT)
    assert {"nir", "credentials"} <= {kind.kind for kind in facts.kinds}


async def test_column_keys_are_those_of_the_mask(examiner: ProcessExaminer) -> None:
    data = b"nom;Etage\n" + b"x;1\n" * 5
    reading = await examiner.examine(task("a.csv", data), reader(data))
    assert isinstance(reading, Observed)
    assert reading.value.columns[1].key == MASK(b"column", b"etage")


async def test_no_process_starts_before_there_is_something_to_examine() -> None:
    async with ProcessExaminer(MASK) as examiner:
        assert examiner.processes == ()


async def test_one_process_serves_many_files_one_after_the_other(
    examiner: ProcessExaminer,
) -> None:
    for _ in range(5):
        assert await state_of(examiner, "a.csv") is ContentState.CLEAR
        assert await state_of(examiner, "b.age", age_twin(EXPORT)) is ContentState.ENCRYPTED
    assert len(examiner.processes) == 1


async def test_no_more_processes_run_than_workers_are_allowed(examiner: ProcessExaminer) -> None:
    async def watched(number: int) -> int:
        await state_of(examiner, f"{number}.csv")
        return len(examiner.processes)

    counts = await asyncio.gather(*(watched(number) for number in range(12)))
    assert max(counts) == 2


@pytest.mark.parametrize(
    "name",
    ["aborts", "crashes", "raises", "exits", "leaks", "floods", "greedy", "negative", "grows"],
)
async def test_a_parser_that_breaks_means_malformed_and_the_next_file_is_judged(
    examiner: ProcessExaminer, name: str
) -> None:
    data = f"{CANARY} with spaces".encode()
    reading = await examiner.examine(task(name, data), reader(data))
    assert isinstance(reading, Observed)
    assert (reading.value.format, reading.value.state) == ("unknown", ContentState.MALFORMED)
    assert CANARY not in repr(reading)
    assert await state_of(examiner, "a.csv") is ContentState.CLEAR


@pytest.mark.parametrize("name", ["hangs", "sleeps"])
async def test_a_parser_that_takes_too_long_is_killed(
    impatient: ProcessExaminer, name: str
) -> None:
    started = time.monotonic()
    assert await state_of(impatient, name) is ContentState.MALFORMED
    assert time.monotonic() - started < 30
    assert impatient.processes == ()


async def test_a_slow_server_is_not_a_slow_parser(impatient: ProcessExaminer) -> None:
    async def read(offset: int, length: int) -> bytes:
        await asyncio.sleep(2 * SHORT.seconds)
        return EXPORT[offset : offset + length]

    reading = await impatient.examine(task("a.csv"), read)
    assert isinstance(reading, Observed)
    assert reading.value.state is ContentState.CLEAR


async def test_what_a_parser_prints_goes_nowhere(
    examiner: ProcessExaminer, capfd: pytest.CaptureFixture[str]
) -> None:
    data = CANARY.encode()
    reading = await examiner.examine(task("chatters", data), reader(data))
    assert isinstance(reading, Observed)
    assert reading.value.format == "chatter"
    await examiner.examine(task("raises", data), reader(data))
    printed = capfd.readouterr()
    assert CANARY not in printed.out + printed.err


async def test_a_worker_has_no_secrets_around_it_and_writes_no_file(
    examiner: ProcessExaminer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_PASSWORD", CANARY)
    data = f"worker-{os.getpid()}".encode()
    for name, told in (("surroundings", "clean"), ("writes", "refused")):
        reading = await examiner.examine(task(name, data), reader(data))
        assert isinstance(reading, Observed)
        assert reading.value.format == told
    assert MASK.secret not in command_line(examiner.processes[0])


async def test_faults_of_reading_pass_through_and_the_worker_stays(
    examiner: ProcessExaminer,
) -> None:
    class LostError(Exception):
        pass

    async def read(offset: int, length: int) -> bytes:
        raise LostError

    await state_of(examiner, "a.csv")
    before = examiner.processes
    with pytest.raises(LostError):
        await examiner.examine(task("a.csv"), read)
    assert await state_of(examiner, "a.csv") is ContentState.CLEAR
    assert examiner.processes == before


@pytest.mark.parametrize("thinking", [True, False])
async def test_cancelling_leaves_no_process_behind(
    examiner: ProcessExaminer, *, thinking: bool
) -> None:
    reached = asyncio.Event()

    async def read(offset: int, length: int) -> bytes:
        reached.set()
        if not thinking:
            await asyncio.Event().wait()
        return EXPORT

    running = asyncio.create_task(examiner.examine(task("hangs"), read))
    await reached.wait()
    (pid,) = examiner.processes
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert examiner.processes == ()
    assert not alive(pid)
    assert await state_of(examiner, "a.csv") is ContentState.CLEAR


async def test_a_killed_worker_is_replaced(examiner: ProcessExaminer) -> None:
    async def read(offset: int, length: int) -> bytes:
        os.kill(examiner.processes[0], signal.SIGKILL)
        return EXPORT[offset : offset + length]

    reading = await examiner.examine(task("a.csv"), read)
    assert isinstance(reading, Observed)
    assert reading.value.state is ContentState.MALFORMED
    assert await state_of(examiner, "a.csv") is ContentState.CLEAR


async def test_leaving_ends_every_process_without_a_zombie() -> None:
    async with ProcessExaminer(MASK, limits=PATIENT) as examiner:
        await asyncio.gather(*(state_of(examiner, "a.csv") for _ in range(4)))
        pids = examiner.processes
        assert len(pids) == 2
    assert not [pid for pid in pids if alive(pid)]
    gc.collect()


async def test_a_worker_ends_when_its_parent_closes_the_pipe() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "scanner.engine.content_worker", "536870912", "10"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate(b"")
    assert (process.returncode, output) == (0, b"")


async def test_a_worker_that_cannot_start_is_our_own_fault() -> None:
    limits = WorkerLimits(module="scanner.no_such_module")
    async with ProcessExaminer(MASK, limits=limits) as examiner:
        reading = await examiner.examine(task("a.csv"), reader(EXPORT))
        assert isinstance(reading, Unobserved)
        assert reading.reason is Reason.OWN_FAULT
        assert examiner.processes == ()


async def test_no_value_comes_back(examiner: ProcessExaminer) -> None:
    people = invent_people(30, seed=11)
    reading = await examiner.examine(task("a.csv"), reader(people_csv(people, EXPORT_FIELDS)))
    told = repr(reading)
    for person in people:
        assert not [value for value in person.cells().values() if value in told]


def sealed_samples() -> dict[str, tuple[bytes, ContentState]]:
    """Return files that make a worker load a library it did not have before."""
    lock = (
        b"/Encrypt<</Filter/Standard/V 5/R 6/Length 256/P -4/O(%s)/U(%s)/CF<</StdCF<</CFM/AESV3>>>>"
    )
    lock = lock % (b"o" * 48, b"u" * 48) + b"/StmF/StdCF/StrF/StdCF>>"
    body = pdf().replace(b"/FlateDecode", b"/Unknown____")
    hardened = body.replace(b"/Root 1 0 R", b"/Root 1 0 R" + lock)
    package = standard(BUILT_IN)
    return {
        "hardened.pdf": (hardened, ContentState.ENCRYPTED),
        "package.xlsx": (package, ContentState.KEYLESS),
        "export.csv.zst": (zstd.compress(EXPORT), ContentState.CLEAR),
        "wide.zst": (wide_zstd(), ContentState.MALFORMED),
        "a.7z": (SAMPLES["7z"], ContentState.ENCRYPTED),
    }


async def test_a_confined_worker_loads_what_a_format_needs() -> None:
    async with ProcessExaminer(MASK, workers=1) as examiner:
        for name, (data, state) in sealed_samples().items():
            assert await state_of(examiner, name, data) is state, name
