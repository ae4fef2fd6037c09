from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from analyzer.frames import CALL_COLUMNS, Frames, to_frame
from analyzer.report import Report
from analyzer.traits import LABELS

Scored = Callable[..., Report]


@pytest.fixture(scope="module")
def frames(scored: Scored) -> Frames:
    return to_frame([scored(id="c-1", queue="support"), scored("A: hallo", id="c-2")])


def rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")


def test_there_is_one_row_per_call(frames: Frames) -> None:
    assert [row["call"] for row in rows(frames.calls)] == ["c-1", "c-2"]


def test_there_is_one_row_per_turn(frames: Frames) -> None:
    assert [(row["call"], row["turn"]) for row in rows(frames.turns)] == [
        *[("c-1", turn) for turn in range(4)],
        ("c-2", 0),
    ]


def test_there_is_one_row_per_piece_of_evidence(frames: Frames) -> None:
    assert [(row["label"], row["text"]) for row in rows(frames.evidence)] == [
        ("repeat_contact", "tredje gang"),
        ("frustration", "simpelthen for dårligt"),
        ("deflection", "ikke mit bord"),
    ]


def test_the_columns_have_the_types_that_are_promised(frames: Frames) -> None:
    assert {str(name): str(kind) for name, kind in frames.calls.dtypes.items()} == CALL_COLUMNS


def test_a_row_holds_the_figures_of_its_call(frames: Frames, scored: Scored) -> None:
    report, row = scored(), rows(frames.calls)[0]

    assert (row["score"], row["band"], row["queue"]) == (report.score, report.band, "support")
    assert (row["score_low"], row["score_high"]) == report.score_range
    assert (row["resolved"], row["failure"], row["recovery"]) == (False, True, 0)
    assert row["model_version"] == "7"


def test_each_label_has_a_column_of_counts(frames: Frames) -> None:
    row = rows(frames.calls)[0]

    assert {label: row[label] for label in LABELS if row[label]} == {
        "deflection": 1,
        "frustration": 1,
        "repeat_contact": 1,
    }


def test_flags_are_in_one_cell(frames: Frames) -> None:
    assert "no_recovery" in rows(frames.calls)[0]["flags"].split(" ")


def test_what_was_not_analysed_is_in_one_cell_with_its_reason(frames: Frames) -> None:
    assert "score:ONE_SIDE_ONLY" in rows(frames.calls)[1]["not_analysed"].split(" ")


@pytest.mark.parametrize("column", ["score", "score_low", "band", "resolved", "deflection"])
def test_what_is_not_known_is_missing_and_never_zero(frames: Frames, column: str) -> None:
    assert pd.isna(rows(frames.calls)[1][column])


def test_evidence_joins_its_turn(frames: Frames) -> None:
    joined = rows(frames.evidence.merge(frames.turns, on=["call", "turn"], suffixes=("", "_turn")))

    assert len(joined) == 3
    assert all(r["text"] == r["text_turn"][r["start"] : r["end"]] for r in joined)


def test_no_reports_make_tables_with_columns_and_no_rows() -> None:
    frames = to_frame([])

    assert [len(frame) for frame in frames] == [0, 0, 0]
    assert list(frames.calls.columns) == list(CALL_COLUMNS)


def test_reports_may_come_one_by_one(scored: Scored) -> None:
    assert len(to_frame(scored(id=f"c-{n}") for n in range(3)).calls) == 3
