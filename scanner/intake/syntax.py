"""What a JSON syntax error means to the person who wrote the file."""

from __future__ import annotations

from json import JSONDecodeError

_END = "the file ends too early; close what is still open"
_TRAILING = "a comma stands before the closing bracket; remove the comma"
_QUOTES = "single quotes are not JSON; use double quotes"
_COMMENT = "comments are not JSON; put notes into a key that begins with x-"
_WORDS = {
    "T": "write true in lower case",
    "F": "write false in lower case",
    "N": "write null instead",
}


def told(error: JSONDecodeError) -> str:
    """Return ``line:column: fault; mend`` in one clause.

    Never repeats the text around it, which may hold a secret. A comma too many is told at the
    comma, whichever place the parser at hand names.
    """
    line, column, mend = error.lineno, error.colno, _mend_of(error)
    if mend == _TRAILING and error.doc[error.pos] != ",":
        comma = error.doc.rindex(",", 0, error.pos)
        line = error.doc.count("\n", 0, comma) + 1
        column = comma - error.doc.rfind("\n", 0, comma)
    return f"{line}:{column}: {mend}"


def _mend_of(error: JSONDecodeError) -> str:
    near = error.doc[error.pos : error.pos + 1]
    before = error.doc[max(0, error.pos - 200) : error.pos].rstrip()[-1:]
    message = error.msg
    if message.startswith("Illegal trailing comma"):
        return _TRAILING
    if message.startswith("Expecting property name"):
        return _key_mend(near, before)
    if message == "Expecting value":
        return _value_mend(near, before)
    if message == "Expecting ',' delimiter":
        return _END if not near else "a comma or a closing bracket is missing before this"
    if message == "Expecting ':' delimiter":
        return _END if not near else "a colon is missing between a key and its value"
    return _other_mend(message)


def _key_mend(near: str, before: str) -> str:
    if not near:
        return _END
    if near == "}" and before == ",":
        return _TRAILING
    return _common_mend(near) or "a key is missing or not in double quotes"


def _value_mend(near: str, before: str) -> str:
    if not near:
        return _END
    if near in "]}" and before == ",":
        return _TRAILING
    if near in ",]}":
        return "a value is missing before this; write one"
    mend = _common_mend(near) or _WORDS.get(near)
    return mend or "this is not a value; put text in double quotes"


def _common_mend(near: str) -> str | None:
    if near in "'\u2018\u2019\u201c\u201d":
        return _QUOTES if near == "'" else "typographic quotes are not JSON; use plain ones"
    return _COMMENT if near in "/#" else None


def _other_mend(message: str) -> str:
    if message.startswith("Unterminated string"):
        return "the text that begins here has no closing double quote; add it"
    if message.startswith("Invalid control character"):
        return "a line break or tab stands inside a text; close the text or remove it"
    if message.startswith("Invalid \\"):
        return "a lone backslash stands inside a text; write it twice"
    if message == "Extra data":
        return "something follows the end of the document; remove it"
    return "this is not JSON; check the line"
