"""How far judges agree: raw agreement, Cohen's kappa, Krippendorff's alpha, with intervals.

What is counted, for a label: every turn on which the label could stand, in every call that was
judged. What is too small a sample to say anything has no figure (`MIN_CALLS`, `MIN_POSITIVES`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analyzer.traits import LABELS, TRAITS, Trait

Array = NDArray[np.float64]
Ratings = NDArray[np.int64]
Band = Literal["rasmus", "kasper", "star"]

# Fewer calls, or fewer units that any judge gave the label, say nothing about the rest.
MIN_CALLS = 10
MIN_POSITIVES = 5
# Of the bootstrap; a second run gives the same interval.
_RESAMPLES, _SEED = 1_000, 20_260_101
_BLOCK = 50
_INTERVAL = (2.5, 97.5)
MISSING = -1


@dataclass(frozen=True, slots=True)
class Figure:
    """Agreement and what it rests on; figures are null where `reason` says why.

    `units` are those that at least two judged, `positives` those that any of them gave the label,
    `agreed` those on which all gave the same. `raw` is the share of pairs of judgements that are
    the same, `value` the figure corrected for chance: 1 is perfect, 0 as good as chance.
    `interval` is where 95 % of `value` lie when other calls of the same kind are drawn.
    """

    calls: int
    units: int
    positives: int | None
    agreed: int | None
    raw: float | None
    measure: Literal["kappa", "alpha"]
    value: float | None
    interval: tuple[float, float] | None
    reason: Literal["SAMPLE_TOO_SMALL", "NO_VARIATION"] | None

    def withheld(self) -> Figure:
        """Without counts where the sample is too small: they would tell of single calls."""
        is_small = self.reason == "SAMPLE_TOO_SMALL"
        return replace(self, positives=None, agreed=None) if is_small else self


@dataclass(frozen=True, slots=True)
class Side:
    """What one judge says of a call: turns with their labels, and the score."""

    labels: frozenset[tuple[int, str]]
    score: float | None
    band: str | None


@dataclass(frozen=True, slots=True)
class JudgedCall:
    """A call as the machine, people together, and each of them see it; `roles` by turn."""

    roles: tuple[str, ...]
    machine: Side
    together: Side
    people: Mapping[int, Side]


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """Agreement on a label; the counts of turns are those of machine against people."""

    label: str
    figure: Figure
    both: int | None = None
    machine_only: int | None = None
    people_only: int | None = None

    def withheld(self) -> LabelAgreement:
        """As `Figure.withheld`."""
        if self.figure.reason != "SAMPLE_TOO_SMALL":
            return self
        return LabelAgreement(self.label, self.figure.withheld())


@dataclass(frozen=True, slots=True)
class ScoreDifference:
    """The mean distance between two judges' scores of the same call, in points."""

    calls: int
    mean: float | None
    interval: tuple[float, float] | None
    reason: Literal["SAMPLE_TOO_SMALL"] | None


def nominal(categories: int) -> Array:
    """Two answers are the same or they are not."""
    return 1.0 - np.eye(categories)


def quadratic(categories: int) -> Array:
    """Answers stand in an order; two steps apart are four times as bad as one."""
    steps = np.arange(categories, dtype=float)
    return np.asarray((steps[:, None] - steps[None, :]) ** 2, dtype=float)


def confusions(ratings: Ratings, calls: Ratings, categories: int) -> Array:
    """For each call how often the first of two judges says i and the second j; a row per unit.

    `calls` is the number of each unit's call, from 0 on.
    """
    tables = np.zeros((int(calls.max(initial=-1)) + 1, categories, categories))
    both = (ratings != MISSING).all(axis=1)
    np.add.at(tables, (calls[both], ratings[both, 0], ratings[both, 1]), 1.0)
    return tables


def coincidences(ratings: Ratings, calls: Ratings, categories: int) -> Array:
    """Krippendorff's coincidence matrix of each call: a unit's pairs of values, by judges less one.

    `calls` is the number of each unit's call, from 0 on.
    """
    tables = np.zeros((int(calls.max(initial=-1)) + 1, categories, categories))
    values = (ratings[:, :, None] == np.arange(categories)).sum(axis=1).astype(float)
    judges = values.sum(axis=1)
    pairable = judges >= 2
    values, judges = values[pairable], judges[pairable]
    pairs = values[:, :, None] * values[:, None, :] - values[:, :, None] * np.eye(categories)
    np.add.at(tables, calls[pairable], pairs / (judges - 1)[:, None, None])
    return tables


