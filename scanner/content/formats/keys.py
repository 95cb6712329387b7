"""Private keys: a secret where they lie in clear, encrypted where a passphrase guards them."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.model.content import ContentFacts, ContentState, DataClass, DataKind

_PEM: Final = re.compile(
    rb"-----BEGIN ((?:[A-Z0-9]{1,16} ){0,4})PRIVATE KEY-----\r?\n([\s\S]{40,600})"
)
_PEM_LABEL: Final = re.compile(rb"\s*-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n")
_PUBLIC: Final = re.compile(rb"(?:TRUSTED )?CERTIFICATE|PUBLIC KEY|SSH2 PUBLIC KEY|X509 CRL")
_PUTTY: Final = re.compile(rb"PuTTY-User-Key-File-\d: [^\n]{1,80}\nEncryption: (\w{1,20})")


def recognise_key(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a text that holds private keys, or of an unknown PEM message."""
    yield from ()
    states = [_is_guarded(match) for match in _PEM.finditer(scene.head)]
    putty = _PUTTY.search(scene.head.replace(b"\r\n", b"\n"))
    if putty:
        states.append(putty[1].lower() != b"none")
    if states:
        return _facts(len(states), sum(states))
    label = _PEM_LABEL.match(scene.head)
    if label and not _PUBLIC.fullmatch(label[1]):
        return ContentFacts(format="pem", state=ContentState.OPAQUE)
    return None


def _facts(count: int, guarded: int) -> ContentFacts:
    if guarded == count:
        return ContentFacts(format="private-key", state=ContentState.ENCRYPTED)
    kind = DataKind(kind="private-key", data_class=DataClass.SECRET, count=count - guarded)
    state = ContentState.PARTIAL if guarded else ContentState.CLEAR
    return ContentFacts(format="private-key", state=state, kinds=(kind,))


def _is_guarded(match: re.Match[bytes]) -> bool:
    """Whether a PEM private key needs a passphrase."""
    if match[1].startswith(b"ENCRYPTED") or b"ENCRYPTED" in match[2][:200]:
        return True
    if not match[1].startswith(b"OPENSSH"):
        return False
    try:
        start = base64.b64decode(b"".join(match[2].split())[:64])
    except binascii.Error:
        return False
    # "openssh-key-v1", NUL, then the cipher's name as an SSH string; "none" is no cipher.
    return start.startswith(b"openssh-key-v1\x00") and start[15:23] != b"\x00\x00\x00\x04none"
