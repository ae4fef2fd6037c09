from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from analyzer.reading.formats import ALL_FORMATS
from analyzer.report import Report
from analyzer.terminal import (
    Progress,
    say_error,
    show_call,
    show_formats,
    show_table,
)

Scored = Callable[..., Report]
Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output as into a pipe, whatever the tests themselves run in."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "dumb")


# --- the table of calls


def test_a_row_names_call_language_score_and_band(scored: Scored, capsys: Output) -> None:
    report = scored(language="da")
    show_table([report])

    row = next(line for line in capsys.readouterr().out.split("\n") if line.startswith("c-1"))
    assert row.split()[1] == "da" and f"{report.score:.0f}" in row and "rasmus" in row


def test_a_row_quotes_what_stands_out_with_its_turn(scored: Scored, capsys: Output) -> None:
    show_table([scored()])

    assert "Deflection “ikke mit bord” (2)" in capsys.readouterr().out


def test_a_row_names_the_reasons_to_look(scored: Scored, capsys: Output) -> None:
    show_table([scored()])

    assert "no recovery" in capsys.readouterr().out


def test_a_finding_that_comes_back_is_shown_once_with_its_count(
    scored: Scored, capsys: Output
) -> None:
    show_table([scored("A: ikke mit bord", "C: nå", "A: det er ikke mit bord")])

    assert capsys.readouterr().out.count("Deflection ×2 “ikke mit bord”") == 1


def test_a_range_is_shown_where_findings_are_doubtful(scored: Scored, capsys: Output) -> None:
    report = scored("A: Så læs vilkårene.", "C: Nå.")
    low, high = report.score_range or (0, 0)

    show_table([report])

    assert low < high and f"{low:.0f} ({low:.0f}–{high:.0f})" in capsys.readouterr().out


def test_no_range_is_shown_where_all_findings_are_sure(scored: Scored, capsys: Output) -> None:
    show_table([scored()])

    assert "–" not in capsys.readouterr().out


def test_a_call_without_a_score_gives_the_reason(scored: Scored, capsys: Output) -> None:
    show_table([scored("A: hallo")])

    out = capsys.readouterr().out
    assert "not scored" in out and "one side only" in out and "–" in out


def test_an_unknown_language_is_a_question_mark(scored: Scored, capsys: Output) -> None:
    show_table([scored("A: ja", "C: ok")])

    assert "c-1   ?" in capsys.readouterr().out


def test_the_table_says_that_a_person_decides(scored: Scored, capsys: Output) -> None:
    show_table([scored()])

    assert "a person decides" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["[/b]", "[bold]x", "[link=http://a]"])
def test_brackets_in_a_file_are_text_and_no_markup(
    scored: Scored, capsys: Output, text: str
) -> None:
    show_table([scored("A: hallo", id=f"id {text}", language=text)])

    assert capsys.readouterr().out.count(text) == 2


@pytest.mark.parametrize("show", [show_call, lambda report: show_table([report])])
def test_a_file_cannot_steer_the_terminal(
    scored: Scored, capsys: Output, show: Callable[[Report], None]
) -> None:
    show(scored("A: \x1b[2J ikke mit bord \x07", "C: hej", id="c\x1b]0;x", language="\x9b1m"))

    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\x9b"} & set(out) and "c�]0;x" in out


@pytest.mark.parametrize("show", [show_call, lambda report: show_table([report])])
def test_an_id_stays_on_its_line(
    scored: Scored, capsys: Output, show: Callable[[Report], None]
) -> None:
    show(scored("A: hej", "C: hej", id="c\n9\t\u202ex\u2066", language="da"))

    assert "c�9��x�  da" in capsys.readouterr().out


def test_an_error_cannot_steer_the_terminal(capsys: Output) -> None:
    with Progress() as progress:
        for say in (say_error, progress.say):
            say("a \x1b[2J\x07[bold]\n\tb\u202e" + "x" * 200)

    assert capsys.readouterr() == ("", f"a �[2J�[bold]��b�{'x' * 200}\n" * 2)


def test_on_a_terminal_the_table_is_as_wide_as_it_is(
    scored: Scored, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "70"}.items():
        monkeypatch.setenv(name, value)

    show_table([scored()])

    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in capsys.readouterr().out.split("\n")]
    assert max(map(len, lines)) <= 70


# --- one call


def test_a_call_is_shown_turn_by_turn_with_its_evidence(scored: Scored, capsys: Output) -> None:
    show_call(scored("A: Det er ikke mit bord.", "S: [hold]", "C: Nå."))

    lines = [line.rstrip() for line in capsys.readouterr().out.split("\n")]
    assert lines[1:4] == [
        "  0       A1  Det er ikke mit bord.  ← deflection 0.93",
        "  1   system  [hold]",
        "  2       C1  Nå.",
    ]


def test_a_call_ends_with_its_sum_and_flags(scored: Scored, capsys: Output) -> None:
    report = scored()
    assert report.scorecard is not None

    show_call(report)

    out = capsys.readouterr().out
    assert f"{report.scorecard.arithmetic}  rasmus" in out
    assert "! Something had gone wrong" in out


def test_every_question_is_shown_with_answer_points_and_turns(
    scored: Scored, capsys: Output
) -> None:
    show_call(scored("A: ikke mit bord", "C: nå", "A: det er ikke mit bord"))

    row = next(line for line in capsys.readouterr().out.split("\n") if "push the matter" in line)
    answer, points, *turns = row.rpartition("?")[2].replace(",", "").split()
    assert (answer, int(points) < 0, turns) == ("yes", True, ["0", "2"])


def test_a_call_without_a_score_is_shown_with_the_reason(scored: Scored, capsys: Output) -> None:
    show_call(scored("A: hallo, er der nogen?"))

    out = capsys.readouterr().out
    assert "hallo, er der nogen?" in out and "one side only" in out and "Question" not in out


# --- progress and formats


def test_progress_is_silent_where_nobody_looks(capsys: Output) -> None:
    with Progress() as progress:
        progress.begin(500)
        progress.advance()

    assert capsys.readouterr() == ("", "")


def test_progress_is_shown_for_many_files_on_a_terminal(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")

    with Progress() as progress:
        progress.begin(20)
        progress.advance()

    assert "1/20" in capsys.readouterr().err


def test_progress_is_not_shown_for_a_few_files(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")

    with Progress() as progress:
        progress.begin(19)
        progress.advance()

    assert capsys.readouterr().err == ""


def test_an_error_is_said_on_one_line_of_its_own(capsys: Output) -> None:
    message = "a.txt, line 3: " + "x" * 200 + " [bold]"

    with Progress() as progress:
        progress.say(message)

    assert capsys.readouterr().err == f"{message}\n"


def test_formats_are_listed_in_the_order_in_which_they_are_tried(capsys: Output) -> None:
    show_formats(ALL_FORMATS)

    lines = [line.split()[0] for line in capsys.readouterr().out.split("\n") if line[:1].strip()]
    names = [known.name for known in ALL_FORMATS]
    assert [name for name in lines if name in names] == names


def test_brackets_in_the_mark_of_a_format_are_text(capsys: Output) -> None:
    show_formats([SimpleNamespace(name="x", title="X", recognised_by="`[b]` in front")])

    assert "`[b]` in front" in capsys.readouterr().out
