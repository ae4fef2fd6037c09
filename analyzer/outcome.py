"""How the call ended: solved or not, whether there was a failure, and how far it was made good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.classifier import Classifier
from analyzer.conversation import Conversation
from analyzer.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole call's truth as far as it can be told.

    `recovery` is the ladder 0 none, 1 apology, 2 compensation or a concrete follow-up, 3 turned
    around; it is 0 without a failure. The probabilities are those of `resolved` and `failure`.
    """

    resolved: bool
    failure: bool
    recovery: int
    resolved_probability: float
    failure_probability: float


def judge_outcome(
    conversation: Conversation, evidence: Sequence[Evidence], classifier: Classifier
) -> Outcome:
    """The outcome of a call from its evidence."""
    found: dict[int, set[str]] = {
        index: set() for index, turn in enumerate(conversation.turns) if turn.role != "system"
    }
    for item in evidence:
        found[item.turn].add(item.label)
    chances = classifier.outcome([frozenset(labels) for labels in found.values()])
    failure = chances["failure"] >= 0.5
    return Outcome(
        resolved=chances["resolved"] >= 0.5,
        failure=failure,
        recovery=recovery_step(turns_by_label(evidence)) if failure else 0,
        resolved_probability=round(chances["resolved"], 4),
        failure_probability=round(chances["failure"], 4),
    )


def turns_by_label(evidence: Sequence[Evidence]) -> dict[str, list[int]]:
    """Label -> the turns that carry it, in order and each once."""
    turns: dict[str, list[int]] = {}
    for item in evidence:
        where = turns.setdefault(item.label, [])
        if item.turn not in where:
            where.append(item.turn)
    return turns


def recovery_step(turns: Mapping[str, Sequence[int]]) -> int:
    """The step of the ladder that the agent's acts reach, as the customer's words confirm it.

    The top step, turned around, takes something given or done beyond an apology and satisfaction
    after it.
    """
    given = [*turns.get("compensation", ()), *turns.get("follow_up", ())]
    extra = [*turns.get("compensation", ()), *turns.get("ownership", ())]
    delighted = max(turns.get("satisfaction", ()), default=-1)
    if given and extra and delighted > min(extra):
        return 3
    if given:
        return 2
    return 1 if turns.get("apology") else 0
