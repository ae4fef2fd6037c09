"""The table of judgements, of calls whose labels and findings are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analyzer.classifier import Classifier
from analyzer.statistics import wilson
from models.dataset import LabelledCall, parse
from models.judgements import JUDGEMENT_COLUMNS, error_rates, f1_difference, judgements

CALLS = """
# en-z-001 | domain: bank | style: clean | band: kasper | resolved: yes | failure: no | {rest}
A: Harbour Bank, {{{{apology|sorry}}}} about the wait.
C: My card is blocked, {{{{frustration|marvellous}}}}.
S: [music]
A: That is {{{{deflection|not my desk}}}}, sorry.
# en-z-002 | domain: bank | style: asr | band: kasper | resolved: yes | failure: no | {rest}
A: {{{{apology|I beg your pardon}}}} for that.
C: Fine.
""".format(rest="recovery: 0 | transfers: 0")


@pytest.fixture
def calls(tmp_path: Path) -> list[LabelledCall]:
    path = tmp_path / "en-z.calls.txt"
    path.write_text(CALLS, "utf-8")
    return parse(path)


@pytest.fixture
def table(calls: list[LabelledCall], phrases: Callable[..., Classifier]) -> pd.DataFrame:
    """`apology` found twice, once rightly, and missed once; `deflection` nearly found."""
    known = {"sorry": ("apology", 0.9), "not my desk": ("deflection", 0.4)}
    return judgements(calls, phrases(known))


def row(table: pd.DataFrame, call: str, turn: int, label: str) -> dict[Any, Any]:
    own = table[(table["call"] == call) & (table["turn"] == turn) & (table["label"] == label)]
    (found,) = own.to_dict("records")
    return found


def test_a_row_stands_for_a_turn_and_a_label_that_its_role_can_carry(table: pd.DataFrame) -> None:
    assert list(table.columns) == list(JUDGEMENT_COLUMNS)
    roles = table.groupby(["call", "turn"])["role"].agg(["first", "size"])
    assert roles["size"].tolist() == [18, 5, 18, 18, 5]  # none for music
    assert set(table[table["label"] == "frustration"]["role"]) == {"customer"}


def test_a_row_holds_truth_and_finding_with_its_words(table: pd.DataFrame) -> None:
    right = row(table, "en-z-001", 0, "apology")
    assert (right["is_true"], right["found"], right["uncertain"]) == (True, True, False)
    assert right["words"] == "sorry" and right["probability"] == pytest.approx(0.9)
    left = row(table, "en-z-001", 3, "deflection")
    assert (left["is_true"], left["found"], left["uncertain"]) == (True, False, True)
    assert left["words"] == "not my desk" and left["probability"] == pytest.approx(0.4)
    missed = row(table, "en-z-002", 0, "apology")
    assert (missed["is_true"], missed["found"], missed["uncertain"]) == (True, False, False)
    assert missed["style"] == "asr" and pd.isna(missed["words"])


def test_error_rates_count_hits_misses_and_false_alarms(table: pd.DataFrame) -> None:
    rates = error_rates(table, ["label"]).set_index("label")
    apology = rates.loc["apology"]
    assert (apology["hits"], apology["found_times"], apology["true_times"]) == (1, 2, 2)
    assert (apology["precision"], apology["recall"], apology["f1"]) == (0.5, 0.5, 0.5)
    assert (apology["precision_low"], apology["precision_high"]) == wilson(1, 2)
    assert pd.isna(rates.loc["deflection", "precision"])  # nothing found, so of nothing
    assert rates.loc["deflection", "recall"] == 0
    assert pd.isna(rates.loc["sigh", "recall"]) and pd.isna(rates.loc["sigh", "f1"])


def test_error_rates_of_groups_and_of_nothing(table: pd.DataFrame) -> None:
    by_style = error_rates(table, ["label", "style"]).set_index(["label", "style"])
    assert by_style.loc[("apology", "clean"), "precision"] == 0.5
    assert by_style.loc[("apology", "asr"), "recall"] == 0
    assert error_rates(table[table["call"] == "none"], ["label"]).empty


def test_two_models_differ_by_what_one_finds_more(
    calls: list[LabelledCall], table: pd.DataFrame, phrases: Callable[..., Classifier]
) -> None:
    better = judgements(calls, phrases({"sorry": ("apology", 0.9), "not my": ("deflection", 0.9)}))
    difference, interval = f1_difference(better, table)
    # 2 hits of 3 findings and 4 labels, against 1 hit of 2 and 4
    assert difference == pytest.approx(4 / 7 - 2 / 6, abs=1e-3)
    assert interval.low <= difference <= interval.high
    assert f1_difference(table, table) == (0.0, type(interval)(0.0, 0.0))


def test_models_are_compared_on_the_same_calls_only(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="not of the same calls"):
        f1_difference(table, table[table["call"] == "en-z-001"])
