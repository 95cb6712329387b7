"""Private keys: a secret where they lie in clear, encrypted where a passphrase guards them."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from scanner.content.ranges import Asking
from scanner.content.scene import Scene
from scanner.model.content import ContentFacts, ContentState, DataClass, DataKind
from scanner.model.late import late

_PEM: Final = late(rb"-----BEGIN ((?:[A-Z0-9]{1,16} ){0,4})PRIVATE KEY-----\r?\n([\s\S]{40,600})")
_PEM_LABEL: Final = late(rb"\s*-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n")
_PUBLIC: Final = late(
    rb"(?:TRUSTED |X509 |ATTRIBUTE )?CERTIFICATE|(?:NEW )?CERTIFICATE REQUEST|X509 CRL|"
    rb"(?:RSA |DSA |EC |SSH2 )?PUBLIC KEY|(?:X9\.42 )?(?:DH|DSA|EC) PARAMETERS"
)
_FEW: Final = 1024
_MOST_BLOCKS: Final = 256
_PUTTY: Final = late(rb"PuTTY-User-Key-File-\d: [^\n]{1,80}\nEncryption: (\w{1,20})")

_AGE: Final = late(rb"\bAGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}\b")
_RCLONE: Final = late(
    rb"^\[[^\]\n]{1,100}\]\r?\n(?:[a-z_]{1,40} = [^\n]{0,400}\n){0,10}?type = crypt\b", re.MULTILINE
)
_RCLONE_LOCKED: Final = b"# Encrypted rclone configuration File"
_BARE: Final = late(
    rb"\s{0,2}(?:[A-Za-z0-9_-]{43}=|[A-Za-z0-9+/]{43}=|[0-9a-fA-F]{32}|[0-9a-fA-F]{64})\s{0,2}"
)


def recognise_key(scene: Scene) -> Asking[ContentFacts | None]:
    """Return facts of a text that holds private keys, or of an unknown PEM message."""
    yield from ()
    if facts := _other_key(scene):
        return facts
    states = [_is_guarded(match) for match in _PEM.finditer(scene.head)]
    putty = _PUTTY.search(scene.head.replace(b"\r\n", b"\n"))
    if putty:
        states.append(putty[1].lower() != b"none")
    if states and all(states) and _holds_more(scene.head):
        return None  # a guarded key within other text says nothing of that text
    if states:
        return _facts(len(states), sum(states))
    label = _PEM_LABEL.match(scene.head)
    if label is None:
        return None
    public = _PUBLIC.fullmatch(label[1]) is not None
    return ContentFacts(format="pem", state=ContentState.CLEAR if public else ContentState.OPAQUE)


def _other_key(scene: Scene) -> ContentFacts | None:
    """Return facts of a key that is no PEM: of age, rclone, git-crypt, or of bare bytes."""
    head = scene.head
    if count := len(_AGE.findall(head)):
        return _secret("age-secret-key", count)
    if head.startswith(_RCLONE_LOCKED):
        return ContentFacts(format="rclone-config", state=ContentState.ENCRYPTED)
    if _RCLONE.search(head[:16_384]):
        return _secret("rclone-config", 1)
    if head.startswith(b"\x00GITCRYPTKEY"):
        return _secret("git-crypt-key", 1)
    if scene.source.size <= 130 and _BARE.fullmatch(head):
        # It may be a digest: only its name tells, so no secret is claimed.
        return ContentFacts(format="symmetric-key", state=ContentState.CLEAR)
    return None


def _holds_more(head: bytes) -> bool:
    """Whether more than a few words (the attributes of a bag) stand beside PEM blocks."""
    if head.startswith(b"PuTTY-User-Key-File-"):
        return False
    length = at = 0
    for _ in range(_MOST_BLOCKS):
        start = head.find(b"-----BEGIN ", at)
        end = head.find(b"-----END ", start) if start >= 0 else -1
        length += len(head[at : start if start >= 0 else len(head)].strip())
        at = head.find(b"-----", end + 9) + 5
        if end < 0 or at < 5:
            break
    return length > _FEW


def _secret(name: str, count: int) -> ContentFacts:
    kind = DataKind(kind=name, data_class=DataClass.SECRET, count=count)
    return ContentFacts(format=name, state=ContentState.CLEAR, kinds=(kind,))


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
