"""What no schema can say of a drill: whether its parts fit each other and the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.intake.placed_json import Json
from scanner.intake.problem import Place, Problem

_Object = dict[str, Json]
_Keys = Mapping[str, tuple[tuple[str, ...], frozenset[str]]]

# For each kind: the keys of which exactly one is needed, and those that may stand beside it.
_TEST: _Keys = {
    "http": (("url",), frozenset({"token", "ca"})),
    "syslog": (("to", "path"), frozenset()),
    "file": (("path",), frozenset()),
}
_ALERT: _Keys = {
    "webhook": (("listen",), frozenset({"token"})),
    "http": (("url",), frozenset({"token", "ca"})),
    "syslog": (("listen", "path"), frozenset()),
    "file": (("path",), frozenset()),
}


def drill_faults(place: Place, target: _Object, ports: set[int]) -> Iterator[Problem]:
    """Yield every fault of a target's drill. ``ports`` are those of the target's endpoints."""
    drill = target.get("drill")
    if not isinstance(drill, dict):
        return
    at = (*place, "drill")
    test, alert = drill.get("test"), drill.get("alert")
    if isinstance(test, dict):
        yield from _way((*at, "test"), test, _TEST)
    if isinstance(alert, dict):
        yield from _way((*at, "alert"), alert, _ALERT)
    if isinstance(test, dict) and isinstance(alert, dict):
        yield from _echo((*at, "alert"), test, alert)
    for variant in ("canary", "off_network"):
        yield from _login((*at, variant, "account"), drill.get(variant))
    port = drill.get("port")
    if isinstance(port, int) and port not in ports:
        known = ", ".join(map(str, sorted(ports)))
        yield Problem((*at, "port"), f"{port} is no endpoint of this target; give one of: {known}")


def _login(at: Place, variant: Json | None) -> Iterator[Problem]:
    """Yield what keeps a variant's own account from logging in."""
    account = variant.get("account") if isinstance(variant, dict) else None
    if not isinstance(account, dict):
        return
    if "password" not in account and "private_key" not in account:
        yield Problem(at, "has nothing to log in with; add 'password' or 'private_key'")
    for key in ("passphrase", "certificate"):
        if key in account and "private_key" not in account:
            yield Problem((*at, key), "is of no use without 'private_key'; add it")


def _way(at: Place, way: _Object, known: _Keys) -> Iterator[Problem]:
    kind = way.get("kind")
    if not isinstance(kind, str) or kind not in known:
        return
    one_of, beside = known[kind]
    given = [key for key in one_of if key in way]
    names = " or ".join(f"'{key}'" for key in one_of)
    if not given:
        yield Problem(at, f"{names} is missing for kind {kind}; add it")
    elif len(given) > 1:
        yield Problem((*at, given[1]), f"means the same as '{given[0]}'; keep one", at_key=True)
    every = {key for needed, more in known.values() for key in (*needed, *more)}
    for key in sorted((every - beside - {*one_of}) & set(way)):
        yield Problem((*at, key), f"means nothing for kind {kind}; remove it", at_key=True)


def _echo(at: Place, test: _Object, alert: _Object) -> Iterator[Problem]:
    """Yield an alert that is nothing but the event itself."""
    for key, other in (("path", "path"), ("url", "url"), ("to", "listen")):
        if key in test and test[key] == alert.get(other):
            told = "is where the test event goes; name the place where its alert comes back"
            yield Problem((*at, other), told)
