from __future__ import annotations

import pytest

from analyzer.redaction.birthdates import find_birthdates
from analyzer.redaction.passage import Passage


@pytest.mark.parametrize(
    ("language", "text", "date"),
    [
        ("da", "Jeg er født 12.03.1985.", "12.03.1985"),
        ("da", "født den 12. marts 1985", "12. marts 1985"),
        ("nb", "fødselsdato 3/4-71", "3/4-71"),
        ("sv", "född nittonde mars femtioett", "nittonde mars femtioett"),
        ("en", "date of birth second of may seventy one", "second of may seventy one"),
        ("en", "born March 14th 1985", "March 14th 1985"),
    ],
)
def test_a_date_of_birth_is_found(language: str, text: str, date: str) -> None:
    assert date in [text[d.start : d.end] for d in find_birthdates(Passage(text, language))]


def test_the_answer_to_the_question_is_one() -> None:
    passage = Passage("14. mars 1971.", "nb", ("Når er du født?",))

    assert [d.kind for d in find_birthdates(passage)] == ["BIRTHDATE"]


@pytest.mark.parametrize("text", ["vi ses den 12. marts 1985", "den 12.03.2024 klokken 12"])
def test_other_dates_stay(text: str) -> None:
    assert list(find_birthdates(Passage(text, "da"))) == []
