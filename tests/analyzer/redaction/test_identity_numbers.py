from __future__ import annotations

import pytest

from analyzer.redaction.identity_numbers import find_identities, is_day_month_year
from analyzer.redaction.passage import Passage


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("It's AB 12 34 56 C.", "NINO"),
        ("ab123456c", "NINO"),
        ("1234567FA", "PPS"),
        ("131052-308T", "HETU"),
    ],
)
def test_a_number_with_letters_is_found(text: str, kind: str) -> None:
    assert [detection.kind for detection in find_identities(Passage(text))] == [kind]


@pytest.mark.parametrize("text", ["BG 12 34 56 C", "1234567ZZ", "131052-308A", "AB 12"])
def test_a_number_with_wrong_letters_is_not(text: str) -> None:
    assert list(find_identities(Passage(text))) == []


@pytest.mark.parametrize(
    ("digits", "expected"),
    [("120390", True), ("290200", True), ("290201", True), ("310490", False), ("001290", False)],
)
def test_six_digits_may_be_a_day(digits: str, expected: bool) -> None:
    # 29 February of a year without one is let through: the century is not known
    assert is_day_month_year(digits) is expected
