from __future__ import annotations

from collections.abc import Callable

import pytest

from analyzer.classifier import Classifier
from analyzer.conversation import Conversation, RoleDecision, Turn
from analyzer.errors import TranscriptError
from analyzer.roles import with_roles

Call = Callable[..., Conversation]
Phrases = Callable[..., Classifier]


def roles(conversation: Conversation) -> list[str]:
    return [turn.role for turn in conversation.turns]


def test_roles_that_the_file_gives_stay(call: Call, phrases: Phrases) -> None:
    conversation = call("C: goddag velkommen hjælpe", "A: hvor er min pakke")

    assert with_roles(conversation, phrases({})) is conversation


def test_the_speaker_who_talks_like_an_agent_is_the_agent(call: Call, phrases: Phrases) -> None:
    conversation = call("?x: hallo", "?y: goddag", "?x: hvor er pakken", "?y: jeg vil hjælpe")

    assert roles(with_roles(conversation, phrases({}))) == ["customer", "agent"] * 2


def test_speakers_are_numbered_once_their_role_is_known(call: Call, phrases: Phrases) -> None:
    decided = with_roles(call("?x: hallo", "?y: goddag"), phrases({}))

    assert [turn.speaker for turn in decided.turns] == ["C1", "A1"]


def test_a_call_of_two_has_both_sides_even_if_both_talk_like_agents(
    call: Call, phrases: Phrases
) -> None:
    conversation = call("?x: goddag", "?y: goddag velkommen")

    assert roles(with_roles(conversation, phrases({}))) == ["customer", "agent"]


def test_speakers_between_the_extremes_go_by_their_own_words(call: Call, phrases: Phrases) -> None:
    conversation = call("?x: ja", "?y: goddag velkommen", "?z: goddag", "?x: nej")

    assert roles(with_roles(conversation, phrases({}))) == [
        "customer",
        "agent",
        "agent",
        "customer",
    ]


@pytest.mark.parametrize(("given", "other"), [("A", "customer"), ("C", "agent")])
def test_beside_a_known_side_the_one_unknown_speaker_is_the_other(
    call: Call, phrases: Phrases, given: str, other: str
) -> None:
    decided = with_roles(call(f"{given}: goddag", "?x: nej nej"), phrases({}))

    assert decided.turns[1].role == other


def test_turns_without_a_speaker_are_decided_one_by_one(phrases: Phrases) -> None:
    turns = tuple(map(Turn, ["goddag velkommen", "hvor er pakken", "goddag", "nej"]))

    decided = with_roles(Conversation("c-1", turns), phrases({}))

    assert roles(decided) == ["agent", "customer", "agent", "customer"]


def test_events_stay_events(call: Call, phrases: Phrases) -> None:
    decided = with_roles(call("?x: goddag", "S: [musik]", "?y: nej"), phrases({}))

    assert decided.turns[1] == Turn("[musik]", "system")


def test_a_lone_speaker_goes_by_their_own_words(call: Call, phrases: Phrases) -> None:
    assert roles(with_roles(call("?x: goddag"), phrases({}))) == ["agent"]


def test_a_detected_role_says_how_sure_it_is(call: Call, phrases: Phrases) -> None:
    near = with_roles(call("?x: ja", "?y: nej"), phrases({})).roles
    far = with_roles(call("?x: ja", "?y: goddag velkommen"), phrases({})).roles

    assert near.method == far.method == "detected"
    assert near.probability == 0.5 < (far.probability or 0) < 1


@pytest.mark.parametrize("name", ["y", "Y", " y "])
def test_the_user_may_say_who_the_agent_is(call: Call, phrases: Phrases, name: str) -> None:
    decided = with_roles(call("?x: goddag", "S: [musik]", "?y: nej"), phrases({}), name)

    assert roles(decided) == ["customer", "system", "agent"]
    assert decided.roles == RoleDecision("set")


def test_what_the_user_says_goes_before_what_the_file_says(call: Call, phrases: Phrases) -> None:
    decided = with_roles(call("A: a", "C: b"), phrases({}), "C1")

    assert roles(decided) == ["customer", "agent"]


def test_beside_a_known_agent_the_other_known_agents_stay(call: Call, phrases: Phrases) -> None:
    conversation = call("A: a", "C: b", "S: [musik]", "A2: c", "?x: d", "A: e")

    decided = with_roles(conversation, phrases({}), "a2")

    assert roles(decided) == ["agent", "customer", "system", "agent", "customer", "agent"]
    assert [turn.speaker for turn in decided.turns] == ["A1", "C1", None, "A2", "C2", "A1"]
    assert decided.roles == RoleDecision("set")


def test_a_known_customer_who_is_the_agent_swaps_the_sides(call: Call, phrases: Phrases) -> None:
    conversation = call("A: a", "C: b", "S: [musik]", "A2: c", "C: d")

    decided = with_roles(conversation, phrases({}), "C1")

    assert roles(decided) == ["customer", "agent", "system", "customer", "agent"]


def test_a_name_that_nobody_bears_is_answered_with_the_names(call: Call, phrases: Phrases) -> None:
    conversation = call("?x: a", "?y: b", source="calls.txt")

    with pytest.raises(TranscriptError) as caught:
        with_roles(conversation, phrases({}), "Bo")

    expected = "calls.txt: nobody in call c-1 is called 'Bo'; name one of its speakers: x, y."
    assert str(caught.value) == expected


def test_without_any_names_the_message_says_so(phrases: Phrases) -> None:
    conversation = Conversation("c-9", (Turn("a"),))

    with pytest.raises(TranscriptError, match=r"^c-9: .* none is named\.$"):
        with_roles(conversation, phrases({}), "Bo")


@pytest.mark.parametrize(
    "lines",
    [
        (
            "?0: Kundeservice, du taler med Mette, hvad kan jeg hjælpe dig med?",
            "?1: Hej, jeg har ventet på min pakke i to uger, og I lovede, den kom i fredags.",
            "?0: Det er jeg ked af at høre. Må jeg få dit ordrenummer, så slår jeg det op?",
            "?1: Ja, det er 4471. Det er altså for dårligt.",
            "?0: Tak. Jeg sender en ny til dig i dag. Er der andet, jeg kan hjælpe med?",
        ),
        (
            "?0: Good morning, you're through to Sarah in billing, how can I help you today?",
            "?1: Hi, I've been charged twice this month and I want my money back.",
            "?0: I'm sorry about that. Could I take your account number, please?",
            "?1: It's 4471. This is the third time I've called about my bill.",
            "?0: Thank you. I've refunded the second payment. Anything else I can help with?",
        ),
        (
            "?0: Välkommen till kundtjänst, du pratar med Elin, vad kan jag hjälpa dig med?",
            "?1: Hej, min beställning har inte kommit och jag har väntat i tre veckor.",
            "?0: Det beklagar jag. Kan jag få ditt ordernummer så tittar jag på det?",
            "?1: Det är 4471. Jag är så trött på det här.",
            "?0: Tack. Jag skickar en ny till dig i dag. Är det något mer jag kan hjälpa till med?",
        ),
    ],
    ids=["da", "en", "sv"],
)
def test_the_published_model_tells_the_agent(
    call: Call, classifier: Classifier, lines: tuple[str, ...]
) -> None:
    decided = with_roles(call(*lines), classifier)

    assert roles(decided) == ["agent", "customer", "agent", "customer", "agent"]
