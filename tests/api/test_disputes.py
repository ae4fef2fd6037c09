"""An agent objects, somebody else decides, and everyone sees what became of it."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from api.access import Role
from api.storage import audit
from tests.api.conftest import Installation
from tests.api.reviewing import PRESSING, QUIET, released, reviewed, say, score_again, sigh, stored


def disputed(agent: TestClient, uid: str, report_id: int) -> Any:
    """The agent's objection; the response."""
    body = {"report_id": report_id, "reason": "I did not sigh, I was out of breath."}
    return agent.post(f"/v1/calls/{uid}/disputes", json=body)


def resolved(client: TestClient, dispute: int, status: str) -> Any:
    """The decision; the response."""
    body = {"status": status, "resolution": "Listened to it again."}
    return client.post(f"/v1/disputes/{dispute}/resolve", json=body)


def test_a_dispute_is_upheld_with_a_correction(installation: Installation) -> None:
    coach, lead = installation.signed_in(Role.COACH), installation.signed_in(Role.QA_LEAD)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uid = stored(coach)
    released(coach, uid)
    found = reviewed(agent, uid)
    raised = disputed(agent, uid, found["report_id"])
    assert raised.status_code == 201, raised.text
    number = raised.json()["id"]
    assert raised.headers["location"] == f"/v1/disputes/{number}"
    assert coach.get("/v1/calls", params={"disputed": True}).json()["count"] == 1
    assert disputed(agent, uid, found["report_id"]).status_code == 409

    assert resolved(coach, number, "UPHELD").status_code == 403
    assert resolved(agent, number, "UPHELD").status_code == 403
    assert resolved(lead, number, "UPHELD").status_code == 409  # nothing is corrected yet
    say(lead, uid, "findings", verdict="disagree", **sigh(found))
    outcome = resolved(lead, number, "UPHELD")
    assert outcome.status_code == 200, outcome.text
    assert resolved(lead, number, "REJECTED").status_code == 409

    assert coach.get("/v1/calls", params={"disputed": True}).json()["count"] == 0
    seen = agent.get("/v1/disputes").json()["items"][0]
    assert (seen["status"], seen["resolution"]) == ("UPHELD", "Listened to it again.")
    assert reviewed(agent, uid)["score"] > found["score"]
    history = lead.get(f"/v1/calls/{uid}/disputes").json()
    assert [own["status"] for own in history] == ["UPHELD"]
    with installation.database.session() as db:
        actions = [own.action for own in audit.entries(db, subject=f"call:{uid}", limit=200)]
    assert {"dispute.raise", "dispute.resolve"} <= set(actions)


def test_a_rejected_dispute_can_be_raised_anew(installation: Installation) -> None:
    coach, lead = installation.signed_in(Role.COACH), installation.signed_in(Role.QA_LEAD)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uid = stored(coach)
    released(coach, uid)
    report = reviewed(agent, uid)["report_id"]
    number = disputed(agent, uid, report).json()["id"]
    assert resolved(lead, number, "REJECTED").status_code == 200
    assert disputed(agent, uid, report).status_code == 201
    statuses = [own["status"] for own in agent.get(f"/v1/calls/{uid}/disputes").json()]
    assert statuses == ["OPEN", "REJECTED"]
    listed = lead.get("/v1/disputes", params={"status": "OPEN"}).json()
    assert [own["status"] for own in listed["items"]] == ["OPEN"]


def test_nobody_decides_about_their_own_review_but_an_admin(installation: Installation) -> None:
    lead, admin = installation.signed_in(Role.QA_LEAD), installation.signed_in(Role.ADMIN)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uid = stored(lead)
    released(lead, uid)
    say(admin, uid, "findings", verdict="agree", **sigh(reviewed(admin, uid)))
    number = disputed(agent, uid, reviewed(agent, uid)["report_id"]).json()["id"]
    refused = resolved(lead, number, "REJECTED")
    assert refused.status_code == 409 and "somebody else" in refused.json()["detail"]
    assert resolved(admin, number, "REJECTED").status_code == 200
    with installation.database.session() as db:
        entry = audit.entries(db, action="dispute.resolve")[0]
        assert entry.details["own_review"] is True


