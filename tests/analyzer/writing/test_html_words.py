"""Plain words for people."""

from __future__ import annotations

import pytest

from analyzer.writing import html_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (4.23, "4.2 s"), (60, "1 min"), (127.6, "2 min 7 s"), (3725, "1 h 2 min")],
)
def test_lengths(seconds: float, words: str) -> None:
    assert html_words.length(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0:00"), (7.9, "0:07"), (760, "12:40"), (3723, "1:02:03"), (-1, "0:00")],
)
def test_points_in_time(seconds: float, words: str) -> None:
    assert html_words.clock(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0%"), (0.001, "under 1%"), (0.012, "1%"), (0.6, "60%"), (0.99, "99%"),
     (0.999, "over 99%"), (1, "100%")],
)  # fmt: skip
def test_shares(share: float, words: str) -> None:
    assert html_words.percent(share) == words


@pytest.mark.parametrize(("value", "words"), [(0, "0"), (5, "+5"), (-3.5, "−3.5"), (-0.0, "0")])
def test_points(value: float, words: str) -> None:
    assert html_words.points(value) == words


@pytest.mark.parametrize(
    ("code", "words"), [("nb", "Norwegian (Bokmål)"), ("de", "de"), (None, "not known")]
)
def test_languages(code: str | None, words: str) -> None:
    assert html_words.language_name(code) == words


@pytest.mark.parametrize(
    ("time", "words"), [("2026-03-02T09:14:00Z", "2026-03-02, 09:14"), ("Monday", "Monday")]
)
def test_moments(time: str, words: str) -> None:
    assert html_words.moment(time) == words


def test_formats_have_their_title() -> None:
    assert html_words.format_title("kasper") == "Kasper's own JSON"
    assert html_words.format_title("of-tomorrow") == "of-tomorrow"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("NO_HOLD_LENGTH", "the transcript reports no hold with its length"),
        ("TURN_TOO_LONG", "a turn is longer than can be read"),
        ("OF_TOMORROW", "of tomorrow"),
    ],
)
def test_reasons(code: str, words: str) -> None:
    assert html_words.reason(code) == words
