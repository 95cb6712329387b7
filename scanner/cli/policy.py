"""``scan policy``: what SSH servers may offer."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.audit import AuditFile
from scanner.cli.choices import host_and_port
from scanner.cli.console import is_terminal, note, write
from scanner.errors import InputError

if TYPE_CHECKING:
    from scanner.api import PolicyRequest
    from scanner.model.policy import SshPolicy

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

_Vantage = Annotated[
    str | None, typer.Option(metavar="NAME", help="Where you look from: internet, dmz, ...")
]
_History = Annotated[
    Path | None, typer.Option(metavar="FILE", help="What earlier nights left behind.")
]
_Subset = Annotated[bool, typer.Option(help="Whether servers may offer less than this one.")]
_LargerKeys = Annotated[
    bool, typer.Option(help="Whether keys and groups may be larger than this one's.")
]

ABOUT = "Policies that SSH servers are judged by."


def make(
    server: Annotated[
        str, typer.Argument(metavar="HOST[:PORT]", help="A server that is as it should be.")
    ],
    *,
    targets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Targets file whose scope covers HOST.")
    ] = None,
    authorised: Annotated[
        str | None,
        typer.Option(metavar="REFERENCE", help="Who allowed this look, where no file says it."),
    ] = None,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What findings call the policy.")
    ] = "own",
    allow_subset: _Subset = True,
    allow_larger_keys: _LargerKeys = True,
    vantage: _Vantage = None,
    history: _History = None,
    audit: AuditFile = None,
) -> int:
    """Make a policy of a good server, as JSON on standard output.

    Asks only what needs no credentials. Needs leave as scan host does.
    """
    address, port = host_and_port(server)
    if not _NAME.fullmatch(name):
        raise InputError("--name: use lower case letters, digits and hyphens, at most 64")
    from scanner.api import PolicyRequest

    request = PolicyRequest(
        host=address,
        port=port,
        targets=targets,
        authorised=authorised,
        vantage=vantage,
        history=history,
        audit=audit,
        name=name,
        allow_subset=allow_subset,
        allow_larger_keys=allow_larger_keys,
    )
    return _make(request, server)


def _make(request: PolicyRequest, server: str) -> int:
    from scanner.api import make_policy
    from scanner.cli.exits import ExitCode, concluded
    from scanner.cli.runner import Stopped, finish
    from scanner.model.reading import Unobserved

    if is_terminal(sys.stderr):
        note(f"looking at {request.host} ...")
    ended = finish(make_policy(request))
    if isinstance(ended, Stopped):
        note("interrupted; no policy was made")
        return ended.code
    made = ended.value
    if isinstance(made, Unobserved):
        why = made.detail or str(made.reason).replace("-", " ")
        note(f"{server}: no SSH key exchange was seen ({why}); no policy was made")
        return concluded(ExitCode.INCOMPLETE, ended.interrupted)
    write(_rendered(made.value))
    return concluded(ExitCode.OK, ended.interrupted)


def listed() -> int:
    """List the built-in policies and their origins."""
    from scanner.model.policies import BUILT_IN

    for policy in BUILT_IN.values():
        write([f"{policy.name:<16} version {policy.version}  {policy.origin}\n"])
    return 0


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of a built-in policy.")],
) -> int:
    """Show a built-in policy as JSON: a start for one of your own."""
    from scanner.model.policies import BUILT_IN

    policy = BUILT_IN.get(name)
    if policy is None:
        raise InputError(f"{name!r} is no built-in policy; known: {', '.join(BUILT_IN)}")
    write(_rendered(policy))
    return 0


def _rendered(policy: SshPolicy) -> list[str]:
    import json

    from scanner.report.policy import policy_document

    return [json.dumps(policy_document(policy), indent=2), "\n"]
