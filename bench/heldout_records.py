"""Held-out dumps, records, letters, settings and logs. Written without sight of the detectors."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from random import Random
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from bench.heldout_people import digits, iban, people, plain
from bench.heldout_tables import Made, secret


def mysqldump(chance: Random) -> Made:
    rows = ",".join(
        f"({n},'{p.surname}','{p.first}','{p.born}','{p.number}','{p.email}',NULL)"
        for n, p in enumerate(people(chance, "fr"), 1)
    )
    text = f"""-- MySQL dump 10.13  Distrib 8.0.33, for Linux (x86_64)
--
-- Host: localhost    Database: cabinet
-- ------------------------------------------------------
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS `t_patient`;
CREATE TABLE `t_patient` (
  `id_pat` int NOT NULL AUTO_INCREMENT,
  `nom_pat` varchar(80) DEFAULT NULL,
  `pren_pat` varchar(80) DEFAULT NULL,
  `dt_naiss` date DEFAULT NULL,
  `num_ss` char(15) DEFAULT NULL,
  `mail` varchar(120) DEFAULT NULL,
  `dt_dec` date DEFAULT NULL,
  PRIMARY KEY (`id_pat`)
) ENGINE=InnoDB;
LOCK TABLES `t_patient` WRITE;
INSERT INTO `t_patient` VALUES {rows};
UNLOCK TABLES;
"""
    return text.encode(), "surname first-name birth-date nir email"


def pg_dump(chance: Random) -> Made:
    rows = "\n".join(f"{n}\t{p.first}\t{p.surname}\t{p.born}\t{p.number}\t{p.phone}\t\\N"
                     for n, p in enumerate(people(chance, "pl"), 1))  # fmt: skip
    text = f"""--
-- PostgreSQL database dump
--
SET statement_timeout = 0;
SET client_encoding = 'UTF8';

COPY public.pracownik (id, imie, nazwisko, data_ur, pesel, tel_kom, uwagi) FROM stdin;
{rows}
\\.
"""
    return text.encode(), "surname first-name birth-date pesel phone"


def written_inserts(chance: Random) -> Made:
    lines = [
        f"insert into klient (imie_nazw, email, telefon) values ('{p.first} {p.surname}', "
        f"'{p.email}', '{p.phone}');"
        for p in people(chance, "pl")
    ]
    return "\n".join(lines).encode(), "full-name|surname email phone"


def mssql_inserts(chance: Random) -> Made:
    lines = [
        "INSERT [dbo].[Patienten] ([PatID], [Nachname], [Vorname], [GebDat], [Tel]) VALUES "
        f"({n}, N'{p.surname}', N'{p.first}', CAST(N'{p.born}' AS Date), N'{p.phone}')\r\nGO"
        for n, p in enumerate(people(chance, "de"))
    ]
    text = "USE [Praxis]\r\nGO\r\nSET IDENTITY_INSERT [dbo].[Patienten] ON\r\n" + "\r\n".join(lines)
    return text.encode("utf-16"), "surname first-name birth-date phone"


def json_array(chance: Random) -> Made:
    rows = [
        {"patientNr": p.record, "nachname": p.surname, "vorname": p.first,
         "geburtsdatum": f"{p.born}", "mobil": p.phone} for p in people(chance, "de")
    ]  # fmt: skip
    return json.dumps(rows, ensure_ascii=False).encode(), "surname first-name birth-date phone"


def json_lines(chance: Random) -> Made:
    rows = [
        json.dumps({"ts": 1_700_000_000 + n, "evt": "order.created", "customer": {
            "firstName": p.first, "lastName": p.surname, "mail": p.email, "phoneNumber": p.phone}})
        for n, p in enumerate(people(chance, "fi"))
    ]  # fmt: skip
    return "\n".join(rows).encode(), "surname first-name email phone"


def json_answer(chance: Random) -> Made:
    found = [
        {"id": n, "type": "members", "attributes": {
            "personalNumber": p.number, "name": {"given": p.first, "family": p.surname},
            "birthdate": f"{p.born}T00:00:00Z", "contacts": [
                {"kind": "email", "value": p.email}, {"kind": "mobile", "value": p.phone}]}}
        for n, p in enumerate(people(chance, "se"))
    ]  # fmt: skip
    answer = {"meta": {"page": 1, "total": len(found)}, "data": found, "links": {"next": None}}
    return json.dumps(answer, indent=2).encode(), "personnummer surname first-name birth-date"


def xml_attributes(chance: Random) -> Made:
    rows = "".join(
        f"  <assure nom={quoteattr(p.surname)} prenom={quoteattr(p.first)} "
        f'dateNaissance="{p.born}" nir="{p.number}" codePostal="{p.postcode}"/>\n'
        for p in people(chance, "fr")
    )
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<assures>\n{rows}</assures>\n'
    return text.encode("latin-1"), "surname first-name birth-date nir"


def xml_elements(chance: Random) -> Made:
    rows = "".join(
        f"<Verzekerde><Achternaam>{p.surname}</Achternaam><Voornaam>{p.first}</Voornaam>"
        f"<Geboortedatum>{p.born:%Y%m%d}</Geboortedatum><BSN>{p.number}</BSN></Verzekerde>"
        for p in people(chance, "nl")
    )
    text = f'<?xml version="1.0"?><Bericht><Verzekerden>{rows}</Verzekerden></Bericht>'
    return text.encode(), "surname first-name birth-date bsn"


def spreadsheet_2003(chance: Random) -> Made:
    rows = [("Efternavn", "Fornavn", "CPR-nummer", "Mobil")]
    rows += [(p.surname, p.first, p.number, p.phone) for p in people(chance, "dk")]
    body = "".join(
        "   <Row>\n"
        + "".join(f'    <Cell><Data ss:Type="String">{escape(one)}</Data></Cell>\n' for one in row)
        + "   </Row>\n"
        for row in rows
    )
    text = f"""<?xml version="1.0"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
 <Worksheet ss:Name="Ark1">
  <Table>
{body}  </Table>
 </Worksheet>
