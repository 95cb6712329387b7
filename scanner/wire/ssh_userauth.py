"""The few messages between a key exchange and a login (RFC 4252, RFC 4256, RFC 8308)."""

from __future__ import annotations

from scanner.model.ssh import Prompt, SshExtension
from scanner.model.text import neutralise
from scanner.wire.ssh import Fields, SshSyntaxError
from scanner.wire.ssh_fields import string
from scanner.wire.ssh_packets import Message

_MOST_EXTENSIONS = 32
_LONGEST_VALUE = 2_000
_MOST_METHODS = 32
_MOST_PROMPTS = 16
_LONGEST_PROMPT = 200
_SERVICE = b"ssh-userauth"
_AFTERWARDS = b"ssh-connection"


def service_request() -> bytes:
    """Return the request for the authentication service (RFC 4253 section 10)."""
    return bytes([Message.SERVICE_REQUEST]) + string(_SERVICE)


def none_request(username: str) -> bytes:
    """Return the ``none`` request (RFC 4252 section 5.2)."""
    return _request(username, b"none")


def prompts_request(username: str) -> bytes:
    """Return the request that makes a server show its prompts (RFC 4256 section 3.1)."""
    return _request(username, b"keyboard-interactive") + string(b"") + string(b"")


def key_query(username: str, algorithm: str, blob: bytes) -> bytes:
    """Return the question whether a public key would be accepted (RFC 4252 section 7).

    It holds no signature: nobody is logged in by it.
    """
    unsigned = b"\0" + string(algorithm.encode("ascii")) + string(blob)
    return _request(username, b"publickey") + unsigned


def read_key_accepted(payload: bytes) -> tuple[bytes, bytes]:
    """Return the algorithm and the key that a server would accept. Raises ``SshSyntaxError``."""
    fields = Fields(payload[1:])
    return fields.string(), fields.string()


def _request(username: str, method: bytes) -> bytes:
    names = (username.encode(), _AFTERWARDS, method)
    return bytes([Message.USERAUTH_REQUEST]) + b"".join(map(string, names))


def read_failure(payload: bytes) -> tuple[str, ...]:
    """Return the methods that can continue. Raises ``SshSyntaxError``."""
    return Fields(payload[1:]).name_list()[:_MOST_METHODS]


def read_banner(payload: bytes) -> str:
    """Return the text of a banner as it was sent. Raises ``SshSyntaxError``."""
    return Fields(payload[1:]).string().decode("utf-8", "replace")


def read_prompts(payload: bytes) -> tuple[Prompt, ...]:
    """Return the prompts, neutralised, the first few. Raises ``SshSyntaxError``."""
    fields = Fields(payload[1:])
    for _ in ("name", "instruction", "language"):
        fields.string()
    count = min(fields.uint32(), _MOST_PROMPTS)
    return tuple(_prompt(fields) for _ in range(count))


def _prompt(fields: Fields) -> Prompt:
    text = neutralise(fields.string(), _LONGEST_PROMPT)
    return Prompt(text=text, echo=fields.take(1) != b"\0")


def read_extensions(payload: bytes) -> tuple[SshExtension, ...]:
    """Return the extensions, neutralised, the first few. Raises ``SshSyntaxError``."""
    fields = Fields(payload[1:])
    count = fields.uint32()
    if count > _MOST_EXTENSIONS:
        raise SshSyntaxError("too many extensions")
    return tuple(_extension(fields) for _ in range(count))


def _extension(fields: Fields) -> SshExtension:
    name = neutralise(fields.string(), 80)
    return SshExtension(name=name, value=neutralise(fields.string(), _LONGEST_VALUE))
