from __future__ import annotations

from collections import Counter

import pytest

from analyzer.conversation import Role
from analyzer.traits import LABELS, TRAIT, TRAITS, Trait, labels_of


def test_every_label_is_named_once() -> None:
    assert Counter(LABELS).most_common(1)[0][1] == 1


def test_traits_are_found_by_their_name() -> None:
    assert TRAIT == {trait.name: trait for trait in TRAITS}


@pytest.mark.parametrize(
    ("polarity", "labels"),
    [
        (
            "rasmus",
            "sigh deflection transfer blame reluctance dismissal overpromise",
        ),
        (
            "star",
            "empathy apology ownership clarification expectation resolution compensation follow_up "
            "proactive_tip greeting closing",
        ),
        ("signal", "frustration broken_promise repeat_contact basic_error satisfaction"),
    ],
)
def test_the_labels_are_those_of_the_guideline(polarity: str, labels: str) -> None:
    assert [trait.name for trait in TRAITS if trait.polarity == polarity] == labels.split()


def test_signals_stand_on_the_customer_and_all_else_on_the_agent() -> None:
    expected = {t.name: "customer" if t.polarity == "signal" else "agent" for t in TRAITS}

    assert {trait.name: trait.role for trait in TRAITS} == expected


@pytest.mark.parametrize("trait", TRAITS, ids=lambda trait: trait.name)
def test_a_definition_is_one_sentence(trait: Trait) -> None:
    assert trait.definition.endswith(".") and ". " not in trait.definition


@pytest.mark.parametrize(("role", "count"), [("agent", 18), ("customer", 5), ("system", 0)])
def test_a_role_carries_only_its_own_labels(role: Role, count: int) -> None:
    own = labels_of(role)

    assert len(own) == count and all(TRAIT[label].role == role for label in own)


def test_labels_of_a_role_keep_their_order() -> None:
    assert list(labels_of("agent")) == [label for label in LABELS if TRAIT[label].role == "agent"]
