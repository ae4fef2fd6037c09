"""How good a model is on labelled calls, and where it is not.

    kasper evaluate                          # the test voices of data/training
    kasper evaluate FILE.calls.txt …         # labelled calls of your own
    kasper evaluate --silent SENTENCES.txt   # and what it finds where nothing is to be found
    kasper evaluate --beside                 # with the plain models of models/baselines.py
    kasper evaluate --beside --write         # also metrics.json and the model card

What the figures mean stands in `models/figures.py`, `models/slices.py` and `models/names.py`.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analyzer.classifier import DEFAULT_MODEL, OnnxClassifier
from analyzer.conversation import Conversation, Role, Turn
from analyzer.errors import UsageError
from analyzer.evidence import find_evidence
from analyzer.language import LANGUAGES
from analyzer.scoring import score
from models.baselines import PLAIN, Found, finder
from models.card import CARD, as_markdown, write_card
from models.dataset import DATA, DatasetError, LabelledCall, load, parse, read_text
from models.export import MODELS
from models.figures import (
    calibration,
    call_level,
    confusions,
    found_labels,
    interval,
    label_counts,
    span_overlap,
    summary,
    truth,
)
from models.names import by_name
from models.slices import slices
from models.train import split

Find = Callable[[Sequence[LabelledCall]], Found]


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
        "names": by_name(calls, classifier),
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
    parser.add_argument("--beside", action="store_true", help="train the plain models too: minutes")
    parser.add_argument("--write", action="store_true", help="metrics.json and the model card")
    options = parser.parse_args(arguments)
    if options.write and options.files:
        parser.error("--write publishes the figures of the test voices; leave the files out")
    if options.write and not (options.model / CARD).exists():
        raise UsageError(f"{options.model} has no {CARD} to write the figures into.")
    sentences = _sentences(options.silent) if options.silent else []
    labelled = [] if options.files and not options.beside else load(DATA)
    calls = [call for call in labelled if call.split == "test"]
    if options.files:
        calls = [call for file in options.files for call in parse(file)]
        if not calls:
            told = ", ".join(path.name for path in options.files)
            raise DatasetError(f"{told}: no labelled calls in it")
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
