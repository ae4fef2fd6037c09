"""Promises and journeys over the API: the story of the trampoline, figures, who may see what."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.access import Permission, Role
from api.storage import calibrations, people
from tests.api.conftest import Installation
from tests.api.generated import SAMPLES
from tests.api.reviewing import reviewed, say

DAYS = {"since": "2026-04-01", "until": "2026-04-30"}
CUSTOMER = "customer-trampoline"
LINES = (SAMPLES / "nb-trampoline.jsonl").read_text(encoding="utf-8").splitlines()


def trampoline(client: TestClient, **changes: Any) -> list[str]:
    """Send the three calls about a trampoline; their uids."""
    uids = []
    for line in LINES:
        call = json.loads(line) | changes
        call["id"] = "-".join([call["id"], *changes.values()])
        answer = client.post("/v1/calls", json=call)
        assert answer.status_code == 201, answer.text
        uids.append(answer.json()["call"]["uid"])
    return uids


def promises(client: TestClient, **params: Any) -> dict[str, Any]:
    answer = client.get("/v1/insights/promises", params=DAYS | params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def days(found: dict[str, Any], **wanted: Any) -> set[str | None]:
    """By when the promises are due that have these values."""
    return {own["due"] for own in found["items"] if wanted.items() <= own.items()}


def test_the_promises_of_the_trampoline_are_broken_by_the_words_of_later_calls(
    installation: Installation,
) -> None:
    coach = installation.signed_in(Role.COACH)
    uids = trampoline(coach)
    found = promises(coach)
    assert (found["calls"], found["calls_without_customer"], found["next"]) == (3, 0, None)
    assert days(found, told_by="agent", state="broken") == {"2026-04-10", "2026-04-16"}
    assert days(found, told_by="customer", state="broken") >= {"2026-04-18"}
    [friday] = [own for own in found["items"] if own["due"] == "2026-04-10"]
    assert (friday["made"]["call"], friday["settled"]["call"]) == (uids[0], uids[1])
    assert (friday["made"]["id"], friday["made"]["on"]) == ("nb-trampoline-1", "2026-04-09")
    assert (friday["firmness"], friday["why"]) == ("firm", "customer_says")
    for side in (friday["made"], friday["settled"]):
        turn = coach.get(f"/v1/calls/{side['call']}").json()["turns"][side["turn"]]
        assert side["words"] in turn["text"] and "fredag" in side["words"]
    # too few calls for rates
    assert found["figures"] is None and found["missing"] == 17 and "17" in found["reason"]


def test_the_ledger_is_narrowed_and_paged(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    trampoline(coach)
    everything = promises(coach)
    assert promises(coach, told_by="customer")["count"] < everything["count"]
    assert promises(coach, state="kept")["count"] == 0
    for filters in ({"customer_id": CUSTOMER}, {"queue": "delivery"}, {"language": "nb"}):
        assert promises(coach, **filters)["items"] == everything["items"]
    for filters in ({"customer_id": "k"}, {"queue": "x"}, {"language": "da"}, {"agent_id": "a"}):
        found = promises(coach, **filters)
        assert (found["count"], found["calls"]) == (0, 0)
    # broken by a call after the days that are asked for, and made before those of the complaint
    assert days(promises(coach, until="2026-04-09"), told_by="agent", state="broken") == {
        "2026-04-10"
    }
    assert days(promises(coach, since="2026-04-14"), told_by="agent") == set()
    pages, offset = [], 0
    while offset is not None:
        page = promises(coach, limit=1, offset=offset)
        pages += page["items"]
        offset = page["next"]
    assert pages == everything["items"]
    for wrong in ({"state": "perhaps"}, {"since": "2026-05-01"}, {"offset": -1}, {"queue": ""}):
        answer = coach.get("/v1/insights/promises", params=DAYS | wrong)
        assert answer.status_code == 422, wrong


def test_promises_of_calls_without_a_time_come_last(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    now = datetime.now(UTC)
    trampoline(coach, started_at=(now - timedelta(days=3)).isoformat())
    call = json.loads(LINES[0]) | {"id": "undated", "started_at": None}
    coach.post("/v1/calls", json=call).raise_for_status()
    around = {"since": f"{now - timedelta(days=9):%Y-%m-%d}", "until": f"{now:%Y-%m-%d}"}
    ids = [own["made"]["id"] for own in promises(coach, **around)["items"]]
    assert ids[-1] == "undated" and ids == sorted(ids, key=lambda name: name == "undated")


def test_what_people_say_and_erase_holds_at_once(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    uids = trampoline(lead)
    before = promises(lead)
    [friday] = [own for own in before["items"] if own["due"] == "2026-04-10"]
    at = friday["made"]
    for own in reviewed(lead, at["call"])["findings"]:
        if own["label"] == "overpromise":
            span = {name: own[name] for name in ("label", "turn", "start", "end")}
            said = say(lead, at["call"], "findings", verdict="disagree", **span)
            assert said.status_code == 201, said.text
    after = promises(lead)
    assert "2026-04-10" not in days(after, told_by="agent")
    assert after["calls"] == 3
    assert lead.delete(f"/v1/calls/{uids[2]}").status_code == 204
    left = promises(lead)
    assert left["calls"] == 2 and uids[2] not in json.dumps(left)
    assert days(left, state="unknown") == {"2026-04-16"}
    lead.delete(f"/v1/customers/{CUSTOMER}/calls")
    assert promises(lead)["items"] == []
    assert lead.get(f"/v1/insights/customers/{CUSTOMER}").status_code == 404


def test_rates_have_intervals_and_allow_for_every_finding(
    install: Callable[..., Installation],
) -> None:
    installation = install(min_calls=12, rate_limit="100000/minute")
    coach = installation.signed_in(Role.COACH)
    for number in range(6):
        trampoline(coach, customer_id=f"k-{number}")
    found = promises(coach, state="kept")
    assert found["items"] == [] and found["missing"] == 0
    figures = {own["figure"]: own for own in found["figures"] if not own["group"]}
    # two of the three calls have an over-promise, and all that were made were broken
    over, broken = figures["overpromised"], figures["broken"]
    assert (over["count"], over["of"]) == (12, 18)
    assert over["interval"]["low"] < over["value"] < over["interval"]["high"] < 100
    assert (broken["of"], broken["value"] > 90) == (12, True)
    assert broken["interval"]["high"] <= 100 and broken["interval"]["low"] < 90
    assert figures["days_late"]["value"] == pytest.approx((3 + 8) / 2, abs=0.1)
    assert figures["told_by_customer"]["count"] >= 6
    customers = coach.get("/v1/insights/customers", params=DAYS).json()
    assert customers["count"] == 6 and customers["figures"]["hit_again"] is None
    nothing = customers["figures"]["ladder"][0]
    assert nothing["calls"] == 0 and nothing["too_few"]  # the log ends less than 30 days later


def test_a_journey_tells_what_happened_in_order(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    uids = trampoline(coach)
    [entry] = coach.get("/v1/insights/customers", params=DAYS).json()["items"]
    assert (entry["customer_id"], entry["failures"], entry["repeats"]) == (CUSTOMER, 3, 2)
    assert (entry["matters"], entry["open_failures"], entry["last_on"]) == (1, 1, "2026-04-24")
    assert entry["broken_promises"] >= 3
    empty = coach.get("/v1/insights/customers", params=DAYS | {"queue": "billing"}).json()
    assert empty["items"] == []
    story = coach.get(f"/v1/insights/customers/{CUSTOMER}").json()
    [matter] = story["matters"]
    assert [call["call"] for call in matter["calls"]] == uids
    assert [call["days_since"] for call in matter["calls"]] == [None, 4, 11]
    assert [call["joined_by"] for call in matter["calls"]][1:] == ["says_so", "says_so"]
    assert (matter["failures"], matter["recovered_on"], matter["resolved"]) == (3, None, False)
    assert (matter["failed_on"], matter["best_step"]) == ("2026-04-09", 1)
    assert len([own for own in matter["promises"] if own["state"] == "broken"]) >= 3
    assert story["chance"] is None and story["failed_matters"] == 1


def test_chance_is_told_from_the_matters_of_others(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    for number in range(5):
        trampoline(coach, customer_id=f"k-{number}", case_id=f"s-{number}")
    for number in range(21):
        call = {
            "id": f"good-{number}", "language": "en", "customer_id": f"g-{number}",
            "queue": "delivery", "started_at": "2026-04-10T09:00:00Z",
            "turns": [{"role": "agent", "text": "Support, Mia here, how can I help?"},
                      {"role": "customer", "text": "When do you open tomorrow?"},
                      {"role": "agent", "text": "At nine. Have a nice day!"}],
        }  # fmt: skip
        coach.post("/v1/calls", json=call)
    trampoline(coach, customer_id="k-0", case_id="another")
    story = coach.get("/v1/insights/customers/k-0").json()
    assert story["failed_matters"] == 2
    # 4 of the 25 matters of others failed, so that two fail by chance in 2.6 of 100
    assert story["chance"] == {"per_100": pytest.approx(100 * (4 / 25) ** 2, abs=0.1),
                               "others": 25}  # fmt: skip


def test_agents_and_who_may_not_read_calls(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    trampoline(coach, customer_id=CUSTOMER, agent_id="a-1")
    names = ("/promises", "/customers", f"/customers/{CUSTOMER}")
    paths = [start + name for name in names for start in ("/v1/insights", "")]
    # a customer's journey leads through the calls of other agents
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    assert {agent.get(path).status_code for path in paths} == {403}
    figures_alone = installation.with_key(Permission.INSIGHTS_READ)
    found = promises(figures_alone)
    story = figures_alone.get(f"/v1/insights/customers/{CUSTOMER}").json()
    listed = found["items"] + story["matters"][0]["promises"]
    assert len(listed) == 2 * found["count"] > 0
    for own in listed:
        assert own["made"]["words"] is own["due_words"] is None
        assert own["settled"] is None or own["settled"]["words"] is None


def test_calls_that_are_reviewed_blind_are_left_out(installation: Installation) -> None:
    reviewer, second, other = (installation.user(Role.COACH) for _ in range(3))
    coach = installation.browser(other)
    uids = trampoline(coach)
    assert promises(coach)["calls"] == 3
    with installation.database.session() as db:
        token, _ = people.begin_session(db, installation.user(Role.QA_LEAD), 1)
        lead = people.principal_of_session(db, token)
        assert lead is not None
        calibrations.create(db, lead, "April", uids[2:], [reviewer.id, second.id])
    found = promises(installation.browser(reviewer))
    assert found["calls"] == 2 and uids[2] not in json.dumps(found)
    assert promises(coach)["calls"] == 3


def test_the_audit_log_names_no_customer(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    trampoline(lead)
    promises(lead)
    for _ in range(2):
        lead.get(f"/v1/insights/customers/{CUSTOMER}")
    lead.get("/v1/insights/customers", params=DAYS)
    entries = installation.signed_in(Role.ADMIN).get("/v1/audit").json()["items"]
    by_action = {own["action"]: own for own in entries}
    assert by_action["promises.list"]["details"] == {"shown": 4}
    assert by_action["customers.list"]["details"] == {"shown": 1}
    read = {own["subject"] for own in entries if own["action"] == "customer.read"}
    assert len(read) == 1 and CUSTOMER not in json.dumps(entries)


def test_an_id_may_have_any_characters(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    trampoline(coach, customer_id="a/b ?ø#1")
    assert coach.get("/v1/insights/customers/a%2Fb%20%3F%C3%B8%231").json()["calls"] == 3
    page = coach.get("/customers", params=DAYS).text
    [address] = {part.split('"')[0] for part in page.split('href="')[1:] if "a/b" in part[:40]}
    assert coach.get(address).status_code == 200
