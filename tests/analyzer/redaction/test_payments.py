from __future__ import annotations

import pytest

from analyzer.redaction.digits import numbers
from analyzer.redaction.passage import Passage
from analyzer.redaction.payments import find_ibans, is_card


@pytest.mark.parametrize(
    ("text", "iban"),
    [
        ("IBAN DK50 0040 0440 1162 43, tak", "DK50 0040 0440 1162 43"),
        ("NO9386011117947", "NO9386011117947"),
        ("it's GB82 WEST 1234 5698 7654 32 okay", "GB82 WEST 1234 5698 7654 32"),
        ("se45 5000 0000 0583 9825 7466", "se45 5000 0000 0583 9825 7466"),
    ],
)
def test_an_iban_is_found(text: str, iban: str) -> None:
    assert [text[d.start : d.end] for d in find_ibans(Passage(text))] == [iban]


def test_wrong_check_digits_are_no_iban() -> None:
    assert list(find_ibans(Passage("DK51 0040 0440 1162 43"))) == []


@pytest.mark.parametrize(
    ("text", "card"), [("4539148803436467", True), ("4539148803436468", False)]
)
def test_a_card_has_a_check_digit(text: str, card: bool) -> None:
    (number,) = numbers(Passage(text))

    assert is_card(number) is card
