"""Calls to review, and short ways to say something of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from analyzer.report import Report
from analyzer.scorecard import DEFAULT_SCORECARD
from api.access import Role
from api.payload import conversation_of
from api.scoring import score_under
from api.storage import people, scorecards, verdicts
from api.storage.tables import Call
from tests.api.conftest import Installation

# The sigh is read from the stage direction, whatever the weights find.
TURNS = [
    {"role": "agent", "text": "Support, det er Mona, hvad kan jeg hjælpe dig med?"},
    {"role": "customer", "text": "Nu ringer jeg for tredje gang om den samme router."},
    {"role": "agent", "text": "[suk] Det er ikke mit område, det må du tage med butikken."},
    {"role": "customer", "text": "Det er simpelthen for dårligt, I lovede at ringe i mandags."},
    {"role": "system", "text": "[pause]"},
    {"role": "agent", "text": "Jeg kan godt forstå, at du er træt af det. Farvel."},
]
# Nothing to look at: asked for and done.
QUIET = [
    {"role": "agent", "text": "Good morning, Harbour Library, how can I help you?"},
    {"role": "customer", "text": "I would like to keep the atlas two weeks longer, if I may."},
    {"role": "agent", "text": "Let me look. Nobody is waiting, so I have extended it for you."},
    {"role": "customer", "text": "That is kind, thank you. I will bring it back by then."},
    {"role": "agent", "text": "You are welcome, enjoy the maps. Goodbye."},
    {"role": "customer", "text": "Goodbye, and have a good day."},
]
# Worth a person's time: the matter is pushed away three times.
PRESSING = [
    {"role": "agent", "text": "Support, you are speaking with Mia, how can I help?"},
    {"role": "customer", "text": "My parcel should have been here on Monday, you promised that."},
    {"role": "agent", "text": "That is not my department, you have to take it up with the shop."},
    {"role": "customer", "text": "The shop told me to call you. This is the third time I call!"},
    {"role": "agent", "text": "There is nothing I can do about it. It is not our problem."},
    {"role": "customer", "text": "This is simply not good enough. I am so tired of this."},
    {"role": "agent", "text": "You have to ask the shop, that is not my department."},
]


def stored(client: TestClient, number: int = 1, **fields: Any) -> str:
    """The uid of a new call."""
    body = {"id": f"c-{number}", "language": "da", "agent_id": "a-1", "turns": TURNS, **fields}
    answer = client.post("/v1/calls", json=body)
    assert answer.status_code == 201, answer.text
    uid: str = answer.json()["call"]["uid"]
    return uid


def reviewed(client: TestClient, uid: str) -> dict[str, Any]:
    """Machine's and people's answers."""
    answer = client.get(f"/v1/calls/{uid}/reviews")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def say(client: TestClient, uid: str, what: str, **body: Any) -> Any:
    """Say something of the call's current report; the response."""
    report = {"report_id": body.pop("report_id", None) or reviewed(client, uid)["report_id"]}
    return client.post(f"/v1/calls/{uid}/reviews/{what}", json=report | body)


def done(client: TestClient, uid: str) -> None:
    """Finish the review."""
    answer = say(client, uid, "done")
    assert answer.status_code == 201, answer.text


def released(client: TestClient, uid: str) -> None:
    """Review the call and show it to its agent."""
    done(client, uid)
    answer = say(client, uid, "release")
    assert answer.status_code == 201, answer.text


def sigh(found: dict[str, Any]) -> dict[str, Any]:
    """The finding that every machine makes of these turns, as it is named in a review."""
    own = next(each for each in found["findings"] if each["label"] == "sigh")
    return {name: own[name] for name in ("label", "turn", "start", "end")}


def question(found: dict[str, Any], name: str) -> dict[str, Any]:
    """A question of the scorecard with everyone's answers."""
    own: dict[str, Any] = next(each for each in found["questions"] if each["question"] == name)
    return own


def member(installation: Installation, role: Role) -> tuple[TestClient, int]:
    """A new person's browser, and their number."""
    client = installation.signed_in(role)
    with installation.database.session() as db:
        principal = people.principal_of_session(db, client.cookies["kasper_session"])
    assert principal is not None and principal.user_id is not None
    return client, principal.user_id


def score_again(
    installation: Installation, uid: str, change: Callable[[Report], Report] = lambda own: own
) -> None:
    """Score the call under a new revision of the scorecard, by a model that finds what `change`
    makes of the report."""
    toml = DEFAULT_SCORECARD.read_text("utf-8").replace("start = 40", "start = 50")
    with installation.database.session() as db:
        revision = scorecards.add_draft(db, "default", toml, None)
        call = db.scalars(select(Call).where(Call.uid == uid)).one()
        report = score_under(
            conversation_of(call), revision, installation.classifier, installation.settings
        )
        verdicts.add_report(db, call, change(report), revision)
