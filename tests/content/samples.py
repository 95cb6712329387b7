"""What the samples hold: synthetic people, in formats that are written here by hand."""

from __future__ import annotations

import random
import zlib

from scanner.demo.generator import invent_people, people_csv

SMALL_EXPORT = people_csv(invent_people(3))
EXPORT = people_csv(invent_people(50))
BIG_EXPORT = people_csv(invent_people(4000))
RANDOM = random.Random(5).randbytes(200_000)


def pdf(text: bytes = b"(nothing to see) Tj", *, packed: bool = True) -> bytes:
    """Return a PDF of one page with its cross-reference table."""
    body = zlib.compress(text * 20) if packed else text * 20
    filtered = b"/Filter/FlateDecode" if packed else b""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<<>>>>",
        b"<<%s/Length %d>>\nstream\n%s\nendstream" % (filtered, len(body), body),
    ]
    data, offsets = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n", []
    for number, part in enumerate(parts, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(data)
    data += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(
        b"%010d 00000 n \n" % at for at in offsets
    )
    return data + b"trailer\n<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
