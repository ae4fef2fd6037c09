"""The figures of an evaluation: what was found beside what people marked.

Turn level: precision, recall and F1 per label, how far the probabilities can be trusted, which
labels are taken for one another. Call level: bands, transfers, outcome. Evidence: overlap of
characters where label and turn are right. `gold` and `found` are the labels of every turn of every
call, as marked and as found.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from analyzer.classifier import TurnScores
from analyzer.evidence import Evidence
from analyzer.report import Report
from analyzer.traits import LABELS
from models.baselines import Found
from models.calibrate import turns_of
from models.dataset import Band, LabelledCall

CORE = ("sigh", "deflection", "transfer", "empathy", "blame")
# A label is averaged over only where it occurs at least this often.
_ENOUGH = 5
_BINS, _SHOWN = 10, 12
# Samples of the calls behind an interval.
_DRAWS = 200

Floats = NDArray[np.float64]


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
        if report.band and report.outcome
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


def calibration(
    calls: Sequence[LabelledCall], scores: Sequence[Sequence[TurnScores]]
) -> dict[str, dict[str, float]]:
    """Per label, over the turns of its role: the Brier score (mean squared error of the
    probability) and the expected calibration error (mean distance between probability and truth
    over ten bins of equally many turns; Naeini et al. 2015)."""
    chances = np.array([turn.probabilities for call in scores for turn in call])
    found = {}
    for column, label in enumerate(LABELS):
        own, truth = turns_of(calls, label)
        p, t = chances[own, column].astype(float), truth[own].astype(float)
        bins = [part for part in np.array_split(np.argsort(p, kind="stable"), _BINS) if len(part)]
        error = sum(len(part) * abs(p[part].mean() - t[part].mean()) for part in bins)
        found[label] = {
            "brier": round(float(((p - t) ** 2).mean()), 4) if len(p) else 0.0,
            "ece": round(float(error / max(len(p), 1)), 4),
        }
    return found


def confusions(gold: Found, found: Found) -> list[tuple[str, str, int]]:
    """The label missed, the one found in its place on the same turn, and how often."""
    pairs = Counter(
        (missed, instead)
        for gs, fs in zip(gold, found, strict=True)
        for g, f in zip(gs, fs, strict=True)
        for missed in g - f
        for instead in f - g
    )
    return [(missed, instead, times) for (missed, instead), times in pairs.most_common(_SHOWN)]


def interval(gold: Found, found: Found) -> tuple[float, float]:
    """Macro-F1 between the 2.5th and the 97.5th percentile of samples of the calls, each as many
    calls as there are, drawn with replacement (Efron 1979); a sample counts the labels it holds."""
    each = np.array(
        [
            [(c.hits, c.false_alarms, c.misses) for c in label_counts([g], [f]).values()]
            for g, f in zip(gold, found, strict=True)
        ]
    )
    present = each[:, :, [0, 2]].sum((0, 2)) >= _ENOUGH
    if not present.any():
        return 0.0, 0.0
    values = []
    for chosen in samples(len(each)):
        hits, false, missed = each[chosen].sum(0)[present].T
        drawn = hits + missed > 0
        if drawn.any():
            f1 = 2 * hits[drawn] / (2 * hits + false + missed)[drawn]
            values.append(f1.mean())
    return bounds(values, 3)


def samples(count: int) -> NDArray[np.int64]:
    """The numbers of the calls in each sample, (samples, count), the same in every run."""
    return np.random.default_rng(0).integers(count, size=(_DRAWS, count))


def bounds(values: Sequence[float] | Floats, digits: int) -> tuple[float, float]:
    """The 2.5th and the 97.5th percentile."""
    low, high = np.percentile(values, [2.5, 97.5])
    return round(float(low), digits), round(float(high), digits)
