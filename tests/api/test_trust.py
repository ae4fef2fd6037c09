"""What the service says of its own reliability."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analyzer.classifier import ModelInfo, published_folder
from api.access import Permission, Role
from api.trust import card_of
from tests.api.conftest import Installation
from tests.api.generated import fill

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


def add_call(installation: Installation, days_ago: int, name: str, language: str = "da") -> None:
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    call = {
        "id": name,
        "language": language,
        "started_at": moment.isoformat(),
        "turns": [
            {"role": "customer", "text": "Hej, min router blinker rødt igen."},
            {"role": "agent", "text": "Det er ikke mit område, det må du tage med butikken."},
        ],
    }
    answer = installation.with_key(Permission.CALLS_SCORE).post("/v1/calls", json=call)
    assert answer.status_code == 201, answer.text


def test_the_card_is_that_of_the_model_that_runs(installation: Installation) -> None:
    found = installation.signed_in(Role.AGENT, agent_id="a").get("/v1/trust").json()
    figures = json.loads((published_folder() / "metrics.json").read_text("utf-8"))
    info = installation.classifier.info
    assert (found["model"], found["model_sha256"]) == (info.name, info.sha256)
    rows = {row["label"]: row for row in found["card"]["labels"]}
    assert rows["frustration"]["recall"] == figures["labels"]["frustration"]["recall"]
    danish = {row["label"]: row for row in found["card"]["languages"]["da"]}
    assert danish["blame"]["precision"] == figures["languages"]["da"]["blame"]["precision"]
    assert card_of(ModelInfo("other", "1", "0" * 64)) is None


def test_what_was_not_judged_is_counted_with_its_reason(installation: Installation) -> None:
    add_call(installation, 1, "danish")
    add_call(installation, 2, "finnish", language="fi")
    add_call(installation, 40, "long ago", language="fi")
    client = installation.signed_in(Role.COACH)
    file = ("files", ("empty.txt", b""))
    installation.with_key(Permission.CALLS_SCORE).post("/v1/uploads", files=[file])
    installation.work()
    found = client.get("/v1/trust").json()
    assert (found["calls"], found["unscored"], found["failed"]) == (2, 1, 1)
    skipped = {(own["reason_code"], own["feature"]): own["calls"] for own in found["skipped"]}
    assert skipped["LANGUAGE_NOT_SUPPORTED", "score"] == 1
    assert skipped["NO_TIMESTAMPS", "talk_time"] == 2
    assert [own["calls"] for own in found["versions"]] == [2]
    assert found["versions"][0]["scorecard"] == "default"


def test_without_calls_nothing_is_claimed(installation: Installation) -> None:
    found = installation.signed_in(Role.COACH).get("/v1/trust").json()
    assert found["calls"] == 0 and found["skipped"] == found["versions"] == []
    assert {own["state"] for own in found["drift"].values()} == {"too_few_calls"}
    assert all(own["index"] is None for own in found["drift"].values())


def test_more_of_the_same_is_no_drift(install: Callable[..., Installation]) -> None:
    installation = install()
    fill(installation.database, installation.classifier, 900, days=200, until=datetime.now(UTC))
    found = installation.signed_in(Role.COACH).get("/v1/trust").json()["drift"]
    assert set(found) == {"labels", "probabilities", "certainty", "bands", "languages"}
    assert {own["state"] for own in found.values()} == {"steady"}
    assert 99 < sum(found["labels"]["now"].values()) < 101
    assert 99 < sum(found["languages"]["before"].values()) < 101


def test_other_calls_than_before_are_drift(install: Callable[..., Installation]) -> None:
    installation = install(rate_limit="100000/minute")
    earlier = datetime.now(UTC) - timedelta(days=31)
    fill(installation.database, installation.classifier, 300, days=150, until=earlier)
    for number in range(110):
        add_call(installation, 3, f"new-{number}")
    moved = installation.signed_in(Role.COACH).get("/v1/trust").json()["drift"]
    assert moved["labels"]["state"] == moved["languages"]["state"] == "moved_much"
    assert moved["labels"]["index"] > moved["labels"]["chance"]
    assert moved["labels"]["now"]["deflection"] > moved["labels"]["before"]["deflection"]
    assert moved["languages"]["now"]["da"] > 80 > moved["languages"]["before"]["da"]


def test_a_call_that_is_stored_without_a_score_is_counted_once(installation: Installation) -> None:
    client = installation.with_key(Permission.CALLS_SCORE)
    files = [
        ("files", ("alone.txt", b"Agent: Hello, support.\nAgent: Is anybody there?\n")),
        ("files", ("empty.txt", b"")),
    ]
    client.post("/v1/uploads", files=files).raise_for_status()
    installation.work()
    found = installation.signed_in(Role.COACH).get("/v1/trust").json()
    assert (found["calls"], found["unscored"], found["failed"]) == (1, 1, 1)
