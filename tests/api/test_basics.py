"""The light bulbs: which basics failed, where, since when, and what to fix first."""

from __future__ import annotations

from typing import get_args

import pytest

from analyzer.insights.basics import BASICS
from api.access import Permission, Role
from api.routes.basics import Basic
from tests.api.conftest import Installation
from tests.api.insight_calls import DAYS, GREETING, KIND, RUDE, add, said

GREETED, BARE, PUSHED = said(GREETING, KIND), said(KIND), said(RUDE)


def test_every_basic_of_the_library_has_its_name_here() -> None:
    assert get_args(Basic) == tuple(BASICS)


def test_where_since_when_and_what_to_fix_first(installation: Installation) -> None:
    greeted = [GREETED] * 6
    bare = add(installation, [*greeted, *[PUSHED] * 6], 8, queue="billing", product="router")[48:]
    add(installation, [*greeted, *greeted], 4, queue="support")
    client = installation.signed_in(Role.COACH)
    found = client.get("/v1/insights/basics", params=DAYS).json()

    assert (found["missing"], found["calls"], found["by"]) == (0, 144, "queue")
    pareto = {own["basic"]: own for own in found["pareto"]}
    greeting = pareto["no_greeting"]
    assert greeting["failed"] == 48 and greeting["per_100"] == pytest.approx(33.3)
    assert greeting["interval"]["low"] < 33.3 < greeting["interval"]["high"]
    assert greeting["customers"] == 48 and greeting["group"] is None
    assert [own["cumulative"] for own in found["pareto"]][-1] == pytest.approx(100, abs=0.2)
    weeks = {own["basic"]: own["weeks"] for own in found["weeks"]}["no_greeting"]
    assert weeks[:6] == [0.0] * 6 and weeks[6:12] == [66.7] * 6 and weeks[12:] == [None] * 3

    groups = {(own["group"], own["basic"]): own for own in found["groups"]}
    assert groups["billing", "no_greeting"]["per_100"] == 50.0
    assert ("support", "no_greeting") not in groups
    changes = {(own["group"], own["basic"]): own for own in found["changes"]}
    change = changes["billing", "no_greeting"]
    assert change["monday"] == changes[None, "no_greeting"]["monday"] == "2026-04-13"
    assert change["before"] == 0 and change["after"] == 100 and change["p"] < 0.01
    fix = next(own for own in found["fix_first"] if own["basic"] == "no_greeting")
    assert (fix["group"], fix["calls"], fix["customers"]) == ("billing", 48, 48)
    assert fix["points_lost"] > 0
    for own in (greeting, change, fix):
        assert {call["uid"] for call in own["examples"]} <= set(bare) and own["examples"]
    assert "basics.read" in installation.signed_in(Role.ADMIN).get("/v1/audit").text


def test_words_that_show_a_failure_are_for_those_who_may_read_calls(
    installation: Installation,
) -> None:
    add(installation, [PUSHED] * 2, 12, queue="billing")
    for scopes, hidden in (
        ((Permission.INSIGHTS_READ,), True),
        ((Permission.INSIGHTS_READ, Permission.CALLS_READ), False),
    ):
        found = installation.with_key(*scopes).get("/v1/insights/basics", params=DAYS).json()
        dead = next(own for own in found["pareto"] if own["basic"] == "dead_end")
        assert dead["examples"][0]["turn"] == 1
        assert (dead["examples"][0]["words"] is None) is hidden


def test_filters_narrow_and_a_product_can_be_told_apart(installation: Installation) -> None:
    add(installation, [BARE] * 2, 12, queue="billing", product="router")
    add(installation, [GREETED] * 2, 12, queue="support", product="mobile")
    client = installation.signed_in(Role.COACH)

    def groups(**asked: str) -> set[str]:
        found = client.get("/v1/insights/basics", params=DAYS | asked).json()
        return {own["group"] for own in found["groups"] if own["basic"] == "no_greeting"}

    assert groups(by="product") == {"router"}
    assert groups(queue="support") == groups(product="mobile") == set()


def test_too_few_calls_show_how_many_are_missing_and_nothing_else(
    installation: Installation,
) -> None:
    add(installation, [BARE], 19, queue="billing")
    found = installation.signed_in(Role.COACH).get("/v1/insights/basics", params=DAYS).json()

    assert found["missing"] == 1 and "1 are missing" in found["reason"]
    names = ("pareto", "groups", "weeks", "changes", "fix_first")
    assert [found[name] for name in names] == [[]] * 5


@pytest.mark.parametrize(
    "asked", [{"by": "agent"}, {"product": "\0"}, {"since": "yesterday"}, {"queue": "x" * 201}]
)
def test_what_makes_no_sense_is_refused(installation: Installation, asked: dict[str, str]) -> None:
    client = installation.with_key(Permission.INSIGHTS_READ)
    assert client.get("/v1/insights/basics", params=asked).status_code == 422


def test_agents_may_not_see_it(installation: Installation) -> None:
    agent = installation.signed_in(Role.AGENT, agent_id="a")
    assert agent.get("/v1/insights/basics").status_code == 403
