"""Do cells name persons or organisations? By words that one has and the other seldom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from scanner.content.lexicon import folded_lines
from scanner.model.text import words

_ORGANISATION: Final = words(
    # legal forms
    "sarl sas sasu sa eurl sci snc scop scp selarl inc llc ltd plc corp corporation company gmbh"
    " ag kg ohg ug bv nv vof spa srl sl slu lda ltda sp zoo ab aps as oy oyj co holding group"
    " groupe gruppe gruppo grupo"
    # houses
    " mairie commune prefecture ecole lycee college universite university universitat universidad"
    " universita universiteit school schule escuela scuola hopital hospital clinique klinik clinica"
    " ehpad centre center centro zentrum pharmacie pharmacy apotheke farmacia laboratoire labor"
    " laboratory laboratorio association verein asociacion stichting fundacion fondation foundation"
    " restaurant hotel cafe bar boulangerie bakery store shop magasin garage agence agency bureau"
    " office societe cabinet syndicat federation club musee museum bibliotheque library theatre"
    " gare station aeroport airport stade stadium parc park residence maison crous caf cpam ars chu"
    " ch ministere ministry institut institute bank banque banca banco gemeente ayuntamiento comune"
    " camara urzad szpital szkola kommun skola sjukhus skole sygehus"
)
_FIRST_NAMES: Final = words(
    "jean marie pierre michel andre philippe alain jacques bernard daniel nathalie isabelle sylvie"
    " catherine francoise martine christine monique nicolas julien thomas camille lea manon emma"
    " chloe lucas hugo louis gabriel arthur jules sophie anne claire laurent stephane eric patrick"
    " david sebastien olivier christophe guillaume vincent celine sandrine aurelie emilie julie"
    " pauline mathilde mohamed fatima ahmed karim nadia"
    " james john robert michael william richard joseph charles mary patricia jennifer linda"
    " elizabeth barbara susan jessica sarah karen matthew anthony mark donald steven paul andrew"
    " joshua kenneth kevin brian george edward jason laura emily olivia amelia oliver harry jack"
    " hans peter klaus wolfgang jurgen dieter manfred uwe andreas stefan ursula monika petra sabine"
    " renate helga karin brigitte ingrid lukas leon felix jonas finn lena hannah mia"
    " antonio jose manuel francisco juan javier jesus carlos miguel rafael pedro luis sergio maria"
    " carmen ana isabel dolores pilar teresa rosa cristina lucia marta elena pablo alvaro diego"
    " giuseppe giovanni mario luigi vincenzo pietro salvatore franco alessandro francesco marco"
    " andrea paolo luca matteo lorenzo giulia francesca chiara sara anna rosa angela giovanna paola"
    " johannes cornelis hendrik willem pieter jeroen bas daan sem lotte femke sanne anouk maaike"
    " joao tiago rui nuno goncalo beatriz ines mariana catarina joana rita"
    " jan andrzej piotr krzysztof stanislaw tomasz pawel marcin michal jakub katarzyna malgorzata"
    " agnieszka barbara ewa magdalena zofia zuzanna"
    " lars anders johan erik nils karl gustav sven birgitta kerstin elsa astrid maja linnea"
    " jens soren niels henrik mette kirsten hanne anne freja ida"
)
_MOST_CELLS: Final = 120
_MOST_CELL: Final = 80
_SHARE: Final = 0.15


def are_organisations(cells: Sequence[str]) -> bool:
    """Whether many cells hold a legal form or the word for a house."""
    return _share(cells[:_MOST_CELLS], _ORGANISATION) >= _SHARE


def are_persons(cells: Sequence[str]) -> bool:
    """Whether many cells of two words or more hold a common first name of the ten languages."""
    return _share([cell for cell in cells[:_MOST_CELLS] if " " in cell], _FIRST_NAMES) >= _SHARE


def _share(cells: Sequence[str], words: frozenset[str]) -> float:
    lines = folded_lines([cell[:_MOST_CELL] for cell in cells])
    return sum(not words.isdisjoint(line.split()) for line in lines) / max(len(cells), 1)
