from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.evidence import Evidence
from analyzer.outcome import judge_outcome, recovery_step, turns_by_label

Call = Callable[..., Conversation]
Phrases = Callable[..., Any]


def evidence(label: str, turn: int) -> Evidence:
    return Evidence(label, turn, 0, 1, "x", 0.9, "agent")


def test_turns_of_a_label_are_in_order_and_each_once() -> None:
    found = [evidence("sigh", 0), evidence("blame", 2), evidence("sigh", 2), evidence("sigh", 2)]

    assert turns_by_label(found) == {"sigh": [0, 2], "blame": [2]}


@pytest.mark.parametrize(
    ("turns", "step"),
    [
        ({}, 0),
        ({"empathy": [1], "ownership": [2], "satisfaction": [3]}, 0),  # nothing given, no apology
        ({"apology": [1]}, 1),
        ({"apology": [1], "satisfaction": [2]}, 1),
        ({"compensation": [4]}, 2),
        ({"follow_up": [4]}, 2),
        ({"follow_up": [4], "satisfaction": [5]}, 2),  # kept in touch, but nothing beyond
        ({"compensation": [4], "satisfaction": [3]}, 2),  # delighted before it was given
        ({"compensation": [4], "satisfaction": [5]}, 3),
        ({"follow_up": [6], "ownership": [4], "satisfaction": [5]}, 3),
    ],
)
def test_recovery_is_the_highest_step_that_the_words_confirm(
    turns: dict[str, list[int]], step: int
) -> None:
    assert recovery_step(turns) == step


@pytest.mark.parametrize(
    ("chance", "resolved"), [(0.0, False), (0.49, False), (0.5, True), (0.93, True)]
)
def test_a_matter_is_resolved_when_that_is_the_likelier(
    call: Call, phrases: Phrases, chance: float, resolved: bool
) -> None:
    outcome = judge_outcome(call("A: a", "C: b"), [], phrases({}, chance, 0.0))

    assert (outcome.resolved, outcome.resolved_probability) == (resolved, chance)


@pytest.mark.parametrize(("chance", "recovery"), [(0.4, 0), (0.6, 1)])
def test_without_a_failure_there_is_no_recovery(
    call: Call, phrases: Phrases, chance: float, recovery: int
) -> None:
    classifier = phrases({}, 0.9, chance)

    outcome = judge_outcome(call("A: a", "C: b"), [evidence("apology", 0)], classifier)

    assert (outcome.failure, outcome.recovery) == (chance > 0.5, recovery)


def test_the_classifier_is_told_the_labels_of_each_spoken_turn(
    call: Call, phrases: Phrases
) -> None:
    classifier = phrases({})
    found = [evidence("apology", 0), evidence("empathy", 0), evidence("frustration", 2)]

    judge_outcome(call("A: a", "S: [musik]", "C: b"), found, classifier)

    assert classifier.asked == [{"apology", "empathy"}, {"frustration"}]
