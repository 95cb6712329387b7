"""Which public keys open an account: by the server's own word, and by the account's key file."""

from __future__ import annotations

from scanner.model.frozen import dataclass
from scanner.model.reading import UNASKED, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyQuery:
    """One person's public key, shown to the server without a signature (RFC 4252 section 7).

    ``holder`` is a keyed hash of the person. ``fingerprint`` is ``SHA256:`` + base64, empty where
    the key's file could not be read. ``earlier``: it was refused earlier in the same week, and
    was not shown again.
    """

    holder: str
    fingerprint: str = ""
    algorithm: str = ""
    accepted: Reading[bool] = UNASKED
    earlier: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAnswers:
    """What a server said of the keys of one account's people.

    ``people`` are those with keys listed. ``verified``: the host key was pinned or verified.
    ``stranger_refused``: a key of our own that nobody holds was shown first, and refused; it is
    asked where keys of two or more people are listed, for who accepts any key proves nothing.
    """

    people: int
    verified: bool
    stranger_refused: Reading[bool] = UNASKED
    queries: tuple[KeyQuery, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKeys:
    """The queries of one listed account, or why there were none."""

    username: str
    answers: Reading[KeyAnswers]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedKey:
    """One line of an account's key file.

    ``holder`` is the keyed hash of the person whose declared key it is, ``comment`` that of the
    name in its comment; each empty where there is none. ``authority``: whoever shows a
    certificate that this key has signed is let in.
    """

    fingerprint: str
    algorithm: str
    holder: str = ""
    comment: str = ""
    authority: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedKeys:
    """The keys of an account's ``authorized_keys`` files, as its own login could read them.

    ``unparsed`` lines hold no key. ``complete``: the files were read to their end.
    """

    keys: tuple[AuthorizedKey, ...] = ()
    unparsed: int = 0
    complete: bool = True
