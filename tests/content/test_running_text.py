"""Forms, cards, directories, settings and letters: whom they name, what they give away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.content.labelled import read_labelled
from scanner.content.text import Sections
from scanner.demo.generator import invent_people
from scanner.model.content import DataClass
from tests.content.driving import facts_of, kinds
from tests.content.health_samples import vcards

PEOPLE = invent_people(60, seed=71)
PERSON = PEOPLE[0]


def form(labels: tuple[str, str, str], separator: str = " : ") -> bytes:
    return "".join(
        f"{labels[0]}{separator}{p.surname}\n{labels[1]}{separator}{p.first_name}\n"
        f"{labels[2]}{separator}{p.born:%d/%m/%Y}\n\n"
        for p in PEOPLE[:3]
    ).encode()


@pytest.mark.parametrize(
    "labels",
    [
        ("Nom", "Prénom", "Né(e) le"),
        ("Last name", "First name", "Date of birth"),
        ("Nachname", "Vorname", "Geburtsdatum"),
        ("Apellidos", "Nombre", "Fecha de nacimiento"),
        ("Cognome", "Nome", "Data di nascita"),
        ("Achternaam", "Voornaam", "Geboortedatum"),
        ("Apelido", "Nome próprio", "Data de nascimento"),
        ("Nazwisko", "Imię", "Data urodzenia"),
        ("Efternamn", "Förnamn", "Födelsedatum"),
        ("Efternavn", "Fornavn", "Fødselsdato"),
    ],
)
def test_a_form_names_its_people_in_ten_languages(labels: tuple[str, str, str]) -> None:
    facts = facts_of(form(labels))
    assert {"surname", "birth-date"} <= kinds(facts)
    assert facts.persons == 3


def test_two_labels_may_share_a_line() -> None:
    line = f"Nom : {PERSON.surname}    Prénom : {PERSON.first_name}\tTél. : {PERSON.phone}\n"
    assert kinds(facts_of(line.encode())) == {"surname", "first-name", "phone"}


def test_a_form_that_speaks_of_illness_is_health() -> None:
    text = form(("Nom", "Prénom", "Né(e) le")) + b"Motif\ncancer suivi\nChimiotherapie en cours\n"
    facts = facts_of(text)
    assert ("health-words", DataClass.HEALTH) in {(k.kind, k.data_class) for k in facts.kinds}


def test_cards_and_directories_name_their_people() -> None:
    facts = facts_of(vcards(PEOPLE))
    assert {"full-name", "phone", "email"} <= kinds(facts)
    assert facts.persons == 60
    ldif = "\n".join(
        f"dn: uid={p.login},dc=example\nuid: {p.login}\nsn: {p.surname}\ngivenName: {p.first_name}\n"
        f"mail: {p.login}@example.org\nuserPassword: {p.password}\n"
        for p in PEOPLE
    )
    found = kinds(facts_of(ldif.encode()))
    assert {"surname", "first-name", "email", "credentials"} <= found


def test_a_nir_in_a_letter_needs_its_word() -> None:
    letter = f"Madame,\nvotre numéro de sécurité sociale {PERSON.nir} est à jour.\n"
    facts = facts_of(letter.encode("cp1252"))
    assert (kinds(facts), facts.persons) == ({"nir"}, 1)
    assert facts_of(f"Madame,\nvotre dossier {PERSON.nir} est à jour.\n".encode()).kinds == ()


def test_addresses_in_a_letter_are_contacts() -> None:
    facts = facts_of(b"Write to anna@example.org,\nor to ben@example.com if she is away.\n")
    assert (facts.kinds, facts.contacts) == ((), 2)


SECRETS = {
    "settings": b"[db]\nhost=10.0.0.1\nuser=admin\npassword=Tr0ub4dor&3\n",
    "yaml": b"database:\n  username: app\n  password: 'S3cr3t-9xk'\n",
    "environment": b'export DB_USER=app\nexport DB_PASSWORD="S3cr3t9xkz"\n',
    "properties": b"spring.datasource.username=app\nspring.datasource.password=S3cr3t9xkz\n",
    "an address": b"# settings\nurl = postgres://app:S3cr3t9xkz@db.example.org/app\n",
    "netrc": b"machine example.org login app password S3cr3t9xkz\n",
    "pairs": "".join(f"{p.login}@example.org:{p.password}\n" for p in PEOPLE).encode(),
}


@pytest.mark.parametrize("data", SECRETS.values(), ids=SECRETS.keys())
def test_logins_and_passwords_are_secrets(data: bytes) -> None:
    facts = facts_of(data)
    assert [(kind.kind, kind.data_class) for kind in facts.kinds] == [
        ("credentials", DataClass.SECRET)
    ]
    assert "S3cr3t" not in repr(facts)


@pytest.mark.parametrize("scheme", ["$6$saltsalt$", "$apr1$saltsalt$", "$2y$10$", "$y$j9T$salt$"])
def test_hashes_of_passwords_are_told_apart(scheme: str) -> None:
    lines = "".join(f"{p.login}:{scheme}{'aB3' * 18}:19000:0:99999:7:::\n" for p in PEOPLE[:5])
    assert kinds(facts_of(lines.encode())) == {"hashed-credentials"}


NOTHING = {
    "a call": b"def login(user):\n    user = user.strip()\n    password = ask(user)\n    return 1\n",
    "variables": b"user: ${DB_USER}\npassword: ${DB_PASSWORD}\n---\nuser=$USER\npassword=$PASS\n",
    "a template": b"username: {{ user }}\npassword: {{ vault_password }}\n",
    "a place to fill in": b"user = <your name>\npassword = <your password>\nuser=x\npassword=****\n",
    "an environment": b"USER=anna\nHOME=/home/anna\nPWD=/home/anna/project/1\nLANG=C\n",
    "pieces of a program": b"-- a.password='f1',a.file='x'\nuser=a\npass => '1' . $x . '@',\n",
    "types": b"class A:\n    user: str\n    password: str\n    first: int\n    last: int\n",
    "attributes": b"user = args.user\npassword = args.password\n# and so on\n",
    "a package": b"Name: requests\nVersion: 2.1\nAuthor-email: me@example.org\nHome: example.org\n",
    "a message": b"From: ben@example.org\nTo: anna@example.org\nSubject: lunch\n\nAt noon?\n",
    "code": b"first = last = 0\nname = first\nsurname = last\nfirst_name = Name\nlast_name = Name\n",
    "an address without secret": b"see https://example.org:8443/a and ssh://git@example.org/b\n",
    "an example": b"use http://user:password@example.org to log in\n",
    "times": b"10:20:30 user logged in\n10:20:31 password changed\n10:20:32 user left\n",
}


@pytest.mark.parametrize("data", NOTHING.values(), ids=NOTHING.keys())
def test_programs_templates_and_letters_give_nothing_away(data: bytes) -> None:
    assert facts_of(data).kinds == ()


@given(st.text(alphabet="Nomuser :=;\t\n\"'.é1$", max_size=200))
def test_any_text_gets_an_answer(text: str) -> None:
    table = read_labelled(Sections((text,), (len(text),), whole=True))
    assert table is None or table.width >= 1


GIVEN = [
    "<?php\ndefine( 'DB_PASSWORD', 'Marsh421$' );\n",
    "#!/bin/sh\ncurl -sS -u depot:Fjord1860 -T out.csv ftp://ftp.example.test/in/\n",
    "lftp -u depot,Fjord1860 -e 'mirror; bye' ftp.example.test\n",
    "sshpass -p Fjord1860 sftp depot@sftp.example.test\n",
    "wget --user=depot --password=Fjord1860 ftp://ftp.example.test/out.csv\n",
    "open ftp.example.test\r\nuser depot Fjord1860\r\nbinary\r\nput out.csv\r\nbye\r\n",
    "mysqldump -u root -pFjord1860 members > members.sql\n",
]


@pytest.mark.parametrize("text", GIVEN)
def test_what_a_program_is_given_to_log_in_with_is_a_secret(text: str) -> None:
    assert kinds(facts_of(text.encode())) == {"credentials"}


@pytest.mark.parametrize("secret", ["$SECRET", "<password>", "password", "{{ secret }}", "******"])
@pytest.mark.parametrize("text", GIVEN)
def test_what_stands_for_a_secret_is_none(text: str, secret: str) -> None:
    told = text.replace("Fjord1860", secret).replace("Marsh421$", secret)
    assert kinds(facts_of(told.encode())) == set()


def test_hashes_of_web_servers_are_secrets() -> None:
    lines = "depot:{SHA}8XQ7rGPT8YLPxPrIftBEu5oEJi0=\nlab:$apr1$ab12cd34$0123456789abcdefghijkl\n"
    assert kinds(facts_of(lines.encode())) == {"hashed-credentials"}


def test_messages_in_the_frames_of_a_line_are_read() -> None:
    message = "MSH|^~\\&|A|B|C|D|20240101||ADT^A08|1|P|2.5\rPID|1||25338406||Doe^Jane||19330724|F\r"
    assert facts_of(f"\x0b{message}\x1c\r".encode()).format == "hl7v2"


def test_values_that_are_aligned_belong_to_their_labels() -> None:
    form = "Name:   Imogen Hathenley\nDate of birth:   03/02/1961\nPhone:\t020 7946 0123\n"
    assert {"full-name", "birth-date"} <= kinds(facts_of(form.encode()))
