"""Catalogues are read as they are, and every source of words is collected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.scorecard import DEFAULT_SCORECARD
from analyzer.writing import catalogue
from analyzer.writing.catalogue import speaking
from analyzer.writing.html_words import number, percent
from api import locales
from api.access import Role
from api.pages.environment import environment
from tests.api.conftest import Installation

CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Calls"
msgstr "Samtaler"

msgid "%(percent)s%%"
msgstr "%(percent)s %%"

msgctxt "decimal point"
msgid "."
msgstr ","

#, fuzzy
msgid "Upload"
msgstr "Noget helt andet"
"""


@pytest.fixture
def danish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue with a few messages in the place of the real one."""
    (tmp_path / "da").mkdir()
    (tmp_path / "da" / "messages.po").write_text(CATALOGUE, "utf-8")
    monkeypatch.setattr(catalogue, "LOCALES", (tmp_path,))
    locales.translations.cache_clear()
    environment.cache_clear()
    yield
    locales.translations.cache_clear()
    environment.cache_clear()


def test_a_page_speaks_the_readers_language(danish: None, installation: Installation) -> None:
    page = installation.client.get("/no-such-page", headers={"accept-language": "da-DK,da;q=0.9"})
    assert '<html lang="da">' in page.text
    client = installation.signed_in(Role.COACH)
    client.post(
        "/account/language",
        data={"csrf_token": client.headers["x-csrf-token"], "language": "da", "next": "/calls"},
    )
    page = client.get("/calls")
    assert '<html lang="da">' in page.text and "<h1>Samtaler</h1>" in page.text
    assert "Noget helt andet" not in page.text  # a guess of a tool, not yet looked at


def test_the_library_speaks_it_too(danish: None) -> None:
    assert (number(1.5), percent(0.42)) == ("1.5", "42%")
    with speaking(locales.translations("da")):
        assert (number(1.5), percent(0.42)) == ("1,5", "42 %")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("nn-NO,nn;q=0.9,en;q=0.5", "nb"),
        ("no", "nb"),
        ("de-DE,sv;q=0.8", "sv"),
        ("de", "en"),
        ("", "en"),
        (";;,=*", "en"),
    ],
)
def test_the_browsers_wish_is_met_as_far_as_possible(asked: str, given: str) -> None:
    assert locales.preferred(asked) == given


def test_words_of_traits_and_scorecards_are_collected() -> None:
    with DEFAULT_SCORECARD.open("rb") as file:
        found = {text for _, _, text, _ in locales.extract_scorecard(file, (), (), {})}
        found |= {text for _, _, text, _ in locales.extract_traits(file, (), (), {})}
    assert {"Was the customer seen?", "The person", "Over-promise"} <= found
