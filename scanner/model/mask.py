"""Names kept so that nights can be compared but nobody can be read out of them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import field
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING

from scanner.model.frozen import dataclass
from scanner.model.late import late
from scanner.model.text import neutralise, words

if TYPE_CHECKING:
    from hashlib import _Hash

_BLOCK = 64
"""Bytes that SHA-256 takes at a time."""
_FRAME = Struct(">I").pack
_LONG_DIGITS = late(r"\d{5,}")
_DIGITS = late(r"\d+")
_YEAR = late(r"(?:19|20)\d\d", re.ASCII)
_LETTERS = late(r"[^\W\d_]+")
_PATH_LIKE = late(r"\"[^\"/]*+/[^\"]*\"|'[^'/]*+/[^']*'|(?<![^\s\"'])[^\s/]*+/\S*")

_EXTENSIONS = words(
    # tables, dumps and exchange formats
    "csv tsv psv txt xml xsd json ndjson jsonl yaml yml sql dmp dump db db3 sqlite sqlite3 mdb "
    "accdb dbf parquet avro orc hl7 hpr hprim hpm fhir edi edifact dat bin fic asc prn eml msg "
    "mbox pst vcf ics ldif dcm rtf htm html md "
    # office documents
    "xls xlsx xlsm xlsb ods doc docx odt ppt pptx odp pdf ps "
    # archives and images of disks
    "zip gz tgz tar bz2 tbz2 xz txz zst lz4 z 7z rar cab arj jar iso img vmdk vhd vhdx qcow2 ova "
    # keys, signatures, protection, sums
    "pgp gpg age p7m p7s p7b p12 pfx pem key crt cer der csr ppk jks kdbx kdb aes enc crypt sig "
    "sign sha1 sha256 sha384 sha512 md5 crc sum "
    # what is left behind or under way
    "log tmp temp bak bkp back backup old orig new swp part filepart partial done ok lock "
    # settings and programs
    "env ini conf cfg properties sh bat cmd ps1 py pl php js css java class pyc exe dll so o a "
    "lib msi deb rpm apk wasm "
    # pictures, sound, films, fonts
    "jpg jpeg png gif bmp ico svg webp tif tiff psd mp3 wav ogg flac aac m4a mp4 avi mkv mov mpg "
    "mpeg webm wmv ttf otf woff woff2"
)
"""A name may end in ``.surname``: what is none of these is no extension to be stored."""
_EXTENSION_OF = {extension.encode(): extension for extension in _EXTENSIONS}

_DIRECTORY_WORDS = words(
    # where things stand on a server
    "home srv var opt usr etc mnt mount media root www web http html ftp sftp ftps tls ssh chroot "
    "jail data datas database databases db sql files file fichier fichiers folder folders dossier "
    "dossiers dir dirs document documents doc docs share shared partage partages commun common "
    "user users utilisateur utilisateurs group groups groupe groupes account accounts compte "
    "comptes system systeme app apps application applications service services server serveur "
    # exchange
    "in out inbox outbox incoming outgoing entree entrees sortie sorties entrant entrants sortant "
    "sortants reception receptions envoi envois sent send recu recus received upload uploads "
    "download downloads depot depots drop dropbox deposit echange echanges exchange exchanges "
    "transfer transfers transfert transferts import imports export exports extract extracts "
    "extraction extractions extrait extraits exchanged livraison livraisons delivery deliveries "
    "public publique pub private prive prives privee restricted confidential confidentiel secret "
    "secrets secure secured open anonymous anonyme guest guests invite invites "
    # keeping
    "archive archives archived backup backups bak sauvegarde sauvegardes save saved snapshot "
    "snapshots dump dumps history historique log logs journal journaux report reports rapport "
    "rapports tmp temp temporary temporaire cache spool queue old ancien anciens new nouveau "
    "nouveaux current courant latest test tests tester demo sample samples exemple exemples "
    "example examples empty vide trash corbeille lost found deleted done processed traite traites "
    "pending attente error errors erreur erreurs rejected rejet rejets failed ok ko ack "
    "daily weekly monthly yearly quotidien hebdo hebdomadaire mensuel annuel week month year "
    "jour semaine mois annee date "
    # migrations
    "mig migration migrations migrate source sources src target targets cible cibles dest "
    "destination origin origine init initial full complet complete delta final phase lot lots "
    "batch batches step etape etapes part parts partie version versions prod production preprod "
    "staging stage dev recette qualif uat integration batchs order orders commande commandes "
    # the trade
    "lab labs labo labos laboratoire laboratoires laboratory biologie biology analyse analyses "
    "analysis result results resultat resultats patient patients client clients customer customers "
    "tiers partner partners partenaire partenaires supplier suppliers fournisseur fournisseurs "
    "correspondant correspondants prescripteur prescripteurs medecin medecins hopital hospital "
    "clinique site sites agence agences invoice invoices facture factures facturation billing "
    "image images scan scans photo photos imagerie hprim hpr hl7 fhir dicom csv xml json pdf txt "
    "zip key keys cle cles cert certs certificate certificates config conf "
    # joints and small numbers
    "a and au aux by d de des et for from l of or par pour sur the vers x y z "
    "b c v one two three un deux trois nested sub level niveau main misc divers autre autres "
    "other others all tous toutes"
)
"""Ordinary words of directories, without accents. None is a usual name of a person."""


MOST_SHAPE = 80
"""Characters of a line's shape."""


