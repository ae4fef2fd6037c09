"""Which kind of personal data a written or spoken number is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.redaction.context import (
    IDENTITY,
    IMPERSONAL,
    PLATE,
    POSTCODE,
    Asked,
    asked_for,
)
from analyzer.redaction.digits import Number, numbers
from analyzer.redaction.identity_numbers import identity_kind, is_day_month_year
from analyzer.redaction.passage import Detection, Passage
from analyzer.redaction.payments import is_card
from analyzer.redaction.phones import is_phone

# A number that a word near it explains needs fewer digits than one that stands alone.
_LEAST_ASKED, _LEAST_ALONE = 4, 6
_THOUSANDS = re.compile(r"[1-9]\d? \d{3}")
_EXPLAINED = {POSTCODE: "ADDRESS", PLATE: "REFERENCE"}
_PHONE_DIGITS = range(7, 16)
# Part of one, read out in two turns, is four or more.
_PHONE_DIGITS_SAID = range(_LEAST_ASKED, 16)


def find_numbers(passage: Passage) -> Iterator[Detection]:
    """The numbers of a turn that belong to a person, amounts and times left out."""
    for number in numbers(passage):
        if len(number.digits) < _LEAST_ASKED:
            continue
        kind = _kind(number, asked_for(passage, number.start), passage.language)
        if kind:
            yield Detection(number.start, number.end, kind, number.digits)


def _kind(number: Number, asked: Asked, language: str | None) -> str | None:
    if asked.kind == IMPERSONAL:
        return None
    sure = asked.here or asked.leads or len(number.digits) >= _LEAST_ALONE
    if identity := identity_kind(number, asked.kind if sure else None, language):
        return identity
    if is_card(number):
        return "CARD"
    length = len(number.digits)
    if asked.kind == "BIRTHDATE" and length in (6, 8) and is_day_month_year(number.digits[:6]):
        return "BIRTHDATE"
    if not asked.here and length < _LEAST_ALONE and not asked.leads:
        return None
    if _THOUSANDS.fullmatch(number.written) and not asked.here:
        return None
    explained = asked.kind not in (None, "PHONE", "BIRTHDATE", IDENTITY)
    if length in _PHONE_DIGITS and not (explained and asked.here) and is_phone(number, language):
        return "PHONE"
    if explained or (asked.kind == "PHONE" and length in _PHONE_DIGITS_SAID):
        return _EXPLAINED.get(asked.kind or "", asked.kind)
    return "NUMBER" if length >= _LEAST_ALONE else None
