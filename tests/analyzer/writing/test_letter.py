from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from analyzer.errors import UsageError
from analyzer.insights.praise import ACTS, Praise, Quote
from analyzer.writing.catalogue import LANGUAGES
from analyzer.writing.letter import letter_of, write_letters

STAR = Praise(
    call="c-1",
    agent_id="a-7",
    day=date(2026, 3, 2),
    score=92.0,
    acts=[Quote("ownership", 3, "<den> tager jeg", 0.9), Quote("apology", 1, "det må du", 0.8)],
    customer=Quote("satisfaction", 4, "du er en engel", 0.95),
)


def test_a_letter_quotes_what_was_said_and_nothing_else() -> None:
    letter = letter_of(STAR, "en")

    assert letter.salutation == "Dear a-7,"
    assert "2 March 2026" in letter.opening
    assert [words for _, words in letter.did] == ["<den> tager jeg", "det må du"]
    assert letter.customer and letter.customer[1] == "du er en engel"
    assert "c-1" in letter.source


@pytest.mark.parametrize(
    ("language", "day"),
    [("en", "2 March"), ("da", "2. marts"), ("nb", "2. mars"), ("sv", "2 mars")],
)
def test_a_day_is_written_as_the_language_does(language: str, day: str) -> None:
    assert f"{day} 2026" in letter_of(STAR, language).opening


@pytest.mark.parametrize("label", ACTS)
def test_every_label_that_is_praised_has_its_sentence(label: str) -> None:
    star = Praise("c", None, None, 90.0, [Quote(label, 0, "words", 0.9)], None)
    for language in LANGUAGES:
        letter = letter_of(star, language)
        assert letter.did[0][0].endswith(":") and letter.customer is None


def test_a_person_is_greeted_by_their_name() -> None:
    assert letter_of(STAR, "en", "Mia").salutation == "Dear Mia,"


def test_letters_are_pages_that_need_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "letters.html"
    assert write_letters([STAR, STAR], path, "en") == 2

    page = path.read_text("utf-8")
    assert page.count('<article class="letter"') == 2
    assert "&lt;den&gt; tager jeg" in page and "<den>" not in page
    assert "http:" not in page and "https:" not in page and "src=" not in page


@pytest.mark.parametrize(
    ("name", "message"), [("letters.md", "must end in .html"), ("no/l.html", "there is no folder")]
)
def test_a_path_that_cannot_be_written_is_said(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        write_letters([STAR], tmp_path / name, "en")
