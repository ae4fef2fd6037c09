"""Coaching: the two habits that would move most, own calls to hear, and progress.

It is about a person's or a team's own calls. Nobody is ranked: there is no figure here by which two
people could be put in an order, and none is shown for fewer than `MIN_CALLS` calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from analyzer.insights.canned import (
    Canned,
    canned_empathy,
    findings_without_canned,
    without_canned,
)
from analyzer.insights.habits import gains, habits_of, points
from analyzer.insights.log import Log
from analyzer.scorecard import Question, Scorecard, default_scorecard
from analyzer.statistics import (
    Interval,
    difference_of_means,
    difference_of_shares,
    mean_interval,
)
from analyzer.traits import LABELS, TRAIT

MIN_CALLS = 20
# Days compared on either side of a day.
DAYS = 60
_HABITS = 2
_EXAMPLES = 3
# A call is hard if the customer shows one of these.
_HARD = ("frustration", "broken_promise", "basic_error", "repeat_contact")


@dataclass(frozen=True, slots=True)
class Example:
    """A call to hear; `turn`, `words` and `probability` are those of the finding to begin with,
    `None` where what should be heard is missing from the call."""

    call: str
    day: date | None
    score: float
    turn: int | None
    words: str | None
    probability: float | None


@dataclass(frozen=True, slots=True)
class Habit:
    """A question of the scorecard; `points` is what the best answer to it in every call would add
    to the mean score, `elsewhere` the same for all other calls of the log."""

    question: str
    text: str
    points: float
    interval: Interval
    elsewhere: float | None
    good: list[Example]
    listen: list[Example]


@dataclass(frozen=True, slots=True)
class Coaching:
    """What to work on with a person or a team; no habits where there are too few calls."""

    calls: int
    too_few: bool
    habits: list[Habit]
    canned: list[Canned]


@dataclass(frozen=True, slots=True)
class Progress:
    """A habit before and after a day. `done` are shares in per cent of the calls that it counts in,
    the intervals are of the difference; no figures where a side has too few calls.

    Who was coached because of bad calls has better ones by chance alone: a difference is a reason
    to listen, no proof.
    """

    question: str
    calls: tuple[int, int]
    too_few: bool
    done: tuple[float, float] | None = None
    done_difference: Interval | None = None
    score: tuple[float, float] | None = None
    score_difference: Interval | None = None


def coaching(
    log: Log, agent: str | None = None, card: Scorecard | None = None, min_calls: int = MIN_CALLS
) -> Coaching:
    """The habits to work on with one agent, or with all whose calls are in the log.

    Nothing is said of fewer than `min_calls` scored calls, nor canned sentences of an agent with
    fewer. Canned empathy earns nothing here. `card` must be the scorecard that the calls were
    scored with.
    """
    card = card or default_scorecard()
    scored = log.calls[log.calls["score"].notna()]
    mine = scored["agent_id"].eq(agent).fillna(False) if agent else scored["score"].notna()
    canned = canned_empathy(log, agent)
    own = without_canned(scored[mine], canned)
    enough = own["agent_id"].value_counts() >= min_calls
    named = [item for item in canned if enough.get(item.agent_id, False)]
    if len(own) < min_calls:
        return Coaching(len(own), True, [], named)
    rise, others = gains(own, card), gains(scored[~mine], card)
    # what does not count in a call adds nothing to it
    means = rise.fillna(0).mean().sort_values(ascending=False, kind="stable")
    questions = {question.id: question for question in habits_of(card)}
    evidence = findings_without_canned(log.evidence, canned)
    evidence = evidence[evidence["call"].isin(own["call"])]
    habits = []
    for name in means.index[:_HABITS]:
        mean = mean_interval(rise[name].fillna(0).tolist())
        if mean is None or mean[0] <= 0:
            continue
        elsewhere = round(float(others[name].fillna(0).mean()), 1) if len(others) else None
        question = questions[str(name)]
        good, listen = _examples(own, question, rise[name], evidence)
        habits.append(Habit(question.id, question.text, *mean, elsewhere, good, listen))
    return Coaching(len(own), False, habits, named)


def _examples(
    calls: pd.DataFrame, question: Question, rise: pd.Series, evidence: pd.DataFrame
) -> tuple[list[Example], list[Example]]:
    """Calls where it went well, and where it would have moved most; of what is lost, a call went
    well where the customer was not easy and nothing was lost all the same."""
    table = calls.set_index("call")
    labels = [name for name in question.measure if name in LABELS] or ["apology", "compensation"]
    harmful = all(TRAIT[label].polarity == "rasmus" for label in labels)
    rise = rise.dropna()
    well = table.loc[rise[rise <= 0].index]
    if harmful:
        well = well[(well[list(_HARD)].sum(axis=1) > 0).astype(bool)]
    badly = rise[rise > 0].sort_values(ascending=False, kind="stable").index[:_EXAMPLES]
    kept = [t.name for t in TRAIT.values() if t.role == "agent" and t.polarity == "star"]
    shown = kept if harmful else labels
    surest = evidence[evidence["label"].isin(shown)].groupby("call")["probability"].max()
    well = well.assign(sure=surest.reindex(well.index).fillna(0))
    well = well.sort_values(["score"] if harmful else ["sure", "at"], ascending=False)
    well = well.head(_EXAMPLES)
    customer = list(_HARD)
    return (
        [_example(table, call, shown, evidence) for call in well.index],
        [_example(table, call, labels if harmful else customer, evidence) for call in badly],
    )


def _example(table: pd.DataFrame, call: str, labels: list[str], evidence: pd.DataFrame) -> Example:
    row: Any = table.loc[call].to_dict()
    found = evidence[(evidence["call"] == call) & evidence["label"].isin(labels)]
    first = found.iloc[0] if len(found) else None
    return Example(
        call=call,
        day=_date(row["day"]),
        score=float(row["score"]),
        turn=int(first["turn"]) if first is not None else None,
        words=str(first["text"]) if first is not None else None,
        probability=float(first["probability"]) if first is not None else None,
    )


def _date(day: Any) -> date | None:
    return None if pd.isna(day) else day.date()


def progress(
    log: Log, coached_on: date, question: str, agent: str | None = None, *,
    card: Scorecard | None = None, days: int = DAYS, min_calls: int = MIN_CALLS,
) -> Progress:  # fmt: skip
    """A habit and the score in the `days` before a day and from it on."""
    card = card or default_scorecard()
    calls = log.calls[log.calls["score"].notna() & log.calls["day"].notna()]
    if agent:
        calls = calls[calls["agent_id"].eq(agent).fillna(False)]
    away = (calls["day"] - pd.Timestamp(coached_on)).dt.days
    sides = [calls[(away >= -days) & (away < 0)], calls[(away >= 0) & (away < days)]]
    own = [points(without_canned(side, canned_empathy(log, agent)), card)[question].dropna()
           for side in sides]  # fmt: skip
    counts = (len(own[0]), len(own[1]))
    if min(counts) < min_calls:
        return Progress(question, counts, too_few=True)
    wanted = next(q for q in habits_of(card) if q.id == question)
    needed = 0.0 if wanted.potential_score == 0 else 1e-9
    done = [int((side >= needed).sum()) for side in own]
    low, high = difference_of_shares(done[1], counts[1], done[0], counts[0])
    scores = [side["score"].astype(float).tolist() for side in sides]
    before, after = (sum(values) / len(values) for values in scores)
    return Progress(
        question,
        counts,
        too_few=False,
        done=(round(100 * done[0] / counts[0], 1), round(100 * done[1] / counts[1], 1)),
        done_difference=Interval(round(100 * low, 1), round(100 * high, 1)),
        score=(round(before, 1), round(after, 1)),
        score_difference=difference_of_means(scores[1], scores[0]),
    )
