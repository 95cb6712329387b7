"""What the table of goals makes of rounds."""

from __future__ import annotations

import pytest

from bench.goal_table import Goal, Round, Standing, details, ratio, summary, unsteady

HOSTS = 1000


def one(
    cpu: float, *, wall: float = 1.0, hosts: int = HOSTS, found: int | None = None, fault: str = ""
) -> Round:
    return Round(
        cpu=cpu,
        wall=wall,
        peak_mib=30.0,
        hosts=hosts,
        found=hosts if found is None else found,
        expected=hosts,
        fault=fault,
    )


def standing(*cpus: float) -> Standing:
    return Standing(tuple(map(one, cpus)))


FLOOR = standing(0.05, 0.051, 0.052)


def cpu_ratio(must: float = 0.5, stretch: float = 0.25) -> Goal:
    return ratio("ours", "peer", lambda tool: tool.cpu, of="CPU", must=must, stretch=stretch)


def test_the_median_of_the_rounds_counts() -> None:
    assert standing(0.1, 9.0, 0.2).cpu == pytest.approx(200)


def test_two_tools_with_unlike_numbers_of_hosts_are_compared_host_by_host() -> None:
    few = Standing((one(1.0, hosts=100),))
    many = Standing((one(1.0, hosts=1000),))
    value, _ = cpu_ratio().reached({"ours": many, "peer": few})
    assert value == pytest.approx(0.1)


def test_spread_is_most_over_least() -> None:
    assert standing(0.10, 0.12, 0.15).spread == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("ours", "verdict"), [(0.2, "stretch"), (0.25, "stretch"), (0.4, "must"), (0.6, "missed")]
)
def test_a_ratio_is_held_against_both_marks(ours: float, verdict: str) -> None:
    value, said = cpu_ratio().reached({"ours": standing(ours), "peer": standing(1.0)})
    assert value == pytest.approx(ours)
    assert said == verdict


@pytest.mark.parametrize(("wall", "verdict"), [(0.1, "stretch"), (0.3, "must"), (1.0, "missed")])
def test_a_rate_is_to_be_at_least_its_mark(wall: float, verdict: str) -> None:
    goal = ratio(
        "ours", "peer", lambda tool: tool.rate, of="rate", must=3, stretch=6, at_least=True
    )
    ours = Standing((one(1.0, wall=wall),))
    assert goal.reached({"ours": ours, "peer": standing(1.0)})[1] == verdict


@pytest.mark.parametrize("void", ["ours", "peer"])
def test_a_missed_host_voids_every_ratio_of_the_tool(void: str) -> None:
    whole, short = standing(0.1, 0.1), Standing((one(0.1), one(0.1, found=HOSTS - 1)))
    standings = {"ours": whole, "peer": whole} | {void: short}
    value, verdict = cpu_ratio().reached(standings)
    assert value is None
    assert verdict == f"void: {void} found 999 of 1,000"


def test_a_host_found_that_is_not_there_voids_too() -> None:
    assert Standing((one(0.1, found=HOSTS + 1),)).void == "found 1,001 of 1,000"


def test_a_fault_and_an_absent_tool_void() -> None:
    failed = Standing((one(0.1, fault="ended with 1"),))
    assert cpu_ratio().reached({"ours": failed, "peer": FLOOR})[1] == "void: ours ended with 1"
    assert cpu_ratio().reached({"ours": FLOOR})[1] == "void: peer not measured"
    assert Standing(()).void == "not measured"


def test_a_void_tool_shows_no_ratio_in_the_details() -> None:
    short = Standing((one(0.1, found=3),))
    rows = list(details({"floor": FLOOR, "peer": short, "absent": Standing(())}))
    assert rows[3].split("|")[4].strip() == "-"
    assert "VOID: found 3 of 1,000" in rows[3]
    assert "VOID: not measured" in rows[4]
    assert all(row.count("|") == rows[0].count("|") for row in rows)


def test_ratios_in_the_details_are_to_the_first_tool() -> None:
    rows = list(details({"floor": standing(0.1), "ours": standing(0.25)}))
    assert [row.split("|")[4].strip() for row in rows[2:]] == ["1.00", "2.50"]


def test_ratios_are_left_out_where_the_first_tool_is_void() -> None:
    rows = list(details({"floor": Standing((one(0.1, found=0),)), "ours": standing(0.25)}))
    assert rows[3].split("|")[4].strip() == "-"


def test_the_summary_tells_every_goal() -> None:
    standings = {"ours": standing(0.4), "peer": standing(1.0)}
    lines = list(summary([("2", "W2", [cpu_ratio(), cpu_ratio(must=0.3)], standings)]))
    assert lines[2] == "| 2 | W2 | CPU: ours / peer | 0.4 | 0.5 | 0.25 | must |"
    assert lines[3].endswith("| missed |")


def test_a_floor_whose_rounds_lie_apart_is_called_unsteady() -> None:
    assert unsteady({"floor": FLOOR}, "floor") == ""
    assert unsteady({"floor": standing(0.05, 0.06)}, "floor").startswith("Unsteady")
    assert unsteady({}, "floor") == ""
