from __future__ import annotations

import pytest

from analyzer.redaction.passage import Passage
from analyzer.redaction.references import find_codes


@pytest.mark.parametrize(
    ("language", "text", "kind", "code"),
    [
        ("da", "ordrenummer ORD-12345, tak", "REFERENCE", "ORD-12345"),
        ("en", "my booking reference is Q7TT0K", "REFERENCE", "Q7TT0K"),
        ("da", "Nummerpladen er AB 12 345.", "PLATE", "AB 12 345"),
        ("sv", "registreringsnumret är GLU 44A", "PLATE", "GLU 44A"),
        ("en", "registration AB12 CDE", "PLATE", "AB12 CDE"),
        ("en", "the post code is b t seven one four d q", "ADDRESS", "b t seven one four d q"),
        ("da", "ordrenummer k otte ni syv to", "REFERENCE", "k otte ni syv to"),
    ],
)
def test_a_code_with_a_word_for_it_is_found(language: str, text: str, kind: str, code: str) -> None:
    found = [(d.kind, text[d.start : d.end]) for d in find_codes(Passage(text, language))]

    assert found == [(kind, code)]


@pytest.mark.parametrize(
    "text", ["my WH1000XM4 headphones", "model AB12345", "order no? 4000kr", "customer no, in 2019"]
)
def test_models_and_amounts_stay(text: str) -> None:
    assert list(find_codes(Passage(text, "en"))) == []
