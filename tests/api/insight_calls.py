"""Calls of many weeks that fail in basics, are to be coached, or to be praised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from analyzer import read
from analyzer.redaction import redact
from api.access import Permission
from api.scoring import score_under
from api.storage import calls, people, scorecards
from api.storage.tables import Call, now
from tests.api.conftest import Installation
from tests.api.generated import SAMPLES

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
GREETING = "Support, du taler med Mia, hvad kan jeg hjælpe dig med?"
KIND = "Jeg tager den herfra, det skal jeg nok få styr på til dig."
RUDE = "Det er ikke mit område, det må du tage med butikken."
STAR = SAMPLES / "da-bed-slats.vtt"
DAYS = {"since": "2026-03-02", "until": "2026-06-14"}


def said(*agent: str) -> list[dict[str, str]]:
    """A call in which the agent says these words; only a greeting comes before the customer's."""
    turns = [{"role": "agent", "text": text} for text in agent]
    customer = {"role": "customer", "text": "Hej, min router blinker rødt igen."}
    turns.insert(agent[0] == GREETING, customer)
    return turns


def add(
    installation: Installation, weeks: Sequence[list[dict[str, str]]], each: int, **fields: Any
) -> list[str]:
    """The uids of `each` calls a week, all with the turns of that week."""
    client = installation.with_key(Permission.CALLS_SCORE)
    added = []
    for week, turns in enumerate(weeks):
        for number in range(each):
            moment = MONDAY + timedelta(weeks=week, minutes=number)
            name = f"{fields.get('agent_id')}-{fields.get('queue')}-{week}-{number}"
            body = {
                "id": name,
                "language": "da",
                "started_at": moment.isoformat(),
                "customer_id": f"k-{name}",
                "turns": turns,
            }
            answer = client.post("/v1/calls", json=body | fields)
            assert answer.status_code == 201, answer.text
            added.append(answer.json()["call"]["uid"])
    return added


def add_star(installation: Installation, agent_id: str, *, released: bool = False) -> str:
    """The uid of a star call."""
    [conversation] = read(STAR)
    day = MONDAY.isoformat()
    conversation = replace(redact(conversation).conversation, agent_id=agent_id, started_at=day)
    with installation.database.session() as db:
        revision = scorecards.active(db)
        report = score_under(conversation, revision, installation.classifier, installation.settings)
        call = calls.store(db, report, calls.content_hash(db, conversation), revision)
        assert call.band == "star"
        if released:
            call.released_at, call.released_report_id = now(), call.report_id
        return call.uid


def release_all(installation: Installation, uids: Sequence[str]) -> None:
    """Show the calls to their agents."""
    with installation.database.session() as db:
        for call in db.query(Call).filter(Call.uid.in_(uids)):
            call.released_at, call.released_report_id = now(), call.report_id


def team_up(installation: Installation, **teams: str) -> None:
    """Put agents into teams."""
    with installation.database.session() as db:
        for agent_id, team in teams.items():
            people.set_team(db, agent_id, team)
