"""Live calls over a WebSocket: labels turn by turn, the same as those of the whole call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from analyzer.classifier import GrowingCall, OnnxClassifier
from analyzer.conversation import Conversation, Turn
from analyzer.evidence import find_evidence
from analyzer.scoring import score
from api.access import Permission, Role
from api.live import MAX_MESSAGE
from tests.api.conftest import Installation

TURNS = (
    ("agent", "Support, hvad kan jeg hjælpe med?"),
    (
        "customer",
        "Min pakke skulle være kommet i mandags, det lovede I. Jeg er så træt af det.",
    ),
    ("agent", "[suk] Det må du tage med butikken, det er ikke os."),
    ("system", "[omstilling]"),
    ("agent", "[suk] Det må du tage med butikken, det er ikke os."),
    ("customer", "Jeg hedder Mette Holm og mit nummer er 20 30 40 50. Så opgiver jeg."),
)


def turns() -> list[dict[str, str]]:
    return [{"type": "turn", "role": role, "text": text} for role, text in TURNS]


def connect(client: TestClient, **headers: str) -> WebSocketTestSession:
    own = {name: value for name, value in client.headers.items() if name == "authorization"}
    return client.websocket_connect("ws://127.0.0.1:8000/v1/live", headers=own | headers)


def told(socket: WebSocketTestSession, message: Any) -> dict[str, Any]:
    """The answer to a message."""
    text = message if isinstance(message, str) else json.dumps(message)
    socket.send_text(text)
    answer: dict[str, Any] = socket.receive_json()
    return answer


def closed_with(socket: WebSocketTestSession) -> int:
    with pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_text()
    return closed.value.code


def scorer(installation: Installation) -> TestClient:
    return installation.with_key(Permission.CALLS_SCORE, Permission.CALLS_READ)


def test_a_growing_call_is_classified_as_the_whole_call(classifier: OnnxClassifier) -> None:
    growing = GrowingCall(classifier)
    said: tuple[Turn, ...] = ()
    for role, text in TURNS:
        said = (*said, Turn(text, role=role))  # type: ignore[arg-type]
        conversation = Conversation("c", said, language="da")
        kept, whole = growing.classify(conversation), classifier.classify(conversation)
        for one, other in zip(kept, whole, strict=True):
            assert np.allclose(one.probabilities, other.probabilities, atol=1e-5)
            assert np.allclose(one.token_scores, other.token_scores, atol=1e-4)
        assert score(conversation, classifier=growing) == score(conversation, classifier=classifier)


def test_each_turn_is_answered_and_the_end_is_a_report(installation: Installation) -> None:
    client = scorer(installation)
    with connect(client) as socket:
        assert told(socket, {"type": "start", "id": "live-1", "language": "da", "queue": "q"}) == {
            "type": "started",
            "id": "live-1",
        }
        answers = [told(socket, turn) for turn in turns()]
        end = told(socket, {"type": "end", "store": True})
        assert closed_with(socket) == 1000
    assert [answer["turn"] for answer in answers] == list(range(len(TURNS)))
    assert {item["label"] for item in answers[2]["evidence"]} >= {"sigh", "deflection"}
    for answer, (_, text) in zip(answers, TURNS, strict=True):
        for item in answer["evidence"] + answer["uncertain"]:
            assert text[item["start"] : item["end"]] == item["text"]
            assert item["turn"] == answer["turn"] and 0 < item["probability"] <= 1
    assert answers[0]["score"] is None and answers[0]["unscored_because"] == ["ONE_SIDE_ONLY"]
    assert answers[4]["counts"]["sigh"] == 2 and answers[4]["counts"]["deflection"] == 2

    # what was said turn by turn, with what was taken back, is what the whole call gives
    known: dict[int, list[str]] = {}
    for answer in answers:
        known[answer["turn"]] = [item["label"] for item in answer["evidence"]]
        known |= {change["turn"]: change["labels"] for change in answer["changed"]}
    whole = Conversation(
        "live-1", tuple(Turn(text, role=role) for role, text in TURNS), language="da"
    )  # type: ignore[arg-type]
    scores = installation.classifier.classify(whole)
    found, _ = find_evidence(whole, scores, installation.classifier.thresholds)
    expected = {turn: [item.label for item in found if item.turn == turn] for turn in known}
    assert known == expected

    assert end["report"]["redacted"] and end["report"]["score"] is not None
    stored = client.get(f"/v1/calls/{end['call']}").json()
    assert (stored["call"]["id"], stored["call"]["queue"]) == ("live-1", "q")
    assert "Mette" not in json.dumps(stored) and "20 30 40 50" not in json.dumps(stored)
    assert client.get("/v1/calls").json()["count"] == 1


def test_nothing_is_kept_unless_it_is_asked_for(installation: Installation) -> None:
    client = scorer(installation)
    with connect(client) as socket:
        told(socket, {"type": "start"})
        for turn in turns():
            told(socket, turn)
        assert told(socket, {"type": "end"})["call"] is None
    with connect(client) as socket:
        told(socket, {"type": "start"})
        told(socket, turns()[0])  # and then the client goes away
    assert client.get("/v1/calls").json()["count"] == 0


def test_who_may_open_a_live_call(installation: Installation) -> None:
    nobody = TestClient(installation.client.app, base_url="http://127.0.0.1:8000")
    with connect(nobody) as socket:
        assert told(socket, {"type": "start"})["status"] == 401
        assert closed_with(socket) == 1008
    with connect(nobody) as socket:
        assert told(socket, {"type": "auth", "key": "kasper_wrong"})["status"] == 401
        assert closed_with(socket) == 1008
    reader = installation.with_key(Permission.CALLS_READ)
    with connect(reader) as socket:
        assert socket.receive_json()["status"] == 403
        assert closed_with(socket) == 1008
    key = scorer(installation).headers["authorization"].removeprefix("Bearer ")
    with connect(nobody) as socket:
        socket.send_json({"type": "auth", "key": key})
        assert told(socket, {"type": "start"})["type"] == "started"


def test_a_browser_must_come_from_a_page_of_the_service(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    for origin in ({}, {"origin": "https://elsewhere.example"}, {"origin": "null"}):
        with connect(coach, **origin) as socket:
            assert socket.receive_json()["status"] == 403
            assert closed_with(socket) == 1008
    with connect(coach, origin="http://127.0.0.1:8000") as socket:
        assert told(socket, {"type": "start"})["type"] == "started"
    agent = installation.signed_in(Role.AGENT)
    with connect(agent, origin="http://127.0.0.1:8000") as socket:
        assert socket.receive_json()["status"] == 403


@pytest.mark.parametrize(
    "message",
    [
        "no JSON",
        "[]",
        "[" * 50_000,
        '{"type": "turn"}',
        {"type": "turn", "role": "boss", "text": "x"},
        {"type": "turn", "role": "agent", "text": 3},
        {"type": "turn", "role": "agent", "text": "a\0b"},
        {"type": "turn", "role": "agent", "text": "x", "start": 1e300},
        '{"type": "turn", "role": "agent", "text": "x", "start": NaN}',
        '{"type": "turn", "role": "agent", "text": "\\ud800"}',
        {"type": "start"},
        {"type": "nothing"},
    ],
)
def test_a_message_that_is_wrong_is_answered_and_the_call_goes_on(
    installation: Installation, message: Any
) -> None:
    with connect(scorer(installation)) as socket:
        told(socket, {"type": "start"})
        answer = told(socket, message)
        assert (answer["type"], answer["status"]) == ("error", 422)
        assert answer["detail"]
        assert told(socket, turns()[0])["turn"] == 0


def test_what_is_too_large_or_no_text_ends_the_connection(installation: Installation) -> None:
    with connect(scorer(installation)) as socket:
        told(socket, {"type": "start"})
        large = {"type": "turn", "role": "agent", "text": "x" * MAX_MESSAGE}
        assert told(socket, large)["status"] == 413
        assert closed_with(socket) == 1009
    with connect(scorer(installation)) as socket:
        told(socket, {"type": "start"})
        socket.send_bytes(b"\xff\xfe")
        assert socket.receive_json()["status"] == 415
        assert closed_with(socket) == 1003


def test_turns_places_and_patience_are_limited(
    install: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.MAX_TURNS", 2)
    installation = install(max_live_calls=1, live_idle_s=1.0)
    client = scorer(installation)
    with connect(client) as socket:
        told(socket, {"type": "start"})
        with connect(client) as second:
            assert second.receive_json()["status"] == 429
            assert closed_with(second) == 1013
        for turn in turns()[:2]:
            told(socket, turn)
        assert told(socket, turns()[2])["status"] == 409
        assert socket.receive_json()["status"] == 408
        assert closed_with(socket) == 1001
    with connect(client) as socket:
        assert told(socket, {"type": "start"})["type"] == "started"


def test_a_revoked_key_stores_nothing(installation: Installation) -> None:
    from sqlalchemy import update

    from api.storage.tables import ApiKey, now

    client = scorer(installation)
    with connect(client) as socket:
        told(socket, {"type": "start"})
        told(socket, turns()[0])
        with installation.database.session() as db:
            db.execute(update(ApiKey).values(revoked_at=now()))
        assert told(socket, {"type": "end", "store": True})["status"] == 401
        assert closed_with(socket) == 1008


def test_no_word_of_a_call_is_logged(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    with connect(scorer(installation)) as socket:
        told(socket, {"type": "start", "customer_id": "k-secret"})
        for turn in turns():
            told(socket, turn)
        told(socket, {"type": "end", "store": True})
    assert "Mette" not in caplog.text and "k-secret" not in caplog.text
