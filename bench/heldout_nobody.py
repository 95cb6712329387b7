"""Held-out files about nobody. Written without sight of the detectors: see content_heldout."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from bench.heldout_more_nobody import MORE_NOBODY
from bench.heldout_people import digits, luhn, pattern, weighed
from bench.heldout_tables import table

_THINGS: Final = (
    "Perceuse sans fil", "Gants nitrile M", "Seringue 10 ml", "Tournevis plat", "Lampe frontale",
    "Papier A4 80g", "Masque FFP2", "Câble HDMI 2m", "Chaise de bureau", "Thermomètre",
)  # fmt: skip
_TOWNS: Final = ("Vaubrey", "Saint-Orlin", "Montchay", "Lherault", "Boursay", "Grandval",
                 "Les Chavannes", "Poudrey", "Sainte-Mauve", "Villedoux")  # fmt: skip


def ean(body: str) -> str:
    """Return a code of 13 digits with its check digit."""
    return body + str(-weighed(body, (1, 3) * 6) % 10)


def sensors(chance: Random) -> bytes:
    start = datetime(2024, 1, 1)  # noqa: DTZ001 - a made up time
    rows = [(start + timedelta(minutes=5 * n), f"PT-{n % 4:03}", f"{chance.gauss(21, 3):.2f}",
             f"{chance.gauss(1013, 8):.1f}", "OK") for n in range(300)]  # fmt: skip
    return table("timestamp|sensor|temp_c|pressure_hpa|status", rows, ",").encode()


def products_13(chance: Random) -> bytes:
    rows = [(ean(f"{chance.choice(('301', '250', '376'))}{digits(chance, 9)}"),
             chance.choice(_THINGS), f"{chance.randrange(2, 300)},90", chance.randrange(500))
            for _ in range(80)]  # fmt: skip
    return table("EAN13|Désignation|Prix HT|Stock", rows).encode("cp1252")


def serials_15(chance: Random) -> bytes:
    rows = [(body + luhn(body), "Terminal T40", f"LOT{digits(chance, 4)}", "2023-05-12")
            for body in (f"35{digits(chance, 12)}" for _ in range(60))]  # fmt: skip
    return table("IMEI|Modèle|Lot|Date réception", rows).encode()


def serials_headerless(chance: Random) -> bytes:
    rows = [(f"{chance.choice('12')}{digits(chance, 14)}", digits(chance, 10), "A") for _ in
            range(120)]  # fmt: skip
    return table("", rows).encode()


def invoices(chance: Random) -> bytes:
    firms = ("Lavoir & Fils SAS", "Lindenhof GmbH", "Borgovalle S.p.A.", "Thornbeck Ltd",
             "Oudeveen B.V.")  # fmt: skip
    rows = [
        (
            f"F2024{n:05}",
            f"{chance.randrange(1, 29):02}/01/2024",
            chance.choice(firms),
            f"FR{digits(chance, 11)}",
            f"{chance.randrange(100, 9000)},00",
        )
        for n in range(60)
    ]
    return table("N° facture|Date|Client|N° TVA|Montant TTC", rows).encode("cp1252")


def source_placeholders(chance: Random) -> bytes:
    holder = chance.choice(("changeme", "<password>", "${DB_PASSWORD}", "xxxxx", "YOUR_PASSWORD"))
    return (
        "import os\n\nUSER = os.environ['DB_USER']\npassword = os.environ.get('DB_PASSWORD')\n\n\n"
        "def connect(user: str, password: str) -> Connection:\n"
        "    return Connection(user=user, password=password)\n\n\n"
        f"def test_login(client):\n    client.login(username='user', password='{holder}')\n"
    ).encode()


def settings_template(chance: Random) -> bytes:
    holder = chance.choice(("<your-password>", "changeme", "", "********", "%PASSWORD%"))
    return (
        f"# copy to settings.ini and fill in\n[database]\nuser = <your-user>\npassword = {holder}\n"
        "host = localhost\n"
    ).encode()


def packages(chance: Random) -> bytes:
    stems = ("lib", "python3-", "golang-", "node-", "perl-")
    lines = [
        f"{chance.choice(stems)}{chance.choice(('xml', 'net', 'crypt', 'zip', 'yaml'))}{n}"
        f"/stable,now {chance.randrange(9)}.{chance.randrange(30)}.{n}-1 amd64 [installed]"
        for n in range(120)
    ]
    return "\n".join(lines).encode()


def licence(_chance: Random) -> bytes:
    return (
        "Permission is granted to anyone to use this work for any purpose.\n\nThe work is provided "
        "as it is, without any warranty. The holders of the rights are not liable for damages.\n"
        "Contact: legal@foundation.example\n\n" * 20
    ).encode()


def web_log(chance: Random) -> bytes:
    lines = [
        f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)} - - "
        f'[15/Jan/2024:0{n % 10}:{n % 60:02}:11 +0100] "GET /produits/{n} HTTP/1.1" 200 '
        f'{chance.randrange(200, 90_000)} "-" "Mozilla/5.0 (X11; Linux x86_64)"'
        for n in range(200)
    ]
    return "\n".join(lines).encode()


def system_log(chance: Random) -> bytes:
    lines = [
        f"Jan 15 0{n % 10}:{n % 60:02}:02 srv{n % 3} sshd[{chance.randrange(900, 9000)}]: "
        f"Failed password for invalid user admin from 10.1.2.{n % 255} port 4{digits(chance, 4)}"
        for n in range(150)
    ]
    return "\n".join(lines).encode()


def communes(chance: Random) -> bytes:
    rows = [(f"{chance.randrange(1000, 95999):05}", name, chance.randrange(200, 90_000),
             chance.randrange(90), f"{chance.random() * 20:.1f}")
            for name in _TOWNS * 4]  # fmt: skip
    return table("Code INSEE|Commune|Population|Naissances|Taux de diabète (%)", rows).encode()


def streets(chance: Random) -> bytes:
    kinds = ("Rue", "Avenue", "Chemin", "Place", "Impasse")
    names = ("Victor Orlin", "des Lilas", "Jeanne Vaubrey", "de la Gare", "du 8 Mai", "Paul Lher")
    rows = [(chance.choice(kinds), chance.choice(names), f"{chance.randrange(1000, 95000):05}",
             chance.choice(_TOWNS)) for _ in range(80)]  # fmt: skip
    return table("Type voie|Nom voie|Code postal|Ville", rows).encode("cp1252")


def drugs(chance: Random) -> bytes:
    names = ("VAUPRIL", "ORLINOX", "CHAVADOL", "METFORLINE", "LINDAZOL", "BROMPRINE")
    rows = [(f"34009{digits(chance, 8)}", f"{chance.choice(names)} {chance.randrange(5, 500)} mg",
             "comprimé", chance.choice(("diabète", "hypertension", "douleur", "asthme")),
             f"{chance.randrange(1, 90)},{digits(chance, 2)}") for _ in range(80)]  # fmt: skip
    return table("CIP13|Dénomination|Forme|Indication|Prix", rows).encode()


def icd_table(chance: Random) -> bytes:
    rows = [(f"{chance.choice('ABCDEFGHIJ')}{n:02}.{chance.randrange(10)}",
             chance.choice(("Diabetes mellitus", "Asthma bronchiale", "Hypertonie", "Pneumonie")),
             chance.choice("MNP"), "j") for n in range(99)]  # fmt: skip
    return table("ICD-Kode|Bezeichnung|Typ|gültig", rows).encode("latin-1")


def lab_catalogue(chance: Random) -> bytes:
    rows = [(f"{chance.randrange(1000, 90000)}-{chance.randrange(10)}", f"Analyte {n}", "mmol/L",
             "Serum", "37") for n in range(70)]  # fmt: skip
    return table("LOINC|Component|Unit|System|Max age", rows, ",", quoted=True).encode()


def league(chance: Random) -> bytes:
    clubs = ("FC Vaubrey", "SV Brückenau", "AC Borgovalle", "Thornbeck Town", "RC Montchay",
             "VfL Ohl", "Real Montesa", "AIK Sundvik")  # fmt: skip
    rows = [(n + 1, club, 30, chance.randrange(30), chance.randrange(90)) for n, club in
            enumerate(clubs)]  # fmt: skip
    return table("Pos|Club|Played|Won|Points", rows, "\t").encode()


def bibliography(chance: Random) -> bytes:
    """Authors are named on what they published: decided to be no finding."""
    names = ("Bourlet, A.", "Wohlmann, K.", "Quetallas, J.", "Hathley, R.", "Koskinen, M.")
    entries = [
        f"@article{{key{n},\n  author = {{{chance.choice(names)} and {chance.choice(names)}}},\n"
        f"  title = {{Of flowing water, part {n}}},\n  year = {{{chance.randrange(1970, 2024)}}}"
        f",\n  doi = {{10.1000/{digits(chance, 6)}}}\n}}\n"
        for n in range(40)
    ]
    return "\n".join(entries).encode()


def places(chance: Random) -> bytes:
    rows = [{"id": n, "name": chance.choice(_TOWNS), "type": "city", "country": "FR",
             "lat": round(chance.uniform(42, 51), 5), "lon": round(chance.uniform(-4, 8), 5),
             "population": chance.randrange(90_000)} for n in range(60)]  # fmt: skip
    return json.dumps(rows).encode()


def versions(chance: Random) -> bytes:
    parts = [
        f"## {n // 10}.{n % 10}.0 ({date(2020, 1, 1) + timedelta(30 * n)})\n\n- Mended the list of "
        f"patients' names (#{chance.randrange(999)})\n- Faster search\n"
        for n in range(40)
    ]
    return "\n".join(parts).encode()


def translations(_chance: Random) -> bytes:
    words = {"login.user": "Nom d'utilisateur", "login.password": "Mot de passe",
             "patient.name": "Nom du patient", "patient.birth": "Date de naissance",
             "error.denied": "Accès refusé", "menu.diagnosis": "Diagnostic"}  # fmt: skip
    return "\n".join(f"{key}={value}" for key, value in words.items()).encode()


def gettext(_chance: Random) -> bytes:
    pairs = (("Password", "Passwort"), ("User name", "Benutzername"), ("Surname", "Nachname"))
    return "\n\n".join(f'msgid "{one}"\nmsgstr "{other}"' for one, other in pairs).encode()


def random_numbers(chance: Random) -> bytes:
    rows = [[digits(chance, size) for size in (9, 10, 11, 13, 15)] for _ in range(150)]
    return table("a|b|c|d|e", rows, ",").encode()


def eleven_digits(chance: Random) -> bytes:
    rows = [(digits(chance, 11), f"{chance.randrange(1, 900)}.00", "EUR") for _ in range(100)]
    return table("Referenznummer|Betrag|Währung", rows).encode()


def holidays(_chance: Random) -> bytes:
    rows = [(f"{year}-{day}", name) for year in range(1980, 2030)
            for day, name in (("01-01", "Neujahr"), ("05-01", "Tag der Arbeit"),
                              ("12-25", "Weihnachten"))]  # fmt: skip
    return table("Datum|Feiertag", rows, ",").encode()


def headers_only(chance: Random) -> bytes:
    """Nobody is in it: decided to be no finding."""
    return chance.choice((
        "Nom;Prénom;Date de naissance;NIR;Téléphone\r\n",
        "surname,forename,dob,nhs_number,password\n",
        "Nachname\tVorname\tGeburtsdatum\tKennwort\r\n",
    )).encode()  # fmt: skip


def base64_blob(chance: Random) -> bytes:
    return base64.encodebytes(chance.randbytes(6000))


def transfers_of_firms(chance: Random) -> bytes:
    rows = [(f"2024-01-{n % 28 + 1:02}", f"{chance.choice(_TOWNS)} Logistik GmbH",
             pattern(chance, "DE#################### ").strip(), f"-{chance.randrange(20, 900)},00")
            for n in range(40)]  # fmt: skip
    return table("Buchungstag|Empfänger|Kontonummer|Betrag", rows).encode("latin-1")


NOBODY: Final[dict[str, Callable[[Random], bytes]]] = {
    make.__name__.replace("_", " "): make
    for make in (
        sensors, products_13, serials_15, serials_headerless, invoices, source_placeholders,
        settings_template, packages, licence, web_log, system_log, communes, streets, drugs,
        icd_table, lab_catalogue, league, bibliography, places, versions, translations, gettext,
        random_numbers, eleven_digits, holidays, headers_only, base64_blob, transfers_of_firms,
    )
} | MORE_NOBODY  # fmt: skip
