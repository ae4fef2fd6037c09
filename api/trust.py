"""Whether the machine can be trusted here: its card, how far calls have moved, what it left out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from analyzer.classifier import ModelInfo, published_folder
from analyzer.errors import ModelError
from analyzer.statistics import Rate, rate_of
from analyzer.traits import LABELS
from api.insights import BANDS, Drift, drift_of
from api.storage import insights
from api.storage.insights import Scope, Version

# "Now" is the last thirty days, "before" the half year before them.
NOW_DAYS, BEFORE_DAYS = 30, 182


@dataclass(frozen=True, slots=True)
class CardRow:
    """How often a label is right when found, and found when there, on the model's test calls.

    `support` is how many turns of the test calls carry it.
    """

    label: str
    precision: float
    recall: float
    support: int


@dataclass(frozen=True, slots=True)
class Card:
    """The figures of the model card, in all and by language; `calls` whole calls were judged."""

    calls: int
    band_accuracy: float
    labels: list[CardRow]
    languages: dict[str, list[CardRow]]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A feature that could not be judged for a reason, and in how many calls."""

    reason_code: str
    feature: str
    calls: int


@dataclass(frozen=True, slots=True)
class Trust:
    """What speaks for the machine and against it.

    `card` is null where the figures in the model folder are not those of the model that runs.
    `drift` is by `labels`, `probabilities`, `certainty`, `bands` and `languages`.
    """

    model: str
    model_version: str
    model_sha256: str
    card: Card | None
    since: date
    until: date
    before: date
    calls: int
    unscored: int
    failed: int
    uncertain: Rate
    skipped: list[Skipped]
    versions: list[Version]
    drift: dict[str, Drift]


def trust(db: Session, model: ModelInfo, today: date) -> Trust:
    """What is known of the last thirty days, beside the half year before."""
    now = Scope(today - timedelta(days=NOW_DAYS - 1), today)
    before = Scope(now.since - timedelta(days=BEFORE_DAYS), now.since - timedelta(days=1))
    # what people correct says nothing of whether the machine has moved
    total, earlier = (insights.total(db, scope, machine=True) for scope in (now, before))
    found, found_before = insights.finding_counts(db, now), insights.finding_counts(db, before)
    uncertain = sum(count for (certain, _), count in found.items() if not certain)
    pairs = {
        "labels": (
            dict(zip(LABELS, earlier.labels, strict=True)),
            dict(zip(LABELS, total.labels, strict=True)),
        ),
        "probabilities": (_summed(found_before, 1), _summed(found, 1)),
        "certainty": (_summed(found_before, 0), _summed(found, 0)),
        "bands": (
            dict(zip(BANDS, earlier.bands, strict=True)),
            dict(zip(BANDS, total.bands, strict=True)),
        ),
        "languages": (insights.language_counts(db, before), insights.language_counts(db, now)),
    }
    return Trust(
        model=model.name,
        model_version=model.version,
        model_sha256=model.sha256,
        card=card_of(model),
        since=now.since,
        until=now.until,
        before=before.since,
        calls=total.calls,
        unscored=total.calls - total.scored,
        failed=insights.failed_items(db, now),
        uncertain=rate_of(uncertain, sum(found.values())),
        skipped=[Skipped(*row) for row in insights.skipped_counts(db, now)],
        versions=insights.versions(db, now),
        drift={
            name: drift_of(then, current, earlier.calls, total.calls)
            for name, (then, current) in pairs.items()
        },
    )


def figures_of(model: ModelInfo) -> dict[str, Any] | None:
    """All that was measured when the model was made; none where that was another model."""
    try:
        figures: dict[str, Any] = json.loads((published_folder() / "metrics.json").read_text())
    except (ModelError, OSError, ValueError):
        return None
    return figures if figures["model"]["sha256"] == model.sha256 else None


def card_of(model: ModelInfo) -> Card | None:
    """Of these figures, those that people are shown."""
    figures = figures_of(model)
    if figures is None:
        return None
    return Card(
        calls=figures["calls"]["calls"],
        band_accuracy=figures["calls"]["band_accuracy"],
        labels=_rows(figures["labels"]),
        languages={code: _rows(own) for code, own in figures["languages"].items()},
    )


def _rows(labels: dict[str, dict[str, Any]]) -> list[CardRow]:
    return [
        CardRow(label, own["precision"], own["recall"], own["support"])
        for label in LABELS
        if (own := labels.get(label))
    ]


def _summed(found: dict[tuple[bool, str], int], part: int) -> dict[str, int]:
    """The counts by one half of their keys."""
    names = {True: "certain", False: "uncertain"}
    counts: dict[str, int] = dict.fromkeys(names.values(), 0) if part == 0 else {}
    for key, count in found.items():
        name = names[key[0]] if part == 0 else key[1]
        counts[name] = counts.get(name, 0) + count
    return counts