def kappa(tables: Array, distance: Array) -> Array:
    """Cohen's kappa of each table: 1 - observed / expected disagreement; nan without variation.

    J. Cohen, A coefficient of agreement for nominal scales, Educ. Psychol. Meas. 20 (1960); with
    a distance other than `nominal` his weighted kappa, Psychol. Bull. 70 (1968).
    """
    first, second = tables.sum(axis=-1), tables.sum(axis=-2)
    total = tables.sum(axis=(-2, -1))
    observed = (tables * distance).sum(axis=(-2, -1)) * total
    expected = np.einsum("...i,...j,ij->...", first, second, distance)
    return _one_minus(observed, expected)


def alpha(tables: Array, distance: Array) -> Array:
    """Krippendorff's alpha of each coincidence matrix; nan without variation.

    K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): nominal data with the
    distance `nominal`, interval data with `quadratic`.
    """
    values = tables.sum(axis=-1)
    observed = (tables * distance).sum(axis=(-2, -1)) * (values.sum(axis=-1) - 1)
    expected = np.einsum("...i,...j,ij->...", values, values, distance)
    return _one_minus(observed, expected)


def _one_minus(observed: Array, expected: Array) -> Array:
    known = expected > 0
    shares = np.divide(observed, expected, out=np.full_like(expected, np.nan), where=known)
    return np.asarray(1.0 - shares)


def measure(
    ratings: Ratings, calls: Ratings, categories: int = 2, distance: Array | None = None
) -> Figure:
    """Agreement over units, each a row with a column per judge; `calls` numbers each unit's call.

    A value is a category from 0 on, or `MISSING`; anything but 0 is positive. Two judges who both
    judged everything get kappa, all others alpha. The interval is the percentile bootstrap over
    calls (Efron & Tibshirani 1993, ch. 13): turns of one call are not independent of each other.
    """
    distance = nominal(categories) if distance is None else distance
    is_pair = ratings.shape[1] == 2 and bool((ratings != MISSING).all())
    counted, statistic = (confusions, kappa) if is_pair else (coincidences, alpha)
    judged = (ratings != MISSING).sum(axis=1) >= 2
    ratings = ratings[judged]
    own, numbers = np.unique(calls[judged], return_inverse=True)
    highest = ratings.max(axis=1, initial=MISSING)[:, None]
    positives = int((ratings > 0).any(axis=1).sum())
    figure = Figure(
        calls=len(own),
        units=len(ratings),
        positives=positives,
        agreed=int(((ratings == highest) | (ratings == MISSING)).all(axis=1).sum()),
        raw=None,
        measure="kappa" if is_pair else "alpha",
        value=None,
        interval=None,
        reason="SAMPLE_TOO_SMALL",
    )
    if len(own) < MIN_CALLS or positives < MIN_POSITIVES:
        return figure
    tables = counted(ratings, numbers, categories)
    whole = tables.sum(axis=0)
    raw = round(float(np.trace(whole) / whole.sum()), 4)
    value = float(statistic(whole, distance))
    if np.isnan(value):
        return replace(figure, raw=raw, reason="NO_VARIATION")
    drawn = [statistic(np.tensordot(each, tables, 1), distance) for each in _draws(len(tables))]
    interval = _interval(np.concatenate(drawn))
    return replace(figure, raw=raw, value=round(value, 4), interval=interval, reason=None)