@dataclass(frozen=True, slots=True)
class Mask:
    """Keys and masks names with one secret key of at least 16 bytes."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < 16:
            message = "a masking key has at least 16 bytes"
            raise ValueError(message)

    def __call__(self, *parts: bytes) -> str:
        """Return the HMAC-SHA-256 of the length-framed parts, 32 hexadecimal digits."""
        begun, ended = _begun(self.secret, parts[:1])
        inner, outer = begun.copy(), ended.copy()
        for part in parts[1:]:
            inner.update(_FRAME(len(part)) + part)
        outer.update(inner.digest())
        return outer.hexdigest()[:32]

    def directory(self, path: bytes) -> str:
        """Return a path fit to be stored: a part stays readable only if all of its words are
        ordinary ones of directories, and its numbers only if they are few and short.
        """
        text = neutralise(path, 300)
        return "/".join(_masked_part(part) for part in text.split("/"))

    def extension(self, name: bytes) -> str:
        """Return the lower-case extension without its dot, if it is an ordinary one; else an
        empty string.
        """
        _, dot, last = name.rpartition(b".")
        return _EXTENSION_OF.get(last.lower(), "") if dot else ""


@lru_cache(maxsize=16)
def _begun(secret: bytes, first: tuple[bytes, ...]) -> tuple[_Hash, _Hash]:
    """Return the two hashes of HMAC (RFC 2104): that of the text after its first part, which says
    what it is a key of, and that of this hash.

    There is a key for each file, and the library's HMAC takes five times as long to begin.
    """
    key = secret if len(secret) <= _BLOCK else sha256(secret).digest()
    padded = key.ljust(_BLOCK, b"\0")
    framed = b"".join(_FRAME(len(part)) + part for part in first)
    inner = sha256(bytes(byte ^ 0x36 for byte in padded) + framed)
    return inner, sha256(bytes(byte ^ 0x5C for byte in padded))


def shape(line: bytes) -> str:
    """Return what a line looks like and nothing of what it says: letters as ``a``, digits as
    ``9``, marks as they are, all else as ``?``; at most ``MOST_SHAPE`` characters.
    """
    return "".join(map(_shaped, line[:MOST_SHAPE]))


def _shaped(byte: int) -> str:
    char = chr(byte)
    if byte >= 0x80 or char.isalpha():
        return "a"
    if char.isdigit():
        return "9"
    return char if char.isprintable() else "?"


def without_paths(text: str) -> str:
    """Return a server's text with every word or quotation that holds a slash as ``***``."""
    return _PATH_LIKE.sub("***", text)


def is_ordinary(text: str) -> bool:
    """Whether all words of a name are ordinary ones of folders or extensions: nobody's name."""
    words = _LETTERS.findall(_plain(text))
    return all(word in _DIRECTORY_WORDS or word in _EXTENSIONS for word in words)


@lru_cache(maxsize=256)
def _masked_part(part: str) -> str:
    # Directories of one tree, and of many servers, have most parts in common.
    # A backslash tells of escaped bytes, whose hexadecimal letters are no words.
    if "\\" in part or not all(word in _DIRECTORY_WORDS for word in _LETTERS.findall(_plain(part))):
        return "***"
    pattern = _LONG_DIGITS if _are_few(_DIGITS.findall(part)) else _DIGITS
    return pattern.sub("***", part)


def _plain(part: str) -> str:
    decomposed = unicodedata.normalize("NFKD", part)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def _are_few(numbers: list[str]) -> bool:
    """Whether short numbers are too few to be a date of birth, a phone or an insured person.

    Four digits in all are few, and so are a year and one more number of up to three.
    """
    short = [number for number in numbers if len(number) < 5]
    digits = sum(map(len, short))
    dated = len(short) == 2 and any(_YEAR.fullmatch(number) for number in short)
    return digits <= (7 if dated else 4)
