from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from analyzer.insights import find_matters, ledger, promise_figures, read_log
from analyzer.insights.firmness import firmness
from analyzer.insights.log import Log
from benchmarks.year import Year

ROOT = Path(__file__).parents[3]
MakeLog = Callable[..., Log]
PROMISE = ("follow_up", "jeg ringer til dig på fredag")


def promises(log: Log) -> list[dict[str, object]]:
    return ledger(log, find_matters(log)).to_dict("records")


# --- the story of the trampoline


def test_the_trampoline_is_promised_and_not_delivered_three_times() -> None:
    log, errors = read_log([str(ROOT / "data" / "samples" / "nb-trampoline.jsonl")])
    table = ledger(log, find_matters(log))
    dated = table[table["due"].notna()].sort_values("due")

    assert not errors
    # Friday and Thursday the sixteenth by agents, Saturday by an e-mail that the customer tells of
    assert dated["due"].dt.date.tolist() == [
        date(2026, 4, 10),
        date(2026, 4, 16),
        date(2026, 4, 18),
    ]
    assert dated["told_by"].tolist() == ["agent", "agent", "customer"]
    assert dated["call"].tolist() == ["nb-trampoline-1", "nb-trampoline-2", "nb-trampoline-3"]
    assert dated["state"].tolist() == ["broken"] * 3
    assert dated["settled_by"].tolist() == ["nb-trampoline-2", "nb-trampoline-3", "nb-trampoline-3"]
    assert dated["firmness"].tolist()[:2] == ["firm", "firm"]
    # the agent says so twice; the ledger shows the words that are surer
    friday = ("den står hos deg på fredag. Helt sikkert", "På fredag er den i hagen din")
    assert any(words in dated["words"].iloc[0] for words in friday)
    assert "Tre løfter" in dated["settled_words"].iloc[2]


# --- how a promise is settled


def test_a_complaint_that_names_the_day_breaks_the_promise_of_that_day(log: MakeLog) -> None:
    made = promises(
        log(
            ("c-1", "2026-03-02", {}, [PROMISE, ("follow_up", "og igen på onsdag")]),
            ("c-2", "2026-03-09", {}, [("broken_promise", "I sagde onsdag, og ingen ringede")]),
        )
    )

    assert [(row["promise"], row["state"]) for row in made] == [
        ("c-1:0", "unknown"),
        ("c-1:1", "broken"),
    ]
    assert made[1]["settled_words"] == "I sagde onsdag, og ingen ringede"
    assert (made[1]["settled_by"], made[1]["settled_probability"]) == ("c-2", 0.9)


def test_a_complaint_without_a_day_is_about_the_last_promise_that_was_due(log: MakeLog) -> None:
    made = promises(
        log(
            ("c-1", "2026-03-02", {}, [("follow_up", "jeg ringer i morgen")]),
            ("c-2", "2026-03-04", {}, [("repeat_contact", "igen"), ("follow_up", "på fredag")]),
            ("c-3", "2026-03-05", {}, [("broken_promise", "ingen ringede")]),
        )
    )

    assert [(row["promise"], row["state"]) for row in made] == [
        ("c-1:0", "broken"),
        ("c-2:1", "unknown"),
    ]


def test_a_promise_that_no_call_made_is_told_by_the_customer(log: MakeLog) -> None:
    (told,) = promises(
        log(("c-1", "2026-03-09", {}, [("broken_promise", "I lovede den i fredags")]))
    )

    assert (told["told_by"], told["state"]) == ("customer", "broken")
    assert told["due"] == pd.Timestamp("2026-03-06")


def test_a_solved_call_about_the_matter_keeps_its_promise(log: MakeLog) -> None:
    (kept,) = promises(
        log(
            ("c-1", "2026-03-02", {}, [PROMISE]),
            ("c-2", "2026-03-06", {}, [("resolution", "så er den ordnet")]),
        )
    )

    assert (kept["state"], kept["why"], kept["settled_words"]) == (
        "kept",
        "solved",
        "så er den ordnet",
    )


def test_a_customer_who_calls_again_after_the_day_was_let_down(log: MakeLog) -> None:
    (broken,) = promises(
        log(
            ("c-1", "2026-03-02", {}, [PROMISE]),
            ("c-2", "2026-03-10", {"failure": True}, [("repeat_contact", "det er anden gang")]),
        )
    )

    assert (broken["state"], broken["why"]) == ("broken", "called_again")


