"""How good a model is on labelled calls, and where it is not.

    kasper evaluate                          # the test voices of data/training
    kasper evaluate FILE.calls.txt …         # labelled calls of your own
    kasper evaluate --silent SENTENCES.txt   # and what it finds where nothing is to be found
    kasper evaluate --beside                 # with the plain models of models/baselines.py
    kasper evaluate --beside --write         # also metrics.json and the model card

Turn level: precision, recall and F1 per label and language, how far the probabilities can be
trusted, which labels are taken for one another. Call level: bands, transfers, outcome. Evidence:
overlap of characters where label and turn are right.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from analyzer.classifier import DEFAULT_MODEL, OnnxClassifier, TurnScores
from analyzer.conversation import Conversation, Role, Turn
from analyzer.evidence import Evidence, find_evidence
from analyzer.language import LANGUAGES, language_of
from analyzer.report import Report
from analyzer.scoring import score
from analyzer.traits import LABELS
from models.baselines import PLAIN, Found, finder
from models.calibrate import turns_of
from models.card import as_markdown, write_card
from models.dataset import DATA, Band, DatasetError, LabelledCall, load, parse, read_text
from models.export import MODELS
from models.train import split

CORE = ("sigh", "deflection", "transfer", "empathy", "blame")
# A label is averaged over only where it occurs at least this often.
_ENOUGH = 5

_BINS, _SHOWN = 10, 12
_LENGTHS = tuple(
    (most, f"turns of {words} words")
    for most, words in ((5, "1 to 5"), (15, "6 to 15"), (40, "16 to 40"), (10**9, "41 and more"))
)
# Samples of the calls behind an interval.
_DRAWS = 200
_NORWEGIAN = {"nb": "Bokmål", "nn": "Nynorsk"}

Floats = NDArray[np.float64]
Find = Callable[[Sequence[LabelledCall]], Found]


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


def evaluate(
    calls: Sequence[LabelledCall], model: Path, plain: Mapping[str, Find] | None = None
) -> dict[str, Any]:
    """All figures of the weights in `model` on `calls`, and those of `plain` models beside them."""
    classifier = OnnxClassifier(model)
    whole = [call for call in calls if not call.is_fragment]
    reports = [score(call.conversation, classifier=classifier) for call in whole]
    scores = [classifier.classify(call.conversation) for call in calls]
    evidence = [
        find_evidence(call.conversation, own, classifier.thresholds)[0]
        for call, own in zip(calls, scores, strict=True)
    ]
    gold, found = truth(calls), found_labels(calls, evidence)
    others = {name: find(calls) for name, find in (plain or {}).items()}
    sure = calibration(calls, scores)
    figures: dict[str, Any] = {
        "model": asdict(classifier.info),
        "labels": {k: c.as_dict() | sure[k] for k, c in label_counts(gold, found).items()},
        "languages": {},
        "groups": {},
        "span_overlap": span_overlap(calls, evidence),
        "calls": call_level(whole, reports),
        "confusions": confusions(gold, found),
        "slices": slices(calls, gold, found),
    }
    for name, chosen in _groups(calls).items():
        own_gold = [gold[i] for i in chosen]
        own_found = [found[i] for i in chosen]
        figures["groups"][name] = summary(own_gold, own_found) | {
            "interval": interval(own_gold, own_found),
            "beside": {k: summary(own_gold, [o[i] for i in chosen]) for k, o in others.items()},
        }
        if name in LANGUAGES:
            counts = label_counts(own_gold, own_found)
            figures["languages"][name] = {label: c.as_dict() for label, c in counts.items()}
    return figures


def false_alarms(texts: Sequence[str], model: Path) -> dict[str, dict[str, Any]]:
    """By role: how many of `texts`, which carry nothing, are labelled all the same when that role
    says them, each as a call of one turn; and how often with which label."""
    classifier = OnnxClassifier(model)
    roles: tuple[Role, ...] = ("agent", "customer")
    table: dict[str, dict[str, Any]] = {}
    for role in roles:
        said = [Conversation(str(i), (Turn(text, role),)) for i, text in enumerate(texts)]
        labels = [
            {item.label for item in find_evidence(call, own, classifier.thresholds)[0]}
            for call, own in zip(said, classifier.classify_many(said), strict=True)
        ]
        table[role] = {
            "turns": len(texts),
            "labelled": sum(map(bool, labels)),
            "labels": dict(Counter(label for own in labels for label in own).most_common()),
        }
    return table


def interval(gold: Found, found: Found) -> tuple[float, float]:
    """Macro-F1 between the 2.5th and the 97.5th percentile of samples of the calls, each as many
    calls as there are, drawn with replacement (Efron 1979)."""
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
    for chosen in _samples(len(each)):
        hits, false, missed = each[chosen].sum(0)[present].T
        values.append((2 * hits / np.maximum(2 * hits + false + missed, 1)).mean())
    return _bounds(values, 3)


def _samples(count: int) -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(count, size=(_DRAWS, count))


def _bounds(values: Sequence[float] | Floats, digits: int) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return round(float(low), digits), round(float(high), digits)


def slices(calls: Sequence[LabelledCall], gold: Found, found: Found) -> dict[str, dict[str, Any]]:
    """By what should make no difference (variety of Norwegian, length of the turn, and the agent's
    sex where the greeting gives a name): micro-F1, and labels found that are not marked, per
    hundred turns, with the interval over samples of the calls as in `interval`."""
    groups: dict[str, dict[int, list[tuple[int, int, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for number, (call, gs, fs) in enumerate(zip(calls, gold, found, strict=True)):
        sex = _sex_of_agent(call)
        for turn, g, f in zip(call.conversation.turns, gs, fs, strict=True):
            if turn.role == "system":
                continue
            words = len(turn.text.split())
            own = [next(title for most, title in _LENGTHS if words <= most)]
            if call.conversation.language == "nb":
                form = _NORWEGIAN.get(language_of(call.conversation) or "", "not told")
                own.append(f"Norwegian: {form}")
            if sex and turn.role == "agent":
                own.append(f"agent's name: {sex}")
            for name in own:
                groups[name][number].append((len(g & f), len(f - g), len(g - f)))
    lengths = [title for _, title in _LENGTHS if title in groups]
    table = {}
    for name in (*sorted(groups.keys() - lengths), *lengths):
        each = np.array([(*np.sum(turns, 0), len(turns)) for turns in groups[name].values()])
        hits, false, missed, turns = map(int, each.sum(0))
        drawn = np.array([each[chosen].sum(0) for chosen in _samples(len(each))])
        table[name] = {
            "turns": turns,
            "micro_f1": round(Counts(hits, false, missed).f1, 3),
            "false_alarms_per_100_turns": round(100 * false / turns, 2),
            "interval": _bounds(100 * drawn[:, 1] / drawn[:, 3], 2),
        }
    return table


def _sex_of_agent(call: LabelledCall) -> str | None:
    turn = next((turn for turn in call.conversation.turns if turn.role == "agent"), None)
    words = re.findall(r"\w+", turn.text)[:25] if turn else []
    kinds = {
        kind for word in words for kind, names in _first_names().items() if word.title() in names
    }
    return kinds.pop() if len(kinds) == 1 else None


@cache
def _first_names() -> dict[str, frozenset[str]]:
    """Names that only women or only men bear, in the lists of Faker."""
    from faker import Faker

    women, men = set[str](), set[str]()
    for place in ("da_DK", "no_NO", "sv_SE", "en_GB", "en_US"):
        for provider in Faker(place).get_providers():
            women |= set(getattr(provider, "first_names_female", ()))
            men |= set(getattr(provider, "first_names_male", ()))
    return {"a woman's": frozenset(women - men), "a man's": frozenset(men - women)}


def _groups(calls: Sequence[LabelledCall]) -> dict[str, list[int]]:
    """Indices of all calls, and of those of each kind, style and language, in this order."""
    groups: tuple[dict[str, list[int]], ...] = tuple(defaultdict(list) for _ in range(4))
    for index, call in enumerate(calls):
        kind = "fragments" if call.is_fragment else "whole calls"
        names = ("all", kind, f"style {call.style}", call.conversation.language or "?")
        for group, name in zip(groups, names, strict=True):
            group[name].append(index)
    return {name: group[name] for group in groups for name in sorted(group)}


def _sentences(path: Path) -> list[str]:
    lines = [line for line in read_text(path).splitlines() if line.strip()]
    if not lines:
        raise DatasetError(f"{path.name}: holds no sentence; write one a line")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="kasper evaluate", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, help="labelled calls; none: the test voices")
    parser.add_argument("--model", type=Path, default=MODELS / DEFAULT_MODEL)
    parser.add_argument("--silent", type=Path, help="a sentence a line, each with nothing to find")
    parser.add_argument("--beside", action="store_true", help="train the plain models too: an hour")
    parser.add_argument("--write", action="store_true", help="metrics.json and the model card")
    options = parser.parse_args(arguments)
    if options.write and options.files:
        parser.error("--write publishes the figures of the test voices; leave the files out")
    sentences = _sentences(options.silent) if options.silent else []
    labelled = [] if options.files and not options.beside else load(DATA)
    test = [call for call in labelled if call.split == "test"]
    calls = [call for file in options.files for call in parse(file)] or test
    plain = {}
    if options.beside:
        training, validation = split(labelled)
        plain = {name: finder(fit, training, validation) for name, fit in PLAIN.items()}
    figures = evaluate(calls, options.model, plain)
    if sentences:
        figures["silent"] = false_alarms(sentences, options.model)
    if options.write:
        write_card(figures, options.model)
    print(as_markdown(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
