"""Calls are stored whatever they hold, and while others score, store and release them."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text
from sqlalchemy.exc import DataError

from analyzer.conversation import Conversation, Turn
from api.access import Permission, Role, person
from api.app import create_app
from api.schemas import CallIn
from api.scoring import score_under
from api.storage import audit, calls, preferences, reviews, scorecards
from api.storage.database import AWAY, Database
from api.storage.tables import Call, StoredReport, now
from tests.api.conftest import Installation
from tests.api.processes import wait_for

CALL: dict[str, Any] = {
    "id": "one",
    "language": "en",
    "turns": [
        {"role": "agent", "text": "Hello, how can I help you today?"},
        {"role": "customer", "text": "My order has not come yet, and I have waited long."},
    ],
}


def scorer(installation: Installation) -> TestClient:
    return installation.with_key(Permission.CALLS_SCORE, Permission.CALLS_READ)


def test_a_call_with_very_many_words_is_stored(installation: Installation) -> None:
    words = " ".join(f"w{number:x}-x{number:x}" for number in range(120_000))
    with installation.database.session() as db:
        revision = scorecards.active(db)
        short = CallIn.model_validate(CALL).conversation()
        report = score_under(short, revision, installation.classifier, installation.settings)
        long = replace(short, turns=(Turn(text=words),))
        calls.store(db, replace(report, conversation=long), "x", revision)
    assert scorer(installation).get("/v1/calls", params={"search": "w11"}).json()["count"] == 1


def test_a_value_that_is_too_large_is_no_lost_database(installation: Installation) -> None:
    if installation.database.is_sqlite:
        pytest.skip("SQLite has no such limit")
    words = " ".join(f"word{number:x}" for number in range(120_000))
    with pytest.raises(DataError) as raised, installation.database.session() as db:
        db.scalar(text("SELECT to_tsvector('simple', :words)"), {"words": words})
    assert not isinstance(raised.value, AWAY)


@pytest.mark.parametrize("path", ["/v1/score", "/v1/calls"])
def test_others_write_while_a_call_is_scored(installation: Installation, path: str) -> None:
    class Writing:
        def __getattr__(self, name: str) -> Any:
            return getattr(installation.classifier, name)

        def classify_many(self, calls: Sequence[Conversation]) -> Any:
            other = Database(installation.settings.url)
            with other.session() as db:
                audit.record(db, "test", "written")
            other.close()
            return installation.classifier.classify_many(calls)

    key = scorer(installation).headers["authorization"]
    app: Any = create_app(installation.settings, Writing())
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        answer = client.post(path, json=CALL, headers={"authorization": key})
    assert answer.is_success, answer.text


def held_up(installation: Installation) -> None:
    """Wait until somebody waits for a lock; on SQLite every writer does."""
    if installation.database.is_sqlite:
        return
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")

    def waiting() -> Any:
        with installation.database.reading() as db:
            return db.scalar(waits)

    wait_for(waiting)


def test_the_same_call_sent_twice_at_once_is_stored_once(installation: Installation) -> None:
    with installation.database.session() as db:
        # the key of the hashes, so that only the call itself is made at the same time
        preferences.secret(db, "content")
    with installation.database.reading() as db:
        revision = scorecards.active(db)
        sent = CallIn.model_validate(CALL).conversation()
        report = score_under(sent, revision, installation.classifier, installation.settings)
        content = calls.content_hash(db, report.conversation)
    client, answers = scorer(installation), []
    thread = threading.Thread(target=lambda: answers.append(client.post("/v1/calls", json=CALL)))
    with installation.database.session() as db:
        calls.store(db, report, content, revision)
        thread.start()
        held_up(installation)
    thread.join()
    assert answers[0].status_code == 201, answers[0].text
    with installation.database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Call)) == 1
        assert db.scalar(select(func.count()).select_from(StoredReport)) == 1


def test_a_release_while_another_report_is_added_is_of_the_earlier_one(
    installation: Installation,
) -> None:
    client, answers = scorer(installation), []
    client.post("/v1/calls", json=CALL | {"agent_id": "a-1"}).raise_for_status()
    coach = installation.user(Role.COACH)
    principal = person(
        user_id=coach.id, email="", role=Role.COACH, agent_id=None, language="en", csrf_token=""
    )
    with installation.database.session() as db:
        # as if made by other weights: sent again, the call gets another report
        db.scalars(select(StoredReport)).one().model_sha256 = "0" * 64
    again = CALL | {"agent_id": "a-1"}
    thread = threading.Thread(target=lambda: answers.append(client.post("/v1/calls", json=again)))
    with installation.database.session() as db:
        call = db.scalars(select(Call).with_for_update()).one()
        about = reviews.target(db, call, call.report_id or 0)
        reviews.finish(db, principal, about)
        reviews.release(db, principal, about)
        thread.start()
        held_up(installation)
    thread.join()
    assert answers[0].status_code == 201, answers[0].text
    with installation.database.reading() as db:
        stored = db.scalars(select(Call)).one()
        assert stored.released_at and (stored.released_report_id, stored.report_id) == (1, 2)


@pytest.mark.parametrize("id", [10**30, 2**63, -1])
def test_a_cursor_with_an_impossible_number_is_refused(installation: Installation, id: int) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps([1.0, id]).encode()).decode()
    answer = scorer(installation).get("/v1/calls", params={"sort": "score", "cursor": cursor})
    assert answer.status_code == 422


def test_no_call_took_place_in_the_future(installation: Installation) -> None:
    client = scorer(installation)
    client.post("/v1/calls", json=CALL | {"started_at": "2999-01-01T00:00:00Z"}).raise_for_status()
    (stored,) = client.get("/v1/calls").json()["items"]
    assert datetime.fromisoformat(stored["occurred_at"]) <= now()
