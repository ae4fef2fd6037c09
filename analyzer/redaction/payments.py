"""Payment cards (Luhn, ISO/IEC 7812-1) and IBANs (ISO 13616)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum import iban, luhn

from analyzer.redaction.digits import Number
from analyzer.redaction.passage import Detection, Passage

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b", re.I)


def is_card(number: Number) -> bool:
    """Whether the digits have the length and the check digit of a card."""
    return 13 <= len(number.digits) <= 19 and luhn.is_valid(number.digits)


def find_ibans(passage: Passage) -> Iterator[Detection]:
    """IBANs whose check digits are right; a word behind one that looks like its end is left."""
    if not passage.has_digit:
        return
    for match in _IBAN.finditer(passage.text):
        parts = match[0].split(" ")
        for count in range(len(parts), 0, -1):
            written = " ".join(parts[:count])
            if iban.is_valid(written):
                value = iban.compact(written)
                yield Detection(match.start(), match.start() + len(written), "IBAN", value)
                break
