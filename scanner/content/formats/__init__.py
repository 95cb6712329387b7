"""Recognisers of everything that is not text, in the order in which they are asked."""

from __future__ import annotations

from typing import Final

from scanner.content.formats.cms import recognise_cms
from scanner.content.formats.compressed import recognise_compressed
from scanner.content.formats.disks import recognise_disk
from scanner.content.formats.keys import recognise_key
from scanner.content.formats.markers import recognise_marker
from scanner.content.formats.media import recognise_media
from scanner.content.formats.office import recognise_office
from scanner.content.formats.openpgp import recognise_openpgp
from scanner.content.formats.pdf import recognise_pdf
from scanner.content.formats.seven_zip import recognise_seven_zip
from scanner.content.formats.zips import recognise_zip
from scanner.content.scene import Recogniser

FORMATS: Final[tuple[Recogniser, ...]] = (
    recognise_marker,
    recognise_openpgp,
    recognise_zip,
    recognise_pdf,
    recognise_office,
    recognise_seven_zip,
    recognise_cms,
    recognise_disk,
    recognise_media,
    recognise_compressed,
    recognise_key,
)
