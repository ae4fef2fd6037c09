"""The linear half of the model: a logistic regression per label over hashed pieces of words.

Besides whole turns it learns from the marked spans alone (as positives) and from what is left of a
turn without them (as negatives), which teaches it which words carry a label.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analyzer.classifier import outcome_features
from analyzer.conversation import Role
from analyzer.errors import UsageError
from analyzer.tokens import BUCKETS, ngram_ids, phrase_ids, tokenise
from analyzer.traits import LABELS, TRAIT
from models.dataset import LabelledCall

FOLDS = 5
# Inverse regularisation, chosen among 5, 20 and 60 on the folds.
STRENGTH = 20.0
# A piece seen in fewer examples than this says nothing that carries over.
MIN_EXAMPLES = 2
# Of so few calls the folds are fitted sooner than another process starts.
_FEW = 500

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

    def scores(self, calls: Sequence[LabelledCall]) -> list[Array]:
        """For each call the log-odds (turns, labels); those of system turns are 0."""
        found = iter(self.logits(turn_examples(calls))[:, : len(LABELS)])
        return [
            np.stack(
                [
                    np.zeros(len(LABELS)) if turn.role == "system" else next(found)
                    for turn in call.conversation.turns
                ]
            )
            for call in calls
        ]


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


def out_of_fold(calls: Sequence[LabelledCall], processes: int = 2) -> list[Array]:
    """For each call the log-odds (turns, labels) by a model that never saw its voice."""
    folds = folds_of(calls)
    parts = [
        [call for call, own in zip(calls, folds, strict=True) if (own == fold) == held_out]
        for fold in sorted(set(folds))
        for held_out in (False, True)
    ]
    if len(calls) < _FEW:
        found = list(map(_fit_and_score, parts[::2], parts[1::2]))
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(_fit_and_score, parts[::2], parts[1::2]))
    logits = {
        call.conversation.id: scores
        for held_out, own in zip(parts[1::2], found, strict=True)
        for call, scores in zip(held_out, own, strict=True)
    }
    return [logits[call.conversation.id] for call in calls]


def _fit_and_score(
    training: Sequence[LabelledCall], held_out: Sequence[LabelledCall]
) -> list[Array]:
    return fit(training).scores(held_out)


def folds_of(calls: Sequence[LabelledCall]) -> list[int]:
    """The fold, 0 to `FOLDS` - 1, in which each call is held out: a voice goes with itself and a
    parallel call with its original. Too few voices for that are split call by call."""
    origins = [call.origin for call in calls]
    voices = [origin.split("-")[1] for origin in origins]
    if len(set(voices)) >= FOLDS:
        places = {voice: place for place, voice in enumerate(sorted(set(voices)))}
        return [places[voice] % FOLDS for voice in voices]
    return [zlib.crc32(origin.encode()) % FOLDS for origin in origins]


def fit_outcome(calls: Sequence[LabelledCall]) -> dict[str, Any]:
    """Weights of `resolved` and `failure` over the labels of a call, from whole calls; `UsageError`
    if they all end alike."""
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
            raise UsageError(
                f"the calls say the same of {target} throughout; nothing can be learned"
            )
        model = LogisticRegression(C=0.5, max_iter=1000).fit(matrix, truth)
        weights = dict(zip(names, model.coef_[0].round(3).tolist(), strict=True))
        outcome[target] = {"bias": round(float(model.intercept_[0]), 3), "weights": weights}
    return outcome
