from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.insights import canned_empathy, coaching, progress
from analyzer.insights.habits import gains, habits_of
from analyzer.insights.log import Log
from analyzer.scorecard import Findings, apply, default_scorecard
from analyzer.traits import LABELS

MakeLog = Callable[..., Log]
CARD = default_scorecard()
RUDE = [("greeting", "hej"), ("deflection", "ikke os"), ("deflection", "nej"), ("deflection", "næ")]


def calls(
    count: int, found: list[tuple[str, str]], *, agent: str = "a-1", day: str = "2026-03-02",
    name: str = "c", **details: object,
) -> list[object]:  # fmt: skip
    return [(f"{name}-{n}", day, {"agent_id": agent, **details}, found) for n in range(count)]


# --- the arithmetic is the scorecard's


@given(
    counts=st.dictionaries(st.sampled_from(LABELS), st.integers(0, 4), max_size=8),
    recovery=st.integers(0, 3),
    failure=st.booleans(),
    resolved=st.booleans(),
    transfers=st.integers(0, 3),
)
def test_a_habit_adds_what_the_scorecard_would_give_for_it(
    log: MakeLog, counts: dict[str, int], recovery: int, failure: bool, resolved: bool,
    transfers: int,
) -> None:  # fmt: skip
    call = {"recovery": recovery, "failure": failure, "resolved": resolved, "transfers": transfers}
    figures = {name: int(value) for name, value in call.items()}
    turns = {label: range(10 * i, 10 * i + counts.get(label, 0)) for i, label in enumerate(LABELS)}
    now = apply(CARD, Findings(turns, figures))
    rise = gains(log(("c-1", "2026-03-02", {**call, **counts}, [])).calls, CARD).loc["c-1"]
    answers = {answer.question: answer for answer in now.answers}

    if now.automatic_fail:
        return
    for habit in habits_of(CARD):
        if answers[habit.id].answer == "not_applicable":
            assert rise[habit.id] != rise[habit.id]
            continue
        best = max(choice.score for choice in habit.answer_choices)
        earned = now.earned + max(best, 0) - max(answers[habit.id].score, 0)
        lost = now.lost + min(best, 0) - min(answers[habit.id].score, 0)
        better = CARD.start + CARD.reach * earned / now.potential + lost
        assert rise[habit.id] == pytest.approx(min(max(better, 0), 100) - now.score, abs=0.06)


def test_what_is_not_in_the_agents_hands_is_no_habit() -> None:
    names = {habit.id for habit in habits_of(CARD)}

    assert {"deflection", "ownership", "recovery", "transfers"} <= names
    assert names.isdisjoint({"resolved", "satisfaction", "pushed_away"})


# --- what to work on


def test_the_two_habits_that_move_most_come_with_own_calls_to_hear(log: MakeLog) -> None:
    kind = [("greeting", "hej"), ("ownership", "jeg tager den"), ("frustration", "øv")]
    made = log(
        *calls(15, RUDE), *calls(10, kind, name="k"), *calls(30, kind, agent="a-2", name="o")
    )
    found = coaching(made, "a-1")

    assert found.calls == 25 and not found.too_few
    first, second = found.habits
    assert first.question == "deflection"
    assert first.interval.low < first.points == 8.4 < first.interval.high  # 15 of 25 lose 14
    assert first.elsewhere == 0
    assert [example.call for example in first.good] == ["k-0", "k-1", "k-2"]
    assert {example.words for example in first.listen} <= {"ikke os", "nej", "næ"}
    assert len(first.listen) == 3 and all(e.probability == 0.9 for e in first.listen)
    assert second.question != "deflection" and second.points < first.points


def test_of_an_agent_with_few_calls_nothing_is_said(log: MakeLog) -> None:
    found = coaching(log(*calls(5, RUDE), *calls(40, [], agent="a-2", name="o")), "a-1")

    assert found.too_few and found.habits == []


def test_without_an_agent_it_is_about_all_calls(log: MakeLog) -> None:
    found = coaching(log(*calls(12, RUDE), *calls(12, RUDE, agent="a-2", name="o")))

    assert found.calls == 24 and found.habits[0].elsewhere is None


# --- canned empathy


def test_the_same_sentence_in_call_after_call_is_canned(log: MakeLog) -> None:
    canned = [("empathy", "Det kan jeg virkelig godt forstå, [PERSON_1]")]
    own = [
        (f"o-{n}", "2026-03-02", {"agent_id": "a-2"}, [("empathy", words)])
        for n, words in enumerate(
            ["hvor må det være træls", "uha, sikke en dag", "det gør mig ondt", "det lyder hårdt"]
        )
    ]  # fmt: skip
    (found,) = canned_empathy(log(*calls(6, canned), *own))

    assert (found.agent_id, found.calls, found.of_calls) == ("a-1", 6, 6)
    assert len(found.findings) == 6


def test_canned_empathy_earns_nothing(log: MakeLog) -> None:
    canned = coaching(log(*calls(25, [*RUDE[:1], ("empathy", "det forstår jeg godt")])), "a-1")
    varied = [
        (f"v-{n}", "2026-03-02", {"agent_id": "a-1"}, [*RUDE[:1], ("empathy", f"{words} træls")])
        for n, words in enumerate("abcdefghijklmnopqrstuvwxy")
    ]
    own = coaching(log(*varied), "a-1")

    def empathy(found: object) -> float:
        made = gains_of(found)
        return made.get("empathy", 0.0)

    assert canned.canned and not own.canned
    assert "empathy" not in {habit.question for habit in own.habits} or empathy(own) < empathy(
        canned
    )


def gains_of(found: object) -> dict[str, float]:
    return {habit.question: habit.points for habit in found.habits}  # type: ignore[attr-defined]


def test_a_canned_sentence_of_an_agent_with_few_calls_is_not_named(log: MakeLog) -> None:
    canned = [*RUDE, ("empathy", "det forstår jeg godt")]
    made = log(*calls(8, canned), *calls(20, RUDE, agent="a-2", name="o"))

    assert canned_empathy(made) and coaching(made).canned == []
    assert coaching(made, min_calls=8).canned[0].agent_id == "a-1"


# --- progress


def test_progress_is_the_difference_with_its_interval(log: MakeLog) -> None:
    before = calls(30, RUDE, name="b", day="2026-03-02", score=30.0)
    after = calls(30, RUDE[:1], name="a", day="2026-04-02", score=60.0)
    found = progress(log(*before, *after), date(2026, 3, 15), "deflection", "a-1")

    assert found.calls == (30, 30) and found.done == (0.0, 100.0)
    assert found.done_difference and found.done_difference.low > 70
    assert found.score == (30.0, 60.0)


def test_too_few_calls_make_no_progress(log: MakeLog) -> None:
    found = progress(log(*calls(30, RUDE)), date(2026, 3, 15), "deflection", "a-1")

    assert found.too_few and found.calls == (30, 0) and found.done is None
