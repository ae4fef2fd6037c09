"""From scores to evidence: which label stands on which turn, and the words that prove it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analyzer.classifier import FloatArray, TurnScores
from analyzer.conversation import Conversation, Role
from analyzer.events import directions
from analyzer.traits import LABELS

# What a word must speak for a label to be worth showing, as a share of the mean over the words of
# the turn that do. Chosen on the training calls of one voice with weights from the other.
_WORTH_SHOWING = 0.2
# A finding below its label's threshold is still worth a person's look from this probability on.
UNCERTAIN = 0.2
_SENTENCE_ENDS = frozenset(".!?…")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A label on a turn and the words that prove it: `text` is exactly `turn.text[start:end]`.

    `turn` counts from 0 over the turns as given, `start` and `end` are Unicode character offsets,
    `probability` is calibrated. `source` is `model`, `event` for what the transcript itself
    reports, such as `[sighs]`, or `person` for what a person says, with probability 1.
    """

    label: str
    turn: int
    start: int
    end: int
    text: str
    probability: float
    role: Role
    source: Literal["model", "event", "person"] = "model"


def find_evidence(
    conversation: Conversation, scores: Sequence[TurnScores], thresholds: FloatArray
) -> tuple[list[Evidence], list[Evidence]]:
    """What is asserted of a call, and what is left for a person to judge: findings too likely to
    pass over and not likely enough to count. Both in the order of the turns and of their words."""
    asserted: list[Evidence] = []
    uncertain: list[Evidence] = []
    for index, turn_scores in enumerate(scores):
        found = sorted(
            _in_turn(conversation, index, turn_scores, np.minimum(thresholds, UNCERTAIN)),
            key=lambda item: (item.start, item.end, item.label),
        )
        for item in found:
            counts = item.probability >= round(float(thresholds[LABELS.index(item.label)]), 4)
            (asserted if counts else uncertain).append(item)
    return asserted, uncertain


def _in_turn(
    conversation: Conversation, index: int, scores: TurnScores, thresholds: FloatArray
) -> Iterator[Evidence]:
    turn = conversation.turns[index]
    sighs = [d for d in directions(turn.text) if d.kind == "sigh"] if turn.role == "agent" else []
    for sigh in sighs:
        text = turn.text[sigh.start : sigh.end]
        yield Evidence("sigh", index, sigh.start, sigh.end, text, 1.0, turn.role, "event")
    for column in np.flatnonzero(scores.probabilities >= thresholds):
        label = LABELS[column]
        if not scores.tokens or (label == "sigh" and sighs):
            continue
        start, end = best_span(scores, int(column))
        probability = round(float(scores.probabilities[column]), 4)
        yield Evidence(label, index, start, end, turn.text[start:end], probability, turn.role)


def best_span(scores: TurnScores, column: int) -> tuple[int, int]:
    """The characters of the stretch of words that together speak most for a label.

    It is the contiguous run with the greatest sum, after a little has been taken from every word so
    that words which say nothing are left out at the edges.
    """
    gains = scores.token_scores[:, column].astype(np.float64)
    speaking = gains[gains > 0]
    cost = _WORTH_SHOWING * float(speaking.mean()) if speaking.size else 0.0
    first, last = _heaviest_run(gains - cost)
    tokens = scores.tokens
    while last > first and not tokens[last].form[:1].isalnum() and len(tokens[last].form) == 1:
        last -= 1  # a mark at the end proves nothing
    while last > first and not tokens[first].form[:1].isalnum() and len(tokens[first].form) == 1:
        first += 1
    # one weak word of another sentence at an edge only confuses: "taken. It is there on Friday"
    mean = gains[first : last + 1].mean()
    if last - first > 2 and tokens[first + 1].form in _SENTENCE_ENDS and gains[first] < mean:
        first += 2
    if last - first > 2 and tokens[last - 1].form in _SENTENCE_ENDS and gains[last] < mean:
        last -= 2
    return tokens[first].start, tokens[last].end


def _heaviest_run(gains: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[int, int]:
    """First and last index of the contiguous run with the greatest sum (Kadane's algorithm)."""
    best, best_run = -np.inf, (0, 0)
    total, begin = 0.0, 0
    for index, gain in enumerate(gains.tolist()):
        if total <= 0:
            total, begin = 0.0, index
        total += gain
        if total > best:
            best, best_run = total, (begin, index)
    return best_run
