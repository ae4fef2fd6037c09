from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from analyzer.insights import changes, fix_first, pareto, shown_by
from analyzer.insights.basics import failed_basics
from analyzer.insights.log import Log
from benchmarks.year import BEGIN, SHIFTS, Year, year

MakeLog = Callable[..., Log]
GREETED = [("greeting", "hej")]


@pytest.mark.parametrize(
    ("details", "found", "failed"),
    [
        ({}, GREETED, {}),
        ({}, [], {"no_greeting": 1.0}),
        ({}, [*GREETED, ("basic_error", "forkert navn")], {"wrong_details": 0.9}),
        ({"repeated_questions": 1}, GREETED, {"same_question": 1.0}),
        ({"hold_time": 400.0}, GREETED, {"long_wait": 1.0}),
        ({"transfers": 2}, GREETED, {"passed_around": 1.0}),
        (
            {"resolved": False},
            [*GREETED, ("deflection", "ikke os")],
            {"dead_end": 1.0},
        ),
        (
            {"resolved": False},
            [*GREETED, ("deflection", "nej"), ("ownership", "jeg ser på det")],
            {},
        ),
    ],
)
def test_a_basic_fails_by_what_is_found_in_the_call(
    log: MakeLog, details: dict[str, object], found: list[tuple[str, str]], failed: dict[str, float]
) -> None:
    row = failed_basics(log(("c-1", "2026-03-02", details, found))).loc["c-1"]

    assert {name: value for name, value in row.items() if value > 0} == failed


def test_what_a_call_does_not_tell_is_missing(log: MakeLog) -> None:
    unscored = {"score": None, "band": None, "resolved": None}
    table = failed_basics(log(("c-1", "2026-03-02", {}, []), ("c-2", "2026-03-02", unscored, [])))

    assert pd.isna(table.loc["c-1", "long_wait"])
    assert table.loc["c-2"].isna().all()


def test_the_pareto_adds_up_and_counts_customers_once(log: MakeLog) -> None:
    table = pareto(
        log(
            ("c-1", "2026-03-02", {}, []),
            ("c-2", "2026-03-03", {}, []),
            ("c-3", "2026-03-03", {"transfers": 2, "customer_id": "k-2"}, GREETED),
        )
    )

    assert table["basic"].tolist() == ["no_greeting", "passed_around"]
    assert table["cumulative"].tolist() == [66.7, 100.0]
    assert table["customers"].tolist() == [1, 1]


def test_the_pareto_is_drawn_for_each_queue_and_product(generated: Year) -> None:
    table = pareto(generated.log, ["queue"])

    assert set(table["queue"]) == {"delivery", "billing", "technical"}
    last = table.groupby("queue")["cumulative"].max()
    assert (last - 100).abs().max() < 0.2
    assert "product" in pareto(generated.log, ["queue", "product"])


def test_what_to_fix_first_meets_many_and_costs_much(log: MakeLog) -> None:
    bad = {"band": "rasmus", "score": 20.0}
    calls = [(f"g-{n}", "2026-03-02", {"customer_id": f"g-{n}"}, GREETED) for n in range(60)]
    calls += [(f"n-{n}", "2026-03-02", {"customer_id": f"n-{n}"}, []) for n in range(40)]
    calls += [
        (f"t-{n}", "2026-03-02", {"customer_id": f"t-{n}", "transfers": 2, **bad}, GREETED)
        for n in range(25)
    ]
    table = fix_first(log(*calls))

    # 40 calls without a greeting are no worse, 25 passed around are
    assert table["basic"].tolist() == ["passed_around", "no_greeting"]
    worst, harmless = table.to_dict("records")
    assert worst["rasmus_more"] == 100.0 and worst["weight"] > 20 and worst["points_lost"] == 40.0
    assert harmless["weight"] == 0
    assert worst["rasmus_more_low"] < worst["rasmus_more"] <= worst["rasmus_more_high"]


def test_too_few_calls_are_nothing_to_fix(log: MakeLog) -> None:
    assert len(fix_first(log(("c-1", "2026-03-02", {}, [])))) == 0


def test_most_changes_of_generated_years_are_found_where_they_are(generated: Year) -> None:
    right = 0
    for own in (generated, year(seed=13)):
        table = changes(own.log)
        assert (table["earliest"] <= table["week"]).all()
        assert (table["week"] <= table["latest"]).all()
        weeks = (table["week"] - pd.Timestamp(BEGIN.date())).dt.days / 7
        for shift in SHIFTS:
            of_it = (table["queue"] == shift.queue) & (table["basic"] == shift.basic)
            right += bool((weeks[of_it] - shift.week).abs().le(4).any())

    assert right >= 5  # of 6; docs/insights.md has the figure over thirty years


def test_calls_that_show_a_failure_come_with_its_words(log: MakeLog) -> None:
    wrong = [*GREETED, ("basic_error", "forkert navn")]
    pushed = [*GREETED, ("transfer", "jeg stiller om"), ("deflection", "ikke os")]
    table = shown_by(
        log(
            ("c-1", "2026-03-02", {}, wrong),
            ("c-2", "2026-03-03", {"queue": "sales", "resolved": False}, pushed),
            *[(f"n-{n}", f"2026-03-0{n}", {}, []) for n in range(1, 6)],
        ),
        ["queue"],
    )
    shown = [
        tuple(None if pd.isna(cell) else cell for cell in row)
        for row in table.drop(columns="day").to_numpy()
    ]

    assert set(shown) == {
        ("support", "wrong_details", "c-1", 1, "forkert navn"),
        ("sales", "dead_end", "c-2", 2, "ikke os"),
        # the latest, no more than three, and no words for what is missing
        *(("support", "no_greeting", f"n-{n}", None, None) for n in (5, 4, 3)),
    }


def test_calls_without_failures_show_nothing(log: MakeLog) -> None:
    assert shown_by(log(("c-1", "2026-03-02", {}, GREETED))).empty
