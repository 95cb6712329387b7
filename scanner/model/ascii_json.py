"""JSON on one line of ASCII: what the standard library writes without blanks, several times as
fast. Numbers with a fraction are scores and the like: from 0.0001 up to 10 to the 16th, or zero.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

_ENCODER: Final = msgspec.json.Encoder()
_FOREIGN: Final = re.compile("[\x7f-\U0010ffff]")


def encode(value: Any) -> str:
    """Return ``value``, of JSON's own types or of the model's, as one line of ASCII. Of the model's
    instances it tells what is not as by default.
    """
    try:
        text = _ENCODER.encode(value).decode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can tell and UTF-8 can't
        plain = msgspec.to_builtins(value)
        return json.dumps(plain, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    if text.isascii() and "\x7f" not in text:
        return text
    return _FOREIGN.sub(_escaped, text)  # it can only stand within strings


def decode(text: str | bytes) -> Any:
    """Return what a JSON text says. Raises ``ValueError`` where it is none."""
    try:
        return msgspec.json.decode(text)
    except ValueError:  # it is stricter than the standard library, which has the last word
        return json.loads(text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
