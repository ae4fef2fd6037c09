"""The weekly digest: a planted change is said, a quiet week is quiet, the calls are right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analyzer.errors import UsageError
from analyzer.insights import digest
from analyzer.insights.digest import last_week, monday_of
from analyzer.insights.log import Log
from analyzer.insights.week_changes import FIGURES, differences
from benchmarks.year import BEGIN, Year
from tests.analyzer.insights.conftest import Call

MakeLog = Callable[..., Log]
MONDAY = date(2026, 11, 16)
GREETED = [("greeting", "hej")]
RASMUS: dict[str, Any] = {"band": "rasmus", "score": 30.0}


def calls(monday: date, count: int, name: str, rasmus: int = 0) -> list[Call]:
    """A week of calls of as many customers, the first of them rasmus."""
    return [
        (f"{name}-{i}", str(monday + timedelta(days=i % 5)),
         {"customer_id": f"k-{name}-{i}", **(RASMUS if i < rasmus else {})}, GREETED)
        for i in range(count)
    ]  # fmt: skip


def two_weeks(rasmus: int, count: int = 80) -> list[Call]:
    before = calls(MONDAY - timedelta(days=7), count, "before", 4)
    return [*before, *calls(MONDAY, count, "now", rasmus)]


def test_a_planted_change_is_found_with_its_interval(log: MakeLog) -> None:
    found = digest(log(*two_weeks(rasmus=28)), MONDAY)

    shares = {item.figure: item for item in found.worse}
    assert set(shares) == {"rasmus", "score"} and found.better == []
    rasmus: Any = shares["rasmus"]
    assert (rasmus.now, rasmus.before, rasmus.cases, rasmus.far) == (35.0, 5.0, (80, 80), True)
    assert 0 < rasmus.interval.low < 30 < rasmus.interval.high
    assert (found.calls, found.calls_before, found.bands["rasmus"]) == (80, 80, 28)


def test_what_falls_back_got_better(log: MakeLog) -> None:
    late = digest(
        log(*two_weeks(rasmus=28), *calls(MONDAY + timedelta(days=7), 80, "later")),
        MONDAY + timedelta(days=7),
    )

    assert {item.figure for item in late.differences if item.better} == {"rasmus", "score"}
    assert late.worse == []


def test_a_difference_that_chance_gives_is_not_said(log: MakeLog) -> None:
    found = digest(log(*two_weeks(rasmus=9)), MONDAY)

    assert found.enough and not found.worse and not found.better


def test_few_calls_are_not_compared(log: MakeLog) -> None:
    found = digest(log(*two_weeks(rasmus=15, count=19)), MONDAY)

    assert not found.enough and not found.differences


def test_later_calls_change_nothing(log: MakeLog) -> None:
    before = two_weeks(rasmus=28)
    later = calls(MONDAY + timedelta(days=7), 50, "later", 50)

    assert digest(log(*before), MONDAY) == digest(log(*before, *later), MONDAY)


def test_a_week_in_which_nothing_changed_seldom_says_that_something_did() -> None:
    rng = np.random.default_rng(7)

    def week() -> pd.DataFrame:
        table = pd.DataFrame({name: rng.random(150) < 0.15 for name in FIGURES}).astype(float)
        table["again"] *= rng.uniform(0.5, 1, 150)
        table["score"] = rng.normal(60, 15, 150)
        return table

    alarms = sum(bool(differences(week(), week())[0]) for _ in range(300))

    assert alarms <= 300 * 0.05


def test_a_lasting_change_is_said_once_it_shows(generated: Year) -> None:
    begin = BEGIN.date()
    told = {}
    for number in range(24, 34):
        monday = begin + timedelta(weeks=number)
        for point in digest(generated.log, monday).turning_points:
            if (point.queue, point.basic) == ("delivery", "wrong_details"):
                told[monday] = point

    [(monday, point)] = told.items()
    assert abs((point.since - begin).days - 22 * 7) <= 28 and not point.better
    assert point.earliest <= point.since <= point.latest < monday
    assert point.before < 10 < point.after


def test_calls_to_look_at_bear_their_words_and_reason(log: MakeLog) -> None:
    unsolved: dict[str, Any] = {"resolved": False, "failure": True, "recovery": 0}
    found = digest(
        log(
            ("due", "2026-11-18", {"customer_id": "k-1"},
             [("overpromise", "du har den på mandag, det garanterer jeg")]),
            ("made", "2026-11-05", {"customer_id": "k-2"},
             [("follow_up", "vi ringer senest den 10. november")]),
            ("told", "2026-11-17", {"customer_id": "k-2", **unsolved},
             [("broken_promise", "I sagde den 10. november")]),
            *((f"again-{n}", f"2026-11-{16 + n}", {"customer_id": "k-3", **unsolved},
               [("repeat_contact", "det er tredje gang")]) for n in (0, 1, 2)),
            ("bad", "2026-11-19", {"customer_id": "k-4", **unsolved},
             [("basic_error", "forkert adresse")]),
            ("rude", "2026-11-19", {"customer_id": "k-5"}, [("deflection", "ikke os")] * 3),
            ("fine", "2026-11-20", {"customer_id": "k-6"}, GREETED),
            ("silent", "2026-11-20", {"customer_id": "k-7", **unsolved}, GREETED),
        ),
        MONDAY,
    )  # fmt: skip

    looks = {look.call: look for look in found.look_at}
    assert {call: look.why for call, look in looks.items()} == {
        "due": "promise_due",
        "again-2": "many_contacts",
        "told": "promise_broken",
        "bad": "not_made_good",
        "rude": "conduct",
    }
    assert looks["due"].due == date(2026, 11, 23)
    assert looks["again-2"].contacts == 3
    told = looks["told"]
    assert (told.words, told.promised_in) == ("I sagde den 10. november", "made")
    assert told.promised_words == "vi ringer senest den 10. november"
    assert all(look.words and look.probability for look in looks.values())


def test_at_most_five_calls(log: MakeLog) -> None:
    rude = [(f"c-{i}", "2026-11-18", {"customer_id": f"k-{i}"}, [("blame", "din egen skyld")] * 3)
            for i in range(9)]  # fmt: skip

    assert len(digest(log(*rude), MONDAY).look_at) == 5


def test_thanks_name_agents_only_if_asked(log: MakeLog) -> None:
    star = {"band": "star", "score": 90.0, "agent_id": "a-7"}
    week = log(
        ("plain", "2026-11-18", star, [("ownership", "den tager jeg")]),
        (
            "warm",
            "2026-11-17",
            star,
            [("satisfaction", "tusind tak"), ("ownership", "jeg gør det")],
        ),
    )

    found = digest(week, MONDAY)
    assert [star.call for star in found.thanks] == ["warm", "plain"] and found.bands["star"] == 2
    assert "a-7" not in str(asdict(found))
    assert digest(week, MONDAY, agents=True).thanks[0].agent_id == "a-7"


def test_what_was_not_analysed_and_what_is_unsure(log: MakeLog) -> None:
    reason = "evidence:ONE_SIDE_ONLY score:ONE_SIDE_ONLY"
    found = digest(
        log(
            ("c-1", "2026-11-18", {"flags": "left_angry uncertain_band"}, GREETED),
            ("c-2", "2026-11-18", {"score": None, "band": None, "not_analysed": reason}, []),
            ("c-3", "2026-11-18", {"customer_id": None}, []),
            ("c-4", None, {}, []),
            ("c-5", "2026-11-10", {}, [("follow_up", "vi ringer senest den 18. november")]),
        ),
        MONDAY,
    )

    doubt = found.doubt
    assert (doubt.unscored, doubt.without_customer) == ({"ONE_SIDE_ONLY": 1}, 1)
    assert (doubt.uncertain_bands, doubt.due, found.without_start) == (1, 1, 1)


@pytest.mark.parametrize(
    ("days", "today", "week"),
    [
        # the last call was on a Friday, and nobody works at weekends
        (["2026-11-12", "2026-11-20"], "2026-11-23", date(2026, 11, 16)),
        (["2026-11-12", "2026-11-20"], "2026-11-20", date(2026, 11, 9)),
        (["2026-10-13", "2026-11-20"], "2026-11-22", date(2026, 10, 12)),
        (["2026-11-18", "2026-11-20"], "2026-11-20", date(2026, 11, 16)),
    ],
)
def test_the_last_whole_week_is_meant(
    log: MakeLog, days: list[str], today: str, week: date
) -> None:
    own = log(*((f"c-{day}", day, {}, GREETED) for day in days))

    assert last_week(own, date.fromisoformat(today)) == week


def test_a_week_without_calls_is_empty(log: MakeLog) -> None:
    found = digest(log(("c-1", "2026-11-18", {}, GREETED)), MONDAY - timedelta(days=70))

    assert (found.calls, found.look_at, found.enough) == (0, [], False)


@pytest.mark.parametrize("week", ["2026-47", "2026-W54", "W47", "2026-W1", "next"])
def test_what_is_no_week_is_said(week: str) -> None:
    with pytest.raises(UsageError, match="write it as 2026-W47"):
        monday_of(week)


def test_a_log_without_days_has_no_weeks(log: MakeLog) -> None:
    with pytest.raises(UsageError, match="started_at"):
        digest(log(("c-1", None, {}, GREETED)))


def test_a_week_is_written_as_iso_does() -> None:
    assert monday_of("2026-W47") == MONDAY