@lru_cache(maxsize=4)
def _draws(calls: int) -> tuple[Array, ...]:
    """How often each call is drawn in each resample, in blocks; the same for every label."""
    random = np.random.default_rng(_SEED)
    share = np.full(calls, 1 / calls)
    return tuple(
        random.multinomial(calls, share, size=_BLOCK).astype(np.float32)
        for _ in range(_RESAMPLES // _BLOCK)
    )


def _interval(drawn: Array) -> tuple[float, float] | None:
    """Percentiles; `None` if a tenth of the resamples had no variation to judge by."""
    known = drawn[~np.isnan(drawn)]
    if len(known) < 0.9 * len(drawn):
        return None
    low, high = np.percentile(known, _INTERVAL)
    return round(float(low), 4), round(float(high), 4)


# --- from judged calls to figures ---------------------------------------------------------------


def machine_and_people(calls: Sequence[JudgedCall]) -> list[LabelAgreement]:
    """The machine against what people together hold, label by label."""
    units = _Units([(own.roles, (own.machine, own.together)) for own in calls], 2)
    found = []
    for trait in TRAITS:
        ratings, numbers = units.of(trait)
        machine, people = ratings[:, 0] == 1, ratings[:, 1] == 1
        found.append(
            LabelAgreement(
                trait.name,
                measure(ratings, numbers),
                both=int((machine & people).sum()),
                machine_only=int((machine & ~people).sum()),
                people_only=int((people & ~machine).sum()),
            )
        )
    return found


def among_people(calls: Sequence[JudgedCall]) -> list[LabelAgreement]:
    """People against each other, label by label; calls that one person judged say nothing."""
    calls = [own for own in calls if len(own.people) > 1]
    sides = pairs_of_people(calls)
    width = len(sides[0]) if sides else 2
    units = _Units([(own.roles, each) for own, each in zip(calls, sides, strict=True)], width)
    return [LabelAgreement(trait.name, measure(*units.of(trait))) for trait in TRAITS]


class _Units:
    """All turns of some calls: for each label, what every judge says of it."""

    def __init__(
        self, calls: Sequence[tuple[Sequence[str], Sequence[Side | None]]], judges: int
    ) -> None:
        grids = [self._grid(len(roles), sides) for roles, sides in calls]
        empty = np.zeros((0, judges, len(LABELS)), dtype=np.int64)
        self.ratings = np.concatenate([empty, *grids])
        self.roles = np.array([role for roles, _ in calls for role in roles], dtype=str)
        self.numbers = np.repeat(np.arange(len(calls)), [len(roles) for roles, _ in calls])

    @staticmethod
    def _grid(turns: int, sides: Sequence[Side | None]) -> Ratings:
        grid = np.zeros((turns, len(sides), len(LABELS)), dtype=np.int64)
        for judge, side in enumerate(sides):
            if side is None:
                grid[:, judge] = MISSING
                continue
            for turn, label in side.labels:
                grid[turn, judge, LABELS.index(label)] = 1
        return grid

    def of(self, trait: Trait) -> tuple[Ratings, Ratings]:
        """The turns on which the label could stand, and the numbers of their calls."""
        fit = self.roles == trait.role
        return self.ratings[fit, :, LABELS.index(trait.name)], self.numbers[fit]


def on_bands(sides: Sequence[Sequence[Side | None]]) -> Figure:
    """Agreement on bands, with quadratic distance; a row of judges per call."""
    bands = get_args(Band)
    rows = [
        [MISSING if own is None or own.band is None else bands.index(own.band) for own in each]
        for each in sides
    ]
    ratings = np.array(rows, dtype=np.int64).reshape(len(rows), len(rows[0]) if rows else 2)
    return measure(ratings, np.arange(len(rows)), len(bands), quadratic(len(bands)))


def on_scores(pairs: Iterable[tuple[Side, Side]]) -> ScoreDifference:
    """How far two judges' scores lie apart."""
    apart = np.array(
        [abs(a.score - b.score) for a, b in pairs if a.score is not None and b.score is not None]
    )
    if len(apart) < MIN_CALLS:
        return ScoreDifference(len(apart), None, None, "SAMPLE_TOO_SMALL")
    drawn = np.concatenate([own @ apart / len(apart) for own in _draws(len(apart))])
    return ScoreDifference(len(apart), round(float(apart.mean()), 2), _interval(drawn), None)


def pairs_of_people(calls: Sequence[JudgedCall]) -> list[list[Side | None]]:
    """For each call that several people judged, a column per judge of any call."""
    calls = [own for own in calls if len(own.people) > 1]
    judges = sorted({user for own in calls for user in own.people})
    return [[own.people.get(judge) for judge in judges] for own in calls]
