"""Reads and hashes the papers that an operator hands over for one asset; judges none of them."""

# ruff: noqa: PLC0415 - each reader is loaded with the first paper of its kind: most assets have few

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from glob import iglob
from pathlib import Path
from typing import TypeVar

from scanner.errors import InputError
from scanner.intake.files import MEBIBYTE, opened, read_bounded, sha256_of, shown_path
from scanner.model.dossier import (
    AlertTicket,
    ConfigurationPaper,
    ContractPaper,
    Dossier,
    InventoryRow,
    OrderPaper,
    Paper,
    RegisteredWarning,
    SecurityTxt,
    ServerConfiguration,
)
from scanner.model.policies import BUILT_IN
from scanner.model.policy import SshPolicy
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.model.target import Contract, Document, Migration, Target

_Read = TypeVar("_Read")


def load_dossier(target: Target) -> Dossier:
    """Return everything that is declared for ``target``, as far as it can be read.

    Never raises for a missing or malformed paper: its reading is then ``Unobserved`` with reason
    ``unreadable`` and a detail without any of its content. ``check_papers`` tells all faults.
    """
    return Dossier(
        papers=tuple(Paper(paper, _hashed(paper)) for paper in target.documents),
        contracts=tuple(ContractPaper(paper, _hashed(paper)) for paper in target.contracts),
        orders=tuple(OrderPaper(order, _hashed(order)) for order in target.migrations),
        configurations=tuple(
            ConfigurationPaper(
                Paper(paper, _hashed(paper)),
                _register(paper.file, _read_configuration, "configuration"),
            )
            for paper in target.documents
            if paper.kind == "server-configuration"
        ),
        inventory=_register(target.inventory, _read_inventory, "account inventory"),
        warnings=_register(target.warnings, _read_warnings, "warning register"),
        alerts=_register(target.alerts, _read_alerts, "list of alert tickets"),
        security_txt=_register(_security_txt(target), _read_security_txt, "security.txt"),
        policy=_policy(target),
    )


def check_papers(target: Target) -> tuple[str, ...]:
    """Return one line for every fault of every file that ``target`` names, with file and line.

    Lines repeat no content of a paper.
    """
    problems = [
        *(line for paper in target.faulty_papers for line in paper.faults),
        *_paper_faults("migrations", target.migrations),
        *_paper_faults("documents", target.documents),
        *_paper_faults("contracts", target.contracts),
        *_content_faults(target.documents),
        *_faults(target.inventory, _read_inventory),
        *_faults(target.warnings, _read_warnings),
        *_faults(target.alerts, _read_alerts),
    ]
    problems += check_policy(target)
    for place, path in _trusted(target):
        problems += [f"{place}: {line}" for line in _faults(path, _open_once)]
    for place, path in _public_keys(target):
        problems += [f"{place}: {line}" for line in _faults(path, _hold_keys)]
    for index, log in enumerate(target.logs):
        if next(iglob(log.path), None) is None:  # noqa: PTH207 - the pattern is absolute
            name = shown_path(Path(log.path))
            problems.append(f"logs[{index}].path: {name}: names no file; check the name")
    return tuple(problems)


def _security_txt(target: Target) -> Path | None:
    files = (paper.file for paper in target.documents if paper.kind == "security-txt")
    return next((file for file in files if file is not None), None)


def check_policy(target: Target) -> tuple[str, ...]:
    """Return one line for every fault of the policy that ``target`` names, with file and line."""
    path = _policy_file(target)
    if path is not None:
        return _faults(path, _read_policy)
    known = target.policy in BUILT_IN
    return () if known else (f"policy: {target.policy}: is no built-in policy",)


def policies_sha256(targets: Iterable[Target]) -> str:
    """Return one digest of what the policies of these targets say, as they are now."""
    one_each = {target.policy: target for target in targets}
    said = sorted(repr(_policy(target)) for target in one_each.values())
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _policy(target: Target) -> Reading[SshPolicy]:
    path = _policy_file(target)
    if path is not None:
        return _register(path, _read_policy, "policy")
    found = BUILT_IN.get(target.policy)
    return Observed(found) if found else Unobserved(Reason.UNREADABLE, "no such built-in policy")


def _policy_file(target: Target) -> Path | None:
    prefix, file, path = target.policy.partition("file:")
    return Path(path) if file and not prefix else None


def _hashed(paper: Document | Contract | Migration) -> Reading[str]:
    if paper.file is None:
        return Unobserved(Reason.NOT_DECLARED, "no file is named")
    try:
        return Observed(sha256_of(paper.file))
    except InputError as error:
        return Unobserved(Reason.UNREADABLE, error.problems[0])


