"""What each habit would add to the score of each call, by the scorecard's own arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyzer.scorecard import Question, Scorecard
from analyzer.traits import labels_of

# What lies in an agent's hands; whether a matter is solved or a customer satisfied does not alone.
_OWN = {*labels_of("agent"), "recovery", "transfers"}


def habits_of(card: Scorecard) -> list[Question]:
    """The questions about what an agent does that can earn or lose points."""
    return [
        question
        for section in card.sections
        for question in section.questions
        if question.measure
        and set(question.measure) <= _OWN
        and len({choice.score for choice in question.answer_choices}) > 1
    ]


def points(calls: pd.DataFrame, card: Scorecard) -> pd.DataFrame:
    """Call x question: the points of each question's answer, missing where it does not count."""
    table = {q.id: _points_of(calls, q) for s in card.sections for q in s.questions}
    return pd.DataFrame(table, index=calls["call"].to_numpy())


def gains(calls: pd.DataFrame, card: Scorecard) -> pd.DataFrame:
    """Call x habit: by how much the score would rise if the answer were the best one.

    0 where it is, missing where the question does not count. All else stays as it is, within 0 and
    100; an automatic fail is left out of account.
    """
    own = points(calls, card)
    questions = {q.id: q for s in card.sections for q in s.questions}
    potential = pd.Series({name: q.potential_score for name, q in questions.items()})
    possible = own.notna().mul(potential, axis=1).sum(axis=1)
    share = (card.reach / possible).where(possible > 0, 0.0)
    score = card.start + share * own.clip(lower=0).sum(axis=1) + own.clip(upper=0).sum(axis=1)
    table = {}
    for question in habits_of(card):
        points_now = own[question.id]
        best = max(choice.score for choice in question.answer_choices)
        earned = share * (max(best, 0.0) - points_now.clip(lower=0))
        kept = min(best, 0.0) - points_now.clip(upper=0)
        raised = (score + earned + kept).clip(0, 100)
        table[question.id] = (raised - score.clip(0, 100)).where(points_now.notna())
    return pd.DataFrame(table, index=own.index)


def _points_of(calls: pd.DataFrame, question: Question) -> np.ndarray:
    """The points of one question for every call."""
    if not question.measure:
        return np.full(len(calls), np.nan)
    # a sum with a part that is not known is not known
    found = calls[list(question.measure)].astype("Float64").sum(axis=1, skipna=False)
    values = found.astype(float).to_numpy()
    steps = [choice.at_least for choice in question.answer_choices]
    scores = np.array([choice.score for choice in question.answer_choices])
    counted = scores[np.searchsorted(steps, np.nan_to_num(values), side="right") - 1]
    applies = ~np.isnan(values)
    if question.applies_when != "always":
        failure = calls["failure"].astype("Float64").astype(float).to_numpy()
        applies &= failure == (1.0 if question.applies_when == "failure" else 0.0)
    return np.where(applies, counted, np.nan)