@pytest.mark.parametrize(
    ("later", "why"),
    [
        ([], "not_due_yet"),
        ([("c-2", "2026-03-20", {"customer_id": "k-2"}, [])], "no_later_call"),
        ([("c-2", "2026-03-09", {}, [("empathy", "det forstår jeg")])], "not_mentioned"),
    ],
)
def test_a_promise_of_which_nobody_speaks_is_unknown(
    log: MakeLog, later: list[object], why: str
) -> None:
    (unknown,) = promises(log(("c-1", "2026-03-02", {}, [PROMISE]), *later))

    assert (unknown["state"], unknown["why"]) == ("unknown", why)
    assert pd.isna(unknown["settled_by"])


def test_a_call_of_another_customer_or_another_case_settles_nothing(log: MakeLog) -> None:
    complaint = [("broken_promise", "ingen ringede i fredags")]
    made = promises(
        log(
            ("c-1", "2026-03-02", {"case_id": "s-1"}, [PROMISE]),
            ("c-2", "2026-03-03", {"case_id": "s-2"}, []),
            ("c-3", "2026-03-09", {"case_id": "s-2"}, [("broken_promise", "ingen ringede")]),
            ("c-4", "2026-03-09", {"customer_id": "k-2"}, complaint),
        )
    )

    assert {row["promise"]: row["state"] for row in made if row["told_by"] == "agent"} == {
        "c-1:0": "unknown"
    }


def test_said_twice_in_a_call_it_is_one_promise(log: MakeLog) -> None:
    made = promises(log(("c-1", "2026-03-02", {}, [PROMISE, ("follow_up", "altså på fredag")])))

    assert len(made) == 1


def test_a_call_without_a_start_or_a_customer_has_promises_without_days(log: MakeLog) -> None:
    made = promises(
        log(
            ("c-1", None, {}, [PROMISE, ("broken_promise", "I lovede det i fredags")]),
            ("c-2", "2026-03-02", {"customer_id": None}, [PROMISE]),
        )
    )

    days = {row["promise"]: row["due"] for row in made}
    assert pd.isna(days["c-1:0"]) and days["c-2:0"] == pd.Timestamp("2026-03-06")


@pytest.mark.parametrize(
    ("words", "label", "how"),
    [
        ("den er hos dig på fredag, det lover jeg", "overpromise", "firm"),
        ("jeg ringer på fredag", "follow_up", "plain"),
        ("jeg ringer nok på fredag", "follow_up", "hedged"),
        ("I guarantee I'll ring", "follow_up", "firm"),
        ("regn med fem dage", "expectation", "hedged"),
    ],
)
def test_words_say_how_firmly_something_was_promised(words: str, label: str, how: str) -> None:
    assert firmness(words, label) == how


# --- rates


def figure(table: pd.DataFrame, name: str, group: str = "") -> dict[str, object]:
    own = table[(table["figure"] == name) & (table["group"] == group)]
    return own.to_dict("records")[0]


def test_rates_have_intervals_and_are_left_out_where_there_is_too_little(
    log: MakeLog, generated: Year
) -> None:
    few = log(("c-1", "2026-03-02", {}, [PROMISE]))
    rate = figure(promise_figures(few, ledger(few, find_matters(few))), "settled")
    assert rate["too_few"] and pd.isna(rate["value"])

    many = promise_figures(generated.log, ledger(generated.log, find_matters(generated.log)))
    for name in ("overpromised", "settled", "broken", "broken_known", "days_promised", "days_late"):
        rate = figure(many, name)
        assert rate["low"] < rate["value"] < rate["high"], name
    assert figure(many, "broken")["value"] > figure(many, "broken_known")["value"]


def test_over_promises_break_more_often_than_honest_expectations(generated: Year) -> None:
    table = promise_figures(generated.log, ledger(generated.log, find_matters(generated.log)))

    assert (
        figure(table, "broken", "overpromise")["low"]
        > figure(table, "broken", "expectation")["low"]
    )


# --- against the truth of a generated year


def test_the_ledger_finds_most_promises_and_what_became_of_them(generated: Year) -> None:
    table = ledger(generated.log, find_matters(generated.log))
    table = table[table["told_by"] == "agent"].set_index("promise")
    true = generated.promises
    broken, kept = (set(table.index[table["state"] == state]) for state in ("broken", "kept"))
    complained = {p.promise for p in true.values() if not p.kept and p.told} & set(table.index)
    days = {name: true[name].due for name in table.index if name in true and true[name].due}

    assert len(days) > 300
    assert all(table["due"][name].date() == day.date() for name, day in days.items())
    # docs/insights.md has the figures over ten years; these are the least of one
    assert precision(broken, {p.promise for p in true.values() if not p.kept}) >= 0.9
    assert len(broken & complained) / len(complained) >= 0.75
    assert precision(kept, {p.promise for p in true.values() if p.kept}) >= 0.85


def precision(found: set[str], true: set[str]) -> float:
    return len(found & true) / len(found)