def _register(path: Path | None, read: Callable[[Path], _Read], what: str) -> Reading[_Read]:
    if path is None:
        return Unobserved(Reason.NOT_DECLARED, f"no {what} is declared")
    try:
        return Observed(read(path))
    except InputError as error:
        more = len(error.problems) - 1
        return Unobserved(
            Reason.UNREADABLE, error.problems[0] + (f" (and {more} more)" if more else "")
        )


def _paper_faults(key: str, papers: Sequence[Document | Contract | Migration]) -> Iterator[str]:
    for index, paper in enumerate(papers):
        fault = _paper_fault(paper)
        if fault is not None:
            yield f"{key}[{index}].file: {fault}"


def _content_faults(papers: Sequence[Document]) -> Iterator[str]:
    """Yield the faults of the few papers that are read and not only hashed."""
    for paper in papers:
        if isinstance(_hashed(paper), Observed):
            if paper.kind == "security-txt":
                yield from _faults(paper.file, _read_security_txt)
            elif paper.kind == "server-configuration":
                yield from _faults(paper.file, _read_configuration)
            elif paper.kind == "deletion-certificate" and _is_list(paper.file):
                yield from _faults(paper.file, _read_deletions)


def _is_list(file: Path | None) -> bool:
    """Whether a certificate is there to be compared; one that is signed on paper is not."""
    return file is not None and file.suffix.lower() in {".json", ".csv"}


def _paper_fault(paper: Document | Contract | Migration) -> str | None:
    if paper.file is None:
        return None
    found = _hashed(paper)
    if isinstance(found, Unobserved):
        return found.detail
    if paper.sha256 is None or found.value == paper.sha256:
        return None
    name = shown_path(paper.file)
    return f"{name}: is not the declared version: its SHA-256 is {found.value}; correct one"


def file_faults(name: str, paper: Document | Contract | Migration) -> tuple[str, ...]:
    """Return a line, beginning with ``name``, where the file that a paper names cannot be read or
    is not the declared version.
    """
    fault = _paper_fault(paper)
    return () if fault is None else (f"{name}: file: {fault}",)


def _faults(path: Path | None, read: Callable[[Path], object]) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        read(path)
    except InputError as error:
        return error.problems
    return ()


def _trusted(target: Target) -> Iterator[tuple[str, Path | None]]:
    yield "tls.ca", target.tls.ca
    yield "known_hosts", target.known_hosts
    for index, account in enumerate(target.accounts):
        yield f"accounts[{index}].certificate", account.certificate


def _public_keys(target: Target) -> Iterator[tuple[str, Path]]:
    for index, account in enumerate(target.accounts):
        for files in account.public_keys.values():
            for file in files:
                yield f"accounts[{index}].public_keys", file


def _hold_keys(path: Path) -> None:
    from scanner.wire.key_lines import read_key_lines
    from scanner.wire.ssh_keys import is_certificate

    found = read_key_lines(read_bounded(path, MEBIBYTE)).keys
    if not found:
        raise InputError(f"{shown_path(path)}: holds no public key; name a .pub file of OpenSSH")
    if any(is_certificate(line.blob) for line in found):
        name = shown_path(path)
        raise InputError(f"{name}: holds a certificate; name the .pub file of its plain key")


def _open_once(path: Path) -> None:
    with opened(path):
        return


# --- the readers -------------------------------------------------------------------------


def _read_configuration(path: Path) -> ServerConfiguration:
    from scanner.intake.server_configuration import read_configuration

    return read_configuration(path)


def _read_inventory(path: Path) -> tuple[InventoryRow, ...]:
    from scanner.intake.registers import read_inventory

    return read_inventory(path)


def _read_warnings(path: Path) -> tuple[RegisteredWarning, ...]:
    from scanner.intake.registers import read_warnings

    return read_warnings(path)


def _read_alerts(path: Path) -> tuple[AlertTicket, ...]:
    from scanner.intake.registers import read_alerts

    return read_alerts(path)


def _read_security_txt(path: Path) -> SecurityTxt:
    from scanner.intake.security_txt import read_security_txt

    return read_security_txt(path)


def _read_policy(path: Path) -> SshPolicy:
    from scanner.intake.policies import read_policy

    return read_policy(path)


def _read_deletions(path: Path) -> tuple[str, ...]:
    from scanner.intake.deletions import read_deletions

    return read_deletions(path)
