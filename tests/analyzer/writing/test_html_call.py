"""What the HTML report says of one call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzer.conversation import Conversation, RoleDecision, Turn
from analyzer.flags import Flag, FlagKind
from analyzer.metrics import Skipped
from analyzer.outcome import Outcome
from analyzer.report import Report
from analyzer.scoring import score
from analyzer.writing.html_call import call_context
from analyzer.writing.html_score import Link, judged

TURNS = (
    Turn("That is not my department, sir.", "agent", "A1", 0.0, 3.0),
    Turn("I am so tired of this, it is the third time I call.", "customer", "C1", 3.5, 8.0),
    Turn("Could you give me your order number again?", "agent", "A1", 8.2, 11.0),
    Turn("Really? You have it already.", "customer", "C1", 11.0, 13.0),
    Turn("Could you give me your order number again?", "agent", "A1", 14.0, 16.0),
)


def report(**more: object) -> Report:
    """The report on a short call with times."""
    conversation = Conversation("c-1", TURNS, language="en", source="C:\\calls\\c-1.json")
    return replace(score(replace(conversation, **more)))  # type: ignore[arg-type]


def test_the_sum_holds_every_question_and_its_turns() -> None:
    scored = report()
    shown = call_context(scored, "c1").sum
    assert shown and scored.scorecard
    assert shown.arithmetic == scored.scorecard.arithmetic
    questions = [question for part in shown.parts for question in part.questions]
    for question, answer in zip(questions, scored.scorecard.answers, strict=True):
        assert question.text == answer.text
        assert [link.turn for link in question.links] == list(answer.turns)
        assert question.weight in {"plus", "minus", "zero", "none"}


def test_an_answer_that_fails_the_call_says_that_it_caps_it() -> None:
    scored = report().scorecard
    assert scored
    for own, cap, points in (
        (0.0, 20.0, "at most 20"),
        (-3.0, 20.0, "−3, at most 20"),
        (0.0, None, "fails the call"),
    ):
        answer = replace(scored.answers[0], answer="yes", score=own, automatic_fail=True)
        shown = judged(answer, "c1", cap)
        assert (shown.points, shown.weight) == (points, "minus")


def test_the_score_shows_its_range_only_where_there_is_one() -> None:
    wide = call_context(replace(report(), score=51.0, score_range=(40.25, 60.0)), "c1").score
    sure = call_context(replace(report(), score=51.0, score_range=(51.0, 51.0)), "c1").score
    assert wide and sure
    assert (wide.text, wide.range, wide.low, wide.high) == ("51", "40.2–60", 40.25, 60.0)
    assert sure.range == ""


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_the_ladder_shows_the_step_reached(step: int) -> None:
    outcome = Outcome(False, True, step, 0.2, 0.999)
    ending = call_context(replace(report(), outcome=outcome), "c1").ending
    assert ending
    states = [each.state for each in ending.steps]
    assert states == ["reached"] * step + ["now"] + ["open"] * (3 - step)
    assert (ending.resolved, ending.resolved_sure) == ("No", "80% sure")
    assert (ending.failure, ending.failure_sure) == ("Yes", "over 99% sure")


def test_without_a_failure_there_is_no_ladder() -> None:
    outcome = Outcome(True, False, 0, 0.9, 0.1)
    ending = call_context(replace(report(), outcome=outcome), "c1").ending
    assert ending and ending.steps == ()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("worth_praising", "praise"), ("too_short", "doubt"), ("left_angry", "concern")],
)
def test_flags_lead_to_their_turns(name: str, kind: FlagKind) -> None:
    flagged = replace(report(), flags=(Flag(name, "Because.", (1, 3), kind),))
    (reason,) = call_context(flagged, "c7").reasons
    assert (reason.kind, reason.reason) == (kind, "Because.")
    assert reason.links == (Link("c7-t1", 1), Link("c7-t3", 3))


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (RoleDecision("given"), "stated in the file"),
        (RoleDecision("set"), "set by hand"),
        (RoleDecision("detected", 0.93), "worked out from what is said (93% sure)"),
        (RoleDecision("detected"), "worked out from what is said"),
    ],
)
def test_it_says_how_the_agent_is_known(decision: RoleDecision, words: str) -> None:
    facts = {fact.name: fact.value for fact in call_context(report(roles=decision), "c1").facts}
    assert facts["Who is the agent"] == words


def test_facts_are_in_plain_words() -> None:
    known = report(customer_id="k-77", queue="support", started_at="2026-03-02T09:14:00+01:00")
    facts = {fact.name: fact.value for fact in call_context(known, "c1").facts}
    assert facts == {
        "Language": "English",
        "Duration": "16 s",
        "Turns": "5, numbered 0 to 4",
        "Started": "2026-03-02, 09:14",
        "Customer": "k-77",
        "Queue": "support",
        "Format": "Kasper's own JSON",
        "File": "c-1.json",  # without the folder, which is nobody else's business
        "Who is the agent": "stated in the file",
    }


def test_figures_with_times_are_all_known() -> None:
    said = (*TURNS, Turn("[hold 2 min]", "system", None, 16.0, 136.0))
    context = call_context(report(turns=said), "c1")
    figures = {figure.name: figure.value for figure in context.figures}
    assert context.missing == ()
    assert figures["On hold"] == "2 min"
    assert figures["Length of the call"] == "2 min 16 s"
    assert figures["Interruptions"] == "agent 0, customer 0"


def test_figures_without_times_say_why() -> None:
    silent = tuple(replace(turn, start=None, end=None) for turn in TURNS)
    missing, hold = call_context(report(turns=silent), "c1").missing
    assert missing.reason == "the file has no times"
    assert (hold.names, hold.reason) == (
        "On hold",
        "the transcript reports no hold with its length",
    )
    assert "Length of the call" in missing.names and "Words" not in missing.names


def test_figures_without_a_reason_say_that_there_was_nothing_to_measure() -> None:
    bare = report()
    bare = replace(bare, metrics=replace(bare.metrics, patience=None), skipped_analysis=())
    (missing,) = call_context(bare, "c1").missing
    assert missing.names == "On hold, Pause before the agent answers"
    assert missing.reason == "nothing in the call to measure it on"


def test_repetitions_are_linked() -> None:
    again = report()
    again = replace(again, metrics=replace(again.metrics, repeats={"deflection": [0, 4]}))
    repeats = {repeat.what: repeat.links for repeat in call_context(again, "c1").repeats}
    assert repeats["Deflection"] == (Link("c1-t0", 0), Link("c1-t4", 4))
    assert repeats["The same question again"] == (Link("c1-t2", 2), Link("c1-t4", 4))


def test_a_reason_that_is_not_known_here_is_still_shown() -> None:
    refused = replace(report(), score=None, skipped_analysis=(Skipped("score", "NEW_CODE"),))
    assert call_context(refused, "c1").not_scored == "new code"
    assert call_context(replace(refused, skipped_analysis=()), "c1").not_scored


def test_what_the_transcript_states_needs_no_probability() -> None:
    sighing = (replace(TURNS[0], text="[sighs] That is not my department."), *TURNS[1:])
    findings = call_context(report(turns=sighing), "c1").findings
    sigh = next(finding for finding in findings if finding.text == "[sighs]")
    assert sigh.tag.sure == "stated in the transcript"


def test_speakers_without_a_role_keep_their_name() -> None:
    turns = (Turn("Hello.", "unknown", "Kim"), Turn("Hi.", "unknown"), Turn("[beep]", "system"))
    plain = report()
    plain = replace(plain, evidence=(), conversation=replace(plain.conversation, turns=turns))
    assert [line.who for line in call_context(plain, "c1").transcript.lines] == [
        "Kim", "Speaker 2", "Event"
    ]  # fmt: skip
