"""From log-odds to probabilities that mean what they say, and the one from which a label stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analyzer.traits import LABELS, TRAIT
from models.dataset import LabelledCall

# A label is asserted from here on at the least, however a threshold comes out on few examples.
MIN_THRESHOLD, MAX_THRESHOLD = 0.3, 0.9
# A label that fewer turns carry keeps what it had before, where it had something.
_ENOUGH = 20
# F1 this much below the best is as good.
_AS_GOOD = 0.01

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Per label, in the order of `LABELS`: (slope, offset) of Platt scaling, and the threshold."""

    scaling: list[tuple[float, float]]
    thresholds: list[float]


def turns_of(
    calls: Sequence[LabelledCall], label: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For every turn of the calls, whether its role can carry the label, and whether it does."""
    pairs = [
        (turn.role == TRAIT[label].role, label in labels)
        for call in calls
        for turn, labels in zip(call.conversation.turns, call.labels, strict=True)
    ]
    own, truth = np.array(pairs, dtype=bool).reshape(-1, 2).T
    return own, truth


def calibrate(
    calls: Sequence[LabelledCall], log_odds: Floats, before: Calibration | None = None
) -> Calibration:
    """Fitted on `log_odds` (turns, labels) of every turn of the calls, in order; of a label that
    the calls hardly show, as it was `before`."""
    scaling, thresholds = [], []
    for column, label in enumerate(LABELS):
        own, all_truth = turns_of(calls, label)
        truth, scores = all_truth[own], log_odds[own, column]
        if before is not None and min(truth.sum(), (~truth).sum()) < _ENOUGH:
            scaling.append(before.scaling[column])
            thresholds.append(before.thresholds[column])
            continue
        if truth.all() or not truth.any():
            scaling.append((1.0, 0.0))
            thresholds.append(MAX_THRESHOLD)
            continue
        platt = LogisticRegression(C=1.0).fit(scores[:, None], truth)
        slope, offset = float(platt.coef_[0, 0]), float(platt.intercept_[0])
        probabilities = np.exp(-np.logaddexp(0, -(slope * scores + offset)))
        scaling.append((round(slope, 4), round(offset, 4)))
        best = best_threshold(probabilities, truth)
        thresholds.append(round(float(np.clip(best, MIN_THRESHOLD, MAX_THRESHOLD)), 3))
    return Calibration(scaling, thresholds)


def best_threshold(probabilities: Floats, truth: NDArray[np.bool_]) -> float:
    """The lowest probability from which on asserting the label gives the highest F1, or one so near
    it that nobody could tell: on voices that are new it is recall that falls, so of thresholds that
    are equally good here the lowest is best there."""
    candidates = np.linspace(0.05, 0.95, 91)
    asserted = probabilities[None, :] >= candidates[:, None]
    hits = (asserted & truth).sum(1)
    f1 = 2 * hits / np.maximum(asserted.sum(1) + truth.sum(), 1)
    return float(candidates[f1 >= f1.max() - _AS_GOOD].min())
