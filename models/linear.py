"""From labelled calls to published weights.

    python -m models.train                       # data/training -> models/kasper-linear
    python -m models.train --data mine --output /tmp/mine

A logistic regression per label over hashed pieces of words. Besides whole turns it learns from the
marked spans alone (as positives) and from what is left of a turn without them (as negatives), which
teaches it which words carry a label. Thresholds and calibration come from five folds of calls, each
scored by a model that never saw it; the published weights are then fitted on all of the training
split. The voices for validation and test are never touched.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analyzer.classifier import DEFAULT_MODEL, outcome_features
from analyzer.conversation import Role
from analyzer.tokens import BUCKETS, FEATURES_VERSION, ngram_ids, phrase_ids, tokenise
from analyzer.traits import LABELS, TRAIT, TRAITS_VERSION
from models.dataset import DATA, LabelledCall, load
from models.export import linear_model

VERSION = "2"
MODELS = Path(__file__).parent
FOLDS = 5
# Inverse regularisation, chosen among 5, 20 and 60 on the folds.
STRENGTH = 20.0
# A piece seen in fewer examples than this says nothing that carries over.
MIN_EXAMPLES = 2
# A label is asserted from here on at the least, however a threshold comes out on few examples.
MIN_THRESHOLD, MAX_THRESHOLD = 0.3, 0.9

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A stretch of text as bucket numbers, its labels, and the role that said it."""

    pieces: list[int]
    labels: frozenset[str]
    role: Role


@dataclass(frozen=True, slots=True)
class LinearModel:
    """`idf` (buckets), `weights` (labels + 1, buckets), `bias` (labels + 1); the agent is last."""

    idf: Array
    weights: Array
    bias: Array

    def logits(self, examples: Sequence[Example]) -> Array:
        """Log-odds (examples, labels + 1)."""
        return np.asarray(features(examples, self.idf) @ self.weights.T + self.bias)


def pieces_of(text: str) -> list[int]:
    """The buckets of every word and phrase of `text`, as often as they occur."""
    forms = [token.form for token in tokenise(text)]
    grams = [bucket for form in forms for bucket in ngram_ids(form)]
    return grams + [bucket for phrase in phrase_ids(forms) for bucket in phrase]


def turn_examples(calls: Sequence[LabelledCall]) -> list[Example]:
    """One example per spoken turn, in order."""
    return [
        Example(pieces_of(turn.text), labels, turn.role)
        for call in calls
        for turn, labels in zip(call.conversation.turns, call.labels, strict=True)
        if turn.role != "system"
    ]


def span_examples(calls: Sequence[LabelledCall]) -> Iterator[Example]:
    """The marked spans on their own, and what is left of each turn without them."""
    for call in calls:
        for turn, spans in zip(call.conversation.turns, call.spans, strict=True):
            rest = turn.text
            for start, end in sorted({(s.start, s.end) for s in spans}, reverse=True):
                labels = frozenset(s.label for s in spans if (s.start, s.end) == (start, end))
                yield Example(pieces_of(turn.text[start:end]), labels, turn.role)
                rest = f"{rest[:start]} {rest[end:]}"
            if spans and len(rest.split()) > 2:
                yield Example(pieces_of(rest), frozenset(), turn.role)


def features(examples: Sequence[Example], idf: Array) -> sparse.csr_matrix:
    """TF-IDF rows (examples, buckets), each divided by the root of its summed squares.

    Every occurrence of a piece counts on its own in that sum, so that a row is a sum over words.
    """
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for example in examples:
        weight = idf[example.pieces]
        norm = max(float(np.sqrt((weight**2).sum())), 1e-3)
        columns += example.pieces
        values += (weight / norm).tolist()
        ends.append(len(columns))
    return sparse.csr_matrix((values, columns, ends), shape=(len(examples), BUCKETS))


def fit(calls: Sequence[LabelledCall]) -> LinearModel:
    """The model fitted on these calls."""
    turns = turn_examples(calls)
    examples = turns + list(span_examples(calls))
    idf = _idf(examples)
    matrix = features(examples, idf)
    rows = []
    for label in LABELS:
        own = np.array([example.role == TRAIT[label].role for example in examples])
        truth = np.array([label in example.labels for example in examples])
        rows.append(_regression(matrix[own], truth[own]))
    agent = np.array([example.role == "agent" for example in turns])
    rows.append(_regression(matrix[: len(turns)], agent))
    return LinearModel(idf, np.stack([w for w, _ in rows]), np.array([b for _, b in rows]))


def _idf(examples: Sequence[Example]) -> Array:
    counts = np.zeros(BUCKETS)
    for example in examples:
        counts[list(set(example.pieces))] += 1
    idf: Array = np.log((1 + len(examples)) / (1 + counts)) + 1
    idf[counts < MIN_EXAMPLES] = 0
    return idf


