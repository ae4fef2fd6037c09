"""The comparison at the end of a calibration: per call, label and question, with agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from analyzer.scorecard import AnswerValue
from api.agreement import (
    MISSING,
    Figure,
    LabelAgreement,
    among_people,
    machine_and_people,
    measure,
    on_bands,
    pairs_of_people,
)
from api.statement import Statement, deciding
from api.storage.calibrations import Compared, seen_by_all
from api.verdict import Verdict

_ANSWERS = get_args(AnswerValue)


@dataclass(frozen=True, slots=True)
class Given:
    """The words that somebody put a label on; `user_id` is null for the machine."""

    user_id: int | None
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class LabelComparison:
    """A label on a turn and who gave it; whoever is not named did not."""

    turn: int
    label: str
    given: tuple[Given, ...]
    unanimous: bool


@dataclass(frozen=True, slots=True)
class AnswerGiven:
    """An answer to a question; `user_id` is null for the machine."""

    user_id: int | None
    answer: str
    reason: str


@dataclass(frozen=True, slots=True)
class QuestionComparison:
    """A question and what each answered; whoever is not named did not answer it."""

    question: str
    text: str
    answers: tuple[AnswerGiven, ...]
    unanimous: bool


@dataclass(frozen=True, slots=True)
class ScoreGiven:
    """A score: the machine's, or the one that follows from what a person said alone."""

    user_id: int | None
    score: float | None
    band: str | None
    arithmetic: str
    reason: str


@dataclass(frozen=True, slots=True)
class CallComparison:
    """A call as everyone saw it who was done with it."""

    uid: str
    id: str
    people: tuple[int, ...]
    labels: tuple[LabelComparison, ...]
    questions: tuple[QuestionComparison, ...]
    scores: tuple[ScoreGiven, ...]


@dataclass(frozen=True, slots=True)
class QuestionAgreement:
    """Agreement of people on a question."""

    question: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Figures:
    """Agreement over the session. Together, people hold what more than half of them do."""

    machine_human: tuple[LabelAgreement, ...]
    human_human: tuple[LabelAgreement, ...]
    questions: tuple[QuestionAgreement, ...]
    bands_machine_human: Figure
    bands_human_human: Figure


def of_call(own: Compared) -> CallComparison:
    """The call side by side."""
    sides: dict[int | None, Verdict] = {None: own.machine}
    for user, verdict in own.people.items():
        sides[user] = verdict
    labels = sorted(set().union(*(verdict.labels for verdict in sides.values())))
    return CallComparison(
        uid=own.target.call.uid,
        id=own.target.call.external_id,
        people=tuple(own.people),
        labels=tuple(_label(turn, label, sides) for turn, label in labels),
        questions=tuple(_question(index, own) for index in range(len(own.machine.questions))),
        scores=tuple(_score(user, verdict) for user, verdict in sides.items()),
    )


def _label(turn: int, label: str, sides: dict[int | None, Verdict]) -> LabelComparison:
    given = tuple(
        Given(user, found.start, found.end, found.text)
        for user, verdict in sides.items()
        for found in verdict.findings
        if found.holds and (found.turn, found.label) == (turn, label)
    )
    return LabelComparison(turn, label, given, {own.user_id for own in given} == set(sides))


def _question(index: int, own: Compared) -> QuestionComparison:
    asked = own.machine.questions[index]
    answers = [AnswerGiven(None, asked.holds["answer"], "")]
    for user, verdict in own.people.items():
        if said := _answered(verdict, asked.question):
            answers.append(AnswerGiven(user, str(said.answer), said.reason))
    unanimous = len({each.answer for each in answers}) == 1 and len(answers) == len(own.people) + 1
    return QuestionComparison(asked.question, asked.text, tuple(answers), unanimous)


def _answered(verdict: Verdict, question: str) -> Statement | None:
    """What a person answered in words; what was only counted from their labels is no answer."""
    return deciding(s for own in verdict.questions if own.question == question for s in own.said)


def _score(user: int | None, verdict: Verdict) -> ScoreGiven:
    override = deciding(verdict.overrides)
    return ScoreGiven(
        user,
        verdict.score,
        verdict.band,
        verdict.corrected.arithmetic if verdict.corrected else "",
        override.reason if override else "",
    )


def figures(compared: Sequence[Compared]) -> Figures:
    """How far people agree with each other and with the machine."""
    calls = [seen_by_all(own) for own in compared if own.people]
    return Figures(
        machine_human=tuple(machine_and_people(calls)),
        human_human=tuple(among_people(calls)),
        questions=tuple(_on_questions(compared)),
        bands_machine_human=on_bands([[own.machine, own.together] for own in calls]),
        bands_human_human=on_bands(pairs_of_people(calls)),
    )


def _on_questions(compared: Sequence[Compared]) -> list[QuestionAgreement]:
    judges = sorted({user for own in compared for user in own.people})
    asked = dict.fromkeys(q.question for own in compared for q in own.machine.questions)
    found = []
    for question in asked:
        rows = [
            [_value(own.people.get(judge), question) for judge in judges]
            for own in compared
            if len(own.people) > 1
        ]
        ratings = np.array(rows, dtype=np.int64).reshape(len(rows), len(judges))
        figure = measure(ratings, np.arange(len(rows)), len(_ANSWERS))
        found.append(QuestionAgreement(question, figure))
    return found


def _value(verdict: Verdict | None, question: str) -> int:
    said = _answered(verdict, question) if verdict else None
    return _ANSWERS.index(said.answer) if said and said.answer else MISSING
