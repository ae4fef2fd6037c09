"""How good the published weights are, beside the plainest model that learned from the same calls.

    python -m models.evaluate                     # the test voices of data/training
    python -m models.evaluate FILE.calls.txt …    # labelled calls of your own
    python -m models.evaluate --write             # also metrics.json and the model card

Turn level: precision, recall and F1 per label. Call level: bands, transfers, outcome. Evidence:
overlap of characters where label and turn are right. The plain model is character n-gram TF-IDF
with logistic regression, with thresholds picked in the same way.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score

from analyzer.classifier import DEFAULT_MODEL, OnnxClassifier
from analyzer.evidence import Evidence, find_evidence
from analyzer.report import Report
from analyzer.scoring import score
from analyzer.traits import LABELS, TRAIT
from models.dataset import DATA, Band, LabelledCall, load, parse, write_between
from models.train import FOLDS, MAX_THRESHOLD, MIN_THRESHOLD, MODELS, best_threshold, fold_of

CORE = ("sigh", "deflection", "transfer", "empathy", "blame")
# A label is averaged over only where it occurs at least this often.
_ENOUGH = 5

# Per call and turn, the labels found.
Found = list[list[frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives."""

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = 2 * self.hits + self.false_alarms + self.misses
        return 2 * self.hits / total if total else 0.0

    def as_dict(self) -> dict[str, float | int]:
        """Precision, recall, F1 and how often the label truly occurs."""
        asserted, true = self.hits + self.false_alarms, self.hits + self.misses
        return {
            "precision": round(self.hits / asserted, 3) if asserted else 0.0,
            "recall": round(self.hits / true, 3) if true else 0.0,
            "f1": round(self.f1, 3),
            "support": true,
        }


def truth(calls: Sequence[LabelledCall]) -> Found:
    """The labels of every turn as annotated."""
    return [list(call.labels) for call in calls]


def found_labels(calls: Sequence[LabelledCall], evidence: Sequence[Sequence[Evidence]]) -> Found:
    """The labels of every turn as found."""
    found: Found = []
    for call, items in zip(calls, evidence, strict=True):
        turns: list[set[str]] = [set() for _ in call.conversation.turns]
        for item in items:
            turns[item.turn].add(item.label)
        found.append([frozenset(labels) for labels in turns])
    return found


def label_counts(gold: Found, found: Found) -> dict[str, Counts]:
    """Counts per label over all turns."""
    pairs = [
        (g, f) for gs, fs in zip(gold, found, strict=True) for g, f in zip(gs, fs, strict=True)
    ]
    return {
        label: Counts(
            sum(label in g and label in f for g, f in pairs),
            sum(label not in g and label in f for g, f in pairs),
            sum(label in g and label not in f for g, f in pairs),
        )
        for label in LABELS
    }


