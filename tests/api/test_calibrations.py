"""People review the same calls blind, and compare once the session is closed."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from api.access import Role
from api.storage import audit
from tests.api.conftest import Installation
from tests.api.reviewing import TURNS, done, member, released, reviewed, say, stored

SIGH = {"label": "sigh", "turn": 2, "start": 0, "end": 5}


def opened(lead: TestClient, calls: list[str], members: list[int]) -> str:
    """The address of a new session."""
    body = {"name": "March", "calls": calls, "members": members}
    answer = lead.post("/v1/calibrations", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def judge(client: TestClient, address: str, uid: str, *labels: dict[str, Any]) -> None:
    """Review a call of the session to the end."""
    for own in labels:
        assert client.post(f"{address}/calls/{uid}/findings", json=own).status_code == 201
    answer = {"question": "resolved", "answer": "no", "reason": "Sent away"}
    assert client.post(f"{address}/calls/{uid}/answers", json=answer).status_code == 201
    assert client.post(f"{address}/calls/{uid}/done").status_code == 201


def test_members_see_the_words_and_the_questions_alone(installation: Installation) -> None:
    lead, lead_id = member(installation, Role.QA_LEAD)
    coach, coach_id = member(installation, Role.COACH)
    uid = stored(lead)
    say(lead, uid, "override", score=3, reason="Before the session")
    address = opened(lead, [uid], [lead_id, coach_id])
    judge(lead, address, uid, SIGH)

    blind = coach.get(f"{address}/calls/{uid}").json()
    assert set(blind) == {"uid", "language", "turns", "questions", "said", "done"}
    assert len(blind["turns"]) == len(TURNS) and blind["said"] == [] and not blind["done"]
    assert {"question", "section", "text", "allowed"} == set(blind["questions"][0])
    assert "probability" not in str(blind) and "sigh" not in str(blind)
    # nor anywhere else while the session is open
    for path in (f"/v1/calls/{uid}", f"/v1/calls/{uid}/reviews", f"{address}/comparison"):
        for client in (coach, lead):
            assert client.get(path).status_code == 409, path
    progress = {own["user_id"]: own["done"] for own in coach.get(address).json()["members"]}
    assert progress == {lead_id: 1, coach_id: 0}
    # who is no member reviews as ever, and sees nothing of the session
    other = installation.signed_in(Role.COACH)
    assert [own["action"] for own in reviewed(other, uid)["history"]] == ["override"]
    assert other.get(address).status_code == 404
    assert other.get(f"{address}/calls/{uid}").status_code == 404
    assert other.get("/v1/calibrations").json()["items"] == []
    assert len(coach.get("/v1/calibrations").json()["items"]) == 1


def test_after_the_end_everyone_compares(installation: Installation) -> None:
    lead, lead_id = member(installation, Role.QA_LEAD)
    coach, coach_id = member(installation, Role.COACH)
    late, late_id = member(installation, Role.COACH)
    uid = stored(lead)
    address = opened(lead, [uid], [lead_id, coach_id, late_id])
    tip = {"label": "proactive_tip", "turn": 5, "start": 0, "end": 19}
    judge(lead, address, uid, SIGH)
    judge(coach, address, uid, SIGH, tip)
    assert late.post(f"{address}/calls/{uid}/findings", json=tip).status_code == 201
    assert coach.post(f"{address}/close").status_code == 403
    assert lead.post(f"{address}/close").json()["closed_at"]
    assert lead.post(f"{address}/close").status_code == 409
    assert late.post(f"{address}/calls/{uid}/done").status_code == 409

    compared = coach.get(f"{address}/comparison").json()
    call = compared["calls"][0]
    assert call["people"] == [lead_id, coach_id]  # who was not done is not compared
    labels = {(own["turn"], own["label"]): own for own in call["labels"]}
    assert labels[2, "sigh"]["unanimous"]
    assert [own["user_id"] for own in labels[5, "proactive_tip"]["given"]] == [coach_id]
    asked = {own["question"]: own for own in call["questions"]}
    given = {own["user_id"]: own["answer"] for own in asked["resolved"]["answers"]}
    assert given[lead_id] == given[coach_id] == "no"
    assert [own["user_id"] for own in asked["tone"]["answers"]] == [None]
    scores = {own["user_id"]: own for own in call["scores"]}
    # a tip is worth points, and nothing else tells the two apart
    assert scores[coach_id]["score"] > scores[lead_id]["score"]
    assert scores[lead_id]["arithmetic"].endswith(f"= {scores[lead_id]['score']:g}")
    # one call is too little for a figure, so that there are counts alone
    figures = {own["label"]: own["figure"] for own in compared["figures"]["human_human"]}
    assert figures["proactive_tip"]["reason"] == "SAMPLE_TOO_SMALL"
    assert figures["proactive_tip"]["value"] is None
    assert (figures["proactive_tip"]["units"], figures["proactive_tip"]["agreed"]) == (3, 2)
    # the ordinary reviews of the call are as they were, and open to all again
    assert reviewed(coach, uid)["history"] == []
    with installation.database.session() as db:
        assert audit.entries(db, action="calibration.compare")


def test_what_is_said_blind_can_be_withdrawn(installation: Installation) -> None:
    lead, lead_id = member(installation, Role.QA_LEAD)
    coach, coach_id = member(installation, Role.COACH)
    uid = stored(lead)
    address = opened(lead, [uid], [lead_id, coach_id])
    said = coach.post(f"{address}/calls/{uid}/findings", json=SIGH).json()["said"][0]
    statement = f"{address}/calls/{uid}/statements/{said['id']}"
    assert lead.delete(statement).status_code == 404
    assert coach.delete(statement).json()["said"] == []
    assert coach.post(f"{address}/calls/{uid}/done").json()["done"]


def test_a_session_needs_scored_calls_and_people_who_review(installation: Installation) -> None:
    lead, lead_id = member(installation, Role.QA_LEAD)
    coach, coach_id = member(installation, Role.COACH)
    _, agent_id = member(installation, Role.AGENT)
    uid = stored(lead)
    one_sided = stored(lead, 2, turns=[{"role": "agent", "text": "Hallo? Er der nogen?"}])
    for calls, members, pointer in (
        ([uid, "f" * 32], [lead_id, coach_id], "/calls/1"),
        ([one_sided], [lead_id, coach_id], "/calls/0"),
        ([uid], [lead_id, agent_id], "/members/1"),
        ([uid], [lead_id, 2**62], "/members/1"),
        ([uid], [lead_id], "/members"),
        ([uid], [lead_id, lead_id], "/members"),
    ):
        body = {"name": "x", "calls": calls, "members": members}
        answer = lead.post("/v1/calibrations", json=body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer
    body = {"name": "x", "calls": [uid], "members": [lead_id, coach_id]}
    assert coach.post("/v1/calibrations", json=body).status_code == 403


def test_figures_of_closed_sessions_are_blind_ones(installation: Installation) -> None:
    lead, lead_id = member(installation, Role.QA_LEAD)
    coach, coach_id = member(installation, Role.COACH)
    calls = [stored(lead, number) for number in range(10)]
    blind = {"basis": "calibrations"}
    address = opened(lead, calls, [lead_id, coach_id])
    for number, uid in enumerate(calls):
        judge(lead, address, uid, SIGH)
        assert coach.get("/v1/agreement", params=blind).json()["calls"] == 0
        judge(coach, address, uid, *([SIGH] if number else []))
    # once everyone was done, the session closed by itself
    assert lead.get(address).json()["closed_at"]
    found = coach.get("/v1/agreement", params=blind).json()
    assert found["calls"] == found["calls_by_several"] == 10
    among = next(o["figure"] for o in found["human_human"] if o["label"] == "sigh")
    # 30 turns of agents, of which one was seen differently: kappa = 1 - 0.0333 / 0.4333
    assert (among["measure"], among["units"], among["agreed"]) == ("kappa", 30, 29)
    assert among["raw"] == 0.9667 and abs(among["value"] - 0.9237) < 0.01
    machine = next(o for o in found["machine_human"] if o["label"] == "sigh")
    # two people, one sigh each: more than half of them means both
    assert (machine["both"], machine["machine_only"], machine["people_only"]) == (9, 1, 0)
    assert coach.get("/v1/agreement").json()["calls"] == 0


def test_lists_and_files_do_not_unblind(installation: Installation) -> None:
    lead, lead_id = member(installation, Role.QA_LEAD)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    _, coach_id = member(installation, Role.COACH)
    uid, other = stored(lead), stored(lead, 2)
    for own in (uid, other):
        released(lead, own)
    objection = {"report_id": reviewed(agent, uid)["report_id"], "reason": "I did not sigh."}
    raised = agent.post(f"/v1/calls/{uid}/disputes", json=objection)
    assert raised.status_code == 201, raised.text
    address = opened(lead, [uid], [lead_id, coach_id])

    html = {"headers": {"accept": "text/html"}}
    lists = ("/v1/calls", "/calls", "/v1/exports/calls.jsonl", "/v1/disputes")
    assert not any(uid in lead.get(path, **html).text for path in lists)
    assert other in lead.get("/v1/calls").text and other in lead.get("/calls", **html).text
    assert f"-{uid}" not in lead.get("/queue?reviewed=true", **html).text
    for path in ("vcon.json", "disputes", "reviews"):
        assert lead.get(f"/v1/calls/{uid}/{path}").status_code == 409, path
    assert lead.get(raised.headers["location"]).status_code == 404
    # who is no member sees it, and so do all at the end
    outside = installation.signed_in(Role.QA_LEAD)
    assert all(uid in outside.get(path, **html).text for path in lists)
    lead.post(f"{address}/close")
    assert all(uid in lead.get(path, **html).text for path in lists)


def test_corrections_do_not_unblind(installation: Installation) -> None:
    lead, lead_id = member(installation, Role.QA_LEAD)
    _, coach_id = member(installation, Role.COACH)
    uid = stored(lead)
    done(lead, uid)
    asked = {"language": "da"}
    assert lead.get("/v1/corrections", params=asked).text
    opened(lead, [uid], [lead_id, coach_id])
    assert not lead.get("/v1/corrections", params=asked).text
    # figures are of nobody's calls, and the same for all
    assert lead.get("/v1/agreement").json()["calls"] == 1


def test_a_blind_review_of_a_released_call_can_be_withdrawn(installation: Installation) -> None:
    lead, lead_id = member(installation, Role.QA_LEAD)
    _, coach_id = member(installation, Role.COACH)
    uid = stored(lead)
    released(lead, uid)
    address = opened(lead, [uid], [lead_id, coach_id])
    said = lead.post(f"{address}/calls/{uid}/done").json()["said"]
    statement = f"{address}/calls/{uid}/statements/{said[0]['id']}"
    assert lead.delete(statement).status_code == 200
    assert not lead.get(f"{address}/calls/{uid}").json()["done"]


def test_few_calls_give_no_counts(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    done(coach, stored(coach))
    found = installation.signed_in(Role.AGENT, agent_id="a-9").get("/v1/agreement").json()
    assert found["calls"] == 1
    for own in found["machine_human"] + found["human_human"]:
        counts = [own[name] for name in ("both", "machine_only", "people_only")]
        figure = own["figure"]
        assert {*counts, figure["positives"], figure["agreed"]} == {None}
    assert found["bands_machine_human"]["agreed"] is None
