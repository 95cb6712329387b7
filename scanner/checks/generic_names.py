"""Account names that name a role, a place or a purpose, in ten languages; none is a person's."""

from __future__ import annotations

import re
import unicodedata

from scanner.model.text import words

_WORDS = re.compile(r"[^\W\d_]+")


GENERIC = words(
    # French
    "labo laboratoire transfert transferts echange echanges depot partage commun compte equipe"
    " service accueil secretariat stagiaire interne externe prestataire fournisseur partenaire"
    " client invite essai recette sauvegarde maintenance dev prod"
    # English
    " lab laboratory transfer exchange upload download drop shared share common account team"
    " desk frontdesk trainee intern supplier vendor partner customer guest test testing demo"
    " support helpdesk backup batch service admin administrator operator user office"
    # German
    " labor uebertragung ubertragung austausch ablage gemeinsam konto gruppe dienst empfang"
    " praktikant lieferant kunde gast versuch sicherung betrieb buro buero verwaltung"
    # Spanish
    " laboratorio transferencia intercambio compartido comun cuenta equipo servicio recepcion"
    " becario proveedor socio cliente invitado prueba pruebas soporte respaldo oficina"
    # Italian
    " trasferimento scambio condiviso comune conto squadra servizio stagista fornitore ospite"
    " prova collaudo supporto ufficio"
    # Dutch
    " overdracht uitwisseling gedeeld gemeenschappelijk ploeg dienst balie stagiair leverancier"
    " klant gast proef ondersteuning reserve kantoor beheer"
    # Portuguese
    " transferencia troca partilha compartilhado comum conta equipa equipe servico estagiario"
    " fornecedor parceiro convidado teste suporte escritorio"
    # Polish
    " laboratorium transfer wymiana wspolne wspolny konto zespol usluga recepcja stazysta"
    " dostawca klient gosc proba wsparcie kopia biuro"
    # Swedish
    " laboratorium overforing utbyte delad gemensam konto grupp tjanst reception praktikant"
    " leverantor kund gast prov stod kontor drift"
    # Danish
    " laboratorium overforsel udveksling delt faelles konto gruppe tjeneste praktikant"
    " leverandor kunde gaest prove stotte kontor"
)


def is_generic(username: str) -> bool:
    """Whether every word of a name is a generic one; a name without words is not."""
    words = _WORDS.findall(_folded(username))
    return bool(words) and all(word in GENERIC for word in words)


def _folded(text: str) -> str:
    plain = text.casefold().replace("ø", "o").replace("æ", "ae").replace("ł", "l")
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(char for char in decomposed if not unicodedata.combining(char))