def summary(gold: Found, found: Found) -> dict[str, Any]:
    """Micro-F1 over all, macro-F1 over the labels that occur, and the same over the core five."""
    counts = label_counts(gold, found)
    total = Counts(
        sum(c.hits for c in counts.values()),
        sum(c.false_alarms for c in counts.values()),
        sum(c.misses for c in counts.values()),
    )
    present = [label for label in LABELS if counts[label].hits + counts[label].misses >= _ENOUGH]
    core = [label for label in CORE if label in present]
    return {
        "turns": sum(map(len, gold)),
        "micro_f1": round(total.f1, 3),
        "macro_f1": round(_mean([counts[label].f1 for label in present]), 3),
        "core_f1": round(_mean([counts[label].f1 for label in core]), 3),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def span_overlap(calls: Sequence[LabelledCall], evidence: Sequence[Sequence[Evidence]]) -> float:
    """Shared over joint characters of the evidence, where label and turn are right."""
    shared = joint = 0
    for call, items in zip(calls, evidence, strict=True):
        for index, spans in enumerate(call.spans):
            for label in {span.label for span in spans}:
                own = _characters((s.start, s.end) for s in spans if s.label == label)
                found = _characters(
                    (e.start, e.end) for e in items if (e.turn, e.label) == (index, label)
                )
                if found:
                    shared += len(own & found)
                    joint += len(own | found)
    return round(shared / joint, 3) if joint else 0.0


def _characters(spans: Any) -> set[int]:
    return {position for start, end in spans for position in range(start, end)}


def call_level(calls: Sequence[LabelledCall], reports: Sequence[Report]) -> dict[str, Any]:
    """Accuracy of band, outcome and transfers over whole calls, and the bands' quadratic kappa."""
    pairs = [
        (call, report)
        for call, report in zip(calls, reports, strict=True)
        if not call.is_fragment and report.band and report.outcome
    ]
    if not pairs:
        return {"calls": 0}
    bands = list(get_args(Band))
    given = [bands.index(call.band) for call, _ in pairs]
    found = [bands.index(report.band) for _, report in pairs if report.band]
    # agreement beyond chance is not defined where everything lies in one band
    several = len({*given, *found}) > 1
    kappa = cohen_kappa_score(given, found, weights="quadratic") if several else None
    hits: dict[str, list[bool]] = defaultdict(list)
    for call, report in pairs:
        hits["band_accuracy"].append(call.band == report.band)
        hits["transfers_accuracy"].append(call.transfers == report.transfers)
        for name in ("resolved", "failure", "recovery"):
            hits[f"{name}_accuracy"].append(getattr(call, name) == getattr(report.outcome, name))
    return {
        "calls": len(pairs),
        "band_kappa": None if kappa is None else round(float(kappa), 3),
        **{name: round(_mean(list(map(float, values))), 3) for name, values in hits.items()},
    }


def baseline(training: Sequence[LabelledCall]) -> Callable[[Sequence[LabelledCall]], Found]:
    """Character n-gram TF-IDF with logistic regression, learned from whole turns."""
    thresholds = _baseline_thresholds(training)
    scorer = _fit_baseline(training)

    def find(calls: Sequence[LabelledCall]) -> Found:
        probabilities = iter(scorer(calls))
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


def _rows(calls: Sequence[LabelledCall]) -> list[tuple[str, str, frozenset[str]]]:
    return [
        (turn.text, turn.role, labels)
        for call in calls
        for turn, labels in zip(call.conversation.turns, call.labels, strict=True)
    ]


def _fit_baseline(training: Sequence[LabelledCall]) -> Callable[[Sequence[LabelledCall]], Any]:
    rows = _rows(training)
    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True
    )
    matrix = vectorizer.fit_transform([text for text, _, _ in rows])
    models = []
    for label in LABELS:
        own = np.array([role == TRAIT[label].role for _, role, _ in rows])
        target = np.array([label in labels for _, _, labels in rows])[own]
        model = LogisticRegression(C=20, class_weight="balanced", solver="liblinear", max_iter=400)
        models.append(model.fit(matrix[own], target))

    def probabilities(calls: Sequence[LabelledCall]) -> Any:
        texts = vectorizer.transform([text for text, _, _ in _rows(calls)])
        return np.stack([model.predict_proba(texts)[:, 1] for model in models], axis=1)

    return probabilities


def _baseline_thresholds(training: Sequence[LabelledCall]) -> list[float]:
    rows, probabilities = [], []
    for fold in range(FOLDS):
        held_out = [call for call in training if fold_of(call) == fold]
        scorer = _fit_baseline([call for call in training if fold_of(call) != fold])
        rows += _rows(held_out)
        probabilities.append(scorer(held_out))
    scores = np.concatenate(probabilities)
    thresholds = []
    for column, label in enumerate(LABELS):
        own = np.array([role == TRAIT[label].role for _, role, _ in rows])
        target = np.array([label in labels for _, _, labels in rows])
        best = best_threshold(scores[own, column], target[own])
        thresholds.append(min(max(best, MIN_THRESHOLD), MAX_THRESHOLD))
    return thresholds


