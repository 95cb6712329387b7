"""Server text made safe to print, log or embed."""

from __future__ import annotations


def neutralise(text: str | bytes, most: int = 200) -> str:
    r"""Return ``text`` with control, format (bidi), unassigned characters and blanks other than
    the space escaped as ``\xNN`` or ``\uNNNN``, cut at ``most`` characters with an ellipsis.

    Bytes are read as UTF-8, undecodable ones escaped.
    """
    if isinstance(text, bytes):
        text = text[: most * 4].decode("utf-8", "backslashreplace")
    shown = text[: most + 1]
    if not (shown.isascii() and shown.isprintable()):
        shown = "".join(map(_shown, shown))
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def words(text: str) -> frozenset[str]:
    """Return the words of a text that blanks part, each once: how lists of words are written."""
    return frozenset(text.split())
