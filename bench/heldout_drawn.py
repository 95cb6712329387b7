"""Held-out tables whose headings and dialect are drawn. Written without sight of the detectors.

Each country has several headings for each column, as exports abbreviate them; every file draws
among them, and draws columns, order, separator, quotes, encoding, lines above and a total below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Final

from bench.heldout_people import Person, digits, people
from bench.heldout_tables import Made, table

_KIND: Final = {
    "fr": "nir", "de": "steuer-id", "es": "dni", "it": "codice-fiscale", "nl": "bsn",
    "pl": "pesel", "se": "personnummer", "dk": "cpr-number", "no": "fodselsnummer", "pt": "nif",
    "ro": "cnp", "fi": "hetu", "gb": "nhs-number",
}  # fmt: skip
_DAY: Final = {"fr": "%d/%m/%Y", "es": "%d/%m/%Y", "it": "%d/%m/%Y", "pt": "%d/%m/%Y",
               "gb": "%d/%m/%Y", "nl": "%d-%m-%Y", "dk": "%d-%m-%Y", "pl": "%Y-%m-%d",
               "se": "%Y-%m-%d"}  # fmt: skip
HEADINGS: Final = {
    "fr": "NOM,Nom de famille,NOM_PATIENT,nom_naiss,Nom usuel,NOM_BENEF,LB_NOM,lastname"
    ";PRENOM,Prénom(s),PREN,prenom_patient,PRENOM_BENEF,LB_PRENOM,firstname"
    ";DDN,Date naiss.,DT_NAIS,DATE_NAISSANCE,Né(e) le,dateNaiss,D_NAISS,DNAISS"
    ";NIR,N° Sécurité sociale,NUM_SS,NoSS,INSEE,N° assuré,matricule_SS,numSecu"
    ";Tél. portable,TEL_MOB,Portable,GSM,Tel dom,telephone1,N° tél"
    ";Mail,Courriel,ADR_MAIL,e-mail perso,Adresse électronique",
    "de": "Name,Nachname,Familienname,Zuname,PatName,Pat.-Name,NAME1,Versicherter Name"
    ";Vorname,Rufname,PatVorname,Vorn.,VORNAME1,Vorname(n)"
    ";Geb.-Dat.,GebDat,Geburtsdatum,geb. am,Geburtstag,GEB_DAT,GebDatum,Geb.datum"
    ";Steuer-ID,IdNr.,StID,Steuerl. IdNr,SteuerIdentNr,TIN"
    ";Tel.,Handy,Mobil,Telefon priv.,TelNr,Rufnummer"
    ";E-Mail,Mailadresse,EMail priv.,eMail,E-Mail-Adr.",
    "es": "Apellidos,1er Apellido,APE1,Ape_paciente,PRIMER_APELLIDO"
    ";Nombre,NOM_PAC,Nombre pila,NOMBRE_PACIENTE"
    ";F. Nac.,FEC_NAC,Fecha Nac,FNACIMIENTO,Fecha de nacimiento,FechaNto"
    ";DNI,NIF,DNI/NIE,N.I.F.,Doc. identidad,NUM_DOC"
    ";Teléfono,Tlf.,Móvil,TELF,Tel. contacto,TFNO"
    ";Correo,e-mail,Correo-e,Correo electrónico",
    "it": "Cognome,COGN,Cogn_paz,COGNOME_ASSISTITO;Nome,NOME_PAZ,Nome assistito,NOMEASS"
    ";Data nascita,DT_NASC,D.N.,Nato/a il,DataNasc,DATA_NAS"
    ";CF,C.F.,Cod.Fiscale,CODFISC,Codice fiscale,CODICEFISCALE"
    ";Cell.,Cellulare,Tel,Recapito,TELEFONO1,Num. tel.;Mail,E-mail,Posta elettronica,PEC",
    "nl": "Achternaam,Naam,Geslachtsnaam,Eigennaam,ANAAM,Pat_naam"
    ";Voornaam,Roepnaam,Voornamen,VNAAM"
    ";Geb.datum,Geboortedatum,GEBDAT,Geb. dat.,Gebdtm,Geboren"
    ";BSN,BSNnr,Burgerservicenummer,BSN-nummer,Sofinr;Tel.nr.,Mobiel,Telefoon,06-nummer,TelMob"
    ";Emailadres,E-mail,Mailadres",
    "pl": "Nazwisko,NAZW,Nazwisko pacjenta;Imię,Imiona,IMIE1,Imię pacjenta"
    ";Data ur.,Data urodzenia,DATA_UR,Ur.,DataUr;PESEL,Nr PESEL,NR_PESEL"
    ";Telefon,Tel. kom.,Nr tel,Komórka,TEL;E-mail,Adres e-mail,Email,Poczta",
    "se": "Efternamn,Enamn,EFTERNAMN;Förnamn,Fnamn,Tilltalsnamn"
    ";Födelsedatum,Född,Födelsedag,Födelsedat.;Personnummer,Pnr,Pers.nr,PERSNR,Personnr"
    ";Mobil,Telefon,Mobilnr,Tfn,Tel mobil;E-post,Epost,E-postadress,Mejl",
    "dk": "Efternavn,Enavn,Slægtsnavn;Fornavn,Fornavne,Fnavn"
    ";Fødselsdato,Fødselsdag,Fød.dato,Født;CPR,CPR-nr,Personnummer,cprnr,CPR_NR"
    ";Mobil,Tlf.,Telefon,Mobilnr.,Tlfnr;E-mail,Mail,Mailadresse",
    "no": "Etternavn,Slektsnavn,ENAVN;Fornavn,FNAVN,Fornavn(er);Fødselsdato,Født,Fødselsdag,FDATO"
    ";Fødselsnummer,Fnr,Personnr,FODSELSNR,F.nr.;Mobil,Tlf,Telefon,Mobiltlf.,MobilNr"
    ";E-post,Epostadresse,Mail",
    "pt": "Apelido,Apelidos,Sobrenome,Últ. nome;Nome,Nome próprio,1.º Nome,NOMES"
    ";Data Nasc.,DT_NASC,Data de nascimento,D. Nasc.,Nascimento"
    ";NIF,N.º Contribuinte,Contribuinte,NIF_UTENTE,Nº fiscal"
    ";Telemóvel,Telef.,Tlm,Contacto,TELEF1;Email,Correio eletrónico,E-mail",
    "ro": "Nume,Numele,Nume familie,NUME_PAC;Prenume,Prenumele,PREN,PRENUME_PAC"
    ";Data nașterii,Data nasterii,DATA_N,Dt. naștere,Nascut la;CNP,C.N.P.,Cod numeric personal"
    ";Telefon,Tel.,Mobil,Nr. tel;E-mail,Adresa email,Mail",
    "fi": "Sukunimi,SNIMI,Suku_nimi;Etunimi,Etunimet,Kutsumanimi,ENIMI"
    ";Syntymäaika,Synt.aika,Syntynyt,SYNTPVM,Syntymäpäivä"
    ";Henkilötunnus,Hetu,HETU,Hlötunnus,Henk.tunnus,Sotu"
    ";Puhelin,Puh,Matkapuhelin,GSM,Puhelinnro;Sähköposti,S-posti,Email,Sähköpostiosoite",
    "gb": "Surname,Last Name,Family Name,LNAME,Pt Surname,LastNm"
    ";Forename,First Name,Given Name,FNAME,Pt Forename,Known As"
    ";DOB,D.O.B.,Date of Birth,BirthDt,BDATE,Birth Date"
    ";NHS No,NHS Number,NHSNo,NHS_NO,NHS #;Mobile,Tel No,Home Phone,Contact No,MOB,Phone1"
    ";Email,E-mail Address,EMAIL_ADDR,Email Addr",
}
_ABOVE: Final = {"fr": "Extraction du 12/01/2024", "de": "Stand: 12.01.2024", "gb": "Run: 12 Jan",
                 "it": "Elenco del 12/01/2024", "es": "Listado 12/01/2024"}  # fmt: skip
_PLACES: Final = (
    ("surname|full-name", "surname"), ("first-name", "first"), ("birth-date", "born"),
    ("number", "number"), ("phone", "phone"), ("email", "email"),
)  # fmt: skip


def cell(one: Person, what: str) -> str:
    """Return a person's value as the country writes it."""
    if what == "born":
        return f"{one.born:{_DAY.get(one.country, '%d.%m.%Y')}}"
    return str(getattr(one, what))


