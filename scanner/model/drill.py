"""How an alarm drill is run, and what became of one."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from scanner.model.frozen import dataclass
from scanner.model.reading import Reading
from scanner.model.secret import SecretRef

if TYPE_CHECKING:
    from scanner.model.target import Account

LocalOrUdp: TypeAlias = Path | tuple[str, int]
"""A Unix datagram socket, or host and UDP port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpIntake:
    """Events are posted as JSON. ``ca`` is a file of authorities; ``None``: this machine's."""

    url: str
    token: SecretRef | None = None
    ca: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogIntake:
    """Events are datagrams of RFC 5424."""

    to: LocalOrUdp


@dataclass(frozen=True, slots=True, kw_only=True)
class FileIntake:
    """Events are lines at the end of a file that is there already."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Alerts are posted to an address that the drill listens on."""

    listen: tuple[str, int]
    token: SecretRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolledPage:
    """Alerts appear on a page that is asked for again and again. ``ca`` as for an intake."""

    url: str
    token: SecretRef | None = None
    ca: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogAlerts:
    """Alerts are datagrams to a socket that the drill opens."""

    listen: LocalOrUdp


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFile:
    """Alerts are added to a file."""

    path: Path


Intake: TypeAlias = HttpIntake | SyslogIntake | FileIntake
AlertWay: TypeAlias = Webhook | PolledPage | SyslogAlerts | WatchedFile


class DrillVariant(StrEnum):
    """What a drill does at the server."""

    FAILED_LOGIN = "failed-login"
    CANARY = "canary"
    OFF_NETWORK = "off-network"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryFile:
    """A file that nobody has to read, at an absolute ``path`` as ``account`` sees it."""

    path: str
    account: Account
    agreed_rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OffNetwork:
    """An account that may log in from ``networks`` alone, among which the scanner is not."""

    account: Account
    networks: tuple[str, ...]
    agreed_rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """What the team declares of its drill.

    ``port`` is where the login goes; without one, the first endpoint that takes it.
    ``agreed_rule`` is of the failed login; the other variants have their own.
    """

    minutes: int = 10
    agreed_rule: str | None = None
    port: int | None = None
    test: Intake | None = None
    alert: AlertWay | None = None
    canary: CanaryFile | None = None
    off_network: OffNetwork | None = None

    def rule(self, variant: DrillVariant) -> str | None:
        """Return the rule that was agreed on for a variant."""
        if variant is DrillVariant.FAILED_LOGIN:
            return self.agreed_rule
        declared = self.canary if variant is DrillVariant.CANARY else self.off_network
        return declared.agreed_rule if declared else None

    def awaited(self, variant: DrillVariant) -> str:
        """Return what the alert has to name; empty where it is the login's own nonce."""
        if variant is DrillVariant.CANARY and self.canary:
            return self.canary.path
        if variant is DrillVariant.OFF_NETWORK and self.off_network:
            return self.off_network.account.username
        return ""

    def secrets(self) -> Iterator[tuple[str, SecretRef]]:
        """Yield each reference to a secret of an account with its place below the drill."""
        for place, declared in (("canary", self.canary), ("off_network", self.off_network)):
            if declared is None:
                continue
            for key in ("password", "private_key", "passphrase"):
                ref: SecretRef | None = getattr(declared.account, key)
                if ref is not None:
                    yield f"{place}.account.{key}", ref

    def tokens(self) -> Iterator[tuple[str, SecretRef]]:
        """Yield each reference to a secret with its place below the drill."""
        if isinstance(self.test, HttpIntake) and self.test.token is not None:
            yield "test.token", self.test.token
        if isinstance(self.alert, Webhook | PolledPage) and self.alert.token is not None:
            yield "alert.token", self.alert.token


@dataclass(frozen=True, slots=True, kw_only=True)
class TestEcho:
    """The test event's own alert. Times are RFC 3339 UTC; ``seconds`` is what it took."""

    __test__ = False  # no test of pytest's

    user: str
    sent_at: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillLogin:
    """The one login of a drill, and how the server answered, neutralised.

    Neither ``refused`` nor ``let_in``: the connection ended without an answer to it. ``logged`` is
    false where the server is one that keeps the names of unknown users out of its log: no alert
    can carry the name then. ``opened`` is the canary file that was read; ``label`` the name, of no
    file, that was asked for before it, so that the server's log tells a drill.
    """

    user: str
    at: str
    address: str
    port: int
    protocol: str
    answer: str
    refused: bool = True
    logged: bool = True
    let_in: bool = False
    opened: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The alert that named what it had to, ``seconds`` after the login began."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What happened in one drill, step by step.

    ``alert`` is unobserved for ``timeout`` exactly where it was waited for in vain over a way
    that was in order to the end. ``reactions`` is what the server did about the login.
    ``way_broken``: the test event was taken, and its alert was waited for in vain.
    """

    test: Reading[TestEcho]
    login: Reading[DrillLogin]
    alert: Reading[Alert]
    reactions: tuple[str, ...] = ()
    way_broken: bool = False


class DrillVerdict(StrEnum):
    """What a drill came to."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    UNKNOWN = "unknown"


def in_words(seconds: float) -> str:
    """Return a span of time as a person says it."""
    if seconds >= 120:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds:.0f} seconds" if seconds >= 10 else f"{seconds:.1f} seconds"
