"""What people say of a call stands beside the machine's answer, and both make what holds."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.access import Permission, Role
from api.storage import audit
from api.storage.tables import Call, Review
from tests.api.conftest import Installation
from tests.api.reviewing import (
    done,
    question,
    released,
    reviewed,
    say,
    score_again,
    sigh,
    stored,
)


def by_hand(found: dict[str, Any]) -> float:
    """The score from the answers that hold, as docs/scorecards.md says for the default card."""
    counted = [q["holds"] for q in found["questions"] if q["holds"]["answer"] in ("yes", "no")]
    earned = sum(max(own["score"], 0) for own in counted)
    potential = sum(own["potential_score"] for own in counted)
    lost = sum(min(own["score"], 0) for own in counted)
    return round(min(max(40 + 60 * earned / potential + lost, 0), 100), 1)


def test_without_a_word_the_machine_holds(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    found = reviewed(client, uid)
    report = client.get(f"/v1/calls/{uid}").json()["report"]
    assert found["source"] == "SYSTEM_GENERATED" and found["score"] == report["score"]
    assert found["machine"] == found["corrected"]
    assert [own for own in found["findings"] if own["holds"]] == [
        own for own in found["findings"] if own["certain"]
    ]
    assert {own["by"] for own in found["questions"]} == {"machine"}
    assert by_hand(found) == found["score"]


def test_corrected_evidence_changes_the_sum(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    before = reviewed(client, uid)
    answer = say(client, uid, "findings", verdict="disagree", reason="A yawn", **sigh(before))
    assert answer.status_code == 201, answer.text
    after = answer.json()
    tone_before, tone_after = question(before, "tone"), question(after, "tone")
    assert tone_after["holds"]["found"] == tone_before["holds"]["found"] - 1
    assert tone_after["machine"] == tone_before["machine"]
    assert after["machine"] == before["machine"]
    assert by_hand(after) == after["corrected"]["score"] == after["score"]
    assert after["corrected"]["arithmetic"].endswith(f"= {after['score']:g}")
    assert after["source"] == "MANUAL_EDIT"
    theirs = next(own for own in after["findings"] if own["label"] == "sigh")
    assert theirs["certain"] and not theirs["holds"] and theirs["said"][0]["reason"] == "A yawn"


def test_a_missed_finding_is_added_and_counted(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    before = reviewed(client, uid)
    # blanks at the edges are left out
    words = {"label": "proactive_tip", "turn": 5, "start": 7, "end": 13}
    answer = say(client, uid, "findings", verdict="add", **words)
    assert answer.status_code == 201, answer.text
    after = answer.json()
    added = next(own for own in after["findings"] if own["origin"] == "person")
    assert (added["text"], added["start"], added["end"]) == ("godt", 8, 12)
    assert added["holds"] and added["probability"] is None
    tip = question(after, "proactive_tip")
    assert (tip["machine"]["answer"], tip["holds"]["answer"]) == ("no", "yes")
    assert (tip["by"], tip["holds"]["score"], tip["holds"]["turns"]) == (
        "corrected_evidence", 6, [5],
    )  # fmt: skip
    assert after["score"] == by_hand(after) > before["score"]
    again = say(client, uid, "findings", verdict="add", **{n: added[n] for n in words})
    assert again.status_code == 422


@pytest.mark.parametrize(
    ("given", "points"),
    [("yes", 10), ("no", -7), ("not_applicable", None), ("insufficient_evidence", None)],
)
def test_a_persons_answer_takes_the_machines_place(
    installation: Installation, given: str, points: float | None
) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    answer = say(client, uid, "answers", question="resolved", answer=given, reason="Heard it")
    assert answer.status_code == 201, answer.text
    found = answer.json()
    own = question(found, "resolved")
    assert own["by"] == "person" and own["holds"]["source"] == "MANUAL_EDIT"
    assert own["machine"]["source"] == "SYSTEM_GENERATED"
    assert own["holds"]["answer"] == given
    assert (own["holds"]["score"], own["holds"]["potential_score"]) == (
        (0, 0) if points is None else (points, 10)
    )
    assert found["score"] == by_hand(found)
    if points is not None:
        assert found["outcome"]["resolved"] == int(given == "yes")


def test_an_override_stands_beside_the_sum(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    uid = stored(client)
    before = reviewed(client, uid)
    found = say(client, uid, "override", score=80, reason="They met again").json()
    assert (found["score"], found["band"]) == (80, "star")
    assert found["machine"] == found["corrected"] == before["machine"]
    assert found["overrides"][0]["reason"] == "They met again"
    found = say(client, uid, "override", band="kasper", reason="Mixed").json()
    assert (found["score"], found["band"]) == (before["score"], "kasper")
    for wrong in ({"reason": "both", "score": 1, "band": "star"}, {"reason": "none"}, {"score": 3}):
        assert say(client, uid, "override", **wrong).status_code == 422
    for wrong in ({"score": 101}, {"score": -1}, {"band": "best"}, {"score": "NaN"}):
        assert say(client, uid, "override", reason="x", **wrong).status_code == 422


def test_what_is_withdrawn_holds_no_more_and_stays_in_the_history(
    installation: Installation,
) -> None:
    client, other = installation.signed_in(Role.COACH), installation.signed_in(Role.COACH)
    uid = stored(client)
    before = reviewed(client, uid)
    say(client, uid, "findings", verdict="agree", **sigh(before))
    found = say(client, uid, "findings", verdict="disagree", **sigh(before)).json()
    mine = found["history"][-1]["id"]
    address = f"/v1/calls/{uid}/reviews/{mine}?report_id={found['report_id']}"
    assert other.delete(address).status_code == 404
    after = client.delete(address)
    assert after.status_code == 200, after.text
    assert after.json()["score"] == before["score"]
    assert all(not own["said"] for own in after.json()["findings"])
    assert [own["action"] for own in after.json()["history"]] == ["agree", "disagree", "withdraw"]
    assert client.delete(address).status_code == 404


def test_the_latest_word_of_a_qa_lead_decides(installation: Installation) -> None:
    coach, lead = installation.signed_in(Role.COACH), installation.signed_in(Role.QA_LEAD)
    uid = stored(coach)
    words = sigh(reviewed(coach, uid))

    def holds() -> bool:
        found = reviewed(coach, uid)["findings"]
        return bool(next(own["holds"] for own in found if own["label"] == "sigh"))

    say(lead, uid, "findings", verdict="disagree", **words)
    say(coach, uid, "findings", verdict="agree", **words)
    assert not holds()
    say(lead, uid, "findings", verdict="agree", **words)
    say(coach, uid, "findings", verdict="disagree", **words)
    assert holds()


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": "sigh", "turn": 2, "start": 0, "end": 4, "verdict": "agree"},
        {"label": "blame", "turn": 2, "start": 0, "end": 5, "verdict": "disagree"},
        {"label": "frustration", "turn": 2, "start": 0, "end": 5, "verdict": "add"},
        {"label": "blame", "turn": 1, "start": 0, "end": 5, "verdict": "add"},
        {"label": "blame", "turn": 4, "start": 0, "end": 5, "verdict": "add"},
        {"label": "blame", "turn": 6, "start": 0, "end": 5, "verdict": "add"},
        {"label": "blame", "turn": 2, "start": 0, "end": 59, "verdict": "add"},
        {"label": "blame", "turn": 2, "start": 7, "end": 7, "verdict": "add"},
        {"label": "blame", "turn": 2, "start": 5, "end": 6, "verdict": "add"},
        {"label": "blame", "turn": -1, "start": 0, "end": 5, "verdict": "add"},
        {"label": "blame", "turn": 2, "start": 0, "end": 2**70, "verdict": "add"},
        {"label": "kindness", "turn": 2, "start": 0, "end": 5, "verdict": "add"},
        {"label": "blame", "turn": 2, "start": 0, "end": 5, "verdict": "erase"},
        {"label": "blame", "turn": 2, "start": 0, "end": 5, "verdict": "add", "reason": "\0"},
    ],
)
def test_findings_that_cannot_be_are_refused(
    installation: Installation, wrong: dict[str, Any]
) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    answer = say(client, uid, "findings", **wrong)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"]
    assert reviewed(client, uid)["history"] == []


def test_questions_that_are_not_asked_are_refused(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    for question_, given in (("colour", "yes"), ("resolved", "maybe")):
        body = {"question": question_, "answer": given, "reason": "x"}
        assert say(client, uid, "answers", **body).status_code == 422
    assert say(client, uid, "answers", question="resolved", answer="yes").status_code == 422
    body = {"question": "resolved", "answer": "yes", "reason": " "}
    assert say(client, uid, "answers", **body).status_code == 422
    # a card need not let every answer be given
    assert question(reviewed(client, uid), "resolved")["allowed"] == [
        "no", "yes", "not_applicable", "insufficient_evidence",
    ]  # fmt: skip


def test_nothing_is_said_of_a_report_that_is_not_the_last(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    uid = stored(client)
    before = reviewed(client, uid)
    released(client, uid)
    say(client, uid, "findings", verdict="disagree", **sigh(before))
    score_again(installation, uid)
    stale = before["report_id"]
    for what, body in (
        ("findings", {"verdict": "agree", **sigh(before)}),
        ("answers", {"question": "resolved", "answer": "yes", "reason": "x"}),
        ("override", {"score": 1, "reason": "x"}),
        ("done", {}),
        ("release", {}),
    ):
        assert say(client, uid, what, report_id=stale, **body).status_code == 409, what
    assert reviewed(client, uid)["report_id"] != stale


def test_a_call_is_released_once_it_is_reviewed(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    other = installation.signed_in(Role.AGENT, agent_id="a-2")
    uid = stored(coach)
    assert agent.get(f"/v1/calls/{uid}/reviews").status_code == 404
    assert say(coach, uid, "release").status_code == 409
    done(coach, uid)
    assert agent.get(f"/v1/calls/{uid}/reviews").status_code == 404
    released(coach, uid)
    seen = reviewed(agent, uid)
    assert seen["released"][0]["action"] == "release" and seen["history"] == []
    assert other.get(f"/v1/calls/{uid}/reviews").status_code == 404
    # the review stays while the agent sees the call
    found = reviewed(coach, uid)
    suffix = f"?report_id={found['report_id']}"
    own = {s["action"]: s["id"] for s in found["history"]}
    assert coach.delete(f"/v1/calls/{uid}/reviews/{own['done']}{suffix}").status_code == 409
    assert coach.delete(f"/v1/calls/{uid}/reviews/{own['release']}{suffix}").status_code == 200
    assert agent.get(f"/v1/calls/{uid}/reviews").status_code == 404
    assert coach.delete(f"/v1/calls/{uid}/reviews/{own['done']}{suffix}").status_code == 200
    assert reviewed(coach, uid)["reviewed_at"] is None


def test_the_page_tells_agents_nothing_of_what_was_withdrawn(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uid = stored(coach)
    released(coach, uid)
    for reason in ("Taken back words", "Other words"):
        said = say(coach, uid, "override", score=3, reason=reason).json()
        if reason.startswith("Taken"):
            suffix = f"{said['overrides'][0]['id']}?report_id={said['report_id']}"
            assert coach.delete(f"/v1/calls/{uid}/reviews/{suffix}").status_code == 200
    pages = [
        own.get(f"/calls/{uid}", headers={"accept": "text/html"}).text for own in (coach, agent)
    ]
    assert not any("Taken back words" in page for page in pages)
    voices = [page.partition("<h2>History</h2>")[2] for page in pages]
    assert "Other words" in voices[0] and "Other words" not in voices[1]


def test_a_call_without_an_agent_is_shown_to_nobody(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    uid = stored(coach, agent_id=None)
    done(coach, uid)
    refused = say(coach, uid, "release")
    assert refused.status_code == 409 and "agent" in refused.json()["detail"]
    assert "/release" not in coach.get(f"/calls/{uid}", headers={"accept": "text/html"}).text
    named = stored(coach, 2)
    done(coach, named)
    assert "/release" in coach.get(f"/calls/{named}", headers={"accept": "text/html"}).text


def test_who_may_not_review(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    uid = stored(coach)
    found = reviewed(coach, uid)
    released(coach, uid)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    words = {"verdict": "disagree", "report_id": found["report_id"], **sigh(found)}
    assert say(agent, uid, "findings", **words).status_code == 403
    machine = installation.with_key(Permission.CALLS_READ, Permission.CALLS_EXPORT)
    assert machine.get(f"/v1/calls/{uid}/reviews").status_code == 200
    assert say(machine, uid, "findings", **words).status_code == 403
    assert say(installation.client, uid, "findings", **words).status_code == 401
    assert say(coach, "0" * 32, "findings", **words).status_code == 404


def test_what_was_said_is_in_the_audit_log_without_its_words(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    say(client, uid, "override", score=10, reason="SECRET words")
    with installation.database.session() as db:
        entries = audit.entries(db, subject=f"call:{uid}")
        assert entries[0].action == "review.override"
        assert all("SECRET" not in str(own.details) for own in entries)


def test_reviews_go_with_their_call(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    uid = stored(client)
    found = say(client, uid, "findings", verdict="agree", **sigh(reviewed(client, uid))).json()
    address = f"/v1/calls/{uid}/reviews/{found['history'][0]['id']}"
    client.delete(f"{address}?report_id={found['report_id']}")
    assert client.delete(f"/v1/calls/{uid}").status_code == 204
    with installation.database.session() as db:
        assert db.scalars(select(Review)).all() == [] == list(db.scalars(select(Call)))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/calls/%00/reviews",
        "/v1/calls/%00/disputes",
        "/v1/disputes/99999999999999999999",
        "/v1/calibrations/0",
        "/v1/agreement?basis=guesses",
        "/v1/agreement?since=0001-01-01&until=9999-12-31",
        "/v1/corrections?language=da&until=9999-12-31",
    ],
)
def test_odd_addresses_are_no_server_errors(installation: Installation, path: str) -> None:
    assert installation.signed_in(Role.ADMIN).get(path).status_code < 500
