"""Addresses of people: a street with a house number, with postcode and town if they follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from analyzer.redaction.digits import is_measured, numerals, numerals_of
from analyzer.redaction.passage import Detection, Passage

_NORDIC_ENDS = (
    r"vej|vejen|gade|gaden|allé|alle|alléen|stræde|strædet|plads|pladsen|torv|torvet|boulevard|"
    r"vænge|vænget|parken|bakken|vangen|toften|marken|kæret|krogen|løkken|lunden|"
    r"vei|veien|veg|vegen|gata|gate|gaten|plass|plassen|svingen|stien|tunet|terrasse|"
    r"väg|vägen|gatan|gränd|gränden|stigen|backen|torget|allén|esplanaden|bryggan|brinken"
)
_ENGLISH_ENDS = (
    r"street|road|avenue|lane|drive|close|court|way|place|terrace|crescent|gardens|grove|park|"
    r"square|hill|row|mews|boulevard|parade|green|view|walk|st|rd|ave|ln|dr|ct|pl|blvd"
)
# Spoken and in lower case only those ends that are hardly anything else.
_PLAIN_ENDS = r"street|road|lane|avenue|terrace|crescent|gardens|mews|boulevard"
_CAPITAL = r"[A-ZÆØÅÄÖÉ][\wæøåäöé.'’-]*"
_NO_STREET_NAME = (
    r"the|a|an|of|on|in|at|to|my|your|down|up|per|for|miles?|minutes?|and|or|times|that|this|from"
)
# `, 2. sal tv`, `, 8000 Aarhus C`, `, 114 55 Stockholm`
_FLOOR = (
    r"(?:,? ?(?:st|stuen|kld|\d{1,2})\.? ?(?:sal|etage|etg|tr)?\.?,? ?(?:tv|th|mf|tr)\b\.?|"
    r",? \d{1,2}\. ?sal)?"
)
_TOWN = (
    rf"(?:,? (?:i |in )?(?:[A-Z]{{1,2}}-)?(?:\d{{4}}|\d{{3}} ?\d\d) (?-i:{_CAPITAL})"
    r"(?: (?-i:[A-ZØÅÆ]{1,2}))?\b)?"
)
# The form of BS 7666; the town before it is left.
_UK_POSTCODE = re.compile(r"\b(?:[A-Z]{1,2}\d[A-Z\d]?) ?\d[ABD-HJLNP-UW-Z]{2}\b")
_UK_POSTCODE_END = r"(?:,?(?: (?-i:[A-Z][\w'-]+),?){0,2} (?-i:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b)?"


@lru_cache
def _nordic(language: str | None) -> re.Pattern[str]:
    words = "|".join(sorted(numerals(language), key=len, reverse=True))
    house = rf"(?:nummer |nr\.? ?)?(?:\d{{1,4}}(?: ?[a-h])?|(?:{words})(?: (?:{words}))?)\b"
    street = (
        rf"(?:(?-i:{_CAPITAL} ){{0,3}}\w[\w.'’-]+(?:{_NORDIC_ENDS})|"
        rf"(?-i:(?:{_CAPITAL} ){{1,3}})(?:{_NORDIC_ENDS})|\w{{4,}} (?:allé|boulevard))"
    )
    return re.compile(rf"(?<![\w-]){street}\b,? {house}{_FLOOR}{_TOWN}", re.I)


@lru_cache
def _english() -> re.Pattern[str]:
    words = "|".join(sorted(numerals("en"), key=len, reverse=True))
    written = rf"(?-i:(?:(?!I[ '’])[A-Z][\w'’-]+ ){{1,3}})(?:{_ENGLISH_ENDS})"
    plain = rf"(?:(?!(?:{_NO_STREET_NAME}|{words})\b)[a-z'’]+ ){{1,2}}(?:{_PLAIN_ENDS})"
    house = rf"(?:flat \w+,? )?(?:\d{{1,4}}[a-h]?|(?:{words})(?: (?:{words}))?),? "
    return re.compile(rf"\b{house}(?:{written}|{plain})\b\.?{_UK_POSTCODE_END}", re.I)


# A part of every end: a quick look at a turn that most do not pass.
_ROOTS = (
    "vej", "vei", "veg", "gade", "gat", "väg", "all", "stræde", "plads", "plass", "torv", "torg",
    "boulevard", "væng", "parken", "bakken", "backen", "vangen", "toften", "marken", "kæret",
    "krogen", "løkken", "lunden", "svingen", "stien", "tunet", "terrasse", "gränd", "stig",
    "esplanad", "brygga", "brinken",
)  # fmt: skip
_ENDS = frozenset(_ENGLISH_ENDS.split("|"))


def find_addresses(passage: Passage) -> Iterator[Detection]:
    """Streets with a house number, and British postcodes."""
    text, language = passage.text, passage.language
    if not passage.has_digit and passage.forms.isdisjoint(numerals_of(language or "en")):
        return  # no house number
    if language != "en" and any(map(passage.lower.__contains__, _ROOTS)):
        for match in _nordic(language).finditer(text):
            if not is_measured(text, match.end()):
                yield _detection(match)
    if language in ("en", None) and not _ENDS.isdisjoint(passage.forms):
        for match in _english().finditer(text):
            yield _detection(match)
    if passage.has_digit:
        for match in _UK_POSTCODE.finditer(text):
            yield _detection(match)


def _detection(match: re.Match[str]) -> Detection:
    value = re.sub(r"[\s,.]+", " ", match[0].lower()).strip()
    return Detection(match.start(), match.end(), "ADDRESS", value)
