"""Header words, French and English, and the concept each of them names."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_COUNTER = re.compile(r"\d+$")
_MOST = 120

_WORDS: Final = {
    "national-id": "nir insee numsecu numerosecu numss nss secu securitesociale numsecusociale"
    " numerosecuritesociale socialsecuritynumber ssn nationalid matriculeassure immatriculation",
    "surname": "nom surname lastname familyname nomfamille nomusuel nomusage nomnaissance"
    " nompatronymique birthname maidenname",
    "first-name": "prenom prenoms firstname givenname forename prenomusuel",
    "full-name": "nomprenom nometprenom nomcomplet fullname prenomnom identite",
    "birth-date": "datenaissance naissance ddn dnaiss datenaiss birthdate dateofbirth dob"
    " birthday birth datebirth neele",
    "birth-place": "lieunaissance villenaissance birthplace placeofbirth communenaissance",
    "sex": "sexe sex gender genre civilite",
    "phone": "telephone tel mobile portable phone phonenumber numtel numerotelephone telmobile"
    " telportable telfixe gsm cellphone",
    "email": "email mail courriel adressemail adresseemail adressemel emailaddress mel",
    "address": "adresse address rue street adressepostale adresseligne streetaddress voie",
    "postcode": "codepostal cp postcode zip zipcode postalcode",
    "city": "ville city commune town",
    "patient-id": "patientid idpatient ipp numpatient numeropatient patientno numdossier"
    " dossierpatient mrn medicalrecordnumber pid ins",
    "login": "login identifiant username userid utilisateur user compte logon identifiantconnexion",
    "password": "password mdp motpasse passwd pwd pass motdepasse passphrase",
    "password-hash": "passwordhash pwdhash hashmdp mdphash hashedpassword",
    "comment": "commentaire commentaires comment comments remarque remarques note notes observation"
    " observations textelibre freetext remark remarks",
    "doctor": "medecin prescripteur doctor physician medecintraitant praticien prescriber",
    "insurer": "mutuelle caisse assureur insurer insurance organisme",
    "diagnosis": "diagnostic diagnostics diagnosis diagnoses pathologie pathology cim icd maladie"
    " condition ald",
    "treatment": "traitement traitements treatment medicament medicaments medication drug"
    " prescription posologie",
    "result": "resultat resultats resultatanalyse labresult testresult",
    "exam-code": "examcode codeexamen codeanalyse exam examen analyse analysis codeacte acte ccam"
    " nabm loinc",
    "exam-date": "examdate dateexamen dateanalyse dateprelevement datesoin dateacte",
    "blood-group": "groupesanguin bloodgroup bloodtype rhesus",
    "allergy": "allergie allergies allergy antecedents antecedent",
    "pregnancy": "grossesse pregnancy pregnant enceinte",
}
_CONCEPTS: Final = {word: concept for concept, words in _WORDS.items() for word in words.split()}
_FILLERS: Final = frozenset(
    {"de", "du", "des", "d", "la", "le", "l", "of", "the", "et", "patient", "client", "assure"}
)
CONCEPTS: Final = frozenset(_WORDS)
HEALTH_CONCEPTS: Final = frozenset(
    {"diagnosis", "treatment", "result", "exam-code", "blood-group", "allergy", "pregnancy"}
)
HEALTH_WORDS: Final = frozenset(
    [
        "vih",
        "hiv",
        "sida",
        "cancer",
        "cancers",
        "tumeur",
        "chimiotherapie",
        "chemotherapy",
        "grossesse",
        "pregnancy",
        "pregnant",
        "enceinte",
        "diabete",
        "diabetes",
        "diabetique",
        "infertilite",
        "infertility",
        "fiv",
        "depression",
        "hepatite",
        "hepatitis",
        "seropositif",
        "metastase",
        "leucemie",
        "leukemia",
        "ivg",
        "oncologie",
        "oncology",
    ]
)


def folded(text: str) -> str:
    """Return a header without case, accents and punctuation: words joined by ``_``."""
    text = _CAMEL.sub(" ", text[:_MOST].strip())
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _NOT_WORD.sub("_", plain.lower()).strip("_")


def concept_of(header: str) -> str | None:
    """Return what a header names, or None where the lexicon does not know it."""
    words = folded(header).split("_")
    bare = [word for word in words if word not in _FILLERS]
    for candidate in ("".join(words), "".join(bare)):
        concept = _CONCEPTS.get(candidate) or _CONCEPTS.get(_COUNTER.sub("", candidate))
        if concept:
            return concept
    return None


def words_of(text: str) -> set[str]:
    """Return the folded words of a text."""
    return set(folded_text(text).split("_"))


def folded_text(text: str) -> str:
    """Return a longer text folded like a header, camel case left alone."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _NOT_WORD.sub("_", plain.lower()).strip("_")
