from __future__ import annotations

import pytest

from analyzer.redaction.digits import numbers
from analyzer.redaction.passage import Passage


@pytest.mark.parametrize(
    ("language", "text", "digits"),
    [
        ("da", "nul en tolv halvfems", "011290"),
        ("da", "femogtyve halvtreds", "2550"),
        ("da", "fem og tyve halvtreds", "2550"),
        ("nb", "tjueto førti", "2240"),
        ("nb", "toogtyve femti", "2250"),
        ("nn", "null sju sju to", "0772"),
        ("sv", "sjuttiofem noll två", "7502"),
        ("en", "oh seven nine double four", "07944"),
        ("en", "twenty eight fifty-one", "2851"),
        ("en", "triple four, nine", "4449"),
        ("da", "nul 4 øh tolv bindestreg to", "04122"),
        ("da", "20 30 40 50", "20304050"),
        ("en", "(020) 7946-0188", "02079460188"),
    ],
)
def test_the_digits_of_a_number(language: str, text: str, digits: str) -> None:
    number = max(numbers(Passage(text, language)), key=lambda number: len(number.digits))

    assert (number.digits, text[number.start : number.end]) == (digits, text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "go to the fire"),
        ("da", "en kop kaffe"),
        ("da", "klokken fjorten tredive"),
        # prices
        ("da", "Det er 1.299 kr eller 1299,- om måneden."),
        ("nb", "Det kostet kr 499,- og så 2 400 kroner."),
        ("sv", "Den kostade 24 995 kr, alltså 24995:-."),
        ("en", "It was £35, then £1,299.99 and 12,500 pounds."),
        ("da", "Regningen lød på 184500, og I skylder mig 12500."),
        ("en", "You charged me 249900, the bill was 18450."),
    ],
)
def test_what_is_no_number(language: str, text: str) -> None:
    assert list(numbers(Passage(text, language))) == []
