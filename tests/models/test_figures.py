"""The figures of an evaluation, against figures worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.classifier import TurnScores
from analyzer.evidence import Evidence
from analyzer.traits import LABELS
from models.dataset import parse
from models.figures import (
    Counts,
    calibration,
    confusions,
    interval,
    label_counts,
    span_overlap,
    summary,
)


def found(*labels: str) -> frozenset[str]:
    return frozenset(labels)


def test_counts_hits_false_alarms_and_misses() -> None:
    gold = [[found("sigh"), found(), found("sigh", "blame")]]
    predicted = [[found("sigh"), found("sigh"), found("blame")]]
    counts = label_counts(gold, predicted)
    assert counts["sigh"] == Counts(hits=1, false_alarms=1, misses=1)
    assert counts["blame"] == Counts(hits=1)
    assert counts["sigh"].f1 == pytest.approx(0.5)


def test_macro_f1_leaves_out_labels_that_hardly_occur() -> None:
    gold = [[found("sigh")] * 5 + [found("blame")]]
    predicted = [[found("sigh")] * 5 + [found()]]
    assert summary(gold, predicted)["macro_f1"] == 1.0
    assert summary(gold, predicted)["micro_f1"] == pytest.approx(10 / 11, abs=1e-3)


def test_interval_holds_the_figure_and_narrows_with_more_calls() -> None:
    right, wrong = [found("sigh")] * 3, [found()] * 3
    gold = [right] * 12
    guess = [right] * 8 + [wrong] * 4
    low, high = interval(gold, guess)
    assert low < summary(gold, guess)["macro_f1"] < high
    wider = high - low
    low, high = interval(gold * 10, guess * 10)
    assert high - low < wider


def test_a_label_that_a_sample_does_not_hold_is_no_miss() -> None:
    # all sighs in one of ten calls: most samples have none, or have them several times
    gold = [[found("sigh")] * 6 + [found("apology")]] + [[found("apology")] * 7] * 9
    assert summary(gold, gold)["macro_f1"] == 1
    assert interval(gold, gold) == (1, 1)


def test_calibration_of_a_classifier_that_is_sure_and_right_or_wrong(call_file: Path) -> None:
    call = parse(call_file)[0]

    def sure(label: str, value: float) -> dict[str, float]:
        chances = np.zeros((3, len(LABELS)), np.float32)
        chances[[0, 2], LABELS.index("greeting")] = (value, 0)
        empty = np.zeros((0, len(LABELS)), np.float32)
        return calibration([call], [[TurnScores([], own, empty) for own in chances]])[label]

    assert sure("greeting", 1.0) == {"brier": 0.0, "ece": 0.0}
    assert sure("greeting", 0.0) == {"brier": 0.5, "ece": 0.5}


def test_a_label_found_in_place_of_another_is_a_confusion() -> None:
    gold = [[found("blame"), found("blame", "sigh"), found("apology")]]
    guess = [[found("deflection"), found("deflection", "sigh"), found("apology")]]
    assert confusions(gold, guess) == [("blame", "deflection", 2)]


def test_span_overlap_counts_shared_characters(call_file: Path) -> None:
    call = parse(call_file)[0]
    # "I have unblocked it" holds 19 characters, of which the report finds the last 12 and one more
    resolution = Evidence("resolution", 2, 7, 20, "unblocked it,", 0.9, "agent")
    assert span_overlap([call], [[resolution]]) == 0.6
