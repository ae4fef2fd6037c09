from __future__ import annotations

from collections.abc import Callable

import pytest

from analyzer.conversation import Conversation, Turn
from analyzer.evidence import Evidence
from analyzer.metrics import CallMetrics, Skipped, measure

Call = Callable[..., Conversation]


@pytest.fixture(scope="module")
def timed(call: Call) -> CallMetrics:
    """A call of 60 seconds whose figures can be added up by hand."""
    return measure(
        call(
            "A: Goddag hvad kan jeg hjælpe med?",  # 6 words in 2 s
            "C: Min pakke er væk",  # 4 words in 4 s
            "A: Har du et nummer",  # 4 words in 3 s, 2.5 s after the customer
            "S: [hold 30 sek]",
            "C: Ja det har jeg",  # 4 words in 6 s, after a silence of 38 s
            "A: Fint den kommer",  # 3 words in 5 s, 1 s before the customer is done
            times=[(1, 3), (3, 7), (9.5, 12.5), (13, 43), (50.5, 56), (55, 60)],
        ),
        (),
        0,
    )


def test_the_duration_is_the_end_of_the_last_turn(timed: CallMetrics) -> None:
    assert timed.total_conversation_duration == 60


def test_talk_time_adds_up_each_side(timed: CallMetrics) -> None:
    assert timed.talk_time == {"agent": 10, "customer": 9.5, "total": 19.5}


def test_only_silences_of_more_than_three_seconds_are_non_talk_time(timed: CallMetrics) -> None:
    assert timed.non_talk_time == 38


def test_talk_speed_is_words_per_minute_of_talk(timed: CallMetrics) -> None:
    assert timed.talk_speed == {"agent": 78, "customer": 50.5}


def test_the_talk_ratio_is_the_share_of_the_agent(timed: CallMetrics) -> None:
    assert timed.talk_ratio == 0.5128


def test_the_longest_monologue_is_that_of_the_agent(timed: CallMetrics) -> None:
    assert timed.longest_monologue == 5


def test_talk_over_the_end_of_a_turn_interrupts(timed: CallMetrics) -> None:
    assert timed.interruptions == {"agent": 1, "customer": 0}


def test_patience_is_the_mean_pause_before_the_agent_answers(timed: CallMetrics) -> None:
    assert timed.patience == 1.25  # 2.5 s and none


def test_waiting_time_ends_with_the_agents_first_words(timed: CallMetrics) -> None:
    assert timed.waiting_time == 1


def test_hold_time_is_the_length_of_the_holds(timed: CallMetrics) -> None:
    assert timed.hold_time == 30


def test_words_are_counted_for_each_side(timed: CallMetrics) -> None:
    assert timed.words == {"agent": 13, "customer": 8}


def test_the_question_rate_is_the_share_of_agent_turns_with_a_question(timed: CallMetrics) -> None:
    assert timed.question_rate == 0.3333


def test_nothing_is_skipped_when_all_is_known(timed: CallMetrics) -> None:
    assert timed.skipped == []


def test_transfers_are_those_given(call: Call) -> None:
    assert measure(call("A: hej", "C: hej"), (), 2).transfers == 2


TIMED_FIGURES = [
    "total_conversation_duration",
    "talk_time",
    "non_talk_time",
    "interruptions",
    "talk_speed",
    "talk_ratio",
    "longest_monologue",
    "patience",
    "waiting_time",
]


@pytest.mark.parametrize("figure", TIMED_FIGURES)
def test_without_times_a_figure_is_unknown_and_says_why(call: Call, figure: str) -> None:
    metrics = measure(call("A: hej", "C: hej"), (), 0)

    assert getattr(metrics, figure) is None
    assert Skipped(figure, "NO_TIMESTAMPS") in metrics.skipped


def test_without_times_words_and_questions_are_still_known(call: Call) -> None:
    metrics = measure(call("A: hvad sker der?", "C: hej"), (), 0)

    assert (metrics.words, metrics.question_rate) == ({"agent": 3, "customer": 1}, 1)


def test_one_turn_without_times_makes_all_of_them_unknown(call: Call) -> None:
    assert measure(call("A: hej", "C: hej", times=[(0, 1), None]), (), 0).talk_time is None


@pytest.mark.parametrize(
    ("line", "skipped"),
    [
        (
            "C: hallo?",
            {"longest_monologue", "patience", "waiting_time", "question_rate"},
        ),
        ("A: hallo?", {"patience"}),
    ],
)
def test_every_unknown_figure_of_a_call_with_times_says_why(
    call: Call, line: str, skipped: set[str]
) -> None:
    metrics = measure(call(line, times=[(0, 2)]), (), 0)

    reason = "NO_AGENT_TURNS" if line.startswith("C") else "NO_ANSWERS"
    assert {(s.feature, s.reason_code) for s in metrics.skipped} == {
        ("hold_time", "NO_HOLD_LENGTH"),
        *((feature, reason) for feature in skipped),
    }


