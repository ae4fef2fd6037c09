"""What a number is, by the words near it: "kontonummer", "ring til mig på", "date of birth"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from analyzer.redaction.digits import FILLERS, numerals
from analyzer.redaction.passage import Passage

# What `asked_for` answers beside the kinds of placeholders.
IDENTITY = "IDENTITY"  # the national number of the language's country
POSTCODE = "POSTCODE"
PLATE = "PLATE"
IMPERSONAL = "IMPERSONAL"  # model, article and company numbers, error codes
# So many turns after a question its answer may still come: "CPR?" "Øh, lige et øjeblik." "Ja."
TURNS_BACK = 4
# An answer has few words before what was asked for: "ja det er".
_ANSWER_WORDS = 4

_NUMBER = r"(?:s|e|en|et)?[- ]?(?:nummer\w*|numret|nr\b|number\w*|no\b|id\b|kode\w*|kod\b|code)"
_THINGS = (
    r"ordre|order|kunde|kund|sags|saks|sak|sag|ärende|bookings?|boknings?|bestillings?|"
    r"beställnings?|bestilling|reference|referanse|referens|police|polise|polis|policy|forsikrings|"
    r"försäkrings|skade|skades|medlems?|case|claims?|ticket|tracking|pakke|paket|kolli|sporings?|"
    r"forsendelses|sendings|försändelse|faktura|invoice|serie|serial|kontrakts?|avtals?|aftale|"
    r"contract|abonnements?|måler|målar|mätar|meter|installations?|anläggnings?|anleggs?|patient|"
    r"student|journal|membership|member|customer|reservation|reservasjons?|confirmation|bekræftelses|"
    r"rejse|billet|billett|biljett|pas|pass|passport|passeport|kørekorts?|førerkorts?|körkorts?|"
    r"licen[cs]e|driving licen[cs]e|nhs|retur|return|delivery|leverings|kid|ocr"
)
_CONTEXT = re.compile(
    rf"(?P<{IMPERSONAL}>\bmod(?:el|ell)\w*|vare(?:{_NUMBER})|artik\w*{_NUMBER}|item{_NUMBER}|"
    r"produkt(?:nummer|kode)\w*|product (?:code|number)|version\w*|firmware|fejlkode\w*|fejl\b|"
    r"felkod\w*|feilkode\w*|error\w*|\bcvr\b|\borg\w*\.? ?n\w*)|"
    r"(?P<NINO>national insurance|\bni number)|(?P<PPS>\bpps\b)|"
    rf"(?P<{IDENTITY}>\bcpr\b|\bcpr-?n\w*|person(?:ligt? ?)?nummer\w*|personnumret|"
    r"fødsels(?:- og|nummer)\w*|fødselsnr|samordningsnum\w*|d-nummer\w*)|"
    r"(?P<BIRTHDATE>\bfødt\b|fødselsda\w+|fødsels(?:data|år)\w*|\bfödd\b|födelse(?:da|år)\w*|\bborn\b|"
    r"birth\w*|\bd\.?o\.?b\b)|"
    r"(?P<PHONE>telefon\w*|\btlf\b|\btel\b|\bmobil\w*|(?:tele)?phone\w*|\bmobile\b|\bcell\b|\bsms\w*|"
    r"\bnås? på|\btræffes på|\breach (?:me|him|her|you) (?:on|at)|"
    r"\b(?:call|ring\w*|text|nummer\w*|number|numret)\s(?:\w+\s){0,3}(?:på|til|on|at|back)\b)|"
    rf"(?P<CARD>kort(?:{_NUMBER}|et\b)|(?:dan|visa|kredit|betalings|bank|debet|debit)kort\w*|"
    r"\bkort\w*\s(?:\w+\s){0,2}(?:slut|end)\w*|\bcards?\b|\bvisa\b|\bmastercard\b)|"
    rf"(?P<{PLATE}>nummer(?:plade|skilt|plåt)\w*|registrerings?nummer\w*|registreringsnumret|"
    r"\breg-?nummer\w*|\bregnr\b|(?:number|licen[cs]e|reg) ?plate|\bregistration\b|"
    r"\bplade\b|"
    r"\bskiltnummer\w*)|"
    rf"(?P<{POSTCODE}>post(?:nummer\w*|numret|nr\b|code\w*| code\w*)|zip ?code|\beircode)|"
    rf"(?P<REFERENCE>\b\w*(?:{_THINGS}){_NUMBER}|\b(?:reference|referanse\w*|referens\w*|ref)\b|"
    r"\bpin-?kod\w*|\bpin\b|engangskode\w*|engångskod\w*|\bpasscode|\btracking\b)|"
    r"(?P<ACCOUNT>\w*konto\w*|\breg\.? ?n(?:r|o|ummer\w*)\b|clearing\w*|sort ?codes?|"
    r"\baccount\b|bankgiro\w*|plusgiro\w*|\biban\b)"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a number is said to be (`None`: nothing), and whether its own turn says so.

    `leads`: a turn before says so, and this turn begins with the number, as an answer does.
    """

    kind: str | None
    here: bool = False
    leads: bool = False


def asked_for(passage: Passage, position: int) -> Asked:
    """What a number at `position` is said to be: the last such word before it decides.

    Else what the turns before asked for, else a word right after it.
    """
    said = [match for match in _CONTEXT.finditer(passage.lower) if match.start() < position]
    if said:
        return Asked(said[-1].lastgroup, here=True)
    for turn in reversed(passage.before[-TURNS_BACK:]):
        if kind := _last(turn):
            return Asked(kind, leads=_words_before(passage, position) <= _ANSWER_WORDS)
    after = _CONTEXT.search(passage.lower, position)
    return Asked(after.lastgroup, here=True) if after else Asked(None)


def _words_before(passage: Passage, position: int) -> int:
    """How many words stand before a number, those that belong to numbers left out.

    What is already redacted counts as many, so that redacting twice finds nothing more.
    """
    if "\0" in passage.text[:position]:
        return _ANSWER_WORDS + 1
    known = numerals(passage.language)
    words = (word.form for word in passage.words if word.start < position)
    return sum(not (form.isdigit() or form in known or form in FILLERS) for form in words)


@lru_cache(maxsize=1_000)
def _last(turn: str) -> str | None:
    """The last thing that a turn names."""
    kinds = [match.lastgroup for match in _CONTEXT.finditer(turn.lower())]
    return kinds[-1] if kinds else None
