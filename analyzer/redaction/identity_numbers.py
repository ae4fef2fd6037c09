"""National identity numbers: CPR, fødselsnummer, personnummer, hetu, NINO and PPS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from stdnum import luhn
from stdnum.fi import hetu
from stdnum.ie import pps
from stdnum.no import fodselsnummer
from stdnum.se import personnummer

from analyzer.redaction.context import IDENTITY
from analyzer.redaction.digits import Number
from analyzer.redaction.passage import Detection, Passage

OF_LANGUAGE = {"da": "CPR", "nb": "FODSELSNUMMER", "nn": "FODSELSNUMMER", "sv": "PERSONNUMMER"}
# The form of HM Revenue & Customs' manual NIM39110; the letters left out are never given.
_NINO = re.compile(
    r"\b(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b",
    re.I,
)
_PPS = re.compile(r"\b\d{7} ?[A-W][A-IW]?\b", re.I)
_HETU = re.compile(r"\b\d{6}[-+A-FU-Y]\d{3}[0-9A-Z]\b", re.I)
# Whole, or a part that is asked for: the first six, the last four or five.
_LENGTHS = (4, 5, 6, 10, 11, 12)
_SIX_FOUR = re.compile(r"\d{6} ?[-+–] ?\d{4}")


def identity_kind(number: Number, asked: str | None, language: str | None) -> str | None:
    """Which country's number the digits are, `None` if they are none.

    The words near it decide, then the form, then the check digits. A CPR needs a date alone: since
    2007 its check digit may be wrong (https://www.cpr.dk, "Personnumre uden kontrolciffer").
    """
    own = OF_LANGUAGE.get(language or "")
    digits = number.digits
    swedish = _is_personnummer(digits)
    danish = len(digits) == 10 and is_day_month_year(digits[:6])
    if len(digits) == 11 and fodselsnummer.is_valid(digits):
        return "FODSELSNUMMER"
    if asked == IDENTITY and len(digits) in _LENGTHS:
        if swedish and not (danish and own == "CPR"):
            return "PERSONNUMMER"
        if danish and own is None:
            return "CPR"
        return own or "NUMBER"
    if len(digits) == 12 and swedish:
        return "PERSONNUMMER"
    if number.spoken and len(digits) == 10 and danish and own == "CPR":
        return "CPR"
    if _SIX_FOUR.fullmatch(number.written):
        if danish and (own == "CPR" or not swedish):
            return "CPR"
        if swedish:
            return "PERSONNUMMER"
    return "PERSONNUMMER" if swedish and own == "PERSONNUMMER" else None


def _is_personnummer(digits: str) -> bool:
    """A Swedish number of 10 or 12 digits; a samordningsnummer has 60 added to its day."""
    if len(digits) not in (10, 12):
        return False
    if personnummer.is_valid(f"{digits[:-4]}-{digits[-4:]}"):
        return True
    year, month, day = digits[-10:-8], digits[-8:-6], int(digits[-6:-4]) - 60
    return day > 0 and luhn.is_valid(digits[-10:]) and is_day_month_year(f"{day:02}{month}{year}")


def is_day_month_year(digits: str) -> bool:
    """Whether six digits are a day of some year: `290200` is one, `300200` is none."""
    try:
        date(2000 + int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    except ValueError:
        return digits[:4] == "2902"  # a leap day of the century before
    return True


def find_identities(passage: Passage) -> Iterator[Detection]:
    """The national numbers that hold letters."""
    if not passage.has_digit:
        return
    for kind, pattern, valid in (
        ("NINO", _NINO, None),
        ("PPS", _PPS, pps.is_valid),
        ("HETU", _HETU, hetu.is_valid),
    ):
        for match in pattern.finditer(passage.text):
            if valid is None or valid(match[0].replace(" ", "")):
                value = match[0].replace(" ", "").upper()
                yield Detection(match.start(), match.end(), kind, value)
