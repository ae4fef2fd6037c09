"""The plain models that the published one must beat, each trained on the same calls.

All see a turn as its role and its words, and get their thresholds as the published model does: the
best F1 on the validation calls, label by label. fastText is run by floret, which is its code
kept up by others.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from analyzer.tokens import tokenise
from analyzer.traits import LABELS, TRAIT
from models.calibrate import MAX_THRESHOLD, MIN_THRESHOLD, best_threshold, turns_of
from models.dataset import LabelledCall

# Texts and roles in, probabilities (texts, labels) out.
Scorer = Callable[[Sequence[tuple[str, str]]], NDArray[np.float64]]
Found = list[list[frozenset[str]]]


def rows_of(calls: Sequence[LabelledCall]) -> list[tuple[str, str]]:
    """The text and role of every turn of the calls."""
    return [(turn.text, turn.role) for call in calls for turn in call.conversation.turns]


def finder(
    fit: Callable[[Sequence[LabelledCall]], Scorer],
    training: Sequence[LabelledCall],
    validation: Sequence[LabelledCall],
) -> Callable[[Sequence[LabelledCall]], Found]:
    """A function from calls to the labels that a plain model finds in their turns."""
    scorer = fit(training)
    scores = scorer(rows_of(validation))
    thresholds = []
    for column, label in enumerate(LABELS):
        own, truth = turns_of(validation, label)
        best = best_threshold(scores[own, column], truth[own]) if truth.any() else MAX_THRESHOLD
        thresholds.append(min(max(best, MIN_THRESHOLD), MAX_THRESHOLD))

    def find(calls: Sequence[LabelledCall]) -> Found:
        probabilities = iter(scorer(rows_of(calls)))
        return [
            [
                frozenset(
                    label
                    for label, p, t in zip(LABELS, next(probabilities), thresholds, strict=True)
                    if p >= t and TRAIT[label].role == turn.role
                )
                for turn in call.conversation.turns
            ]
            for call in calls
        ]

    return find


def tfidf(training: Sequence[LabelledCall]) -> Scorer:
    """Character n-gram TF-IDF with a logistic regression for each label."""
    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True
    )
    matrix = vectorizer.fit_transform([text for text, _ in rows_of(training)])
    models = []
    for label in LABELS:
        own, truth = turns_of(training, label)
        model = LogisticRegression(C=20, class_weight="balanced", solver="liblinear", max_iter=400)
        target = truth[own]
        several = target.any() and not target.all()
        models.append(model.fit(matrix[own], target) if several else None)

    def score(rows: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        texts = vectorizer.transform([text for text, _ in rows])
        nothing = np.zeros(len(rows))
        found = [model.predict_proba(texts)[:, 1] if model else nothing for model in models]
        return np.stack(found, axis=1)

    return score


def fasttext(training: Sequence[LabelledCall]) -> Scorer:
    """fastText over words, pairs of words and their pieces, one-versus-all."""
    import floret

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "turns.txt"
        with path.open("w", encoding="utf-8") as file:
            for call in training:
                for turn, labels in zip(call.conversation.turns, call.labels, strict=True):
                    marks = [f"__label__{label}" for label in sorted(labels)] or ["__label__none"]
                    file.write(" ".join([*marks, _words(turn.text, turn.role)]) + "\n")
        model = floret.train_supervised(
            str(path), loss="ova", lr=0.3, epoch=30, wordNgrams=2, minn=2, maxn=5,
            dim=64, bucket=500_000, thread=2, verbose=0, seed=0,
        )  # fmt: skip

    def score(rows: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        found = np.zeros((len(rows), len(LABELS)))
        for row, (text, role) in enumerate(rows):
            # its `predict` asks NumPy for what NumPy 2 refuses; this is what it calls
            for chance, mark in model.f.predict(_words(text, role) + "\n", -1, 0.0, "strict"):
                label = mark.removeprefix("__label__")
                if label in LABELS:
                    found[row, LABELS.index(label)] = chance
        return found

    return score


def textcat(training: Sequence[LabelledCall], passes: int = 4) -> Scorer:
    """spaCy's `textcat_multilabel` in its ensemble of words' pieces and a small network."""
    import spacy
    from spacy.training import Example
    from thinc.api import fix_random_seed

    fix_random_seed(0)
    pipeline = spacy.blank("xx")
    part: Any = pipeline.add_pipe("textcat_multilabel")
    for label in LABELS:
        part.add_label(label)
    examples = [
        Example.from_dict(
            pipeline.make_doc(_words(turn.text, turn.role)),
            {"cats": {label: float(label in labels) for label in LABELS}},
        )
        for call in training
        for turn, labels in zip(call.conversation.turns, call.labels, strict=True)
    ]
    optimizer = pipeline.initialize(lambda: examples[:500])
    order = random.Random(0)
    for _ in range(passes):
        order.shuffle(examples)
        for start in range(0, len(examples), 256):
            pipeline.update(examples[start : start + 256], sgd=optimizer)

    def score(rows: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        docs = pipeline.pipe([_words(text, role) for text, role in rows], batch_size=256)
        return np.array([[doc.cats[label] for label in LABELS] for doc in docs])

    return score


def _words(text: str, role: str) -> str:
    return " ".join([f"<{role}>", *(token.form for token in tokenise(text))])


PLAIN = {"TF-IDF + LR": tfidf, "fastText": fasttext, "spaCy textcat": textcat}