def evaluate(
    calls: Sequence[LabelledCall], training: Sequence[LabelledCall], model: Path
) -> dict[str, Any]:
    """All figures of the weights in `model` on `calls`, with the plain model's beside them."""
    classifier = OnnxClassifier(model)
    reports = [score(call.conversation, classifier=classifier) for call in calls]
    # a fragment may have one side only and then has no score, but its labels count all the same
    evidence = [
        find_evidence(c.conversation, classifier.classify(c.conversation), classifier.thresholds)
        for c in calls
    ]
    gold, found, plain = truth(calls), found_labels(calls, evidence), baseline(training)(calls)
    figures: dict[str, Any] = {
        "model": {"name": classifier.info.name, "sha256": classifier.info.sha256},
        "labels": {k: c.as_dict() for k, c in label_counts(gold, found).items()},
        "span_overlap": span_overlap(calls, evidence),
        "calls": call_level(calls, reports),
        "groups": {},
    }
    for name, chosen in _groups(calls).items():
        own_gold = [gold[i] for i in chosen]
        figures["groups"][name] = {
            "kasper": summary(own_gold, [found[i] for i in chosen]),
            "tfidf": summary(own_gold, [plain[i] for i in chosen]),
        }
    return figures


def _groups(calls: Sequence[LabelledCall]) -> dict[str, list[int]]:
    """Indices of all calls, and of those of each kind, language and style."""
    groups: dict[str, list[int]] = defaultdict(list)
    for index, call in enumerate(calls):
        kind = "fragments" if call.is_fragment else "whole calls"
        for name in ("all", kind, call.conversation.language or "?", f"style {call.style}"):
            groups[name].append(index)
    return dict(groups)


def as_markdown(figures: Mapping[str, Any]) -> str:
    """The figures as the tables of the model card."""
    lines = ["| on | turns | micro-F1 | macro-F1 | core five | TF-IDF + LR macro-F1 |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, group in figures["groups"].items():
        own, plain = group["kasper"], group["tfidf"]
        lines.append(
            f"| {name} | {own['turns']} | {own['micro_f1']:.2f} | {own['macro_f1']:.2f} "
            f"| {own['core_f1']:.2f} | {plain['macro_f1']:.2f} |"
        )
    lines += [
        "",
        "| label | precision | recall | F1 | times |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for label, row in figures["labels"].items():
        lines.append(
            f"| {label} | {row['precision']:.2f} | {row['recall']:.2f} | {row['f1']:.2f} "
            f"| {row['support']} |"
        )
    calls = figures["calls"]
    lines += ["", f"Overlap of the evidence's characters: {figures['span_overlap']:.2f}."]
    if calls["calls"]:
        kappa = "not defined" if calls["band_kappa"] is None else f"{calls['band_kappa']:.2f}"
        lines[-1] += (
            f" Over {calls['calls']} whole calls: band right {calls['band_accuracy']:.2f} "
            f"(quadratic kappa {kappa}), resolved "
            f"{calls['resolved_accuracy']:.2f}, failure {calls['failure_accuracy']:.2f}, recovery "
            f"{calls['recovery_accuracy']:.2f}, transfers {calls['transfers_accuracy']:.2f}."
        )
    return "\n".join(lines)


_BEGIN = "<!-- figures: python -m models.evaluate --write -->"


def write_card(figures: Mapping[str, Any], model: Path) -> None:
    """Write `metrics.json` and put the tables between the marks in `MODEL_CARD.md`."""
    (model / "metrics.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    write_between(model / "MODEL_CARD.md", _BEGIN, as_markdown(figures))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m models.evaluate", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--model", type=Path, default=MODELS / DEFAULT_MODEL)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.write and options.files:
        parser.error("--write publishes the figures of the test voices; leave the files out")
    labelled = load(DATA)
    training = [call for call in labelled if call.split == "train"]
    test = [call for call in labelled if call.split == "test"]
    calls = [call for file in options.files for call in parse(file)] or test
    figures = evaluate(calls, training, options.model)
    if options.write:
        write_card(figures, options.model)
    print(as_markdown(figures))


if __name__ == "__main__":
    main()
