"""Recognisers of everything that is not text, in the order in which they are asked."""

from __future__ import annotations

from typing import Final

from scanner.content.formats.access import recognise_access
from scanner.content.formats.cms import recognise_cms
from scanner.content.formats.compressed import recognise_compressed
from scanner.content.formats.disks import recognise_disk
from scanner.content.formats.keys import recognise_key
from scanner.content.formats.lha import recognise_lha
from scanner.content.formats.markers import recognise_marker
from scanner.content.formats.media import recognise_media
from scanner.content.formats.office import recognise_office
from scanner.content.formats.openpgp import recognise_openpgp
from scanner.content.formats.parquet import recognise_parquet
from scanner.content.formats.pdf import recognise_pdf
from scanner.content.formats.rar import recognise_rar
from scanner.content.formats.sealed_parts import recognise_sealed_parts
from scanner.content.formats.seven_zip import recognise_seven_zip
from scanner.content.formats.sqlite import recognise_sqlite
from scanner.content.formats.tar import recognise_tar
from scanner.content.formats.tokens import recognise_token
from scanner.content.formats.vault_files import recognise_vault_file
from scanner.content.formats.zips import recognise_zip
from scanner.content.scene import Recogniser

FORMATS: Final[tuple[Recogniser, ...]] = (
    recognise_marker,
    recognise_openpgp,
    recognise_zip,
    recognise_pdf,
    recognise_office,
    recognise_seven_zip,
    recognise_rar,
    recognise_cms,
    recognise_sqlite,
    recognise_parquet,
    recognise_access,
    recognise_disk,
    recognise_vault_file,
    recognise_media,
    recognise_tar,
    recognise_lha,
    recognise_compressed,
    recognise_token,
    recognise_sealed_parts,
    recognise_key,
)
