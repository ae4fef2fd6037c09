from __future__ import annotations

import pytest

from analyzer.redaction.emails import find_emails
from analyzer.redaction.passage import Passage


@pytest.mark.parametrize(
    ("text", "found", "value"),
    [
        ("mail a.b+c@firma.example, tak", "a.b+c@firma.example", "a.b+c@firma.example"),
        ("anna snabel-a firma punktum dk", "anna snabel-a firma punktum dk", "anna@firma.dk"),
        ("k punktum lund snabela firma punktum dk", None, "k.lund@firma.dk"),
        ("post krøllalfa firma punktum no", None, "post@firma.no"),
        ("info snabel a butik punkt se", None, "info@butik.se"),
        ("sam at firm dot co dot uk", None, "sam@firm.co.uk"),
    ],
)
def test_an_address_is_found_however_it_is_said(text: str, found: str | None, value: str) -> None:
    (detection,) = find_emails(Passage(text))

    assert (text[detection.start : detection.end], detection.value) == (found or text, value)


@pytest.mark.parametrize(
    "text", ["https://firm.example/users/torvin", "www.firm.example/order?customer=4471"]
)
def test_a_link_with_a_user_is_found(text: str) -> None:
    assert [detection.kind for detection in find_emails(Passage(text))] == ["URL"]


@pytest.mark.parametrize(
    "text", ["https://firm.example/help", "look at the dot on the map", "klokken to punktum"]
)
def test_other_links_and_dots_stay(text: str) -> None:
    assert list(find_emails(Passage(text))) == []
