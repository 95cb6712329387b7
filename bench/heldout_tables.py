"""Held-out tables about persons. Written without sight of the detectors: see content_heldout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

from bench.heldout_people import card, digits, iban, people, plain

Made = tuple[bytes, str]
"""The bytes and the kinds they hold, by spaces; ``a|b`` where either says the same."""
_ICD: Final = [
    "I10",
    "E11.9",
    "J45.0",
    "K21.9",
    "M54.5",
    "F32.1",
    "C50.9",
    "N39.0",
    "S72.0",
    "I48.0",
    "G40.9",
    "J18.9",
]
_REMARKS: Final = {
    "fr": (
        "diabète type 2 sous metformine", "rappeler après 18h", "HTA, allergie pénicilline",
        "dépression, suivi CMP", "carte perdue, renvoyée", "cancer du sein opéré en 2019",
        "asthme, ventoline", "", "client difficile", "insuffisance rénale, dialyse 3x/sem",
    ),
    "es": (
        "alérgico a la penicilina", "llamar por la tarde", "diabetes tipo 2, insulina",
        "hipertensión", "no acudió a la cita", "asma bronquial", "", "depresión en tratamiento",
    ),
    "gb": (
        "type 2 diabetes, on metformin", "prefers mornings", "penicillin allergy",
        "asthma, needs inhaler in class", "wears glasses", "epilepsy - care plan on file", "",
        "breast cancer 2017, in remission",
    ),
}  # fmt: skip


def table(
    header: str | Sequence[str],
    rows: Iterable[Sequence[object]],
    separator: str = ";",
    *,
    quoted: bool = False,
    end: str = "\r\n",
) -> str:
    """Return a table as text; ``header`` is written with bars or given as cells."""
    head = header.split("|") if isinstance(header, str) else list(header)
    lines = [head] if head != [""] else []
    lines += [[str(cell) for cell in row] for row in rows]
    fence = '"' if quoted else ""
    return "".join(separator.join(f"{fence}{one}{fence}" for one in line) + end for line in lines)


def french_extract(chance: Random) -> Made:
    rows = [(p.record, p.surname.upper(), p.first, f"{p.born:%d/%m/%Y}", p.sex, p.number, p.phone,
             chance.choice(("CARD", "PNEU", "URG"))) for p in people(chance, "fr")]  # fmt: skip
    text = table("IPP|NOM_PAT|PREN_PAT|DDN|SEXE|NUM_SECU|TEL_MOB|UF_RESP", rows)
    return text.encode("cp1252"), "surname first-name birth-date nir phone"


def french_preamble(chance: Random) -> Made:
    rows = [(p.surname.upper(), p.first.upper(), f"{p.born:%d/%m/%Y}", p.number[:13],
             p.number[13:], p.town) for p in people(chance, "fr")]  # fmt: skip
    text = (
        "CENTRE HOSPITALIER DE VAUBREY;;;;;\r\nExtraction du 03/02/2024 08:15;;;;;\r\n"
        "Requête : séjours du mois;;;;;\r\n;;;;;\r\n"
    )
    text += table("Nom patient|Prénom patient|Né(e) le|N° SS|Clé|Commune", rows)
    return f"{text}TOTAL;{len(rows)};;;;\r\n".encode("cp1252"), "surname first-name birth-date nir"


def french_dos(chance: Random) -> Made:
    rows = [(p.surname.upper(), p.surname.upper(), p.first, f"{p.born:%d/%m/%Y}", p.street,
             p.postcode, p.town) for p in people(chance, "fr")]  # fmt: skip
    text = table("NOM NAISSANCE|NOM USAGE|PRÉNOM|NÉ(E) LE|ADRESSE|CP|VILLE", rows)
    return text.encode("cp850"), "surname first-name birth-date"


def german_lab(chance: Random) -> Made:
    rows = [(p.record, p.surname, p.first, f"{p.born:%d.%m.%y}", "w" if p.female else "m",
             f"{chance.choice('AKTX')}{digits(chance, 9)}", f"{chance.randrange(4, 90)},1", "mg/dl")
            for p in people(chance, "de")]  # fmt: skip
    text = table("Pat.-Nr.|Name|Vorname|Geb.-Dat.|Geschl.|Vers.-Nr.|Ergebnis|Einheit", rows)
    return text.encode("latin-1"), "surname|full-name first-name birth-date"


def german_staff(chance: Random) -> Made:
    rows = [(n + 1000, p.surname, p.first, f"{p.born:%d.%m.%Y}", p.number, iban(chance, "DE"),
             p.street, p.postcode, p.town) for n, p in enumerate(people(chance, "de"))]  # fmt: skip
    head = "PersNr|Nachname|Vorname|Geburtsdat.|Steuer-IdNr.|IBAN|Straße|PLZ|Ort"
    return table(head, rows, "\t").encode("utf-16"), (
        "surname first-name birth-date steuer-id iban"
    )


def german_diagnoses(chance: Random) -> Made:
    rows = [
        (
            digits(chance, 7),
            p.surname,
            p.first,
            f"{p.born:%d.%m.%Y}",
            chance.choice(_ICD),
            f"5-{chance.randrange(100, 899)}.{chance.randrange(9)}",
        )
        for p in people(chance, "de")
    ]
    text = table("Fallnr|Pat_Name|Pat_Vorname|geb.|HD_ICD|OPS", rows, quoted=True)
    return text.encode("utf-8-sig"), "surname|full-name first-name diagnosis birth-date"


def spanish_patients(chance: Random) -> Made:
    rows = [(p.record, p.surname.upper(), q.surname.upper(), p.first.upper(), f"{p.born:%d-%m-%Y}",
             p.number, p.phone) for p, q in zip(people(chance, "es", 40), people(chance, "es"),
                                                strict=False)]  # fmt: skip
    text = table("N_HC|APELLIDO1|APELLIDO2|NOMBRE|F_NAC|DNI_NIE|TFNO_MOVIL", rows)
    return text.encode("latin-1"), "surname first-name birth-date dni phone"


def italian_insured(chance: Random) -> Made:
    rows = [(p.surname.upper(), p.first.upper(), f"{p.born:%d/%m/%Y}", p.number, p.phone,
             p.town.upper()) for p in people(chance, "it")]  # fmt: skip
    text = table("COGNOME|NOME|DATA_NASC|COD_FISC|CELL|COMUNE_RES", rows, "|")
    return text.encode(), "surname first-name birth-date codice-fiscale phone"


def dutch_insured(chance: Random) -> Made:
    rows = [(p.surname, chance.choice(("van", "de", "", "van der")), f"{p.first[0]}.",
             f"{p.born:%d-%m-%Y}", p.number, p.postcode, p.town)
            for p in people(chance, "nl")]  # fmt: skip
    head = "Achternaam|Tussenv|Voorl|GebDat|BSN|PC|Woonplaats"
    return table(head, rows, ",").encode(), "surname birth-date bsn"


def polish_staff(chance: Random) -> Made:
    rows = [(n + 1, p.surname, p.first, f"{p.born:%Y-%m-%d}", p.number, p.phone, p.street)
            for n, p in enumerate(people(chance, "pl"))]  # fmt: skip
    head = "Lp.|Nazwisko|Imię|Data ur.|PESEL|Nr tel.|Ulica"
    return table(head, rows).encode("cp1250"), "surname first-name birth-date pesel phone"


def swedish_members(chance: Random) -> Made:
    rows = [(p.number, p.surname, p.first, p.phone, p.email) for p in people(chance, "se")]
    text = table("Personnr|Efternamn|Förnamn|Mobil|E-post", rows, quoted=True)
    return text.encode("utf-8-sig"), "personnummer surname first-name phone email"


def danish_ward(chance: Random) -> Made:
    rows = [(p.number, p.first, p.surname, f"{p.born:%d-%m-%Y}", f"Afd. {chance.choice('ABC')}")
            for p in people(chance, "dk")]  # fmt: skip
    text = table("CPR-nr.|Fornavn|Efternavn|Fødselsdato|Afdeling", rows)
    return text.encode("latin-1"), "cpr-number first-name surname birth-date"


def norwegian_patients(chance: Random) -> Made:
    rows = [(p.number, f"{p.surname}, {p.first}", p.phone, f"{p.street}, {p.postcode} {p.town}")
            for p in people(chance, "no")]  # fmt: skip
    text = table("Fødselsnr|Navn|Mobilnr|Adresse", rows, "\t", end="\n")
    return text.encode(), "fodselsnummer full-name|surname phone"


def portuguese_users(chance: Random) -> Made:
    rows = [(f"{p.first} {p.surname}", f"{p.born:%d/%m/%Y}", p.number, digits(chance, 9), p.phone)
            for p in people(chance, "pt")]  # fmt: skip
    text = table("Nome Utente|Dt. Nasc.|NIF|N.º Utente|Telemóvel", rows)
    return text.encode("cp1252"), "full-name|surname birth-date nif phone"


def romanian_insured(chance: Random) -> Made:
    rows = [(f"{p.surname.upper()} {p.first.upper()}", p.number, f"{p.born:%d.%m.%Y}", p.phone)
            for p in people(chance, "ro")]  # fmt: skip
    text = table("Nume si prenume|CNP|Data nasterii|Nr. telefon", rows, ",", quoted=True)
    return text.encode(), "full-name|surname cnp birth-date phone"


def finnish_ward(chance: Random) -> Made:
    rows = [(p.surname, p.first, p.number, p.phone) for p in people(chance, "fi")]
    text = table("Sukunimi|Etunimet|Hetu|Puh.", rows)
    return text.encode("latin-1"), "surname first-name hetu phone"


def british_clinic(chance: Random) -> Made:
    rows = [(p.number, p.surname.upper(), p.first, f"{p.born:%d-%b-%Y}", p.postcode, "Dr Lowe")
            for p in people(chance, "gb")]  # fmt: skip
    text = table("NHS No|Surname|Forename|DOB|Postcode|Registered GP", rows, ",")
    return text.encode(), "nhs-number surname first-name birth-date"


def headerless_french(chance: Random) -> Made:
    rows = [(p.surname.upper(), p.first, f"{p.born:%d/%m/%Y}", p.number, p.postcode)
            for p in people(chance, "fr")]  # fmt: skip
    return table("", rows).encode(), "surname|full-name|first-name birth-date nir"


def headerless_british(chance: Random) -> Made:
    rows = [(digits(chance, 6), p.surname, p.first, f"{p.born:%Y%m%d}", p.sex, p.phone, "W12")
            for p in people(chance, "gb", 12)]  # fmt: skip
    return table("", rows, "\t", end="\n").encode(), "surname|full-name|first-name birth-date"


def headerless_full_names(chance: Random) -> Made:
    rows = [(f"{p.surname.upper()} {p.first}", f"{p.born:%d.%m.%Y}", chance.choice(_ICD))
            for p in people(chance, "de", 12)]  # fmt: skip
    return table("", rows, ",", quoted=True).encode(), "full-name|surname birth-date"


def remarks(chance: Random, country: str, header: str) -> Made:
    rows = [(digits(chance, 5), p.surname, p.first, p.phone, chance.choice(_REMARKS[country]))
            for p in people(chance, country, 20)]  # fmt: skip
    return table(header, rows).encode("cp1252"), "surname first-name health-words"


def french_remarks(chance: Random) -> Made:
    return remarks(chance, "fr", "N° dossier|Nom|Prénom|Tél.|Observations")


def spanish_remarks(chance: Random) -> Made:
    return remarks(chance, "es", "Exp.|Apellidos|Nombre|Teléfono|Observaciones")


def school_remarks(chance: Random) -> Made:
    return remarks(chance, "gb", "Adm No|Surname|Forename|Contact Tel|Medical Notes")


def secret(chance: Random) -> str:
    """Return a password as people and policies make them."""
    word = chance.choice(("Soleil", "Hiver", "Bienvenue", "Kranich", "Tulipe", "Marea", "Fjord"))
    return f"{word}{chance.randrange(10, 2030)}{chance.choice('!#$*')}"


def french_logins(chance: Random) -> Made:
    rows = [(f"{plain(p.first)[0]}{plain(p.surname)}", secret(chance), "lecture")
            for p in people(chance, "fr")]  # fmt: skip
    return table("identifiant|mot_de_passe|profil", rows).encode(), "credentials"


def german_logins(chance: Random) -> Made:
    rows = [(plain(p.surname), secret(chance), p.email) for p in people(chance, "de")]
    text = table("Benutzerkennung|Kennwort|E-Mail", rows, "\t")
    return text.encode("utf-16"), "credentials email"


def french_payroll(chance: Random) -> Made:
    rows = [(f"{n:05}", p.surname, p.first, p.number, f"{chance.randrange(1400, 5200)},42",
             iban(chance)) for n, p in enumerate(people(chance, "fr"))]  # fmt: skip
    text = "Société;Lavoir & Fils SAS\r\nPériode;01/2024\r\n\r\n"
    text += table("Matricule|Nom|Prénom|N° Sécu|Net à payer|IBAN salarié", rows)
    total = f";;;TOTAL;{chance.randrange(40_000, 90_000)},11;\r\n"
    return (text + total).encode("cp1252"), "surname first-name nir iban"


def shop_customers(chance: Random) -> Made:
    rows = [
        (
            n,
            "completed",
            p.first,
            p.surname,
            "",
            p.street,
            p.town,
            p.postcode,
            p.email,
            p.phone,
            f"{chance.randrange(9, 300)}.90",
        )
        for n, p in enumerate(people(chance, "nl"))
    ]
    head = ("order_id|status|billing_first_name|billing_last_name|billing_company|"
            "billing_address_1|billing_city|billing_postcode|billing_email|billing_phone|"
            "order_total")  # fmt: skip
    text = table(head, rows, ",", end="\n")
    return text.encode(), "first-name surname email phone"


def newsletter(chance: Random) -> Made:
    rows = [(p.email, f"2023-0{chance.randrange(1, 9)}-11", "oui") for p in people(chance, "fr")]
    return table("email|date_inscription|opt_in", rows).encode(), "email"


def appointments(chance: Random) -> Made:
    rows = [((date(2024, 1, 8) + timedelta(chance.randrange(30))).strftime("%d/%m/%Y"),
             f"{chance.randrange(8, 18):02}:30", "Dr Orvault", f"{p.surname.upper()} {p.first}",
             f"{p.born:%d/%m/%Y}", p.phone, chance.choice(("suivi diabète", "vaccin", "douleurs")))
            for p in people(chance, "fr")]  # fmt: skip
    text = table("Date RDV|Heure|Praticien|Patient|Né(e) le|Tél|Motif", rows)
    return text.encode("utf-8-sig"), "full-name|surname birth-date phone"


def empty_columns(chance: Random) -> Made:
    rows = [("", p.surname, "", p.first, "", "", f"{p.born:%d/%m/%Y}", "", p.phone, "", "")
            for p in people(chance, "it")]  # fmt: skip
    text = table("|Cognome||Nome|||Nato il||Tel.||", rows)
    return text.encode("cp1252"), "surname first-name birth-date phone"


def card_payments(chance: Random) -> Made:
    rows = [(digits(chance, 8), f"{p.first} {p.surname}".upper(), card(chance), "09/27",
             f"{chance.randrange(5, 400)}.00") for p in people(chance, "gb")]  # fmt: skip
    return table("txn_id|card_holder|pan|exp|amount", rows, "|").encode(), "full-name|surname card"


def pseudonymised(chance: Random) -> Made:
    rows = [(f"P{p.record}", p.born.year, p.sex, chance.choice(_ICD), f"{chance.randrange(4, 9)},2")
            for p in people(chance, "fr", 15)]  # fmt: skip
    text = table("ID_PATIENT|ANNEE_NAIS|SEXE|CIM10_DP|HBA1C", rows)
    return text.encode(), "pseudonymised-health"


def sick_leave(chance: Random) -> Made:
    rows = [
        (
            f"{p.first} {p.surname}",
            chance.choice(("flu", "back pain", "depression", "surgery")),
            "2024-02-01",
            "2024-02-0" + chance.choice("3456"),
        )
        for p in people(chance, "gb", 14)
    ]
    text = table("Employee|Absence Reason|From|To", rows, ",", quoted=True, end="\n")
    return text.encode(), "full-name|surname health-words"


def school_class(chance: Random) -> Made:
    rows = [(f"{chance.randrange(5, 10)}b", p.surname, p.first) for p in people(chance, "de", 20)]
    return table("Klasse|Familienname|Rufname", rows).encode("cp1252"), "surname first-name"


def split_by_sep_line(chance: Random) -> Made:
    rows = [(p.surname, p.first, f"{p.born:%d.%m.%Y}", p.email) for p in people(chance, "pl")]
    text = "sep=;\r\n" + table("NAZWISKO|IMIE|DATA_UR|EMAIL", rows, quoted=True)
    return text.encode("utf-8-sig"), "surname first-name birth-date email"


TABLES: Final[dict[str, Callable[[Random], Made]]] = {
    f"table {make.__name__.replace('_', ' ')}": make
    for make in (
        french_extract, french_preamble, french_dos, german_lab, german_staff, german_diagnoses,
        spanish_patients, italian_insured, dutch_insured, polish_staff, swedish_members,
        danish_ward, norwegian_patients, portuguese_users, romanian_insured, finnish_ward,
        british_clinic, headerless_french, headerless_british, headerless_full_names,
        french_remarks, spanish_remarks, school_remarks, french_logins, german_logins,
        french_payroll, shop_customers, newsletter, appointments, empty_columns, card_payments,
        pseudonymised, sick_leave, school_class, split_by_sep_line,
    )
}  # fmt: skip