def test_a_call_of_no_length_has_no_talk_ratio(call: Call) -> None:
    metrics = measure(call("C: hej", "A: hej", times=[(0, 0), (0, 0)]), (), 0)

    assert metrics.talk_ratio is None and metrics.talk_speed == {}
    assert metrics.skipped == [
        Skipped("talk_ratio", "NO_TALK_TIME"),
        Skipped("hold_time", "NO_HOLD_LENGTH"),
    ]


def test_a_back_channel_does_not_interrupt(call: Call) -> None:
    metrics = measure(call("C: det er sådan", "A: mm", times=[(0, 5), (4.6, 5)]), (), 0)

    assert metrics.interruptions == {"agent": 0, "customer": 0}


def test_nobody_interrupts_themselves(call: Call) -> None:
    metrics = measure(call("C: det er", "C: sådan", times=[(0, 5), (3, 6)]), (), 0)

    assert metrics.interruptions == {"agent": 0, "customer": 0}


def test_silence_is_counted_from_the_last_who_spoke(call: Call) -> None:
    metrics = measure(call("A: langt", "C: ja", "A: nå", times=[(0, 20), (5, 6), (21, 22)]), (), 0)

    assert metrics.non_talk_time == 0


def test_the_wait_before_the_first_words_is_no_silence(call: Call) -> None:
    assert measure(call("A: hej", "C: hej", times=[(40, 41), (41, 42)]), (), 0).non_talk_time == 0


def test_an_end_before_the_start_counts_as_no_time(call: Call) -> None:
    metrics = measure(call("A: hej", "C: hej", times=[(5, 2), (6, 7)]), (), 0)

    assert metrics.talk_time == {"agent": 0, "customer": 1, "total": 1}


@pytest.mark.parametrize(
    ("events", "hold_time"),
    [
        ([], None),
        (["S: [pause 20 sek]"], None),  # a silence is no hold
        (["S: [hold 1 min 40 s]"], 100),
        (["S: [hold 20 sek]", "S: [musik 2 min]"], 140),
        (["S: [på vent]"], None),
        (["S: [hold 20 sek]", "S: [musik]"], None),
        (["A: øjeblik [hold 2 min] så er jeg her"], 120),
        (["A: [hold 2 min] så [musik 10 sek]", "S: [hold 20 sek]"], 150),
        (["C: ja [pause 20 sek]"], None),
        (["A: [hold]", "S: [hold 20 sek]"], None),
        (["A: hold lige 2 min"], None),  # said, not reported
    ],
)
def test_hold_time_is_what_the_events_state(
    call: Call, events: list[str], hold_time: float | None
) -> None:
    assert measure(call("A: hej", *events, "C: hej"), (), 0).hold_time == hold_time


def test_a_hold_of_unknown_length_says_why(call: Call) -> None:
    metrics = measure(call("C: hej", "S: [hold]", "A: hej", times=[(0, 1), None, (9, 10)]), (), 0)

    assert metrics.skipped == [Skipped("hold_time", "NO_HOLD_LENGTH")]


def test_the_times_of_a_hold_go_before_its_words(call: Call) -> None:
    conversation = call("A: hej", "S: [hold 1 min]", "C: ja", times=[(0, 1), (1, 51), (51, 52)])

    assert measure(conversation, (), 0).hold_time == 50


def evidence(label: str, turn: int) -> Evidence:
    return Evidence(label, turn, 0, 1, "x", 0.9, "agent")


def test_repeats_are_the_labels_of_more_than_one_turn(call: Call) -> None:
    found = [evidence("blame", 0), evidence("sigh", 2), evidence("sigh", 2), evidence("blame", 4)]

    assert measure(call(*["A: nå"] * 5), found, 0).repeats == {"blame": [0, 4]}


@pytest.mark.parametrize(
    ("lines", "pairs"),
    [
        (["A: Hvad er dit kundenummer?", "C: 12", "A: Og hvad er dit kundenummer?"], [[0, 2]]),
        (["A: hvad er dit kundenummer", "C: 12", "A: HVAD er dit kundenummer?"], []),
        (["A: Hvad er dit kundenummer?", "A: Hvor bor du henne?"], []),
        (["A: Hallo? Er du der?", "A: Hallo? Er du der?"], [[0, 1]]),
        (["A: Hallo?", "A: Hallo?"], []),  # too short to be the same question
        (["C: Hvor er min pakke?", "C: Hvor er min pakke?"], []),
        (
            ["A: Hvad er dit navn?", "A2: Hvad er dit navn?", "A: Hvad er dit navn?"],
            [[0, 1], [0, 2]],
        ),
    ],
)
def test_a_question_asked_again_names_both_turns(
    call: Call, lines: list[str], pairs: list[list[int]]
) -> None:
    assert measure(call(*lines), (), 0).repeated_questions == pairs


def test_a_call_without_turns_has_no_figures() -> None:
    metrics = measure(Conversation("c-1", ()), (), 0)

    assert metrics.words == {"agent": 0, "customer": 0} and metrics.talk_time is None


def test_the_figures_are_rounded() -> None:
    turns = (Turn("a", "agent", start=0.0, end=0.1 + 0.2), Turn("b", "customer", start=1, end=2))

    metrics = measure(Conversation("c-1", turns), (), 0)

    assert metrics.talk_time == {"agent": 0.3, "customer": 1, "total": 1.3}
