"""Turns a valid ``drill`` of a targets file into the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scanner.intake.formats import parse_listen
from scanner.intake.secret_refs import parse_ref
from scanner.model.drill import (
    AlertWay,
    CanaryFile,
    Drill,
    FileIntake,
    HttpIntake,
    Intake,
    LocalOrUdp,
    OffNetwork,
    PolledPage,
    SyslogAlerts,
    SyslogIntake,
    WatchedFile,
    Webhook,
)
from scanner.model.secret import SecretRef
from scanner.model.target import Account

_Object = Mapping[str, Any]
_Absolute = Callable[[str], Path]
_SYSTEM = "system"


def drill_of(entry: _Object, absolute: _Absolute) -> Drill:
    """Return the drill that ``entry`` declares; ``absolute`` makes a path of the file's text."""
    return Drill(
        minutes=int(entry.get("minutes", 10)),
        agreed_rule=entry.get("agreed_rule"),
        port=int(entry["port"]) if "port" in entry else None,
        test=_intake(entry["test"], absolute) if "test" in entry else None,
        alert=_alert(entry["alert"], absolute) if "alert" in entry else None,
        canary=_canary(entry["canary"], absolute) if "canary" in entry else None,
        off_network=_off_network(entry["off_network"], absolute)
        if "off_network" in entry
        else None,
    )


def _canary(entry: _Object, absolute: _Absolute) -> CanaryFile:
    return CanaryFile(
        path=entry["path"],
        account=_login(entry["account"], absolute),
        agreed_rule=entry.get("agreed_rule"),
    )


def _off_network(entry: _Object, absolute: _Absolute) -> OffNetwork:
    return OffNetwork(
        account=_login(entry["account"], absolute),
        networks=tuple(entry["networks"]),
        agreed_rule=entry.get("agreed_rule"),
    )


def _login(entry: _Object, absolute: _Absolute) -> Account:
    return Account(
        username=entry["username"],
        password=_secret(entry, "password"),
        private_key=_secret(entry, "private_key"),
        passphrase=_secret(entry, "passphrase"),
        certificate=absolute(entry["certificate"]) if "certificate" in entry else None,
    )


def _intake(entry: _Object, absolute: _Absolute) -> Intake:
    match entry["kind"]:
        case "http":
            token, ca = _token(entry), _authority(entry, absolute)
            return HttpIntake(url=entry["url"], token=token, ca=ca)
        case "syslog":
            return SyslogIntake(to=_local_or_udp(entry, "to", absolute))
        case _:
            return FileIntake(path=absolute(entry["path"]))


def _alert(entry: _Object, absolute: _Absolute) -> AlertWay:
    match entry["kind"]:
        case "webhook":
            return Webhook(listen=parse_listen(entry["listen"]), token=_token(entry))
        case "http":
            token, ca = _token(entry), _authority(entry, absolute)
            return PolledPage(url=entry["url"], token=token, ca=ca)
        case "syslog":
            return SyslogAlerts(listen=_local_or_udp(entry, "listen", absolute))
        case _:
            return WatchedFile(path=absolute(entry["path"]))


def _local_or_udp(entry: _Object, key: str, absolute: _Absolute) -> LocalOrUdp:
    return parse_listen(entry[key]) if key in entry else absolute(entry["path"])


def _token(entry: _Object) -> SecretRef | None:
    return _secret(entry, "token")


def _secret(entry: _Object, key: str) -> SecretRef | None:
    return parse_ref(entry[key]) if key in entry else None


def _authority(entry: _Object, absolute: _Absolute) -> Path | None:
    return absolute(entry["ca"]) if entry.get("ca", _SYSTEM) != _SYSTEM else None