</Workbook>
"""
    return text.encode(), "surname first-name cpr-number phone"


def ldif(chance: Random) -> Made:
    entries = [
        f"dn: uid={plain(p.surname)},ou=people,dc=clinique,dc=example\nobjectClass: inetOrgPerson\n"
        f"cn:: {base64.b64encode(f'{p.first} {p.surname}'.encode()).decode()}\n"
        f"sn: {plain(p.surname).title()}\ngivenName: {plain(p.first).title()}\nmail: {p.email}\n"
        f"mobile: {p.phone}\nuserPassword:: "
        + base64.b64encode(f"{{SSHA}}{digits(chance, 30)}".encode()).decode()
        + "\n"
        for p in people(chance, "fr")
    ]
    return ("version: 1\n\n" + "\n".join(entries)).encode(), "surname first-name email phone"


def vcards(chance: Random) -> Made:
    cards = [
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nN:{p.surname};{p.first};;;\r\nFN:{p.first} {p.surname}\r\n"
        f"TEL;TYPE=CELL:{p.phone}\r\nEMAIL;TYPE=INTERNET:{p.email}\r\nBDAY:{p.born}\r\n"
        f"ADR;TYPE=HOME:;;{p.street};{p.town};;{p.postcode};\r\nEND:VCARD\r\n"
        for p in people(chance, "es")
    ]
    return "".join(cards).encode(), "full-name|surname phone email birth-date"


def mbox(chance: Random) -> Made:
    mails = [
        f"From {p.email} Mon Jan 15 09:1{n % 10}:00 2024\nFrom: {p.first} {p.surname} <{p.email}>\n"
        f"To: secretariat@clinique.example\nSubject: Demande de rendez-vous\n"
        f"Content-Type: text/plain; charset=utf-8\n\nBonjour,\n\nNom : {p.surname}\n"
        f"Prénom : {p.first}\nDate de naissance : {p.born:%d/%m/%Y}\n"
        f"N° de sécurité sociale : {p.number}\nTéléphone : {p.phone}\n\nMerci d'avance\n\n"
        for n, p in enumerate(people(chance, "fr"))
    ]
    return "".join(mails).encode(), "nir"


def letter(chance: Random) -> Made:
    one = people(chance, "gb")[0]
    text = (
        f"Thornbeck General Hospital\nDischarge note\n\nPatient name:  {one.first} {one.surname}\n"
        f"Date of birth: {one.born:%d/%m/%Y}\nNHS number:    {one.number}\n"
        f"Address:       {one.street}, {one.town} {one.postcode}\nTelephone:     {one.phone}\n\n"
        "Diagnosis: community acquired pneumonia, type 2 diabetes.\n"
        "Thank you for following up this patient.\n"
    )
    return text.encode(), "full-name|surname birth-date nhs-number|national-id"


def sepa(chance: Random) -> Made:
    rows = "".join(
        f'<CdtTrfTxInf><PmtId><EndToEndId>SAL{n}</EndToEndId></PmtId><Amt><InstdAmt Ccy="EUR">'
        f"{chance.randrange(1300, 4800)}.10</InstdAmt></Amt><Cdtr><Nm>{p.first} {p.surname}</Nm>"
        f"</Cdtr><CdtrAcct><Id><IBAN>{iban(chance, 'DE')}</IBAN></Id></CdtrAcct><RmtInf><Ustrd>"
        "Gehalt Januar</Ustrd></RmtInf></CdtTrfTxInf>"
        for n, p in enumerate(people(chance, "de"))
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:'
        'pain.001.001.03"><CstmrCdtTrfInitn><GrpHdr><MsgId>G01</MsgId><InitgPty><Nm>Lindenhof GmbH'
        f"</Nm></InitgPty></GrpHdr><PmtInf><PmtMtd>TRF</PmtMtd>{rows}</PmtInf></CstmrCdtTrfInitn>"
        "</Document>"
    )
    return text.encode(), "full-name|surname iban"


def environment(chance: Random) -> Made:
    text = (
        "APP_ENV=production\nAPP_DEBUG=false\nDB_HOST=10.2.0.14\nDB_PORT=3306\n"
        f"DB_DATABASE=dossiers\nDB_USERNAME=app_dossiers\nDB_PASSWORD={secret(chance)}\n"
        f"MAIL_USERNAME=noreply@clinique.example\nMAIL_PASSWORD='{secret(chance)}'\n"
    )
    return text.encode(), "credentials"


def yaml_settings(chance: Random) -> Made:
    text = (
        "# upload to the laboratory\nsftp:\n  host: sftp.labo.example\n  port: 22\n"
        f'  user: ch-vaubrey\n  password: "{secret(chance)}"\n  remote_dir: /in\nretries: 3\n'
    )
    return text.encode(), "credentials"


def wordpress(chance: Random) -> Made:
    text = (
        "<?php\ndefine( 'DB_NAME', 'boutique' );\ndefine( 'DB_USER', 'boutique_wp' );\n"
        f"define( 'DB_PASSWORD', '{secret(chance)}' );\ndefine( 'DB_HOST', 'localhost' );\n"
        "$table_prefix = 'wp_';\nrequire_once ABSPATH . 'wp-settings.php';\n"
    )
    return text.encode(), "credentials"


def properties(chance: Random) -> Made:
    text = (
        "spring.datasource.url=jdbc:oracle:thin:@db1:1521:SIH\r\n"
        f"spring.datasource.username=sih_ro\r\nspring.datasource.password={secret(chance)}\r\n"
        "logging.level.root=INFO\r\n"
    )
    return text.encode(), "credentials"


def batch_script(chance: Random) -> Made:
    word = secret(chance)
    text = chance.choice((
        f"@echo off\r\nnet use Z: \\\\srv-fic\\export /user:CHV\\svc_export {word}\r\ncopy a Z:",
        f"#!/bin/sh\nset -e\ncurl -sS -u depot:{word} -T out.csv ftp://ftp.caisse.example/in/\n",
        f"#!/bin/bash\nlftp -u partner_7,{word} sftp://files.labo.example -e 'mput *.hl7; bye'\n",
        f"open ftp.caisse.example\r\nuser depot7 {word}\r\nbinary\r\nput out.csv\r\nbye\r\n",
    ))  # fmt: skip
    return text.encode(), "credentials"


def filezilla(chance: Random) -> Made:
    sealed = base64.b64encode(secret(chance).encode()).decode()
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<FileZilla3 version="3.60.1" platform="windows">\n'
        "\t<Servers>\n\t\t<Server>\n\t\t\t<Host>ftp.caisse.example</Host>\n\t\t\t<Port>21</Port>\n"
        f'\t\t\t<User>depot</User>\n\t\t\t<Pass encoding="base64">{sealed}</Pass>\n'
        "\t\t\t<Logontype>1</Logontype>\n\t\t</Server>\n\t</Servers>\n</FileZilla3>\n"
    )
    return text.encode(), "credentials"


def htpasswd(chance: Random) -> Made:
    lines = [
        f"{plain(p.surname)}:{{SHA}}"
        + base64.b64encode(hashlib.sha1(p.record.encode()).digest()).decode()
        for p in people(chance, "nl")
    ]
    return "\n".join(lines).encode(), "hashed-credentials"


def shadow(chance: Random) -> Made:
    lines = ["root:*:19000:0:99999:7:::", "daemon:*:19000:0:99999:7:::"]
    for p in people(chance, "gb", 2, 8):
        sealed = hashlib.sha512(p.record.encode()).hexdigest()[:86]
        lines.append(f"{plain(p.surname)}:$6${p.record}${sealed}:19650:0:99999:7:::")
    return ("\n".join(lines) + "\n").encode(), "hashed-credentials"


def admission_log(chance: Random) -> Made:
    lines = [
        f"2024-01-1{n % 9} 0{n % 9}:12:33,{chance.randrange(100, 999)} INFO  [adt-2] Admission - "
        f"patient={{ipp={p.record}, nom={p.surname.upper()}, prenom={p.first}, ddn={p.born}, "
        f"nir={p.number}}} service=URG"
        for n, p in enumerate(people(chance, "fr"))
    ]
    return "\n".join(lines).encode(), "nir surname|full-name birth-date"


def error_log(chance: Random) -> Made:
    lines = []
    for n, p in enumerate(people(chance, "ro", 15)):
        lines.append(f"[{n:05}] WARN sync: duplicate record for {p.first} {p.surname} "
                     f"(CNP {p.number}, tel {p.phone}), skipped")  # fmt: skip
        lines.append(f"[{n:05}] DEBUG sync: batch {digits(chance, 6)} took {chance.random():.3f}s")
    return "\n".join(lines).encode(), "cnp"


def soap_log(chance: Random) -> Made:
    lines = [
        f"2024-02-03T10:00:{n % 60:02}Z DEBUG request body: "
        + json.dumps({"codiceFiscale": p.number, "cognome": p.surname, "nome": p.first,
                      "dataNascita": f"{p.born}"})
        for n, p in enumerate(people(chance, "it"))
    ]  # fmt: skip
    return "\n".join(lines).encode(), "codice-fiscale surname first-name birth-date"


def fixed_width(chance: Random) -> Made:
    lines = [
        f"{p.record:<10}{p.surname.upper():<25}{p.first.upper():<20}{p.born:%Y%m%d}{p.number:<15}"
        for p in people(chance, "fr")
    ]
    return "\r\n".join(lines).encode("latin-1"), "nir"


def html_table(chance: Random) -> Made:
    rows = "".join(f"<tr><td>{p.surname}</td><td>{p.first}</td><td>{p.born}</td><td>{p.number}</td>"
                   "</tr>\n" for p in people(chance, "it"))  # fmt: skip
    head = "<tr><th>Cognome</th><th>Nome</th><th>Data di nascita</th><th>Codice fiscale</th></tr>"
    text = f"<html><body><table border=1>\n{head}\n{rows}</table></body></html>"
    return text.encode(), "codice-fiscale"


LIMITS: Final[dict[str, Callable[[Random], Made]]] = {
    "limit fixed width": fixed_width,
    "limit html table": html_table,
}
RECORDS: Final[dict[str, Callable[[Random], Made]]] = {
    f"record {make.__name__.replace('_', ' ')}": make
    for make in (
        mysqldump, pg_dump, written_inserts, mssql_inserts, json_array, json_lines, json_answer,
        xml_attributes, xml_elements, spreadsheet_2003, ldif, vcards, mbox, letter, sepa,
        environment, yaml_settings, wordpress, properties, batch_script, filezilla, htpasswd,
        shadow, admission_log, error_log, soap_log,
    )
} | LIMITS  # fmt: skip
