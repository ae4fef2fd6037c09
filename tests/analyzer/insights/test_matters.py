from __future__ import annotations

from collections.abc import Callable

import pytest

from analyzer.insights import find_matters
from analyzer.insights.log import Log
from benchmarks.year import Year, year

MakeLog = Callable[..., Log]
AGAIN = [("repeat_contact", "det er anden gang")]


def matters(log: Log) -> list[tuple[int, int, str | None]]:
    table = find_matters(log)
    rows = zip(table["matter"], table["contact"], table["joined_by"].fillna("-"), strict=True)
    return [(int(matter), int(contact), why) for matter, contact, why in rows]


@pytest.mark.parametrize(
    ("day", "details", "found", "why"),
    [
        ("2026-03-30", {}, AGAIN, "says_so"),
        ("2026-03-10", {"queue": "sales"}, AGAIN, "says_so"),
        ("2026-03-06", {}, [], "near"),
        ("2026-03-30", {"queue": "sales"}, [("resolution", "ordren hl4471 er sendt")], "words"),
    ],
)
def test_a_later_call_joins_the_matter(
    log: MakeLog, day: str, details: dict[str, object], found: list[tuple[str, str]], why: str
) -> None:
    first = ("c-1", "2026-03-02", {}, [("basic_error", "ordren hl4471 mangler")])

    assert matters(log(first, ("c-2", day, details, found))) == [(1, 1, "-"), (1, 2, why)]


@pytest.mark.parametrize(
    ("day", "details", "found"),
    [
        ("2026-03-30", {}, []),  # nothing says so
        ("2026-03-30", {"queue": "sales"}, AGAIN),  # another queue, and long ago
        ("2026-06-30", {}, AGAIN),  # too long ago
        ("2026-03-03", {"customer_id": "k-2"}, AGAIN),
        ("2026-03-03", {"product": "sofa"}, AGAIN),
    ],
)
def test_a_later_call_begins_a_matter_of_its_own(
    log: MakeLog, day: str, details: dict[str, object], found: list[tuple[str, str]]
) -> None:
    made = log(("c-1", "2026-03-02", {"product": "bed"}, []), ("c-2", day, details, found))

    assert [row[0] for row in matters(made)] == [1, 2]


def test_the_case_decides_where_there_is_one(log: MakeLog) -> None:
    made = log(
        ("c-1", "2026-03-02", {"case_id": "s-1"}, []),
        ("c-2", "2026-03-03", {"case_id": "s-2"}, AGAIN),
        ("c-3", "2026-08-03", {"case_id": "s-1"}, []),
    )

    assert matters(made) == [(1, 1, "-"), (2, 1, "-"), (1, 2, "case")]


def test_calls_without_a_customer_or_a_start_have_no_matter(log: MakeLog) -> None:
    made = log(("c-1", None, {}, AGAIN), ("c-2", "2026-03-02", {"customer_id": None}, AGAIN))

    assert matters(made) == []


def joined(own: Year) -> tuple[float, float]:
    """Precision and recall of the repeat contacts: the call before must be of the same matter."""
    last: dict[int, str] = {}
    found, right = 0, 0
    for call, matter, contact in find_matters(own.log)[["call", "matter", "contact"]].to_numpy():
        if contact > 1:
            found += 1
            right += own.matters[last[matter]] == own.matters[call]
        last[matter] = call
    return right / found, right / len(own.again)


def test_repeat_contacts_of_a_generated_year_are_found(generated: Year) -> None:
    precision, recall = joined(generated)

    assert precision >= 0.97 and recall >= 0.7  # docs/insights.md has the figures


def test_with_cases_no_repeat_contact_is_missed() -> None:
    assert joined(year(200, seed=12, cases=True)) == (1.0, 1.0)
