"""Scoring again takes nothing away that people said, and nothing from an agent that they see."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from analyzer.evidence import Evidence
from analyzer.report import Report, from_dict
from api.access import Permission, Role
from api.payload import conversation_of
from api.storage import reports, verdicts
from api.storage.tables import Call, Job, ScorecardRevision, StoredReport
from tests.api.conftest import Installation
from tests.api.reviewing import (
    PRESSING,
    TURNS,
    done,
    question,
    released,
    reviewed,
    say,
    score_again,
    sigh,
    stored,
)

PAGE = {"accept": "text/html"}


def finding(found: dict[str, Any], label: str, turn: int) -> dict[str, Any]:
    """The only finding of that label on that turn."""
    [own] = [each for each in found["findings"] if (each["label"], each["turn"]) == (label, turn)]
    return dict(own)


def sighing(start: int, end: int) -> Callable[[Report], Report]:
    """A model that takes other words of the third turn for the sigh."""

    def change(report: Report) -> Report:
        text = report.conversation.turns[2].text[start:end]
        others = [own for own in report.evidence if own.label != "sigh"]
        own = Evidence("sigh", 2, start, end, text, 0.9, "agent")
        return replace(report, evidence=(*others, own))

    return change


def without_sigh(report: Report) -> Report:
    """A model that finds no sigh."""
    return replace(report, evidence=tuple(own for own in report.evidence if own.label != "sigh"))


def test_corrections_hold_for_the_new_report(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    before = reviewed(client, uid)
    say(client, uid, "findings", verdict="disagree", reason="A cough", **sigh(before))
    tip = {"label": "proactive_tip", "turn": 5, "start": 8, "end": 12}
    say(client, uid, "findings", verdict="add", **tip)
    say(client, uid, "answers", question="resolved", answer="yes", reason="Heard it")
    score_again(installation, uid)
    after = reviewed(client, uid)
    assert after["report_id"] != before["report_id"]
    assert not finding(after, "sigh", 2)["holds"]
    assert finding(after, "sigh", 2)["said"][0]["reason"] == "A cough"
    assert finding(after, "proactive_tip", 5)["holds"]
    assert question(after, "resolved")["by"] == "person"
    assert after["outcome"]["resolved"] == 1
    assert after["score"] == after["corrected"]["score"] != after["machine"]["score"]
    listed = client.get("/v1/calls").json()["items"][0]
    assert (listed["score"], listed["corrected"]) == (after["score"], True)


def test_a_correction_is_about_the_label_on_the_turn(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    say(client, uid, "findings", verdict="disagree", **sigh(reviewed(client, uid)))
    # the same turn, other words
    score_again(installation, uid, sighing(0, 12))
    own = finding(reviewed(client, uid), "sigh", 2)
    assert (own["start"], own["end"], own["holds"]) == (0, 12, False)
    # taken back, the new report's finding holds
    found = reviewed(client, uid)
    withdrawn = client.delete(
        f"/v1/calls/{uid}/reviews/{own['said'][0]['id']}?report_id={found['report_id']}"
    )
    assert withdrawn.status_code == 200 and finding(withdrawn.json(), "sigh", 2)["holds"]


def test_what_a_person_found_the_new_model_need_not_find(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    say(client, uid, "findings", verdict="agree", **sigh(reviewed(client, uid)))
    score_again(installation, uid, without_sigh)
    own = finding(reviewed(client, uid), "sigh", 2)
    assert own["holds"] and own["origin"] == "person"


def test_a_review_holds_where_the_same_was_found(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    same, other = (stored(client, id, language="en", turns=PRESSING) for id in (1, 2))
    for uid in (same, other):
        done(client, uid)
    score_again(installation, same)
    score_again(installation, other, lambda own: replace(own, evidence=own.evidence[1:]))
    assert reviewed(client, same)["reviewed_at"] and reviewed(client, same)["done"]
    found = reviewed(client, other)
    assert found["reviewed_at"] is None and found["done"] == []
    # it is not forgotten, but said of the earlier report
    assert [own["action"] for own in found["elsewhere"]] == ["done"]
    waiting = client.get("/v1/calls", params={"waiting": True}).json()["items"]
    assert [own["uid"] for own in waiting] == [other]


def test_an_override_stays_with_its_report(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    uid = stored(client)
    first = reviewed(client, uid)["report_id"]
    say(client, uid, "override", score=80, reason="They met again")
    score_again(installation, uid)
    found = reviewed(client, uid)
    assert found["overrides"] == [] and found["band"] == found["machine"]["band"]
    assert found["elsewhere"][0]["reason"] == "They met again"
    assert found["elsewhere"][0]["report_id"] == first
    assert "They met again" in client.get(f"/calls/{uid}", headers=PAGE).text
    old = client.get(f"/v1/calls/{uid}/reports/{first}").json()
    assert (old["report"]["score"], old["report"]["band"]) == (80, "star")


def test_an_answer_to_a_question_in_other_words_stays_behind(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    uid = stored(client)
    for name in ("resolved", "tone"):
        said = say(client, uid, "answers", question=name, answer="no", reason="Heard it")
        assert said.status_code == 201, said.text
    toml = client.get("/v1/scorecards/1/toml").text
    asked = question(reviewed(client, uid), "tone")["text"]
    draft = client.post("/v1/scorecards", json={"toml": toml.replace(asked, "Was it quiet?")})
    number = draft.json()["id"]
    assert client.post(f"/v1/scorecards/{number}/publish").status_code == 200
    assert client.post(f"/v1/scorecards/{number}/rescore").status_code == 202
    installation.work()
    found = reviewed(client, uid)
    assert question(found, "resolved")["by"] == "person"
    assert question(found, "tone")["text"] == "Was it quiet?"
    assert question(found, "tone")["by"] == "machine"
    assert [own["question"] for own in found["elsewhere"]] == ["tone"]


def seen_by(agent: TestClient, uid: str) -> tuple[Any, ...]:
    """What the agent is shown, in the list, by the API and in the review."""
    [listed] = agent.get("/v1/calls").json()["items"]
    one = agent.get(f"/v1/calls/{uid}").json()
    found = reviewed(agent, uid)
    assert listed == one["call"]
    assert (listed["score"], listed["band"]) == (found["score"], found["band"])
    assert one["report"]["score"] == found["score"] and one["report_id"] == found["report_id"]
    return found["report_id"], found["score"], [own["id"] for own in one["history"]]


def test_the_agent_goes_on_seeing_what_was_released(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uid = stored(coach)
    released(coach, uid)
    before = seen_by(agent, uid)
    score_again(installation, uid)
    assert seen_by(agent, uid) == before
    found = reviewed(coach, uid)
    assert found["report_id"] != before[0] == found["released_report_id"]
    assert agent.get(f"/v1/calls/{uid}/reports/{found['report_id']}").status_code == 404
    page = agent.get(f"/calls/{uid}?report={found['report_id']}", headers=PAGE)
    assert page.status_code == 404
    # what the new report says is not given away by the filters
    band = {"band": found["band"], "scored": True}
    seen = [own["uid"] for own in agent.get("/v1/calls", params=band).json()["items"]]
    assert seen == ([uid] if found["band"] == reviewed(agent, uid)["band"] else [])
    for sort in ("score", "-score"):
        assert agent.get("/v1/calls", params={"sort": sort}).json()["count"] == 1

    assert say(coach, uid, "release").status_code == 201
    after = seen_by(agent, uid)
    assert after[0] == found["report_id"]
    # what was once shown to them they can look at again
    assert after[2] == [found["report_id"], before[0]]
    assert agent.get(f"/calls/{uid}?report={before[0]}", headers=PAGE).status_code == 200


def test_hiding_a_new_report_does_not_bring_the_old_one_back(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uid = stored(coach)
    released(coach, uid)
    score_again(installation, uid)
    said = say(coach, uid, "release").json()
    [own] = said["released"]
    suffix = f"{own['id']}?report_id={said['report_id']}"
    assert coach.delete(f"/v1/calls/{uid}/reviews/{suffix}").status_code == 200
    assert agent.get(f"/v1/calls/{uid}").status_code == 404
    assert reviewed(coach, uid)["released_report_id"] is None


def test_the_release_of_an_earlier_report_can_be_taken_back(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uid = stored(coach)
    released(coach, uid)
    score_again(installation, uid)
    found = reviewed(coach, uid)
    [own] = [each for each in found["elsewhere"] if each["action"] == "release"]
    suffix = f"{own['id']}?report_id={found['report_id']}"
    assert coach.delete(f"/v1/calls/{uid}/reviews/{suffix}").status_code == 200
    assert agent.get(f"/v1/calls/{uid}").status_code == 404


def test_a_correction_reaches_the_report_that_the_agent_sees(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uid = stored(coach)
    released(coach, uid)
    score_again(installation, uid)
    before = seen_by(agent, uid)
    say(coach, uid, "findings", verdict="disagree", **sigh(reviewed(coach, uid)))
    after = seen_by(agent, uid)
    assert after[0] == before[0] and after[1] > before[1]


def test_back_under_the_first_scorecard(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    uid = stored(coach)
    released(coach, uid)
    first = reviewed(coach, uid)["report_id"]
    score_again(installation, uid, without_sigh)
    assert reviewed(coach, uid)["reviewed_at"] is None
    with installation.database.session() as db:
        call = db.scalars(select(Call).where(Call.uid == uid)).one()
        stored_report = db.get_one(StoredReport, first)
        revision = db.get_one(ScorecardRevision, stored_report.revision_id)
        report = from_dict(stored_report.body, conversation_of(call))
        verdicts.add_report(db, call, report, revision)
        assert reports.current(db, call) is stored_report
    found = reviewed(coach, uid)
    assert found["report_id"] == first == found["released_report_id"] and found["reviewed_at"]


def test_every_report_is_listed_and_linked(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    first = client.get(f"/v1/calls/{uid}").json()
    score_again(installation, uid, without_sigh)
    history = client.get(f"/v1/calls/{uid}").json()["history"]
    assert [own["current"] for own in history] == [True, False]
    assert client.get(history[1]["url"]).json()["report"] == first["report"]
    page = client.get(f"/calls/{uid}", headers=PAGE).text
    assert f'href="/calls/{uid}?report={first["report_id"]}"' in page
    old = client.get(f"/calls/{uid}?report={first['report_id']}", headers=PAGE).text
    # to look at: nothing can be said of it any more
    assert f"/calls/{uid}/done" not in old and f"/calls/{uid}/done" in page
    assert client.get(f"/v1/calls/{uid}/reports/999").status_code == 404
    assert client.get(f"/calls/{uid}?report=999", headers=PAGE).status_code == 404
    other = stored(client, 2)
    assert client.get(f"/v1/calls/{other}/reports/{first['report_id']}").status_code == 404


def test_before_scoring_again_it_is_said_what_people_have_said(
    installation: Installation,
) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uids = [stored(lead, number) for number in range(4)]
    for uid in uids[:3]:
        done(lead, uid)
    for uid in uids[:2]:
        released(lead, uid)
    say(lead, uids[3], "findings", verdict="disagree", **sigh(reviewed(lead, uids[3])))
    body = {"report_id": reviewed(agent, uids[0])["report_id"], "reason": "No."}
    assert agent.post(f"/v1/calls/{uids[0]}/disputes", json=body).status_code == 201
    effect = lead.get("/v1/scorecards/1/rescore").json()
    assert effect == {"calls": 4, "reviewed": 3, "corrected": 1, "released": 2, "disputed": 1}
    page = lead.get("/scorecards/1", headers=PAGE).text
    for words in ("4 calls are scored again", "3 that people have reviewed", "2 that their agents"):
        assert words in page
    coach = installation.signed_in(Role.COACH)
    assert coach.get("/v1/scorecards/1/rescore").status_code == 403


def unscored_and_scored(
    installation: Installation, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str, str]:
    """The uids of three calls: one stored by a version that did not know its language, one of a
    single voice, one with a score."""
    with monkeypatch.context() as earlier:
        earlier.setattr("analyzer.scoring.LANGUAGES", ("en",))
        unknown = stored(client, 1)
    alone = stored(client, 2, turns=TURNS[:1])
    return unknown, alone, stored(client, 3)


def test_calls_without_a_score_are_scored_again_from_their_list(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    unknown, alone, scored = unscored_and_scored(installation, lead, monkeypatch)
    listed = lead.get("/calls?scored=false").text
    assert "2 calls" in listed and "Score these calls again" in listed
    assert "Score these calls again" not in lead.get("/calls").text
    coach = installation.signed_in(Role.COACH)
    assert "Score these calls again" not in coach.get("/calls?scored=false").text

    action = html.unescape(listed.split('action="/scorecards/')[1].split('"')[0])
    token = {"csrf_token": lead.headers["x-csrf-token"]}
    started = lead.post(f"/scorecards/{action}", data=token, follow_redirects=False)
    installation.work()
    page = lead.get(started.headers["location"]).text
    assert "Scoring again" in page and "only one side speaks in call c-2" in page
    job = lead.get(f"/v1{started.headers['location']}").json()
    assert (job["kind"], job["total"], job["completed"], job["failed"]) == ("rescore", 2, 1, 1)
    scores = {own["uid"]: own["score"] for own in lead.get("/v1/calls").json()["items"]}
    assert scores[unknown] is not None and scores[alone] is None
    histories = {uid: lead.get(f"/v1/calls/{uid}").json()["history"] for uid in scores}
    assert [own["score"] for own in histories[unknown]] == [scores[unknown], None]
    assert [own["current"] for own in histories[unknown]] == [True, False]
    assert len(histories[alone]) == len(histories[scored]) == 1


def test_what_is_scored_again_can_be_narrowed(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    unscored_and_scored(installation, lead, monkeypatch)
    stored(lead, 4, queue="parcels", customer_id="k-1")
    where = "/v1/scorecards/1/rescore"
    for wanted, calls in (
        ({"search": "router", "scored": True}, 2),
        ({"queue": "parcels", "language": ["da", "en"], "since": "2020-01-01"}, 1),
        ({"scored": False}, 2),
        ({}, 4),
    ):
        assert lead.get(where, params=wanted).json()["calls"] == calls
        job = lead.post(where, params=wanted).headers["location"]
        installation.work()
        assert lead.get(job).json()["total"] == calls
    with installation.database.reading() as db:
        # what was searched for is kept no longer than it takes to find it
        assert {tuple(job.params) for job in db.scalars(select(Job))} == {("revision_id", "after")}


def test_nothing_to_score_again_is_said(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    stored(lead)
    assert "There is nothing to score again." in lead.get("/calls?scored=false").text
    refused = lead.post("/v1/scorecards/1/rescore", params={"scored": False})
    assert refused.status_code == 409
    assert refused.json()["detail"] == "No call matches, so there is nothing to score again."


def test_filters_tell_nothing_to_a_key_that_reads_no_calls(installation: Installation) -> None:
    stored(installation.signed_in(Role.COACH))
    key = installation.with_key(Permission.SCORECARDS_EDIT, Permission.SCORECARDS_READ)
    where = "/v1/scorecards/1/rescore"
    assert key.get(where).json()["calls"] == 1
    for method in ("GET", "POST"):
        refused = key.request(method, where, params={"search": "router"})
        assert refused.status_code == 403 and "calls:read" in refused.json()["detail"]
    assert key.post(where).status_code == 202


def test_an_erased_customer_is_looked_for_no_more(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    stored(lead, 1, customer_id="k-1")
    stored(lead, 2, customer_id="k-2")
    where = "/v1/scorecards/1/rescore"
    jobs = [lead.post(where, params={"customer_id": own}) for own in ("k-1", "k-2")]
    assert lead.delete("/v1/customers/k-1/calls").json() == {"calls": 1}
    with installation.database.reading() as db:
        kept = [job.params.get("filters") for job in db.scalars(select(Job).order_by(Job.id))]
    assert kept == [None, {"customer_id": "k-2"}]
    installation.work()
    assert [lead.get(own.headers["location"]).json()["total"] for own in jobs] == [0, 1]
