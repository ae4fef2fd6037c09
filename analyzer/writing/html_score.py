"""The score of a call as a sum that can be checked by hand, and how the call ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from analyzer.outcome import Outcome
from analyzer.report import Report
from analyzer.scorecard import Answer, ScorecardResult
from analyzer.writing.catalogue import gettext, marked, ngettext
from analyzer.writing.html_words import localised, number, percent, points, turn_anchor

# The steps of recovery after a failure.
LADDER = (
    marked("Nothing"),
    marked("An apology"),
    marked("Something given, or a follow-up"),
    marked("Turned around"),
)
_ANSWERS = {
    "yes": marked("Yes"),
    "no": marked("No"),
    "not_applicable": marked("Does not apply"),
    "insufficient_evidence": marked("Not known"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """A turn to jump to."""

    anchor: str
    turn: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A question of the scorecard with its answer; `weight` is plus, minus, zero or none."""

    text: str
    answer: str
    points: str
    possible: str
    weight: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the scorecard."""

    title: str
    questions: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """The score as arithmetic, and the answers that it is made of."""

    arithmetic: str
    earned: str
    potential: str
    lost: str
    failed: bool
    card: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """The score in words and as lengths along a bar from 0 to 100."""

    text: str
    range: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the recovery ladder; `state` is reached, now or open."""

    number: int
    title: str
    state: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How the call ended; `steps` is empty where nothing had to be made good."""

    resolved: str
    resolved_sure: str
    failure: str
    failure_sure: str
    steps: tuple[Step, ...]


def links(turns: Sequence[int], call: str) -> tuple[Link, ...]:
    """Where to jump for these turns."""
    return tuple(Link(turn_anchor(call, turn), turn) for turn in turns)


def score_of(report: Report) -> Score | None:
    """The score for the eye, `None` where there is none."""
    if report.score is None:
        return None
    low, high = report.score_range or (report.score, report.score)
    between = "" if low == high else f"{number(low)}–{number(high)}"
    return Score(number(report.score), between, report.score, low, high)


def sum_of(result: ScorecardResult, call: str) -> Sum:
    """The arithmetic and the questions, section by section."""
    parts = groupby(result.answers, key=lambda answer: answer.section)
    return Sum(
        arithmetic=arithmetic_of(result.arithmetic),
        earned=localised(f"{result.earned:g}"),
        potential=localised(f"{result.potential:g}"),
        lost=localised(f"{abs(result.lost):g}"),
        failed=result.automatic_fail,
        card=gettext("%(name)s, revision %(number)s", name=result.name, number=result.revision),
        parts=tuple(
            Part(gettext(title), tuple(judged(answer, call) for answer in answers))
            for title, answers in parts
        ),
    )


def judged(answer: Answer, call: str, cap: float | None = None) -> Judged:
    """A question with its answer in words; `cap` is the most that a failed call can score."""
    counts = answer.answer in ("yes", "no")
    several = answer.answer == "yes" and len(answer.turns) > 1
    turns = ngettext("%(count)s turn", "%(count)s turns", len(answer.turns))
    weight = "plus" if answer.score > 0 else "minus" if answer.score < 0 else "zero"
    return Judged(
        text=gettext(answer.text),
        answer=answer_title(answer.answer) + (f", {turns}" if several else ""),
        points=_points(answer, cap) if counts else "–",
        possible=_possible(answer.potential_score) if answer.potential_score else "",
        weight="minus" if answer.automatic_fail else weight if counts else "none",
        links=links(answer.turns, call),
    )


def _points(answer: Answer, cap: float | None) -> str:
    """What the answer does to the score; one that fails the call caps it, whatever it is worth."""
    if not answer.automatic_fail:
        return points(answer.score)
    fails = gettext("fails the call")
    if cap is not None:
        fails = gettext("at most %(score)s", score=localised(f"{cap:g}"))
    return f"{points(answer.score)}, {fails}" if answer.score else fails


def answer_title(answer: str) -> str:
    """An answer to a question of a scorecard in words."""
    return gettext(_ANSWERS[answer])


def _possible(points: float) -> str:
    return gettext("of %(points)s", points=localised(f"{points:g}"))


def arithmetic_of(text: str) -> str:
    """The sum as the scorecard writes it, with its few words in the language of the page."""
    words = {
        "at least": gettext("at least"),
        "at most": gettext("at most"),
        "automatic fail": gettext("automatic fail"),
    }
    for word, said in words.items():
        text = text.replace(word, said)
    return localised(text)


def ending_of(outcome: Outcome) -> Ending:
    """The outcome in words; the ladder only where there was something to make good."""
    states = ["reached"] * outcome.recovery + ["now"] + ["open"] * len(LADDER)
    steps = tuple(Step(n, gettext(title), states[n]) for n, title in enumerate(LADDER))
    return Ending(
        resolved=gettext("Yes") if outcome.resolved else gettext("No"),
        resolved_sure=_sure(outcome.resolved, outcome.resolved_probability),
        failure=gettext("Yes") if outcome.failure else gettext("No"),
        failure_sure=_sure(outcome.failure, outcome.failure_probability),
        steps=steps if outcome.failure else (),
    )


def _sure(held: bool, probability: float) -> str:
    sure = percent(probability if held else 1 - probability)
    return gettext("%(percent)s sure", percent=sure)
