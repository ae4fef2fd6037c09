from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.classifier import Classifier, TurnScores, default_classifier
from analyzer.conversation import Conversation, Role, Turn
from analyzer.evidence import Evidence, best_span, find_evidence
from analyzer.tokens import tokenise
from analyzer.traits import LABELS, labels_of

Call = Callable[..., Conversation]
Phrases = Callable[..., Classifier]


def found_in(conversation: Conversation, classifier: Classifier) -> list[Evidence]:
    scores = classifier.classify(conversation)
    return find_evidence(conversation, scores, classifier.thresholds)[0]


def test_evidence_is_the_words_that_prove_the_label(call: Call, phrases: Phrases) -> None:
    conversation = call("C: hej", "A: Nå, det er ikke mit bord, vel?")

    found = found_in(conversation, phrases({"ikke mit bord": ("deflection", 0.93)}))

    assert found == [Evidence("deflection", 1, 11, 24, "ikke mit bord", 0.93, "agent", "model")]


def test_a_label_below_its_threshold_is_no_evidence(call: Call, phrases: Phrases) -> None:
    classifier = phrases({"ikke mit bord": ("deflection", 0.49)})

    assert found_in(call("A: det er ikke mit bord"), classifier) == []


@pytest.mark.parametrize(("probability", "places"), [(0.19, (0, 0)), (0.2, (0, 1)), (0.5, (1, 0))])
def test_what_is_too_uncertain_to_assert_is_left_for_a_person(
    call: Call, phrases: Phrases, probability: float, places: tuple[int, int]
) -> None:
    classifier = phrases({"ikke mit bord": ("deflection", probability)})
    conversation = call("A: det er ikke mit bord")

    asserted, uncertain = find_evidence(
        conversation, classifier.classify(conversation), classifier.thresholds
    )

    assert (len(asserted), len(uncertain)) == places
    assert {item.text for item in (*asserted, *uncertain)} <= {"ikke mit bord"}


def test_a_label_at_its_threshold_is_evidence(call: Call, phrases: Phrases) -> None:
    classifier = phrases({"ikke mit bord": ("deflection", 0.5)})

    assert len(found_in(call("A: det er ikke mit bord"), classifier)) == 1


def test_one_turn_may_carry_several_labels(call: Call, phrases: Phrases) -> None:
    classifier = phrases(
        {"stiller dig om": ("transfer", 0.8), "ikke mit bord": ("deflection", 0.9)}
    )

    found = found_in(call("A: det er ikke mit bord, jeg stiller dig om"), classifier)

    assert [(item.label, item.text) for item in found] == [
        ("deflection", "ikke mit bord"),
        ("transfer", "stiller dig om"),
    ]


def test_evidence_is_in_the_order_of_the_turns_and_words(call: Call, phrases: Phrases) -> None:
    classifier = phrases({"bord": ("deflection", 0.9), "om": ("transfer", 0.9)})

    found = found_in(call("A: om bord", "C: om bord", "A: bord om"), classifier)

    assert [(item.turn, item.label) for item in found] == [
        (0, "transfer"),
        (0, "deflection"),
        (2, "deflection"),
        (2, "transfer"),
    ]


def test_a_reported_sigh_of_the_agent_is_a_certain_event(call: Call, phrases: Phrases) -> None:
    (item,) = found_in(call("A: ja [sukker] det kan jeg"), phrases({}))

    assert item == Evidence("sigh", 0, 3, 11, "[sukker]", 1.0, "agent", "event")


def test_a_reported_sigh_of_the_customer_is_none(call: Call, phrases: Phrases) -> None:
    assert found_in(call("C: ja [sukker] det kan jeg"), phrases({})) == []


def test_an_aside_of_many_words_is_no_reported_sigh(call: Call, phrases: Phrases) -> None:
    assert found_in(call("A: (it must suck to wait in all day)"), phrases({})) == []


def test_a_system_line_carries_no_label(call: Call, phrases: Phrases) -> None:
    assert found_in(call("S: [sukker]"), phrases({"sukker": ("sigh", 0.9)})) == []


def test_a_reported_sigh_is_not_found_again_by_the_model(call: Call, phrases: Phrases) -> None:
    found = found_in(call("A: puh [sukker] ja"), phrases({"puh": ("sigh", 0.9)}))

    assert [(item.text, item.source) for item in found] == [("[sukker]", "event")]


def test_a_sigh_in_words_is_found_by_the_model(call: Call, phrases: Phrases) -> None:
    found = found_in(call("A: puh altså"), phrases({"puh": ("sigh", 0.9)}))

    assert [(item.text, item.source) for item in found] == [("puh", "model")]


