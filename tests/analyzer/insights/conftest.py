"""A log written call by call: `log(("c-1", "2026-03-02", {...}, [("label", "words")]), …)`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from analyzer.frames import CALL_COLUMNS, EVIDENCE_COLUMNS, TURN_COLUMNS, Frames
from analyzer.insights.log import Log, make_log
from analyzer.traits import LABELS, TRAIT
from benchmarks.year import Year, year

Call = tuple[str, str | None, dict[str, Any], list[tuple[str, str]]]


@pytest.fixture(scope="session")
def log() -> Callable[..., Log]:
    """Makes a log; a call's findings stand on turns 0, 1, … with a probability of 0.9."""

    def make(*calls: Call) -> Log:
        rows, evidence = [], []
        for name, day, details, found in calls:
            counts = Counter(label for label, _ in found)
            rows.append(
                {
                    "call": name, "language": "da", "customer_id": "k-1", "queue": "support",
                    "started_at": f"{day}T10:00:00+01:00" if day else None, "score": 60.0,
                    "band": "kasper", "resolved": True, "failure": False, "recovery": 0,
                    "transfers": 0, "repeated_questions": 0,
                    **{label: counts[label] for label in LABELS}, **details,
                }
            )  # fmt: skip
            evidence += [
                {"call": name, "label": label, "turn": turn, "start": 0, "end": len(words),
                 "text": words, "probability": 0.9, "role": TRAIT[label].role, "source": "model"}
                for turn, (label, words) in enumerate(found)
            ]  # fmt: skip
        return make_log(
            Frames(
                calls=_typed(rows, CALL_COLUMNS),
                turns=_typed([], TURN_COLUMNS),
                evidence=_typed(evidence, EVIDENCE_COLUMNS),
            )
        )

    return make


def _typed(rows: list[dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows).reindex(columns=list(columns)).astype(columns)


@pytest.fixture(scope="session")
def generated() -> Year:
    """A year of 500 customers whose calls bear no case."""
    return year(seed=11)
