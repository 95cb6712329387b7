"""Lines of public keys: ``.pub`` files and ``authorized_keys`` (sshd(8))."""

from __future__ import annotations

import base64
import binascii
import re

from scanner.model.frozen import dataclass
from scanner.wire.ssh import SshSyntaxError
from scanner.wire.ssh_keys import read_key

MOST_KEYS = 256
"""Keys of one file that are kept."""

_LONGEST_LINE = 16_384
_LONGEST_COMMENT = 256
_TYPE = re.compile(rb"(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]{1,60}")
_OPTION = re.compile(rb'(?:[^\s",]|"(?:[^"\\]|\\.)*")+(?:,(?:[^\s",]|"(?:[^"\\]|\\.)*")+)*')


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key. ``comment`` is as it was written; it may name a person and is never shown."""

    algorithm: str
    blob: bytes
    fingerprint: str
    comment: str = ""
    authority: bool = False


@dataclass(frozen=True, slots=True)
class KeyLines:
    """The keys of a file. ``unparsed`` lines are neither keys, comments nor blank."""

    keys: tuple[KeyLine, ...]
    unparsed: int
    complete: bool


def read_key_lines(content: bytes) -> KeyLines:
    """Read a file's keys, at most ``MOST_KEYS``; what is no key is counted. Never raises."""
    keys: list[KeyLine] = []
    unparsed = 0
    complete = True
    for line in content.splitlines():
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        if len(keys) == MOST_KEYS:
            complete = False
            break
        key = _key(text) if len(text) <= _LONGEST_LINE else None
        if key is None:
            unparsed += 1
        else:
            keys.append(key)
    return KeyLines(tuple(keys), unparsed, complete)


def _key(line: bytes) -> KeyLine | None:
    options = b""
    if not _is_type(line.split(None, 1)[0]):
        found = _OPTION.match(line)
        if found is None:
            return None
        options, line = found[0], line[found.end() :].lstrip()
    words = line.split(None, 2)
    if len(words) < 2 or not _is_type(words[0]):
        return None
    try:
        blob = base64.b64decode(words[1], validate=True)
        facts = read_key(blob)
    except (binascii.Error, SshSyntaxError):
        return None
    if facts.algorithm.encode() != words[0]:
        return None
    comment = words[2].decode("utf-8", "replace")[:_LONGEST_COMMENT] if len(words) > 2 else ""
    return KeyLine(
        algorithm=facts.algorithm,
        blob=blob,
        fingerprint=facts.fingerprint,
        comment=comment.strip(),
        authority=b"cert-authority"
        in re.sub(rb'"(?:[^"\\]|\\.)*"', b"", options).lower().split(b","),
    )


def _is_type(word: bytes) -> bool:
    return _TYPE.fullmatch(word) is not None
