"""Shares, means and differences with the interval that chance alone leaves open.

Formulas and their sources stand with the functions; no library is needed for them.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from statistics import NormalDist

Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true value lies with a confidence of 95 %, unless said otherwise."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rate:
    """How many, and how many of 100, with the interval."""

    count: int
    per_100: float
    interval: Interval


def rate_of(count: int, calls: int) -> Rate:
    """Of 100 calls so many, with Wilson's interval."""
    low, high = wilson(count, calls)
    share = count / calls if calls else 0.0
    interval = Interval(round(100 * low, 1), round(100 * high, 1))
    return Rate(count, round(100 * share, 1), interval)


def likely_rate(probabilities: Collection[float], calls: int) -> Rate:
    """Of 100 calls so many, where each of some is one with a probability only.

    Wilson's interval about the sum of the probabilities, widened by what the probabilities leave
    open (the half-widths added as squares: Zou and Donner 2008, Statistics in Medicine 27,
    1693-1702). It holds when they are calibrated and the findings err on their own.
    """
    share, low, high = _likely_share(probabilities, calls, Z95)
    interval = Interval(round(100 * low, 1), round(100 * high, 1))
    return Rate(round(math.fsum(probabilities)), round(100 * share, 1), interval)


def _likely_share(
    probabilities: Collection[float], calls: int, z: float
) -> tuple[float, float, float]:
    """Share, lower and upper end of `likely_rate`, of 1."""
    count = math.fsum(probabilities)
    low, high = wilson(count, calls, z)
    share = count / calls if calls else 0.0
    open_ = z * math.sqrt(math.fsum(p * (1 - p) for p in probabilities)) / max(calls, 1)
    low = max(share - math.hypot(share - low, open_), 0.0)
    high = min(share + math.hypot(high - share, open_), 1.0)
    return share, low, high


def difference_of_likely_shares(
    a: Collection[float], n: int, b: Collection[float], m: int, z: float = Z95
) -> tuple[float, float]:
    """The interval of a share less another, where each of the cases is one with a probability only:
    that of `difference_of_shares` from the intervals of `likely_rate`."""
    here, low, high = _likely_share(a, n, z)
    elsewhere, other_low, other_high = _likely_share(b, m, z)
    return _apart(here, low, high, elsewhere, other_low, other_high)


def mean_interval(values: Collection[float]) -> tuple[float, Interval] | None:
    """The mean with Student's interval, `None` of fewer than two values."""
    n = len(values)
    if n < 2:
        return None
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = t_quantile(n - 1) * math.sqrt(variance / n)
    return round(mean, 1), Interval(round(mean - half, 1), round(mean + half, 1))


def difference_of_means(
    a: Collection[float], b: Collection[float], z: float = Z95
) -> Interval | None:
    """The interval of the mean of `a` less that of `b` (Welch 1947, Biometrika 34, 28-35)."""
    if min(len(a), len(b)) < 2:
        return None
    means, errors = [], []
    for values in (a, b):
        mean = math.fsum(values) / len(values)
        means.append(mean)
        variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
        errors.append(variance / len(values))
    total = sum(errors)
    if not total:
        return Interval(round(means[0] - means[1], 1), round(means[0] - means[1], 1))
    freedom = total**2 / (errors[0] ** 2 / (len(a) - 1) + errors[1] ** 2 / (len(b) - 1))
    half = t_quantile(max(int(freedom), 1), z) * math.sqrt(total)
    difference = means[0] - means[1]
    return Interval(round(difference - half, 1), round(difference + half, 1))


def wilson(count: float, n: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927, JASA 22, 209-212); (0, 1) of nothing."""
    if n == 0:
        return 0.0, 1.0
    share = count / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low, high = (centre - half) / scale, (centre + half) / scale
    return (0.0 if count == 0 else low), (1.0 if count == n else high)


def difference_of_shares(a: int, n: int, b: int, m: int, z: float = Z95) -> tuple[float, float]:
    """The interval of a/n - b/m from both Wilson intervals (Newcombe 1998, method 10, Statistics
    in Medicine 17, 873-890)."""
    here, elsewhere = a / n, b / m
    (low, high), (other_low, other_high) = wilson(a, n, z), wilson(b, m, z)
    return _apart(here, low, high, elsewhere, other_low, other_high)


def _apart(
    here: float, low: float, high: float, elsewhere: float, other_low: float, other_high: float
) -> tuple[float, float]:
    """The interval of a difference from those of both figures."""
    difference = here - elsewhere
    return (
        difference - math.hypot(here - low, other_high - elsewhere),
        difference + math.hypot(high - here, elsewhere - other_low),
    )


def t_quantile(freedom: int, z: float = Z95) -> float:
    """Student's t where the normal distribution has `z`: for 95 % exact for 1 and 2, from 3 on
    within 0.5 % (Abramowitz and Stegun 26.7.5). Another `z` needs more degrees of freedom."""
    if freedom < 3:
        return (12.7062, 4.3027)[freedom - 1]
    n = float(freedom)
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * n**4)
    )
