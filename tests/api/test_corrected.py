"""What people correct counts wherever the call is shown, beside what the machine said."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from analyzer.traits import LABELS
from api.access import Role
from api.insights import BANDS
from api.storage import insights, people, reports
from api.storage.insights import Scope
from api.storage.tables import Call
from tests.api.conftest import Installation
from tests.api.reviewing import PRESSING, TURNS, member, question, reviewed, say, sigh, stored

PAGE = {"accept": "text/html"}


def listed(client: TestClient, **params: Any) -> list[str]:
    """The uids of the calls that match."""
    answer = client.get("/v1/calls", params=params)
    assert answer.status_code == 200, answer.text
    return [own["uid"] for own in answer.json()["items"]]


def test_lists_show_filter_and_sort_by_what_counts(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    uid, other = stored(client, 1), stored(client, 2)
    machine = client.get("/v1/calls").json()["items"][0]
    assert not machine["corrected"] and machine["machine_score"] == machine["score"]
    assert machine["band"] == "rasmus"
    say(client, uid, "override", score=90, reason="They met again")
    [first, last] = client.get("/v1/calls", params={"sort": "-score"}).json()["items"]
    assert (first["uid"], first["score"], first["band"]) == (uid, 90, "star")
    assert (first["machine_score"], first["machine_band"]) == (machine["score"], "rasmus")
    assert first["corrected"] and not last["corrected"]
    assert listed(client, sort="score") == [other, uid]
    assert listed(client, band="star") == [uid] and listed(client, band="rasmus") == [other]
    assert listed(client, corrected=True) == [uid] and listed(client, corrected=False) == [other]
    assert listed(client, flag="worth_praising") == [uid]
    page = client.get("/calls", headers=PAGE).text
    assert "Corrected</span>" in page and "machine:" in page


def test_labels_are_those_that_hold(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    assert listed(client, label="sigh") == [uid] and listed(client, label="proactive_tip") == []
    say(client, uid, "findings", verdict="disagree", **sigh(reviewed(client, uid)))
    tip = {"label": "proactive_tip", "turn": 5, "start": 8, "end": 12}
    said = say(client, uid, "findings", verdict="add", **tip).json()
    assert listed(client, label="sigh") == [] and listed(client, label="proactive_tip") == [uid]
    one = client.get(f"/v1/calls/{uid}").json()
    assert one["report"]["score"] == said["score"]
    assert one["report"]["scorecard"]["arithmetic"] == said["corrected"]["arithmetic"]
    found = {(own["label"], own["source"]) for own in one["report"]["evidence"]}
    assert ("proactive_tip", "person") in found and "sigh" not in {label for label, _ in found}
    assert "sigh" in {own["label"] for own in one["machine_report"]["evidence"]}
    assert one["report"]["counts"]["sigh"] == 0 and one["machine_report"]["counts"]["sigh"] == 1
    # taken back, the machine's holds again
    number = next(own["id"] for own in said["history"] if own["label"] == "proactive_tip")
    address = f"/v1/calls/{uid}/reviews/{number}?report_id={said['report_id']}"
    assert client.delete(address).status_code == 200
    assert listed(client, label="proactive_tip") == []


def test_to_agree_corrects_nothing(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client)
    before = client.get(f"/v1/calls/{uid}").json()
    say(client, uid, "findings", verdict="agree", **sigh(reviewed(client, uid)))
    answer = question(reviewed(client, uid), "resolved")["machine"]["answer"]
    say(client, uid, "answers", question="resolved", answer=answer, reason="So it is")
    after = client.get(f"/v1/calls/{uid}").json()
    assert not after["call"]["corrected"] and after["machine_report"] is None
    assert after["call"]["score"] == before["call"]["score"]


def test_flags_and_outcome_follow_people(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid = stored(client, language="en", turns=PRESSING)
    before = client.get(f"/v1/calls/{uid}").json()
    assert "repeated_deflection" in before["call"]["flags"]
    assert listed(client, waiting=True) == [uid]
    for own in reviewed(client, uid)["findings"]:
        if own["label"] == "deflection":
            place = {name: own[name] for name in ("label", "turn", "start", "end")}
            say(client, uid, "findings", verdict="disagree", **place)
    for name in ("resolved", "failure"):
        if name in {q["question"] for q in reviewed(client, uid)["questions"]}:
            say(client, uid, "answers", question=name, answer="yes", reason="It was")
    after = client.get(f"/v1/calls/{uid}").json()
    assert "repeated_deflection" not in after["call"]["flags"]
    assert listed(client, flag="repeated_deflection") == []
    assert after["report"]["flags"] != before["report"]["flags"]
    assert after["call"]["resolved"] is True is not before["call"]["resolved"]
    page = client.get(f"/calls/{uid}", headers=PAGE).text
    assert "pushed the matter away" not in page and "answered by a person" in page


def test_exports_hold_what_counts(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    uid = stored(client)
    before = reviewed(client, uid)
    say(client, uid, "findings", verdict="disagree", **sigh(before))
    after = reviewed(client, uid)

    def table(name: str) -> list[dict[str, str]]:
        sent = client.get("/v1/exports/calls.csv", params={"table": name})
        return list(csv.DictReader(io.StringIO(sent.content.decode("utf-8-sig"))))

    [row] = table("calls")
    assert (float(row["score"]), float(row["machine_score"])) == (after["score"], before["score"])
    assert (row["corrected"], row["sigh"]) == ("True", "0")
    assert "sigh" not in {own["label"] for own in table("evidence")}
    line = json.loads(client.get("/v1/exports/calls.jsonl").content)
    assert line["score"] == after["score"] and line["machine_score"] == before["score"]
    vcon = client.get(f"/v1/calls/{uid}/vcon.json").json()
    assert json.loads(json.dumps(vcon["analysis"]))
    shape = client.get(f"/v1/calls/{uid}", params={"format": "contact_lens"}).json()
    assert "sigh" not in shape["Categories"]["MatchedCategories"]


def test_figures_of_teams_count_people_and_drift_the_machine(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    uid = stored(client)
    say(client, uid, "findings", verdict="disagree", **sigh(reviewed(client, uid)))
    say(client, uid, "override", score=90, reason="They met again")
    today = datetime.now(UTC).date()
    with installation.database.reading() as db:
        counted = insights.total(db, Scope(today, today))
        machine = insights.total(db, Scope(today, today), machine=True)
    sighs, star = LABELS.index("sigh"), BANDS.index("star")
    assert (counted.labels[sighs], machine.labels[sighs]) == (0, 1)
    assert (counted.bands[star], machine.bands[star]) == (1, 0)
    assert counted.total == 90 != machine.total


def test_examples_do_not_unblind_a_calibrator(installation: Installation) -> None:
    lead, number = member(installation, Role.QA_LEAD)
    _, other = member(installation, Role.COACH)
    uid = stored(lead)
    today = datetime.now(UTC).date()
    with installation.database.reading() as db:
        call = db.scalars(select(Call)).one()
        assert call.uid == uid
    opened = lead.post(
        "/v1/calibrations", json={"name": "May", "calls": [uid], "members": [number, other]}
    )
    assert opened.status_code == 201, opened.text
    with installation.database.session() as db:
        principal = people.principal_of_session(db, lead.cookies["kasper_session"])
        assert principal is not None
        scope = Scope(today, today)
        assert insights.with_label(db, principal, scope, "sigh") == []
        assert insights.without_label(db, principal, scope, "proactive_tip") == []
    # nor does sending it once more, nor reading one of its reports
    body = {"id": "c-1", "language": "da", "agent_id": "a-1"}
    for path in ("/v1/calls", "/v1/score"):
        assert lead.post(path, json=body | {"turns": TURNS}).status_code == 409
    other_id = body | {"id": "another", "turns": TURNS}
    assert lead.post("/v1/calls", json=other_id).status_code == 409
    assert lead.get(f"/v1/calls/{uid}/reports/{call.report_id}").status_code == 409
    assert lead.get(f"/calls/{uid}?report={call.report_id}", headers=PAGE).status_code == 409


def test_an_agent_is_not_asked_to_judge(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    uid = stored(coach)
    with installation.database.session() as db:
        call = db.scalars(select(Call)).one()
        report = reports.current(db, call)
        assert report is not None
        doubtful = dict(report.body["evidence"][0]) | {"label": "blame", "turn": 2, "start": 6}
        doubtful |= {"end": 9, "text": "Det", "role": "agent", "probability": 0.3}
        report.body = report.body | {"uncertain": [doubtful]}
    for what in ("done", "release"):
        assert say(coach, uid, what).status_code == 201
    pages = [own.get(f"/calls/{uid}", headers=PAGE).text for own in (coach, agent)]
    assert "For you to judge" in pages[0] and "you decide" in pages[0]
    assert "For you to judge" not in pages[1] and "you decide" not in pages[1]
    assert "is-open" in pages[0] and "is-open" not in pages[1]
