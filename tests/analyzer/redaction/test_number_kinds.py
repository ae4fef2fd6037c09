from __future__ import annotations

import pytest

from analyzer.redaction.number_kinds import find_numbers
from analyzer.redaction.passage import Passage


def kinds(text: str, language: str | None, *before: str) -> list[str]:
    return [detection.kind for detection in find_numbers(Passage(text, language, before))]


@pytest.mark.parametrize(
    ("language", "text", "kind"),
    [
        ("da", "120390-1234", "CPR"),  # check digit wrong, as it may be since 2007
        ("da", "mit cpr er 1203901234", "CPR"),
        ("da", "cpr nul fire elleve halvtreds og så er det seksten tolv", "CPR"),
        ("nb", "051094 41068", "FODSELSNUMMER"),
        ("nb", "650256 06080", "FODSELSNUMMER"),  # a D-number: the day is 40 higher
        ("nb", "fødselsnummeret er 01019012345", "FODSELSNUMMER"),
        ("sv", "811228-9874", "PERSONNUMMER"),
        ("sv", "880876-4842", "PERSONNUMMER"),  # samordningsnummer: the day is 60 higher
        ("sv", "198112289874", "PERSONNUMMER"),
        ("da", "det er 20 30 40 50", "PHONE"),
        ("da", "+45 20 30 40 50", "PHONE"),
        ("nb", "ring meg på 912 34 567", "PHONE"),
        ("sv", "070-123 45 67", "PHONE"),
        ("sv", "040 1234567", "PHONE"),
        ("en", "my phone is 07700 900123", "PHONE"),
        ("en", "085 123 4567", "PHONE"),
        ("en", "212-555-0123", "PHONE"),
        ("en", "+353 85 123 4567", "PHONE"),
        ("en", "oh seven nine double four one two three four five six", "PHONE"),
        ("nb", "null ni åtte syv seks fem", "NUMBER"),
        ("sv", "noll sju noll ett två tre fyra fem sex sju", "PHONE"),
        ("en", "4539 1488 0343 6467", "CARD"),
        ("en", "the card ends in 4407", "CARD"),
        ("sv", "Kortet slutar på 4407.", "CARD"),
        ("da", "konto 1234 5678901", "ACCOUNT"),
        ("en", "sort code 20-30-40", "ACCOUNT"),
        ("sv", "clearingnummer 8327", "ACCOUNT"),
        ("da", "ordrenummer 4471 03", "REFERENCE"),
        ("sv", "bokningsnummer fyra fyra sju ett", "REFERENCE"),
        ("en", "policy number 88120", "REFERENCE"),
        ("da", "88 12 04 5", "NUMBER"),
        ("en", "born 120390", "BIRTHDATE"),
    ],
)
def test_a_number_has_the_kind_that_its_digits_and_words_give(
    language: str, text: str, kind: str
) -> None:
    assert kinds(text, language) == [kind]


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("Hvad er dit kundenummer?", "Det er 4471.", "REFERENCE"),
        ("de sidste fire i dit cpr", "seksten tolv", "CPR"),
        ("Kontonummer?", "ja det er tolv fireogtredive", "ACCOUNT"),
    ],
)
def test_the_question_of_the_turn_before_gives_the_kind(
    question: str, answer: str, kind: str
) -> None:
    assert kinds(answer, "da", question) == [kind]


def test_an_answer_may_come_a_few_turns_later() -> None:
    assert kinds("4471", "da", "Kundenummer?", "Øjeblik.", "Ja.") == ["REFERENCE"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("da", "Det koster 1.299,95 kr og 475 kroner om måneden."),
        ("da", "Regningen er på 125.000 kroner."),
        ("en", "It was £1,250.00, so $4500 in all."),
        ("sv", "Det kostar 14 300 kronor och 2500 kr."),
        ("da", "klokken fjorten tredive, altså kl. 14.30 eller 1430 kroner"),
        ("nb", "Det tok 120 minutter og 1000 dager."),
        ("en", "from 2019 to 2021, that's 2019-2021"),
        ("en", "on 12/03/2024 and 2024-03-12"),
        ("da", "den 12.03.2024 eller 12-03-24"),
        ("da", "nitten hundrede femogfirs og seks hundrede elleve"),
        ("da", "om to tre dage"),
        ("en", "one or two, maybe three"),
        ("en", "my iPhone 15, the model 4471 0333 88"),
        ("da", "varenummer 88120455"),
        ("sv", "felkod 4471 0333"),
        ("en", "98.5 % of 3,500 GB"),
        ("da", "5000 kWh og 2400 watt"),
    ],
)
def test_amounts_times_dates_and_models_stay(language: str, text: str) -> None:
    assert kinds(text, language) == []


def test_ten_bare_digits_are_no_cpr_without_a_word_for_it() -> None:
    assert kinds("1203901234", "da") == ["NUMBER"]