def kind_of(country: str, place: int) -> str:
    """Return what a column must be found as."""
    kind = _PLACES[place][0]
    return f"{_KIND[country]}|national-id" if kind == "number" else kind


def drawn(country: str, chance: Random) -> Made:
    """Return a table of a country in a drawn dialect."""
    places = [0, 1, *(place for place in (2, 3, 4, 5) if chance.random() < 0.7)]
    if not {2, 3, 4, 5} & set(places):
        places.append(2)
    if chance.random() < 0.3:
        chance.shuffle(places)
    names = HEADINGS[country].split(";")
    head = [chance.choice(names[place].split(",")) for place in places]
    rows = [[cell(one, _PLACES[place][1]) for place in places] for one in people(chance, country)]
    if chance.random() < 0.5:
        head.insert(0, chance.choice(("Id", "Nr", "Ref", "#")))
        rows = [[str(number), *row] for number, row in enumerate(rows, 1)]
    if chance.random() < 0.4:
        head.append(chance.choice(("Code", "", "Status", "X1")))
        rows = [[*row, chance.choice(("A", "B", "", digits(chance, 3)))] for row in rows]
    separator = chance.choice((";", ";", ",", "\t", "|"))
    text = table(head, rows, separator, quoted=separator == "," or chance.random() < 0.3)
    if chance.random() < 0.2:
        text = (
            f"{_ABOVE.get(country, '12.01.2024')}\r\n{chance.choice(('', chr(13) + chr(10)))}{text}"
        )
    if chance.random() < 0.2:
        text += f"Total{separator}{len(rows)}\r\n"
    encoding = chance.choice(("utf-8", "utf-8-sig", "utf-16", _NARROW.get(country, "cp1252")))
    return text.encode(encoding), " ".join(kind_of(country, place) for place in places)


_NARROW: Final = {"pl": "cp1250", "ro": "utf-8"}


def headings(seed: int) -> Iterator[tuple[str, str, str, bytes]]:
    """Yield country, kind, heading and a plain table in which only that heading is unusual."""
    for country, lines in HEADINGS.items():
        everybody = people(Random(f"{seed} {country}"), country, 20, 21)
        for place, names in enumerate(lines.split(";")):
            others = [other for other in (0, 1, 2, 5) if other != place]
            for name in names.split(","):
                head = [name, *(_ENGLISH[other] for other in others)]
                rows = [[cell(one, _PLACES[at][1]) for at in (place, *others)] for one in everybody]
                yield country, kind_of(country, place), name, table(head, rows).encode()


_ENGLISH: Final = ("surname", "first name", "birth date", "", "", "email")
DRAWN: Final[dict[str, Callable[[Random], Made]]] = {
    f"drawn {country}": partial(drawn, country) for country in HEADINGS
}