def test_two_reported_sighs_in_a_turn_are_two_pieces(call: Call, phrases: Phrases) -> None:
    found = found_in(call("A: [suk] ja (puster ud)"), phrases({}))

    assert [item.text for item in found] == ["[suk]", "(puster ud)"]


def test_a_turn_without_words_has_no_evidence() -> None:
    certain = TurnScores([], np.ones(len(LABELS), np.float32), np.zeros((0, len(LABELS)), "f"))
    conversation = Conversation("c-1", (Turn("  ", "agent"),))

    assert find_evidence(conversation, [certain], np.full(len(LABELS), 0.5, np.float32)) == ([], [])


@pytest.mark.parametrize(
    ("text", "gains", "expected"),
    [
        ("en to tre fire", [-1, 2, 3, -1], "to tre"),
        ("en to tre fire", [3, -1, 3, -5], "en to tre"),  # a dip is bridged when it pays
        ("en to tre fire", [2, -9, 3, 0], "tre"),
        ("en to tre fire", [-4, -2, -3, -9], "to"),  # nothing speaks for it: the least bad word
        ("en to tre fire", [0.1, 5, 5, 0.1], "to tre"),  # what says next to nothing is left out
        ("ja , nej .", [1, 1, 1, 1], "ja , nej"),  # a mark at an edge proves nothing
        ("… ja", [2, 2], "ja"),
        ("!", [1], "!"),  # unless there is nothing else
        ("ja [suk] .", [0, 5, 5], "[suk]"),
        # a weak word of another sentence is cut off, a strong one is part of it
        ("taget . det er der fredag", [2, 2, 5, 5, 5, 5], "det er der fredag"),
        ("det er der fredag . så", [5, 5, 5, 5, 2, 2], "det er der fredag"),
        ("undskyld . det var os", [9, 2, 5, 5, 5], "undskyld . det var os"),
    ],
)
def test_the_span_is_the_stretch_that_speaks_most(
    text: str, gains: list[float], expected: str
) -> None:
    scores = TurnScores(
        tokenise(text), np.ones(1, np.float32), np.array(gains, np.float32)[:, None]
    )

    start, end = best_span(scores, 0)

    assert text[start:end] == expected


# Speech as the published model knows it, and all that a transcript should not but may hold.
PIECES = st.sampled_from(
    [
        "det er ikke mit område",
        "jeg stiller dig om",
        "jag beklagar verkligen",
        "that's not my department",
        "I'm so sorry about that",
        "it's the third time I've called",
        "det er simpelthen for dårligt",
        "tusind tak, du er en engel",
        "[suk]",
        "(sighs)",
        "♪ musik ♪",
        "*sukker lettet*",
        "[",
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "e\u0301\u0308\u0323 a\u030a",
        "هذا ليس من اختصاصي",
        "\u202eזה לא אני\u202c",
        "ﬁ ǅ İ ẞ \u0000 \ufeff",
        "x" * 3_000,
        "ord " * 500,
        "\n",
        "",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=30), max_size=6).map(" ".join)
ROLES: st.SearchStrategy[Role] = st.sampled_from(["agent", "customer", "system", "unknown"])
CALLS = st.lists(st.builds(Turn, TEXTS, ROLES), max_size=6).map(
    lambda turns: Conversation("c-1", tuple(turns))
)


def check(conversation: Conversation, found: list[Evidence]) -> None:
    for item in found:
        turn = conversation.turns[item.turn]
        assert 0 <= item.start < item.end <= len(turn.text)
        assert item.text == turn.text[item.start : item.end]
        assert item.role == turn.role and 0 <= item.probability <= 1
    places = [(item.turn, item.start, item.end) for item in found]
    assert places == sorted(places)


@given(CALLS)
@example(Conversation("c-1", (Turn("ord " * 3_000, "agent"),)))
def test_evidence_of_the_published_model_is_exactly_its_slice(conversation: Conversation) -> None:
    found = found_in(conversation, default_classifier())

    check(conversation, found)
    assert all(item.role == "unknown" or item.label in labels_of(item.role) for item in found)


@given(CALLS, st.integers(0, 2**32 - 1))
def test_evidence_of_any_scores_is_exactly_its_slice(conversation: Conversation, seed: int) -> None:
    random = np.random.default_rng(seed)
    scores = []
    for turn in conversation.turns:
        tokens = tokenise(turn.text)
        gains = random.normal(size=(len(tokens), len(LABELS))).astype(np.float32)
        scores.append(TurnScores(tokens, random.random(len(LABELS), np.float32), gains))

    found, _ = find_evidence(conversation, scores, np.full(len(LABELS), 0.5, np.float32))

    check(conversation, found)
