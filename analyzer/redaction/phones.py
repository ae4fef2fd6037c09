"""Telephone numbers of the countries whose customers speak the five languages."""

from __future__ import annotations

import re

import phonenumbers

from analyzer.redaction.digits import Number

_REGIONS = {
    "da": ("DK",),
    "nb": ("NO",),
    "nn": ("NO",),
    "sv": ("SE", "FI"),
    "en": ("GB", "IE", "US"),
}
_ALL = ("DK", "NO", "SE", "FI", "GB", "IE", "US")
# Ten digits without a leading 0 are American only when they are grouped as there.
_AMERICAN = re.compile(r"\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}")


def is_phone(number: Number, language: str | None) -> bool:
    """Whether the digits can be dialled: with a country code, or in a country of the language."""
    if number.written.startswith("+") or number.digits.startswith("00"):
        return _valid("+" + number.digits.removeprefix("00"), None)
    return any(
        _valid(number.digits, region)
        for region in _REGIONS.get(language or "", _ALL)
        if region != "US" or _AMERICAN.fullmatch(number.written)
    )


def _valid(digits: str, region: str | None) -> bool:
    if region not in ("DK", "NO", "US", None) and not digits.startswith("0"):
        return False  # phonenumbers forgives a missing 0, people do not leave it out
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, region))
    except phonenumbers.NumberParseException:
        return False
