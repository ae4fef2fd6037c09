"""Coaching: habits with own calls to hear, progress, praise; who sees whose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.access import Permission, Role
from api.storage import people
from tests.api.conftest import Installation
from tests.api.insight_calls import (
    DAYS,
    GREETING,
    KIND,
    RUDE,
    add,
    add_star,
    release_all,
    said,
    team_up,
)

CANNED = "Det kan jeg godt forstå er frustrerende."
POLITE, PUSHED = said(GREETING, KIND), said(GREETING, RUDE)


@pytest.fixture
def made(install: Callable[..., Installation]) -> Installation:
    """An installation in which six calls are enough."""
    return install(min_calls=6, rate_limit="100000/minute")


def test_two_habits_with_their_own_calls_to_hear(made: Installation) -> None:
    rude = add(made, [PUSHED, PUSHED], 4, agent_id="rude")
    kind = add(made, [POLITE], 4, agent_id="kind")
    add(made, [PUSHED], 4, agent_id="other")
    team_up(made, rude="North", kind="North")
    client = made.signed_in(Role.COACH)

    found = client.get("/v1/teams/North/coaching", params=DAYS).json()
    assert (found["calls"], found["missing"], found["team"]) == (12, 0, "North")
    assert 1 <= len(found["habits"]) <= 2
    habit = found["habits"][0]
    assert habit["points"] > 0 and habit["interval"]["low"] < habit["points"]
    heard = [own["call"] for habit in found["habits"] for own in habit["listen"]]
    assert set(heard) <= {*rude, *kind} and len(habit["listen"]) == 3
    assert found["progress"] is None and found["comparable"]

    own = client.get("/v1/agents/rude/coaching", params=DAYS).json()
    heard = [call["call"] for habit in own["habits"] for call in habit["listen"] + habit["good"]]
    assert own["calls"] == 8 and set(heard) <= set(rude)
    # nobody is compared with anybody
    assert {habit["elsewhere"] for habit in own["habits"]} == {None}
    audited = made.signed_in(Role.ADMIN).get("/v1/audit").json()
    subjects = {own["subject"] for own in audited["items"] if own["action"] == "coaching.read"}
    assert subjects == {"team:North", "agent:rude"}


def test_few_calls_say_nothing_but_how_many_are_missing(made: Installation) -> None:
    add(made, [PUSHED], 5, agent_id="new")
    found = made.signed_in(Role.COACH).get("/v1/agents/new/coaching", params=DAYS).json()
    assert (found["missing"], found["habits"], found["canned"]) == (1, [], [])
    assert "1 are missing" in found["reason"]


def test_the_same_sentence_each_time_is_named_for_those_with_enough_calls(
    made: Installation,
) -> None:
    canned = said(GREETING, CANNED)
    add(made, [canned], 6, agent_id="much")
    add(made, [canned], 5, agent_id="few")
    team_up(made, much="North", few="North")
    found = made.signed_in(Role.COACH).get("/v1/teams/North/coaching", params=DAYS).json()
    assert [own["agent_id"] for own in found["canned"]] == ["much"]
    assert found["canned"][0]["calls"] == 6 and len(found["canned"][0]["places"]) == 3


def test_progress_compares_before_and_after_a_day(made: Installation) -> None:
    add(made, [PUSHED, PUSHED, POLITE, POLITE], 4, agent_id="a-1")
    client = made.signed_in(Role.COACH)
    # what is compared does not depend on the days that are shown
    short = {"since": "2026-03-09", "until": "2026-03-22"}
    asked = short | {"coached_on": "2026-03-16", "habit": "deflection"}
    found = client.get("/v1/agents/a-1/coaching", params=asked).json()
    progress = found["progress"]
    assert progress["calls"] == [8, 8] and progress["done"] == [0.0, 100.0]
    assert progress["done_difference"]["low"] > 0
    assert progress["score"][1] > progress["score"][0]

    few = client.get("/v1/agents/a-1/coaching", params=asked | {"coached_on": "2026-04-20"}).json()
    assert few["progress"]["too_few"] and few["progress"]["done"] is None
    usual = client.get("/v1/agents/a-1/coaching", params=short | {"coached_on": "2026-03-16"})
    assert usual.json()["habit"] == usual.json()["habits"][0]["question"]


@pytest.mark.parametrize(
    "asked",
    [
        {"coached_on": "2026-03-16", "habit": "resolved"},
        {"habit": "no-such"},
        {"coached_on": "0001-01-01"},
        {"coached_on": "soon"},
    ],
)
def test_a_coaching_that_makes_no_sense_is_refused(
    installation: Installation, asked: dict[str, str]
) -> None:
    team_up(installation, a="North")
    answer = installation.signed_in(Role.COACH).get("/v1/teams/North/coaching", params=asked)
    assert answer.status_code == 422 and answer.json()["errors"]


def test_an_agent_sees_their_own_released_calls_alone(made: Installation) -> None:
    own = add(made, [PUSHED, PUSHED], 4, agent_id="a-1")
    add(made, [PUSHED], 8, agent_id="a-2")
    release_all(made, own[:6])
    agent = made.signed_in(Role.AGENT, agent_id="a-1")
    found = agent.get("/v1/me/coaching", params=DAYS).json()
    assert (found["calls"], found["agent_id"]) == (6, "a-1")
    heard = {call["call"] for habit in found["habits"] for call in habit["listen"]}
    assert heard and heard <= set(own[:6])
    for path in ("/v1/agents/a-1/coaching", "/v1/agents/a-2/coaching", "/v1/teams/x/coaching"):
        assert agent.get(path).status_code == 403
    # no detour leads to others
    trick = agent.get("/v1/me/coaching", params=DAYS | {"agent_id": "a-2", "team": "x"}).json()
    assert (trick["agent_id"], trick["calls"]) == ("a-1", 6)
    assert made.signed_in(Role.COACH).get("/v1/me/coaching").status_code == 404
    assert made.signed_in(Role.AGENT).get("/v1/me/coaching").status_code == 404


def test_who_is_not_there_is_404(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    for path in ("teams/nobody", "agents/nobody"):
        assert coach.get(f"/v1/{path}/coaching").status_code == 404


def quotes(found: Any) -> set[str]:
    return {act["words"] for star in found["praise"] for act in star["acts"]}


def test_words_of_calls_are_for_those_who_may_read_calls(made: Installation) -> None:
    add(made, [PUSHED], 6, agent_id="a-1")
    add_star(made, "a-1")

    def found(client: TestClient) -> Any:
        return client.get("/v1/agents/a-1/coaching", params=DAYS).json()

    blind = found(made.with_key(Permission.INSIGHTS_READ))
    reading = found(made.with_key(Permission.INSIGHTS_READ, Permission.CALLS_READ))
    words = [own["words"] for habit in blind["habits"] for own in habit["listen"] + habit["good"]]
    assert blind["habits"] and set(words) == {None} and not quotes(blind)
    assert quotes(reading)


def test_a_letter_quotes_a_star_call_in_the_agents_language(made: Installation) -> None:
    uid = add_star(made, "a-1")
    with made.database.session() as db:
        mia = people.add_user(db, "mia@example.org", "Mia", Role.AGENT, agent_id="a-1")
        people.set_language(db, mia.id, "sv")
    client = made.signed_in(Role.COACH)
    letter = client.get(f"/v1/calls/{uid}/letter").json()
    call = client.get(f"/v1/calls/{uid}").json()

    assert letter["language"] == "sv" and "Mia" in letter["salutation"]
    turns = " ".join(turn["text"] for turn in call["turns"])
    said_words = [words for _, words in letter["did"]]
    assert said_words and all(words in turns for words in said_words)
    assert call["call"]["id"] in letter["source"]
    english = client.get(f"/v1/calls/{uid}/letter", params={"language": "en"}).json()
    assert english["title"] == "A call to be proud of" and "2 March 2026" in english["opening"]
    audited = made.signed_in(Role.ADMIN).get("/v1/audit").text
    assert f"call:{uid}" in audited and "letter.read" in audited


def test_a_letter_is_about_a_star_call_and_for_those_who_may_read_it(made: Installation) -> None:
    star = add_star(made, "a-1", released=True)
    [other] = add(made, [POLITE], 1, agent_id="a-1")
    coach = made.signed_in(Role.COACH)
    assert coach.get(f"/v1/calls/{other}/letter").status_code == 409
    assert coach.get(f"/v1/calls/{'0' * 32}/letter").status_code == 404
    assert coach.get(f"/v1/calls/{star}/letter", params={"language": "xx"}).status_code == 422
    for refused in (
        made.signed_in(Role.AGENT, agent_id="a-1"),
        made.with_key(Permission.INSIGHTS_READ),
        made.with_key(Permission.CALLS_READ),
    ):
        assert refused.get(f"/v1/calls/{star}/letter").status_code == 403
