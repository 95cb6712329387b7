from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from scanner.model.reading import Observed, Reading
from scanner.model.target import Limits, Target
from scanner.model.view import Walk
from scanner.probes.allowance import Allowance, Share
from scanner.probes.walk import observe_view
from tests.probes.memory_tree import MemoryTree, a_context, tree_of

LAB = Target(host="ftp.example.org", asset="lab")


@given(
    files=st.integers(0, 5_000),
    total=st.integers(0, 10**9),
    looks=st.integers(1, 30),
    eagerness=st.integers(0, 100),
)
def test_no_number_of_logins_reads_more_than_the_host_allows(
    files: int, total: int, looks: int, eagerness: int
) -> None:
    allowance = Allowance(Limits(files_sampled=files, bytes_per_host=total))
    allowance.looks = looks
    spent = Share(0, 0)
    for _ in range(looks):
        share = allowance.share()
        assert share.files >= 0
        assert share.bytes >= 0
        used = Share(share.files * eagerness // 100, share.bytes * eagerness // 100)
        allowance.spend(used)
        spent = Share(spent.files + used.files, spent.bytes + used.bytes)
    assert spent.files <= files
    assert spent.bytes <= total


def test_the_last_login_may_have_all_that_is_left_and_none_before_it_takes_all() -> None:
    allowance = Allowance(Limits(files_sampled=1_000, bytes_per_host=1_000))
    allowance.looks = 3
    first = allowance.share()
    allowance.spend(first)
    second = allowance.share()
    allowance.spend(second)
    assert (first.files, second.files) == (667, 250)
    assert allowance.share() == Share(83, 83)


@dataclass
class Recorder(MemoryTree):
    spans: list[tuple[int, int]] = field(default_factory=list)

    async def read_range(self, path: bytes, offset: int, length: int) -> Reading[bytes]:
        self.spans.append((offset, length))
        return await super().read_range(path, offset, length)


async def looked(limits: Limits, allowance: Allowance | None = None) -> tuple[Walk, Recorder]:
    plain = tree_of({"/a.csv": b"x" * 250})
    tree = Recorder(plain.directories, plain.contents)
    context = a_context(replace(LAB, limits=limits), allowance=allowance)
    reading = await observe_view(tree, username="lab", encrypted=True, context=context)
    assert isinstance(reading, Observed)
    return reading.value.walk, tree


async def test_at_most_the_bytes_of_one_second_are_asked_for_at_once() -> None:
    walk, tree = await looked(Limits(bytes_per_second=200))
    assert tree.spans == [(0, 200), (200, 50)]
    assert walk.sampled == 1


async def test_a_pace_that_outlasts_the_time_leaves_the_file_unread() -> None:
    walk, tree = await looked(Limits(bytes_per_second=10, asset_seconds=0.3))
    assert tree.spans == [(0, 10)]
    assert walk.sampled == 0
    assert [each.detail for each in walk.unread] == ["the time for sampling was spent"]


async def test_the_logins_of_one_host_share_a_budget() -> None:
    limits = Limits(bytes_per_host=400)
    allowance = Allowance(limits)
    first, _ = await looked(limits, allowance)
    second, tree = await looked(limits, allowance)
    assert (first.sampled, second.sampled) == (1, 1)
    assert tree.spans == [(0, 150)]  # what was left of the budget
    assert allowance.bytes == 0
