from __future__ import annotations

from scanner.cli.plan_table import plan_lines
from scanner.engine.plan import PlannedAsset


def asset(name: str, amount: int) -> PlannedAsset:
    return PlannedAsset(
        asset=name,
        host=f"{name}.example.org",
        endpoints=("ftp:21", "sftp:22"),
        connections=13,
        logins=5,
        bytes=amount,
        credentials=("lab-transfer",),
        notes=("decoy: scored apart",),
    )


def test_a_plan_tells_each_ceiling_and_the_sums() -> None:
    plan = [asset("one", 1_500), asset("two\x1b", 64 * 1024**2)]
    head, one, note, two, other, sums = plan_lines(plan)
    assert head == "ASSET                 CONNECT  LOGINS      BYTES  ENDPOINTS, ACCOUNTS"
    assert one == (
        "one                        13       5  1.465 KiB  one.example.org ftp:21, sftp:22;"
        " as lab-transfer"
    )
    assert note == other == "  ! decoy: scored apart"
    assert two.startswith("two\\x1b                    13       5     64 MiB  two\\x1b.example.org")
    assert sums == "at most, 2 assets          26      10     64 MiB"
