"""When a share of calls changed for good: change points in weekly counts.

A series is split where the likelihood of two constant shares exceeds that of one the most, if
chance alone seldom gives a split that good: of all orders in which the same calls can fall into the
same weeks, a sample is drawn. So the test needs no approximation and holds for rare events. Both
parts are then looked at again. docs/insights.md says what it finds and what it does not.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.statistics import Rate, rate_of

# Fewer weeks on a side are an episode, no change for good.
MIN_WEEKS = 4
# A split at least this good comes by chance once in so many series that never change.
ALPHA = 0.01
_DRAWS = 1999
# Log-likelihood within which other weeks are as good: half the 95 % point of chi-squared with one
# degree of freedom.
_AS_GOOD = 1.92

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """From `week` on (counted from 0) the share is another; it may have begun from `earliest` to
    `latest`. `p` is how often chance alone gives a split as good."""

    week: int
    earliest: int
    latest: int
    before: Rate
    after: Rate
    p: float


def change_points(
    hits: Sequence[int], calls: Sequence[int], *, alpha: float = ALPHA, seed: int = 1
) -> list[Change]:
    """The changes in a series of weeks with `hits` among `calls`, in their order."""
    k, n = np.asarray(hits, dtype=np.int64), np.asarray(calls, dtype=np.int64)
    rng = np.random.default_rng(seed)
    found: dict[int, tuple[int, int, float]] = {}
    parts = [(0, len(k))]
    while parts:
        begin, end = heapq.heappop(parts)
        best = _best_split(k[begin:end], n[begin:end], alpha, rng)
        if best is None:
            continue
        at, earliest, latest, p = best
        found[begin + at] = (begin + earliest, begin + latest, p)
        heapq.heappush(parts, (begin, begin + at))
        heapq.heappush(parts, (begin + at, end))
    borders = [0, *sorted(found), len(k)]
    return [
        Change(at, *found[at][:2], _rate(k, n, before, at), _rate(k, n, at, after), found[at][2])
        for before, at, after in zip(borders, borders[1:], borders[2:], strict=False)
    ]


def _rate(hits: NDArray[np.int64], calls: NDArray[np.int64], begin: int, end: int) -> Rate:
    return rate_of(int(hits[begin:end].sum()), int(calls[begin:end].sum()))


def _best_split(
    hits: NDArray[np.int64], calls: NDArray[np.int64], alpha: float, rng: np.random.Generator
) -> tuple[int, int, int, float] | None:
    """Week of the split, the first and last that are as good, and p; `None` if chance will do."""
    total, of = int(hits.sum()), int(calls.sum())
    if len(hits) < 2 * MIN_WEEKS or not 0 < total < of:
        return None
    gains = _gains(hits[None, :], calls)[0]
    at = int(gains.argmax())
    drawn = rng.multivariate_hypergeometric(calls, total, size=_DRAWS, method="marginals")
    chance = _gains(drawn, calls).max(axis=1)
    p = (1 + int((chance >= gains[at] - 1e-9).sum())) / (1 + _DRAWS)
    if p > alpha:
        return None
    as_good = np.flatnonzero(gains >= gains[at] - _AS_GOOD)
    shift = MIN_WEEKS
    return at + shift, int(as_good[0]) + shift, int(as_good[-1]) + shift, p


def _gains(hits: NDArray[np.int64], calls: NDArray[np.int64]) -> Floats:
    """By how much a split before each week from `MIN_WEEKS` on raises the log-likelihood."""
    inner = slice(MIN_WEEKS - 1, len(calls) - MIN_WEEKS)
    left, left_of = hits.cumsum(axis=1)[:, inner], calls.cumsum()[inner]
    total, of = hits.sum(axis=1)[:, None], calls.sum()
    gains = _likelihood(left, left_of) + _likelihood(total - left, of - left_of)
    return gains - _likelihood(total, np.asarray(of))


def _likelihood(hits: NDArray[np.int64], calls: NDArray[np.int64]) -> Floats:
    """The greatest log-likelihood of so many hits among so many calls under one share."""
    k, n = hits.astype(float), np.broadcast_to(calls, hits.shape).astype(float)
    missed = n - k
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(k > 0, k * np.log(k / n), 0.0)
        return own + np.where(missed > 0, missed * np.log(missed / n), 0.0)


def discoveries(p: Sequence[float], share: float = 0.05) -> list[bool]:
    """Which of many tests hold if at most this share of them may be false (Benjamini and Hochberg
    1995, Journal of the Royal Statistical Society B 57, 289-300)."""
    order = sorted(range(len(p)), key=lambda index: p[index])
    last = max((r for r, i in enumerate(order, 1) if p[i] <= share * r / len(p)), default=0)
    held = set(order[:last])
    return [index in held for index in range(len(p))]
