from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest

from analyzer.conversation import ROLES, Conversation, Turn, number_speakers

Call = Callable[..., Conversation]


def test_roles_are_the_four_of_the_contract() -> None:
    assert ROLES == ("agent", "customer", "system", "unknown")


def test_a_turn_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Turn("hej").text = "farvel"  # type: ignore[misc]


def test_only_text_is_required_of_a_turn() -> None:
    turn = Turn("hej")

    assert (turn.role, turn.speaker, turn.start, turn.end) == ("unknown", None, None, None)


def test_spoken_turns_leave_out_events(call: Call) -> None:
    conversation = call("A: hej", "S: [musik]", "C: goddag")

    assert [turn.text for turn in conversation.spoken_turns] == ["hej", "goddag"]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([(0, 1), None, (2, 3)], True),  # the event in the middle needs none
        ([(0, 1), (1, 2), None], False),
        ([], False),
    ],
)
def test_a_call_has_times_when_every_spoken_turn_has(
    call: Call, times: list[tuple[float, float] | None], expected: bool
) -> None:
    assert call("A: hej", "S: [musik]", "C: goddag", times=times).has_times is expected


def test_a_call_of_events_alone_has_no_times(call: Call) -> None:
    assert call("S: [musik]", times=[(0, 3)]).has_times is False


def test_a_start_without_an_end_is_no_time() -> None:
    conversation = Conversation("c-1", (Turn("hej", "agent", start=1.0),))

    assert conversation.has_times is False


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ((Turn("a", start=0, end=4), Turn("b", start=2, end=3)), 4),
        ((Turn("a", start=0, end=4), Turn("[hold]", "system", start=9)), 9),
        ((Turn("a"), Turn("b", end=2.5)), 2.5),
        ((Turn("a"), Turn("b")), None),
        ((), None),
    ],
)
def test_duration_is_the_last_known_time(turns: tuple[Turn, ...], expected: float | None) -> None:
    assert Conversation("c-1", turns).duration == expected


def test_speakers_are_numbered_in_the_order_in_which_they_speak() -> None:
    turns = [
        Turn("a", "agent", "Mette"),
        Turn("b", "customer", "0"),
        Turn("c", "agent", "Jens"),
        Turn("d", "agent", "Mette"),
        Turn("e", "customer", "1"),
    ]

    assert [turn.speaker for turn in number_speakers(turns)] == ["A1", "C1", "A2", "A1", "C2"]


def test_an_agent_and_a_customer_of_one_name_are_two_people() -> None:
    turns = [Turn("a", "agent", "Kim"), Turn("b", "customer", "Kim")]

    assert [turn.speaker for turn in number_speakers(turns)] == ["A1", "C1"]


def test_speakers_of_unknown_role_keep_their_label() -> None:
    assert number_speakers([Turn("a", "unknown", "spk_0")])[0].speaker == "spk_0"


def test_events_have_no_speaker() -> None:
    assert number_speakers([Turn("[musik]", "system", "ivr")])[0].speaker is None


def test_numbering_twice_changes_nothing() -> None:
    once = number_speakers(
        [Turn("a", "agent", "x"), Turn("b", "customer"), Turn("c", "agent", "y")]
    )

    assert number_speakers(once) == once


def test_a_turn_without_a_speaker_is_by_the_last_one_of_its_role() -> None:
    turns = [
        Turn("Mette her.", "agent", "Mette"),
        Turn("Hej.", "customer"),
        Turn("Hvad kan jeg gøre?", "agent"),
        Turn("Ole her.", "agent", "Ole"),
        Turn("Et øjeblik.", "agent"),
    ]
    assert [turn.speaker for turn in number_speakers(turns)] == ["A1", "C1", "A1", "A2", "A2"]
