"""Dates of birth: a date after words such as "født" or "date of birth", also the turn before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from analyzer.redaction.context import IDENTITY, asked_for
from analyzer.redaction.digits import numerals
from analyzer.redaction.passage import Detection, Passage

_MONTHS = (
    "januar|januari|january|februar|februari|february|mars|marts|march|april|maj|mai|may|juni|june|"
    "juli|july|august|augusti|september|oktober|october|november|december|desember"
)
_NUMERIC = re.compile(
    r"\b(?:\d{1,2} ?[./-] ?\d{1,2}(?: ?[./-] ?(?:\d{4}|\d{2}))?|(?:19|20)\d\d-\d\d-\d\d)\b"
)
_ORDINALS = (
    r"første|anden|tredje|fjerde|femte|sjette|syvende|ottende|niende|tiende|ellevte|tolvte|"
    r"\w+(?:tende|tiende|yvende|tjuende|tonde|onde|ionde|tionde|ende)|andre|sjuende|åttende|åttonde|"
    r"första|andra|fjärde|sjätte|sjunde|nionde|tionde|elfte|tolfte|\w*(?:første|förste|første|tredje|"
    r"fjerde|femte|sjette|tjugoförsta|trettionde)|first|second|third|(?!birth|with|both|month)\w+th|twenty-?\s?\w+|thirty-?\s?\w+"
)


@lru_cache
def _spoken(language: str | None) -> re.Pattern[str]:
    """A day, a month and perhaps a year, in words or figures; the day may stand behind."""
    words = "|".join(sorted(numerals(language), key=len, reverse=True))
    number = rf"(?:\d{{1,2}}(?:\.|st|nd|rd|th)?|{words}|{_ORDINALS})"
    hundreds = r"(?:\s+(?:hundrede|hundred|hundre|hundra|og|och|and|the|of)){0,2}"
    years = rf"(?:,?{hundreds}\s+(?:\d{{2,4}}|{words}|hundrede|hundre|hundra|tusen|tusind)){{0,4}}"
    month = rf"(?:of\s+)?(?:{_MONTHS})"
    return re.compile(
        rf"\b(?:{number},?\s+{month}{years}|{month}\s+{number}{years}|"
        rf"(?:{_ORDINALS})\s+(?:i\s+|the\s+)?(?:{_ORDINALS}){years})\b"
    )


def find_birthdates(passage: Passage) -> Iterator[Detection]:
    """Dates in a turn that says or answers when somebody was born."""
    if passage.has_digit:
        yield from _said(passage, _NUMERIC)
    if not passage.forms.isdisjoint(_MONTHS.split("|")) or "født" in passage.lower:
        yield from _said(passage, _spoken(passage.language))


def _said(passage: Passage, pattern: re.Pattern[str]) -> Iterator[Detection]:
    for match in pattern.finditer(passage.lower):
        asked = asked_for(passage, match.start())
        if asked.kind in ("BIRTHDATE", IDENTITY) and (asked.here or asked.leads):
            value = re.sub(r"[\s.,/-]+", " ", match[0]).strip()
            yield Detection(match.start(), match.end(), "BIRTHDATE", value)
