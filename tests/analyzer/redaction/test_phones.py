from __future__ import annotations

import pytest

from analyzer.redaction.digits import numbers
from analyzer.redaction.passage import Passage
from analyzer.redaction.phones import is_phone


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("20 30 40 50", "da", True),
        ("20 30 40 50", "sv", False),
        ("+45 20 30 40 50", "sv", True),
        ("0045 20304050", "en", True),
        ("70-123 45 67", "sv", False),  # the leading 0 is missing
        ("2125550123", "en", False),  # American, but not written as there
        ("212-555-0123", "en", True),
        ("20 30 40 50", None, True),
        ("+999 123 456", "da", False),
    ],
)
def test_what_can_be_dialled_is_a_phone(text: str, language: str | None, expected: bool) -> None:
    (number,) = numbers(Passage(text, language))

    assert is_phone(number, language) is expected
