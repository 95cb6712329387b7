"""What a run would do, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.engine.plan import PlannedAsset
from scanner.report.lines import pad, safe

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def plan_lines(plan: Sequence[PlannedAsset]) -> Iterator[str]:
    """Yield one line per asset with its ceilings, what is to be said of it, and their sums."""
    yield f"{'ASSET':<20}  {'CONNECT':>7}  {'LOGINS':>6}  {'BYTES':>9}  ENDPOINTS, ACCOUNTS"
    for asset in plan:
        numbers = _numbers(asset.asset, asset.connections, asset.logins, asset.bytes)
        yield f"{numbers}  {_rest(asset)}"
        yield from (f"  ! {safe(note)}" for note in asset.notes)
    count = "1 asset" if len(plan) == 1 else f"{len(plan)} assets"
    yield _numbers(
        f"at most, {count}",
        sum(asset.connections for asset in plan),
        sum(asset.logins for asset in plan),
        sum(asset.bytes for asset in plan),
    )


def _numbers(name: str, connections: int, logins: int, amount: int) -> str:
    return f"{pad(safe(name), 20)}  {connections:>7}  {logins:>6}  {_size(amount):>9}"


def _rest(asset: PlannedAsset) -> str:
    accounts = f"; as {', '.join(asset.credentials)}" if asset.credentials else ""
    return safe(f"{asset.host} {', '.join(asset.endpoints)}{accounts}")


def _size(amount: int) -> str:
    left = float(amount)
    for unit in _UNITS[:-1]:
        if left < 1024:
            return f"{left:.4g} {unit}"
        left /= 1024
    return f"{left:.4g} {_UNITS[-1]}"
