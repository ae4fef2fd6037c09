from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from analyzer.report import Report
from analyzer.writing import open_writer

Scored = Callable[..., Report]


def written(folder: Path, *reports: Report) -> str:
    with open_writer(folder / "calls.md") as writer:
        for report in reports:
            writer.write(report)
    return (folder / "calls.md").read_text("utf-8")


def test_each_call_has_a_section(tmp_path: Path, scored: Scored) -> None:
    text = written(tmp_path, scored(id="c-1"), scored(id="c-2"))

    assert [line for line in text.split("\n") if line.startswith("#")] == [
        "# Calls",
        "## c-1",
        "## c-2",
    ]


def test_it_says_that_a_person_decides(tmp_path: Path) -> None:
    assert "a person decides" in written(tmp_path)


def test_a_section_gives_score_band_and_sum(tmp_path: Path, scored: Scored) -> None:
    report = scored()
    assert report.scorecard is not None

    text = written(tmp_path, report)

    assert f"**{report.band}**, score {report.score:g}" in text
    assert f"`{report.scorecard.arithmetic}`" in text


def test_a_section_quotes_the_words_of_each_finding(tmp_path: Path, scored: Scored) -> None:
    assert "| 2 | Deflection | ikke mit bord | 0.93 |" in written(tmp_path, scored())


def test_a_section_lists_the_flags(tmp_path: Path, scored: Scored) -> None:
    assert "- **no_recovery**: Something had gone wrong" in written(tmp_path, scored())


def test_a_call_without_flags_has_no_list(tmp_path: Path, scored: Scored) -> None:
    assert "- **" not in written(tmp_path, replace(scored(), flags=()))


def test_a_call_without_findings_has_no_table(tmp_path: Path, scored: Scored) -> None:
    assert "|" not in written(tmp_path, scored("A: goddag", "C: hej"))


def test_a_call_without_a_score_gives_the_reason(tmp_path: Path, scored: Scored) -> None:
    assert "Not scored: ONE_SIDE_ONLY." in written(tmp_path, scored("A: hallo"))


def test_markup_in_what_was_said_is_shown_as_text(tmp_path: Path, scored: Scored) -> None:
    text = written(tmp_path, scored("A: hej", "C: tredje | gang", id="<b>*x*</b>_#[a](b)`"))

    assert r"## \<b\>\*x\*\</b\>\_\#\[a\](b)\`" in text


def test_a_pipe_does_not_end_a_cell(tmp_path: Path, scored: Scored) -> None:
    text = written(
        tmp_path, scored("A: hej", "C: Hvor er det dejligt | nej simpelthen for dårligt")
    )

    rows = [line for line in text.split("\n") if line.startswith("| 1 |")]
    assert all(row.replace(r"\|", "").count("|") == 5 for row in rows) and rows


def test_a_line_break_does_not_end_a_row(tmp_path: Path, scored: Scored) -> None:
    text = written(tmp_path, scored("A: [suk\u2028]\u2028", "C: hej", id="c\n# 1"))

    assert "## c \\# 1" in text
