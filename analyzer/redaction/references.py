"""Codes of letters and digits that a word near them explains: orders, number plates, postcodes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.redaction.context import PLATE, POSTCODE, asked_for
from analyzer.redaction.digits import is_measured, numerals, numerals_of
from analyzer.redaction.passage import Detection, Passage, Word

_KINDS = {
    PLATE: "PLATE",
    POSTCODE: "ADDRESS",
    "REFERENCE": "REFERENCE",
    "ACCOUNT": "ACCOUNT",
    "NINO": "NINO",
    "PPS": "PPS",
}
# `ORD-12345`, `A1B2C3`, and plates: `AB 12 345`, `ABC 12D`, `AB12 CDE`, `12-D-12345`
_CODE = re.compile(
    r"\b(?:[A-Z]{2}\d\d ?[A-Z]{3}|[A-ZÆØÅÄÖ]{2,3} ?\d\d ?\d{0,3}[A-Z]?|\d{2,3}-[A-Z]{1,2}-\d{1,6}|"
    r"(?=[\w-]*\d)(?=[\w-]*[^\W\d_])\w+(?:[-/]\w+)*)(?![\w-])"
)
_LETTER_WORDS = frozenset("iåaoöe")
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzæøåäö")
_SPELLING = LETTERS - _LETTER_WORDS
_LEAST = 4  # characters of a code
_LEAST_DIGITS = 2


def find_codes(passage: Passage) -> Iterator[Detection]:
    """Written codes of letters and digits, and such that are spelled: "f b six four l t"."""
    if passage.has_digit:
        for match in _CODE.finditer(passage.text):
            yield from _explained(passage, match.start(), match.end(), match[0])
    if not passage.forms.isdisjoint(_SPELLING):
        if passage.forms.isdisjoint(numerals_of(passage.language)):
            return
        for spelled in _spelled(passage):
            code = "".join(word.form for word in spelled)
            yield from _explained(passage, spelled[0].start, spelled[-1].end, code, 0)


def _explained(
    passage: Passage, start: int, end: int, code: str, least_digits: int = _LEAST_DIGITS
) -> Iterator[Detection]:
    value = re.sub(r"\W", "", code).upper()
    if len(value) < _LEAST or sum(c.isdigit() for c in value) < least_digits:
        return
    if is_measured(passage.text, end) or re.fullmatch(r"\d+\w{1,3}", value, re.A):
        return  # "4000kr", "2024x"
    kind = _KINDS.get(asked_for(passage, start).kind or "")
    if kind:
        yield Detection(start, end, kind, value)


def _spelled(passage: Passage) -> Iterator[list[Word]]:
    """Stretches of single letters and number words: two of each, or one letter and three numbers.

    A single letter that is a word ("i", "å") does not count.
    """
    known = numerals(passage.language)
    run: list[Word] = []
    for word in [*passage.words, None]:
        letter = word is not None and len(word.form) == 1
        if word is not None and (letter or word.form in known):
            run.append(word)
            continue
        if len(run) >= _LEAST:
            letters = [w.form for w in run if len(w.form) == 1 and w.form.isalpha()]
            count = len(run) - len(letters)
            if (len(letters) >= 2 and count >= 2) or (
                count >= 3 and letters and letters[0] not in _LETTER_WORDS
            ):
                yield run
        run = []
