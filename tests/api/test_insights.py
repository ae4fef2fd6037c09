"""Figures over many calls: against examples worked out by hand and against scipy."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from scipy import stats

from analyzer.statistics import wilson
from analyzer.traits import LABELS
from api.access import Permission, Role
from api.insights import (
    Tally,
    drift_of,
    mean_of,
    trend_of,
)
from api.storage import people, scorecards
from api.storage.tables import Call
from tests.api.conftest import Installation

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
KIND = "Det kan jeg godt forstå er frustrerende, det beklager jeg virkelig."
RUDE = "Det er ikke mit område, det må du tage med butikken."


def tally(scores: list[float]) -> Tally:
    squares = sum(score * score for score in scores)
    return Tally(len(scores), len(scores), sum(scores), squares)


def test_the_interval_of_a_mean_is_students() -> None:
    scores = [12.0, 40.5, 55.0, 61.5, 48.0, 70.0, 33.0, 90.0]
    mean, interval = mean_of(tally(scores))
    low, high = stats.t.interval(
        0.95, len(scores) - 1, loc=sum(scores) / len(scores), scale=stats.sem(scores)
    )
    assert mean == pytest.approx(sum(scores) / len(scores), abs=0.05)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.06)


def test_a_trend_needs_more_than_chance() -> None:
    rising = [tally([40 + week, 41 + week, 39 + week, 40 + week, 40 + week]) for week in range(8)]
    trend = trend_of(rising)
    assert (trend.direction, trend.points_per_week) == ("rising", 1.0)
    assert trend_of(rising[::-1]).direction == "falling"
    assert trend_of(rising[:4]).points_per_week is None
    means = [50.0, 40.0, 60.0, 45.0, 55.0, 50.0]
    noisy = trend_of([tally([mean] * 10) for mean in means])
    line = stats.linregress(range(6), means)
    half = stats.t.ppf(0.975, 4) * line.stderr
    assert noisy.direction == "unclear" and noisy.interval is not None
    assert noisy.points_per_week == pytest.approx(line.slope, abs=0.006)
    expected = (line.slope - half, line.slope + half)
    assert (noisy.interval.low, noisy.interval.high) == pytest.approx(expected, abs=0.01)


def test_drift_is_the_population_stability_index() -> None:
    drift = drift_of({"a": 500, "b": 500}, {"a": 300, "b": 700}, 1000, 1000)
    # (0.5 - 0.3) ln(0.5 / 0.3) + (0.5 - 0.7) ln(0.5 / 0.7) = 0.1695
    assert drift.index == pytest.approx(0.1695, abs=0.001)
    assert drift.chance == pytest.approx(stats.chi2.ppf(0.95, 1) * 0.002, abs=0.001)
    assert drift.state == "moved"
    assert drift_of({"a": 900, "b": 100}, {"a": 500, "b": 500}, 1000, 1000).state == "moved_much"
    assert drift_of({"a": 500, "b": 500}, {"a": 490, "b": 510}, 1000, 1000).state == "steady"
    assert drift_of({"a": 50}, {"b": 50}, 50, 5000).state == "too_few_calls"


def test_chance_alone_seldom_looks_like_drift() -> None:
    lot = random.Random(1)
    kinds = [str(number) for number in range(8)]

    def drawn(n: int) -> dict[str, int]:
        chosen = lot.choices(kinds, [1, 2, 3, 4, 4, 3, 2, 1], k=n)
        return {kind: chosen.count(kind) for kind in kinds}

    drifts = [drift_of(drawn(150), drawn(120), 150, 120) for _ in range(200)]
    assert sum(own.state != "steady" for own in drifts) <= 200 * 0.08


def test_labels_keep_their_bits() -> None:
    # `calls.labels` holds a bit for each: a label that moves needs a migration that moves its bit
    assert LABELS[:23] == (
        *("sigh", "deflection", "transfer", "blame", "reluctance", "dismissal", "overpromise"),
        *("empathy", "apology", "ownership", "clarification", "expectation", "resolution"),
        *("compensation", "follow_up", "proactive_tip", "greeting", "closing"),
        *("frustration", "broken_promise", "repeat_contact", "basic_error", "satisfaction"),
    )


def add_calls(
    installation: Installation, count: int, *, agent_id: str, words: str, week: int = 0
) -> list[dict[str, Any]]:
    """Calls of that agent, all in one week, in which the agent says these words."""
    client = installation.with_key(Permission.CALLS_SCORE)
    added = []
    for number in range(count):
        moment = MONDAY + timedelta(weeks=week, minutes=number)
        call = {
            "id": f"{agent_id}-{week}-{number}",
            "language": "da",
            "agent_id": agent_id,
            "queue": "support",
            "started_at": moment.isoformat(),
            "turns": [
                {"role": "customer", "text": "Hej, min router blinker rødt igen."},
                {"role": "agent", "text": words},
            ],
        }
        answer = client.post("/v1/calls", json=call)
        assert answer.status_code == 201, answer.text
        added.append(answer.json()["call"])
    return added


def team_up(installation: Installation, **teams: str) -> None:
    with installation.database.session() as db:
        for agent_id, team in teams.items():
            people.set_team(db, agent_id, team)


DAYS = {"since": "2026-03-02", "until": "2026-03-15"}


def test_a_team_beside_everybody_else(install: Callable[..., Installation]) -> None:
    installation = install(min_calls=6, rate_limit="100000/minute")
    rude = add_calls(installation, 6, agent_id="rude", words=RUDE)
    add_calls(installation, 2, agent_id="rude", words=RUDE, week=1)
    kind = add_calls(installation, 40, agent_id="kind", words=KIND)
    team_up(installation, rude="North", kind="South")
    client = installation.signed_in(Role.COACH)

    found = client.get("/v1/teams/North", params=DAYS).json()
    figures = found["figures"]
    assert (found["missing"], figures["calls"], figures["scored"]) == (0, 8, 8)
    assert [week["monday"] for week in figures["weeks"]] == ["2026-03-02", "2026-03-09"]
    first, second = figures["weeks"]
    assert (first["calls"], first["mean_score"]) == (6, rude[0]["score"])
    assert (second["calls"], second["mean_score"], second["interval"]) == (2, None, None)
    assert figures["mean_score"] == pytest.approx(rude[0]["score"], abs=0.05)
    bands = {band: own["count"] for band, own in figures["bands"].items()}
    assert bands == {"rasmus": 0, "kasper": 0, "star": 0} | {rude[0]["band"]: 8}
    rates = {own["label"]: own for own in figures["labels"]}
    assert rates["deflection"]["rate"]["per_100"] == 100.0
    assert rates["deflection"]["rate"]["interval"] == {
        "low": pytest.approx(100 * wilson(8, 8)[0], abs=0.06),
        "high": 100.0,
    }
    assert rates["deflection"]["weeks"] == [100.0, None]
    assert rates["empathy"]["rate"]["per_100"] == 0.0

    assert figures["compared_with"] == 40
    coach = {own["compared"]["label"]: own for own in found["coach"]}
    assert coach["deflection"]["compared"]["difference"] == 100.0
    example = coach["deflection"]["examples"][0]
    assert example["text"] in RUDE and example["turn"] == 1
    assert coach["empathy"]["compared"]["elsewhere"]["per_100"] == 100.0
    assert coach["empathy"]["examples"][0]["uid"] in {call["uid"] for call in rude}

    other = client.get("/v1/teams/South", params=DAYS).json()
    strong = {own["compared"]["label"]: own for own in other["strong"]}
    assert {"empathy", "deflection"} <= strong.keys() and not other["coach"]
    assert strong["empathy"]["examples"][0]["uid"] in {call["uid"] for call in kind}
    assert strong["deflection"]["examples"] == []

    agent = client.get("/v1/agents/kind/insights", params=DAYS).json()
    assert agent["figures"] == other["figures"]
    everybody = client.get("/v1/insights", params=DAYS).json()
    assert everybody["figures"]["calls"] == 48
    assert everybody["coach"] == everybody["strong"] == []


def test_too_few_calls_show_how_many_are_missing_and_nothing_else(
    install: Callable[..., Installation],
) -> None:
    installation = install(min_calls=4)
    add_calls(installation, 3, agent_id="new", words=RUDE)
    team_up(installation, new="North")
    client = installation.signed_in(Role.QA_LEAD)
    for path in ("/v1/teams/North", "/v1/agents/new/insights", "/v1/insights"):
        found = client.get(path, params=DAYS).json()
        assert (found["missing"], found["figures"], found["coach"]) == (1, None, None)
        assert "1 are missing" in found["reason"]
    add_calls(installation, 1, agent_id="new", words=RUDE, week=1)
    assert client.get("/v1/teams/North", params=DAYS).json()["figures"]["scored"] == 4
    short = client.get("/v1/teams/North", params=DAYS | {"until": "2026-03-08"}).json()
    assert short["missing"] == 1
    other = client.get("/v1/teams/North", params=DAYS | {"queue": "billing"}).json()
    assert other["missing"] == 4


def test_teams_and_agents_stand_in_the_order_of_the_alphabet(
    install: Callable[..., Installation],
) -> None:
    installation = install(min_calls=2)
    add_calls(installation, 3, agent_id="b", words=RUDE)
    add_calls(installation, 1, agent_id="a", words=KIND)
    add_calls(installation, 1, agent_id="loose", words=KIND)
    team_up(installation, b="North", a="North", z="Aalborg")
    found = installation.signed_in(Role.COACH).get("/v1/teams", params=DAYS).json()
    assert [team["team"] for team in found["teams"]] == ["Aalborg", "North"]
    north = found["teams"][1]
    assert (north["scored"], north["missing"]) == (4, 0)
    assert [(own["agent_id"], own["missing"]) for own in north["agents"]] == [("a", 1), ("b", 0)]
    assert [own["agent_id"] for own in found["agents_without_team"]] == ["loose"]


def test_words_of_calls_are_for_those_who_may_read_calls(
    install: Callable[..., Installation],
) -> None:
    installation = install(min_calls=5, rate_limit="100000/minute")
    add_calls(installation, 20, agent_id="rude", words=RUDE)
    add_calls(installation, 20, agent_id="kind", words=KIND)
    for scopes, hidden in (
        ((Permission.INSIGHTS_READ,), True),
        ((Permission.INSIGHTS_READ, Permission.CALLS_READ), False),
    ):
        client = installation.with_key(*scopes)
        found = client.get("/v1/agents/rude/insights", params=DAYS).json()
        example = next(p for p in found["coach"] if p["compared"]["label"] == "deflection")
        assert (example["examples"][0]["text"] is None) is hidden


def test_who_may_see_figures(installation: Installation) -> None:
    agent = installation.signed_in(Role.AGENT, agent_id="a")
    for path in ("/v1/teams", "/v1/teams/North", "/v1/agents/a/insights", "/v1/insights"):
        assert agent.get(path).status_code == 403
    coach = installation.signed_in(Role.COACH)
    assert coach.get("/v1/teams/North").status_code == 404
    assert coach.get("/v1/agents/nobody/insights").status_code == 404
    assert coach.get("/v1/agents/%00/insights").status_code == 422


@pytest.mark.parametrize(
    "days",
    [
        {"since": "2026-03-02", "until": "2026-03-01"},
        {"until": "9999-12-31"},
        {"since": "0001-01-01"},
        {"since": "1980-01-01"},
        {"queue": "\0"},
    ],
)
def test_days_that_make_no_sense(installation: Installation, days: dict[str, str]) -> None:
    client = installation.with_key(Permission.INSIGHTS_READ)
    answer = client.get("/v1/insights", params=days)
    assert answer.status_code == 422 and answer.json()["errors"]


def test_scores_of_two_scorecards_are_not_comparable(
    install: Callable[..., Installation],
) -> None:
    installation = install(min_calls=2)
    add_calls(installation, 2, agent_id="a", words=RUDE)
    client = installation.signed_in(Role.COACH)
    assert client.get("/v1/insights", params=DAYS).json()["comparable"] is True
    with installation.database.session() as db:
        active = scorecards.active(db)
        draft = scorecards.add_draft(db, active.name, active.toml, None)
        scorecards.publish(db, draft)
        scorecards.activate(db, draft)
    add_calls(installation, 1, agent_id="b", words=KIND)
    assert client.get("/v1/insights", params=DAYS).json()["comparable"] is False


def test_a_call_without_a_score_is_counted_apart(install: Callable[..., Installation]) -> None:
    installation = install(min_calls=2)
    add_calls(installation, 2, agent_id="a", words=KIND)
    client = installation.with_key(Permission.CALLS_SCORE)
    one_sided = {
        "id": "x",
        "language": "da",
        "started_at": MONDAY.isoformat(),
        "turns": [{"role": "agent", "text": KIND}],
    }
    assert client.post("/v1/calls", json=one_sided).status_code == 201
    with installation.database.reading() as db:
        assert db.query(Call).count() == 3
    found = installation.signed_in(Role.COACH).get("/v1/insights", params=DAYS).json()
    assert (found["figures"]["calls"], found["figures"]["scored"]) == (3, 2)
