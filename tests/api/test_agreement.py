"""Agreement figures against published worked examples, and what is too small to say anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analyzer.traits import LABELS
from api import agreement
from api.agreement import (
    MISSING,
    Figure,
    JudgedCall,
    Side,
    alpha,
    among_people,
    coincidences,
    confusions,
    kappa,
    machine_and_people,
    nominal,
    on_bands,
    on_scores,
    quadratic,
)

_ = MISSING


def measure(calls: list[Any]) -> Figure:
    """The figure of calls, each with a row per turn."""
    numbers = np.repeat(np.arange(len(calls)), [len(own) for own in calls])
    ratings = np.concatenate(calls) if calls else np.zeros((0, 2), dtype=int)
    return agreement.measure(ratings, numbers)


# Krippendorff (2011), example C: four observers, twelve units, values 1 to 5, some missing.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]
FOUR = np.array([[v if v == MISSING else v - 1 for v in own] for own in OBSERVERS]).T


@pytest.mark.parametrize(("distance", "expected"), [(nominal, 0.743), (quadratic, 0.849)])
def test_alpha_of_four_observers_with_gaps(distance, expected) -> None:  # type: ignore[no-untyped-def]
    [table] = coincidences(FOUR, np.zeros(12, dtype=int), 5)
    assert table.sum() == pytest.approx(40)
    assert float(alpha(table, distance(5))) == pytest.approx(expected, abs=5e-4)


def test_alpha_of_two_observers_with_two_values() -> None:
    # Krippendorff (2011), example A: ten units
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    [table] = coincidences(np.array([first, second]).T, np.zeros(10, dtype=int), 2)
    assert float(alpha(table, nominal(2))) == pytest.approx(0.095, abs=5e-4)


def test_kappa_of_two_psychologists() -> None:
    # Cohen (1960) and (1968): 200 diagnoses in three categories, and the same with weights
    table = 200 * np.array([[0.44, 0.07, 0.09], [0.05, 0.20, 0.05], [0.01, 0.03, 0.06]])
    weights = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]], dtype=float)
    assert float(kappa(table, nominal(3))) == pytest.approx(0.492, abs=5e-4)
    assert float(kappa(table, weights)) == pytest.approx(0.348, abs=5e-4)


def test_confusion_leaves_gaps_out() -> None:
    ratings = np.array([[0, 1], [1, 1], [1, MISSING], [0, 0]])
    tables = confusions(ratings, np.array([0, 0, 1, 1]), 2)
    assert tables.tolist() == [[[0, 1], [0, 1]], [[1, 0], [0, 0]]]


def test_a_small_sample_has_counts_and_no_figure() -> None:
    few_calls = measure([np.array([[1, 1], [0, 0]])] * 9)
    assert (few_calls.value, few_calls.raw, few_calls.reason) == (None, None, "SAMPLE_TOO_SMALL")
    assert (few_calls.calls, few_calls.units, few_calls.positives, few_calls.agreed) == (
        9, 18, 9, 18,
    )  # fmt: skip
    few_positives = measure([np.array([[0, 0]])] * 20 + [np.array([[1, 1]])] * 4)
    assert few_positives.reason == "SAMPLE_TOO_SMALL"
    assert measure([]).calls == 0


def test_the_interval_holds_the_figure_and_is_the_same_again() -> None:
    calls = [np.array([[1, 1], [0, 0], [0, 1], [0, 0]]), np.array([[1, 1], [1, 0], [0, 0]])] * 8
    figure = measure(calls)
    assert figure.measure == "kappa" and figure.value is not None and figure.interval is not None
    low, high = figure.interval
    assert low < figure.value < high < 1
    assert measure(calls) == figure
    # more of the same calls: the same figure, known better
    surer = measure(calls * 4)
    assert surer.value == figure.value and surer.interval is not None
    assert surer.interval[1] - surer.interval[0] < high - low


def test_where_everybody_always_says_the_same_chance_cannot_be_told() -> None:
    figure = measure([np.array([[1, 1]])] * 12)
    assert (figure.raw, figure.value, figure.reason) == (1.0, None, "NO_VARIATION")


def test_three_judges_or_gaps_get_alpha() -> None:
    assert measure([np.array([[1, 1, 0], [0, 0, 0]])] * 12).measure == "alpha"
    assert measure([np.array([[1, MISSING], [0, 0]])] * 12).measure == "alpha"


def side(*labels: tuple[int, str], score: float | None = None, band: str | None = None) -> Side:
    return Side(frozenset(labels), score, band)


def call(machine: Side, together: Side, **people: Side) -> JudgedCall:
    roles = ("agent", "customer", "system", "agent")
    return JudgedCall(roles, machine, together, {int(k[1:]): v for k, v in people.items()})


def test_labels_are_judged_on_turns_that_could_carry_them() -> None:
    person = side((0, "greeting"), (3, "blame"))
    calls = [call(side((0, "greeting"), (1, "frustration")), person, u1=person)] * 10
    figures = {own.label: own for own in machine_and_people(calls)}
    assert tuple(figures) == LABELS
    assert figures["greeting"].figure.units == 20 and figures["frustration"].figure.units == 10
    greeting, blame = figures["greeting"], figures["blame"]
    assert (greeting.both, greeting.machine_only, greeting.people_only) == (10, 0, 0)
    assert greeting.figure.value == 1.0
    assert (blame.both, blame.machine_only, blame.people_only) == (0, 0, 10)
    assert figures["frustration"].machine_only == 10
    assert figures["sigh"].figure.reason == "SAMPLE_TOO_SMALL"
    # one person alone agrees with nobody
    assert all(own.figure.calls == 0 for own in among_people(calls))


def test_people_who_judged_different_calls_are_compared_where_they_meet() -> None:
    empty = side()
    both = call(empty, empty, u1=side((0, "blame")), u2=side((0, "blame")))
    others = call(empty, empty, u2=side((3, "blame")), u3=side((0, "blame")))
    figure = next(o.figure for o in among_people([both, others] * 6) if o.label == "blame")
    assert (figure.measure, figure.calls, figure.units, figure.agreed) == ("alpha", 12, 24, 12)


def test_bands_two_apart_weigh_more_and_scores_have_a_distance() -> None:
    near = [[side(band="rasmus"), side(band="kasper")], [side(band="star"), side(band="star")]] * 8
    far = [[side(band="rasmus"), side(band="star")], [side(band="star"), side(band="star")]] * 8
    close, wide = on_bands(near).value, on_bands(far).value
    assert close is not None and wide is not None and close > wide
    apart = on_scores(
        [(side(score=40.0), side(score=50.0)), (side(score=40.0), side(score=36.0))] * 5
    )
    assert (apart.calls, apart.mean) == (10, 7.0)
    assert on_scores([(side(score=40.0), side())] * 20).reason == "SAMPLE_TOO_SMALL"