def _regression(matrix: sparse.csr_matrix, truth: NDArray[np.bool_]) -> tuple[Array, float]:
    if truth.all() or not truth.any():
        # a label that the data never shows, or shows always, is never asserted
        return np.zeros(BUCKETS), -10.0
    model = LogisticRegression(
        C=STRENGTH, class_weight="balanced", solver="liblinear", max_iter=400, random_state=0
    ).fit(matrix, truth)
    return model.coef_[0], float(model.intercept_[0])


def out_of_fold(calls: Sequence[LabelledCall]) -> tuple[list[Example], Array]:
    """Every turn of the calls with its log-odds by a model that never saw its call."""
    examples: list[Example] = []
    logits = []
    for fold in range(FOLDS):
        held_out = [call for call in calls if fold_of(call) == fold]
        if held_out:
            model = fit([call for call in calls if fold_of(call) != fold])
            turns = turn_examples(held_out)
            examples += turns
            logits.append(model.logits(turns))
    return examples, np.concatenate(logits)


def fold_of(call: LabelledCall) -> int:
    """The fold, 0 to `FOLDS` - 1, in which a training call is held out: parallel calls together."""
    return zlib.crc32((call.parallel_id or call.conversation.id).encode()) % FOLDS


def calibrate(examples: Sequence[Example], logits: Array) -> tuple[list[list[float]], list[float]]:
    """Per label the slope and offset of Platt scaling, and the threshold with the best F1."""
    calibration, thresholds = [], []
    for column, label in enumerate(LABELS):
        own = np.array([example.role == TRAIT[label].role for example in examples])
        truth = np.array([label in example.labels for example in examples])[own]
        scores = logits[own, column]
        if truth.all() or not truth.any():
            calibration.append([1.0, 0.0])
            thresholds.append(MAX_THRESHOLD)
            continue
        platt = LogisticRegression(C=1.0).fit(scores[:, None], truth)
        slope, offset = float(platt.coef_[0, 0]), float(platt.intercept_[0])
        probabilities = 1 / (1 + np.exp(-(slope * scores + offset)))
        calibration.append([round(slope, 4), round(offset, 4)])
        best = best_threshold(probabilities, truth)
        thresholds.append(round(float(np.clip(best, MIN_THRESHOLD, MAX_THRESHOLD)), 3))
    return calibration, thresholds


def best_threshold(probabilities: Array, truth: NDArray[np.bool_]) -> float:
    """The probability from which on asserting the label gives the highest F1."""
    candidates = np.linspace(0.05, 0.95, 91)
    asserted = probabilities[None, :] >= candidates[:, None]
    hits = (asserted & truth).sum(1)
    f1 = 2 * hits / np.maximum(asserted.sum(1) + truth.sum(), 1)
    return float(candidates[int(f1.argmax())])


def fit_outcome(calls: Sequence[LabelledCall]) -> dict[str, Any]:
    """Weights of `resolved` and `failure` over the labels of a call, from whole calls."""
    whole = [call for call in calls if not call.is_fragment]
    found = [
        outcome_features(
            [
                labels
                for turn, labels in zip(call.conversation.turns, call.labels, strict=True)
                if turn.role != "system"
            ]
        )
        for call in whole
    ]
    names = sorted(set().union(*found)) if found else []
    matrix = np.array([[name in features for name in names] for features in found], dtype=float)
    outcome = {}
    for target in ("resolved", "failure"):
        truth = np.array([getattr(call, target) for call in whole])
        if truth.all() or not truth.any():
            raise ValueError(
                f"the calls say the same of {target} throughout; nothing can be learned"
            )
        model = LogisticRegression(C=0.5, max_iter=1000).fit(matrix, truth)
        weights = dict(zip(names, model.coef_[0].round(3).tolist(), strict=True))
        outcome[target] = {"bias": round(float(model.intercept_[0]), 3), "weights": weights}
    return outcome


def train(calls: Sequence[LabelledCall], output: Path, name: str = DEFAULT_MODEL) -> None:
    """Fit on the training split of `calls` and write `model.onnx` and `config.json` to `output`."""
    training = [call for call in calls if call.split == "train"]
    calibration, thresholds = calibrate(*out_of_fold(training))
    model = fit(training)
    weights = linear_model(model.idf, model.weights, model.bias).SerializeToString()
    config = {
        "name": name,
        "version": VERSION,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "features_version": FEATURES_VERSION,
        "traits_version": TRAITS_VERSION,
        "labels": list(LABELS),
        "calibration": calibration,
        "thresholds": thresholds,
        "outcome": fit_outcome(training),
    }
    output.mkdir(parents=True, exist_ok=True)
    (output / "model.onnx").write_bytes(weights)
    (output / "config.json").write_text(json.dumps(config, indent=1) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--output", type=Path, default=MODELS / DEFAULT_MODEL)
    options = parser.parse_args()
    train(load(options.data), options.output)


if __name__ == "__main__":
    main()
