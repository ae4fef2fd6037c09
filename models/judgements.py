"""What a model says of labelled calls, turn by turn, as a table to look into with pandas.

    calls = [call for call in load() if call.split == "test"]
    table = judgements(calls, default_classifier())
    error_rates(table, ["label", "language"])

`models.evaluate` has the figures that are published; here is what they are made of.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analyzer.classifier import Classifier
from analyzer.evidence import find_evidence
from analyzer.statistics import Interval, wilson
from analyzer.traits import LABELS, TRAIT
from models.dataset import LabelledCall

JUDGEMENT_COLUMNS = {
    "call": "string",
    "language": "string",
    "style": "string",
    "turn": "Int64",
    "role": "string",
    "text": "string",
    "label": "string",
    "is_true": "bool",
    "found": "bool",
    "uncertain": "bool",
    "probability": "float64",
    "words": "string",
}


def judgements(calls: Sequence[LabelledCall], classifier: Classifier) -> pd.DataFrame:
    """One row per turn and label that its role can carry: the columns of `JUDGEMENT_COLUMNS`.

    `is_true` is what the person who labelled the call says, `found` what the model asserts, with
    its `probability` and the `words` it shows for it; `uncertain` is what it leaves for a person.
    """
    rows: list[tuple[object, ...]] = []
    scores = classifier.classify_many([call.conversation for call in calls])
    for call, own in zip(calls, scores, strict=True):
        conversation = call.conversation
        asserted, left = find_evidence(conversation, own, classifier.thresholds)
        found = {(item.turn, item.label): item for item in asserted}
        uncertain = {(item.turn, item.label): item for item in left}
        for index, (turn, true) in enumerate(zip(conversation.turns, call.labels, strict=True)):
            for column, label in enumerate(LABELS):
                if TRAIT[label].role != turn.role:
                    continue
                key = (index, label)
                item = found.get(key) or uncertain.get(key)
                chance = item.probability if item else float(own[index].probabilities[column])
                rows.append(
                    (conversation.id, conversation.language, call.style, index, turn.role,
                     turn.text, label, label in true, key in found, key in uncertain, chance,
                     item.text if item else None)
                )  # fmt: skip
    return pd.DataFrame(rows, columns=list(JUDGEMENT_COLUMNS)).astype(JUDGEMENT_COLUMNS)


def error_rates(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Precision, recall and F1 of `judgements` within each group of the columns `by`.

    `found_times` and `true_times` are what precision and recall are shares of, `_low` and `_high`
    the ends of Wilson's interval; a share of nothing is missing. Turns are treated as independent
    of each other, which those of one call are not quite.
    """
    counted = table.assign(
        hits=table["found"] & table["is_true"],
        found_times=table["found"],
        true_times=table["is_true"],
    )
    columns = ["hits", "found_times", "true_times"]
    rates = counted.groupby(list(by), sort=False, observed=True)[columns].sum().reset_index()
    for name, of in (("precision", "found_times"), ("recall", "true_times")):
        rates[name] = rates["hits"] / rates[of].where(rates[of] > 0)
        ends = [wilson(hits, n) for hits, n in zip(rates["hits"], rates[of], strict=True)]
        rates[f"{name}_low"], rates[f"{name}_high"] = zip(*ends, strict=True) if ends else ((), ())
    rates["f1"] = 2 * rates["hits"] / (rates["found_times"] + rates["true_times"])
    return rates


def f1_difference(
    table: pd.DataFrame, other: pd.DataFrame, *, draws: int = 1_000, seed: int = 0
) -> tuple[float, Interval]:
    """Micro-F1 of `table` less that of `other`, two models on the same calls, with its interval.

    The interval is the percentile bootstrap over calls (Efron 1979): both are measured on the same
    draws, so that what makes a call hard for both does not count as a difference.
    """
    ours, theirs = _counts(table), _counts(other)
    if not ours.index.equals(theirs.index):
        raise ValueError("the two tables are not of the same calls")
    a, b = ours.to_numpy(float), theirs.to_numpy(float)
    drawn = np.random.default_rng(seed).multinomial(len(a), np.full(len(a), 1 / len(a)), draws)
    low, high = np.percentile(_micro_f1(drawn @ a) - _micro_f1(drawn @ b), [2.5, 97.5])
    difference = float(_micro_f1(a.sum(0)) - _micro_f1(b.sum(0)))
    return round(difference, 4), Interval(round(float(low), 4), round(float(high), 4))


def _counts(table: pd.DataFrame) -> pd.DataFrame:
    """By call: findings that are right, findings, and true labels."""
    counted = table.assign(hits=table["found"] & table["is_true"])
    return counted.groupby("call")[["hits", "found", "is_true"]].sum()


def _micro_f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    hits, found, true = np.moveaxis(counts, -1, 0)
    return np.asarray(2 * hits / np.maximum(found + true, 1))
