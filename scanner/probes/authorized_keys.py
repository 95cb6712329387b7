"""The key file of an account, read with its own login: fingerprints and keyed hashes are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from scanner.clients.sftp import SftpTree
from scanner.model.login_keys import AuthorizedKey, AuthorizedKeys
from scanner.model.mask import Mask, is_ordinary
from scanner.model.reading import Observed, Reading, Reason, Unobserved
from scanner.wire.key_lines import KeyLine, read_key_lines

LARGEST_KEY_FILE = 65_536
"""Bytes of one key file that are read."""

_NAME = re.compile(r"[^\W\d_]{2,}(?:[.\-_' ][^\W\d_]+)*\d{0,3}")
_MACHINES = """
root admin administrator user ubuntu debian centos fedora ec deploy deployer git gitlab github
jenkins ansible runner ci cd build nagios zabbix icinga puppet chef vagrant docker http nobody
system daemon cron batch robot bot openssh rsa generated localhost host machine laptop desktop
synthetic imported putty operator svc sftp ssh id no comment pc vm
"""
"""What comments hold that name nobody, beside the ordinary words of folders."""

_WORDS = re.compile(r"[^\W\d_]+")


async def read_authorized_keys(
    tree: SftpTree, paths: Sequence[bytes], holders: Mapping[str, str], mask: Mask
) -> Reading[AuthorizedKeys]:
    """Read those of ``paths`` that are there, ``LARGEST_KEY_FILE`` bytes each at most.

    ``holders`` tells whose a declared key is, by its fingerprint. Never raises for what the server
    does; ``Unobserved`` where no file is to be had.
    """
    keys: list[AuthorizedKey] = []
    unparsed, complete = 0, True
    told: list[Unobserved] = []
    for path in paths:
        content = await tree.read_range(path, 0, LARGEST_KEY_FILE + 1)
        if isinstance(content, Unobserved):
            told.append(content)
            continue
        found = read_key_lines(_whole_lines(content.value))
        keys += [_kept(line, holders, mask) for line in found.keys]
        unparsed += found.unparsed
        complete = complete and found.complete and len(content.value) <= LARGEST_KEY_FILE
    if len(told) == len(paths):
        return _none(told)
    unread = any(each.reason is not Reason.UNREADABLE for each in told)
    known = {key.fingerprint: key for key in keys}
    return Observed(
        AuthorizedKeys(
            keys=tuple(known.values()), unparsed=unparsed, complete=complete and not unread
        )
    )


def _none(told: Sequence[Unobserved]) -> Unobserved:
    """Say why no key file was read; that there is none is the commonest."""
    other = [each for each in told if each.reason is not Reason.UNREADABLE]
    return other[0] if other else Unobserved(Reason.NOT_OFFERED, "no key file can be read there")


def _whole_lines(content: bytes) -> bytes:
    """Drop the last line of a file that was cut: half a key is none."""
    if len(content) <= LARGEST_KEY_FILE:
        return content
    return content[:LARGEST_KEY_FILE].rpartition(b"\n")[0]


def _kept(line: KeyLine, holders: Mapping[str, str], mask: Mask) -> AuthorizedKey:
    name = name_in(line.comment)
    return AuthorizedKey(
        fingerprint=line.fingerprint,
        algorithm=line.algorithm,
        holder=holders.get(line.fingerprint, ""),
        comment=mask(b"comment", name.encode()) if name else "",
        authority=line.authority,
    )


def name_in(comment: str) -> str:
    """Return the name that a comment seems to tell, small letters; empty where it is none.

    What stands behind an ``@`` is a machine or a mail provider: one person has several.
    """
    name = " ".join(comment.partition("@")[0].split()).casefold()
    if not _NAME.fullmatch(name) or len(name) > 64:
        return ""
    words = _WORDS.findall(name)
    nobody = _MACHINES.split()
    if all(word in nobody or is_ordinary(word) for word in words):
        return ""
    return name
