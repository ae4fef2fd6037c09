"""What people corrected is written so that training reads it back; agreement is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import update

from api.access import Permission, Role
from api.storage.tables import Call
from models.dataset import LabelledCall, load
from tests.api.conftest import Installation
from tests.api.reviewing import TURNS, done, question, released, reviewed, say, sigh, stored

HARD = [
    {"role": "agent", "speaker": "x", "text": "Support, {{sigh|hvad}} kan jeg\nhjælpe med? "},
    {"role": "customer", "text": "Ja. | Det er tredje gang, jeg ringer om den samme router her."},
    {"role": "customer", "text": "  "},
    {"role": "system", "text": "[viderestillet]"},
    {"role": "agent", "speaker": "y", "text": "[suk] Beklager rodet. Det er ikke mit område, du."},
]


def exported(client: TestClient, folder: Path, **wanted: str) -> list[LabelledCall]:
    """The corrections as training reads them."""
    answer = client.get("/v1/corrections", params={"language": "da", **wanted})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    name = answer.headers["content-disposition"].split('"')[1]
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(answer.content)
    return load(folder) if answer.content else []


def add(client: TestClient, uid: str, label: str, turn: int, start: int, end: int) -> None:
    words: dict[str, Any] = {"label": label, "turn": turn, "start": start, "end": end}
    answer = say(client, uid, "findings", verdict="add", **words)
    assert answer.status_code == 201, answer.text


def test_training_reads_back_what_people_hold(installation: Installation, tmp_path: Path) -> None:
    coach, lead = installation.signed_in(Role.COACH), installation.signed_in(Role.QA_LEAD)
    uid = stored(coach, queue="support | da")
    words = sigh(reviewed(coach, uid))
    say(coach, uid, "findings", verdict="disagree", **words)
    add(coach, uid, "blame", 2, 6, 28)
    # the lead sees it otherwise, and it is the lead's word that is kept
    say(lead, uid, "findings", verdict="agree", **words)
    say(lead, uid, "answers", question="resolved", answer="yes", reason="Found the shop")
    say(lead, uid, "override", band="kasper", reason="Mixed")
    assert exported(lead, tmp_path / "none") == []
    done(lead, uid)

    [call] = exported(lead, tmp_path / "one")
    after = reviewed(lead, uid)
    stored_turns = [own["text"] for own in TURNS]
    assert [own.text for own in call.conversation.turns][1:] == stored_turns[1:]
    assert "[PERSON_1]" in call.conversation.turns[0].text  # what was redacted stays so
    assert [own.role for own in call.conversation.turns] == [own["role"] for own in TURNS]
    held = {(own["turn"], own["label"]) for own in after["findings"] if own["holds"]}
    read = {(i, span.label) for i, spans in enumerate(call.spans) for span in spans}
    assert read == held >= {(2, "sigh"), (2, "blame")}
    [own] = [span for span in call.spans[2] if span.label == "sigh"]
    assert call.conversation.turns[2].text[own.start : own.end] == "[suk]"
    assert (call.domain, call.style) == ("support da", "clean")
    assert (call.band, call.resolved, call.transfers) == ("kasper", True, 0)
    assert (int(call.failure), call.recovery) == (
        after["outcome"]["failure"], after["outcome"]["recovery"],
    )  # fmt: skip
    assert call.split == "train"


def test_what_the_notation_cannot_hold_is_replaced(
    installation: Installation, tmp_path: Path
) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    uid = stored(client, turns=HARD)
    for own in reviewed(client, uid)["findings"]:
        if own["certain"]:
            words = {name: own[name] for name in ("label", "turn", "start", "end")}
            say(client, uid, "findings", verdict="disagree", **words)
    add(client, uid, "apology", 4, 6, 14)
    add(client, uid, "dismissal", 4, 6, 21)
    add(client, uid, "deflection", 4, 9, 45)
    add(client, uid, "greeting", 0, 9, 42)
    add(client, uid, "repeat_contact", 1, 4, 29)
    done(client, uid)
    [call] = exported(client, tmp_path)
    texts = [own.text for own in call.conversation.turns]
    assert texts[0] == "Support, ((sigh|hvad)) kan jeg hjælpe med?"
    assert [own.speaker for own in call.conversation.turns] == ["A1", "C1", None, "A2"]
    [greeting] = call.spans[0]
    assert texts[0][greeting.start : greeting.end] == "((sigh|hvad)) kan jeg hjælpe med?"
    # spans that cross become one
    assert {span.label for span in call.spans[3]} == {"apology", "dismissal", "deflection"}
    assert {(span.start, span.end) for span in call.spans[3]} == {(6, 45)}
    assert call.transfers == 1


def test_only_calls_fit_for_training_are_written(
    installation: Installation, tmp_path: Path
) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    kept, plain, open_dispute, english = (
        stored(lead, 1), stored(lead, 2), stored(lead, 3), stored(lead, 4, language="en"),
    )  # fmt: skip
    for uid in (kept, plain, open_dispute, english):
        released(lead, uid)
    with installation.database.session() as db:
        db.execute(update(Call).where(Call.uid == plain).values(redacted=False))
    report = reviewed(agent, open_dispute)["report_id"]
    body = {"report_id": report, "reason": "No"}
    assert agent.post(f"/v1/calls/{open_dispute}/disputes", json=body).status_code == 201
    assert len(exported(lead, tmp_path / "a")) == 1
    [other] = exported(lead, tmp_path / "b", language="en", voice="q")
    assert other.conversation.id.startswith("en-q-")
    assert exported(lead, tmp_path / "c", since="2100-01-01") == []


def test_who_may_export(installation: Installation) -> None:
    wanted = {"language": "da"}
    coach = installation.signed_in(Role.COACH)
    assert coach.get("/v1/corrections", params=wanted).status_code == 403
    machine = installation.with_key(Permission.CALLS_EXPORT)
    assert machine.get("/v1/corrections", params=wanted).status_code == 200
    assert machine.get("/v1/corrections", params={"language": "fi"}).status_code == 422
    assert machine.get("/v1/corrections", params=wanted | {"voice": "../x"}).status_code == 422
    assert machine.get("/v1/corrections").status_code == 422


def test_agreement_rests_on_reviews_that_are_done(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    calls = [stored(coach, number) for number in range(10)]
    for number, uid in enumerate(calls):
        if number == 0:
            say(coach, uid, "findings", verdict="disagree", **sigh(reviewed(coach, uid)))
            say(coach, uid, "override", band="star", reason="They laughed")
        if number < 9:
            done(coach, uid)
    found = coach.get("/v1/agreement").json()
    assert found["calls"] == 9 and found["minimum"] == {"calls": 10, "positives": 5}
    assert all(own["figure"]["value"] is None for own in found["machine_human"])
    done(coach, calls[9])
    found = coach.get("/v1/agreement", params={"language": "da"}).json()
    own = next(each for each in found["machine_human"] if each["label"] == "sigh")
    assert (own["both"], own["machine_only"], own["people_only"]) == (9, 1, 0)
    assert own["figure"]["units"] == 30
    # 29 of 30 the same; by chance (10 x 9 + 20 x 21) / 900: kappa = 1 - 0.0333 / 0.4333
    assert abs(own["figure"]["value"] - (1 - (1 / 30) / (1 - 510 / 900))) < 1e-4
    assert own["figure"]["interval"][0] < own["figure"]["value"]
    bands = found["bands_machine_human"]
    assert (bands["reason"], bands["agreed"]) == ("SAMPLE_TOO_SMALL", None)
    assert found["scores_machine_human"]["calls"] == 10
    assert all(each["figure"]["calls"] == 0 for each in found["human_human"])
    assert coach.get("/v1/agreement", params={"language": "sv"}).json()["calls"] == 0
    agent = installation.signed_in(Role.AGENT, agent_id="a-9")
    assert agent.get("/v1/agreement").json()["calls"] == 10
    assert question(reviewed(coach, calls[0]), "tone")["by"] == "corrected_evidence"
