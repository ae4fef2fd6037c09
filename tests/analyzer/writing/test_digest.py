"""The digest in its forms and languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import UsageError
from analyzer.insights.digest import Digest, Doubt
from analyzer.insights.praise import Praise, Quote
from analyzer.insights.week_calls import Look
from analyzer.insights.week_changes import FIGURES, Difference, TurningPoint
from analyzer.statistics import Interval
from analyzer.writing.catalogue import LANGUAGES
from analyzer.writing.digest import SUFFIXES, digest_html, digest_mail, digest_text, write_digest

MONDAY = date(2026, 11, 16)
DOUBT = Doubt({"ONE_SIDE_ONLY": 2, "LANGUAGE_NOT_SUPPORTED": 1, "": 1}, 3, 1200, 40, 2, 1, 9, 4,
              ["long_wait", "recovered"])  # fmt: skip
LOOKS = [
    Look("promise_due", "c-1", MONDAY, "q", 3, "xx", 0.91, due=date(2026, 11, 24)),
    Look("many_contacts", "c-2", MONDAY, "q", 0, "xx", 0.999, contacts=4),
    Look("promise_broken", "c-3", MONDAY, None, 2, "xx", 0.8, promised_in="c-0",
         promised_on=date(2026, 11, 3), promised_words="yy"),
    Look("not_made_good", "c-4", MONDAY, "q", 1, "xx", 0.7),
    Look("conduct", "c-5", MONDAY, "q", 1, "xx", 0.7),
]  # fmt: skip


def difference(figure: str, *, far: bool = False) -> Difference:
    good = FIGURES[figure]
    return Difference(figure, 21.5, 9.0, Interval(2.5, 19.5), (1234, 80), good, far)


def a_digest(**details: Any) -> Digest:
    """A week in which everything happens that can be said."""
    point = TurningPoint("wrong_details", "q", date(2026, 9, 7), date(2026, 8, 31),
                         date(2026, 9, 14), 4.0, 19.5, Interval(15.0, 24.5), False)  # fmt: skip
    whole = Digest(
        week=MONDAY, calls=1234, calls_before=80, scored=1230, enough=True,
        bands={"rasmus": 60, "kasper": 1100, "star": 70}, kept=5, broken=9, again=40,
        differences=[difference(name, far=i % 2 == 0) for i, name in enumerate(FIGURES)],
        turning_points=[point, replace(point, queue=None, better=True)], look_at=LOOKS,
        thanks=[Praise("c-6", "a-9", MONDAY, 91.5, [Quote("ownership", 2, "ww", 0.9)],
                       Quote("satisfaction", 5, "zz", 0.9))],
        doubt=DOUBT, without_start=1,
    )  # fmt: skip
    return replace(whole, **details)


QUIET: dict[str, Any] = {"differences": [], "turning_points": []}
KINDS: dict[str, Digest] = {
    "full": a_digest(),
    "quiet": a_digest(**QUIET),
    "few": a_digest(**QUIET, enough=False, calls=3, calls_before=1),
    "none": a_digest(**QUIET, enough=False, calls=0, look_at=[], thanks=[],
                     doubt=Doubt({}, 0, 0, 0, 0, 0, 0, 0, [])),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["da", "nb", "sv"])
def test_no_english_is_left(language: str, kind: str) -> None:
    english = set(digest_text(KINDS[kind], "en", unread=2).splitlines())
    other = digest_text(KINDS[kind], language, unread=2).splitlines()

    assert {line for line in other if line in english} <= {"", "---"}
    assert not re.search(r"\b(the|of|was|not|week|beyond|call)\b", "\n".join(other))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("full", "things got worse beyond chance"),
        ("quiet", "Nothing changed beyond chance."),
        ("few", "Too few calls to tell a change from chance."),
        ("none", "No calls this week."),
    ],
)
@pytest.mark.parametrize("write", [digest_text, digest_html])
def test_the_first_thing_said_is_whether_something_changed(
    write: Callable[[Digest, str], str], kind: str, said: str
) -> None:
    assert said in write(KINDS[kind], "en")


def test_figures_come_with_their_interval_and_how_sure() -> None:
    text = digest_text(a_digest(differences=[difference("rasmus", far=True)]), "en")

    assert "Rasmus calls: 21.5 of 100, the week before 9" in text
    assert "Far beyond chance: it differs by 2.5 to 19.5." in text
    assert "since week 37" in text and "begun in week 36 to 38" in text


def test_numbers_and_days_are_written_as_the_language_does() -> None:
    text = digest_text(a_digest(), "da")

    assert "21,5" in text and "1.234 " in text
    assert "16.–22. nov. 2026" in text and "24. november" in text


def test_a_probability_is_never_rounded_to_certainty() -> None:
    assert "over 99% sure" in digest_text(a_digest(), "en")
    assert "100%" not in digest_text(a_digest(), "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_nothing_else(language: str) -> None:
    page = digest_html(a_digest(), language)

    assert f'<html lang="{language}">' in page
    assert not re.search(r"<script|<link|<img|http|url\(|@import|\sstyle=|\son\w+=", page)


def test_words_of_calls_stay_words() -> None:
    look = replace(LOOKS[0], words="<b>*nu*</b>", call="<i>_1_", queue="[q](x)")
    page = digest_html(a_digest(look_at=[look]), "en")
    text = digest_text(a_digest(look_at=[look]), "en")

    assert "&lt;b&gt;*nu*&lt;/b&gt;" in page and "&lt;i&gt;_1_" in page and "<b>*" not in page
    assert r"\<b\>\*nu\*\</b\>" in text and r"\[q\](x)" in text


def test_calls_are_linked_where_they_have_an_address() -> None:
    page = digest_html(a_digest(), "en", address="/calls/{}".format)
    text = digest_text(a_digest(), "en", address="/calls/{}".format)

    assert '<a href="/calls/c-1">16 November · q</a>' in page
    assert "[16 November · q](/calls/c-1)" in text
    assert "c-1<" not in page
    # the call of the promise, too, and its id only where there is no address
    assert '<a href="/calls/c-0">promised on 3 November</a>' in page
    assert "[promised on 3 November](/calls/c-0)" in text
    for unlinked in (digest_html(a_digest(), "en"), digest_text(a_digest(), "en")):
        assert "promised on 3 November in c-0" in unlinked.replace("\\", "")


def test_the_mail_has_the_text_and_the_page() -> None:
    mail = message_from_bytes(digest_mail(a_digest(**QUIET), "en"), policy=default)
    assert isinstance(mail, EmailMessage)

    assert mail.get_content_type() == "multipart/alternative"
    assert mail["Subject"] == "Kasper, week 47: Nothing changed beyond chance"
    plain, page = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain and page
    assert "Nothing changed" in plain.get_content()
    assert page.get_content().split() == digest_html(a_digest(**QUIET), "en").split()
    assert all(len(line) < 1000 for line in digest_mail(a_digest(), "sv").splitlines())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_has_the_form_of_its_suffix(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"digest{suffix}"
    write_digest(a_digest(), path, "en")

    begin = {".html": b"<!doctype", ".md": b"# Week 47", ".eml": b"Subject:"}
    assert path.read_bytes().startswith(begin[suffix])


@pytest.mark.parametrize("name", ["digest.pdf", "nowhere/digest.md"])
def test_another_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        write_digest(a_digest(), tmp_path / name, "en")