def test_who_may_not_dispute(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    own = installation.signed_in(Role.AGENT, agent_id="a-1")
    other = installation.signed_in(Role.AGENT, agent_id="a-2")
    uid = stored(coach)
    report = reviewed(coach, uid)["report_id"]
    assert disputed(own, uid, report).status_code == 404  # not released yet
    released(coach, uid)
    assert disputed(coach, uid, report).status_code == 403
    assert disputed(other, uid, report).status_code == 404
    assert disputed(own, uid, report + 1).status_code == 409
    number = disputed(own, uid, report).json()["id"]
    assert other.get(f"/v1/disputes/{number}").status_code == 404
    assert other.get("/v1/disputes").json()["items"] == []
    blank = {"report_id": report, "reason": "  "}
    assert own.post(f"/v1/calls/{uid}/disputes", json=blank).status_code == 422
    assert own.get(f"/v1/disputes/{2**63}").status_code == 422


def test_a_dispute_stays_open_when_the_call_is_scored_again(installation: Installation) -> None:
    coach, lead = installation.signed_in(Role.COACH), installation.signed_in(Role.QA_LEAD)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uid = stored(coach)
    released(coach, uid)
    seen = reviewed(agent, uid)
    number = disputed(agent, uid, seen["report_id"]).json()["id"]
    score_again(installation, uid)
    assert coach.get("/v1/calls", params={"disputed": True}).json()["count"] == 1
    assert agent.get(f"/v1/disputes/{number}").json()["status"] == "OPEN"
    # a band that is set on the new report does not reach the agent, who sees the old one
    say(lead, uid, "override", band="star", reason="Well done")
    assert resolved(lead, number, "UPHELD").status_code == 409
    assert reviewed(agent, uid)["band"] == seen["band"]
    say(lead, uid, "findings", verdict="disagree", **sigh(seen))
    assert reviewed(agent, uid)["score"] > seen["score"]
    assert resolved(lead, number, "UPHELD").status_code == 200


def test_a_dispute_is_about_the_report_that_the_agent_sees(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uid = stored(coach)
    released(coach, uid)
    first = reviewed(agent, uid)["report_id"]
    score_again(installation, uid)
    newer = reviewed(coach, uid)["report_id"]
    assert disputed(agent, uid, newer).status_code == 409
    assert disputed(agent, uid, first).json()["report_id"] == first


def test_an_open_dispute_stands_first_in_the_queue(installation: Installation) -> None:
    coach, lead = installation.signed_in(Role.COACH), installation.signed_in(Role.QA_LEAD)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    pressing = stored(coach, 1, language="en", turns=PRESSING)
    quiet = stored(coach, 2, language="en", turns=QUIET)

    def queue() -> list[str]:
        found = lead.get("/v1/calls", params={"waiting": True, "sort": "-priority"})
        return [own["uid"] for own in found.json()["items"]]

    assert queue() == [pressing]
    released(coach, quiet)
    number = disputed(agent, quiet, reviewed(agent, quiet)["report_id"]).json()["id"]
    assert queue() == [quiet, pressing]
    page = lead.get("/queue", headers={"accept": "text/html"}).text
    assert page.index("I did not sigh, I was out of breath.") < page.index("c-1</bdi>")
    first = lead.get("/queue/next", follow_redirects=False).headers["location"]
    assert first == f"/calls/{quiet}"
    assert resolved(lead, number, "REJECTED").status_code == 200
    assert queue() == [pressing]
    # on from the decided call: to the first that waits
    after = lead.get("/queue/next", params={"after": quiet}, follow_redirects=False)
    assert after.headers["location"] == f"/calls/{pressing}"
