"""Jobs by address, their progress, cancelling and resuming, and what workers make of odd calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from analyzer.conversation import Conversation
from api.access import Permission, Role
from api.storage import jobs
from api.storage.database import AWAY, Database
from api.storage.tables import Call, JobItem
from api.worker import Worker
from tests.api.conftest import Installation
from tests.api.processes import calls_as_lines, wait_for


def scorer(installation: Installation) -> TestClient:
    return installation.with_key(Permission.CALLS_SCORE, Permission.CALLS_READ)


def upload(client: TestClient, lines: bytes) -> str:
    answer = client.post("/v1/uploads", files=[("files", ("calls.jsonl", lines))])
    assert answer.status_code == 202, answer.text
    return str(answer.json()["uid"])


def state(client: TestClient, uid: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/jobs/{uid}").json()
    return found


def test_an_upload_without_any_call_ends(installation: Installation) -> None:
    with installation.database.session() as db:
        uid = jobs.add(db, "upload", "test", {}, total=0).uid
    installation.work()
    assert state(installation.signed_in(Role.ADMIN), uid)["status"] == "COMPLETED"


def test_a_batch_is_read_from_an_address(
    install: Callable[..., Installation], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_bytes(calls_as_lines(5, turns=2))
    (tmp_path / "in" / "b.txt").write_bytes(b"\x00\x01")
    installation = install(allowed_urls=(f"file://{tmp_path}/in/",))
    client = scorer(installation)
    answer = client.post("/v1/batches", json={"url": f"file://{tmp_path}/in/*"})
    assert answer.status_code == 202
    job = answer.json()
    assert (job["status"], job["total"]) == ("PENDING", None)
    installation.work()
    done = state(client, job["uid"])
    assert (done["status"], done["total"]) == ("COMPLETED", 6)
    assert (done["completed"], done["failed"]) == (5, 1)


def test_an_address_in_memory_can_be_read(install: Callable[..., Installation]) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/batch/calls.jsonl", calls_as_lines(3, turns=2))
    client = scorer(installation := install(allowed_urls=("memory://batch",)))
    uid = client.post("/v1/batches", json={"url": "memory://batch/calls.jsonl"}).json()["uid"]
    installation.work()
    assert state(client, uid)["completed"] == 3


def test_an_address_that_is_not_there_is_an_error_of_the_job(
    install: Callable[..., Installation], tmp_path: Path
) -> None:
    installation = install(allowed_urls=(f"file://{tmp_path}/",))
    client = scorer(installation)
    uid = client.post("/v1/batches", json={"url": f"file://{tmp_path}/none.json"}).json()["uid"]
    installation.work()
    done = state(client, uid)
    assert (done["status"], done["failed"]) == ("FAILED", 1)
    (line,) = client.get(f"/v1/jobs/{uid}/errors").text.splitlines()
    assert json.loads(line)["remedy"]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "file:///data/../etc/passwd",
        "file:///data/%2e%2e/etc/passwd",
        "file:///database/x",
        "zip://x::file:///data/a.zip",
        "file:///data/x::http://127.0.0.1/",
        "http://127.0.0.1/",
    ],
)
def test_an_address_beside_those_allowed_is_refused(
    install: Callable[..., Installation], url: str
) -> None:
    client = scorer(install(allowed_urls=("file:///data",)))
    answer = client.post("/v1/batches", json={"url": url})
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "/url"


def test_a_job_is_cancelled_in_its_middle_and_resumed(installation: Installation) -> None:
    client = scorer(installation)
    uid = upload(client, calls_as_lines(40, turns=2))
    worker = Worker(installation.database, installation.classifier, installation.settings)
    worker.step()
    assert 0 < state(client, uid)["completed"] < 40
    assert client.post(f"/v1/jobs/{uid}/cancel").json()["status"] == "CANCELLED"
    scored = state(client, uid)["completed"]
    installation.work()
    assert state(client, uid)["completed"] == scored
    assert client.post(f"/v1/jobs/{uid}/cancel").status_code == 409
    assert client.post(f"/v1/jobs/{uid}/resume").status_code == 200
    installation.work()
    assert state(client, uid)["status"] == "COMPLETED"
    assert client.get("/v1/calls").json()["count"] == 40
    assert client.post(f"/v1/jobs/{uid}/resume").status_code == 409


def test_a_cancelled_batch_reads_on_when_it_is_resumed(
    install: Callable[..., Installation], tmp_path: Path
) -> None:
    (tmp_path / "calls.jsonl").write_bytes(calls_as_lines(230, turns=2))
    installation = install(allowed_urls=(f"file://{tmp_path}/",))
    client = scorer(installation)
    body = {"url": f"file://{tmp_path}/calls.jsonl"}
    uid = client.post("/v1/batches", json=body).json()["uid"]
    Worker(installation.database, installation.classifier, installation.settings).step()
    assert state(client, uid)["total"] is None
    client.post(f"/v1/jobs/{uid}/cancel")
    client.post(f"/v1/jobs/{uid}/resume")
    installation.work()
    done = state(client, uid)
    assert (done["status"], done["total"], done["completed"]) == ("COMPLETED", 230, 230)


def failing(database: Database, part: str, error: Exception, times: int = 1) -> list[str]:
    """Statements with that part, of which the first `times` fail."""
    seen: list[str] = []

    def look(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        if part in statement:
            seen.append(statement)
            if len(seen) <= times:
                raise error

    event.listen(database.engine, "before_cursor_execute", look)
    return seen


def test_a_batch_loses_no_call_when_its_first_portion_cannot_be_kept(
    install: Callable[..., Installation], tmp_path: Path
) -> None:
    (tmp_path / "calls.jsonl").write_bytes(calls_as_lines(230, turns=2))
    installation = install(allowed_urls=(f"file://{tmp_path}/",))
    client = scorer(installation)
    body = {"url": f"file://{tmp_path}/calls.jsonl"}
    uid = client.post("/v1/batches", json=body).json()["uid"]
    database = Database(installation.settings.url)
    worker = Worker(database, installation.classifier, installation.settings)
    failing(database, "INSERT INTO job_items", OperationalError("away", None, Exception()))
    with pytest.raises(AWAY):
        worker.step()
    while worker.step():
        pass
    database.close()
    done = state(client, uid)
    assert (done["status"], done["total"], done["completed"]) == ("COMPLETED", 230, 230)


def test_a_worker_that_fails_ends_with_all_its_threads(installation: Installation) -> None:
    database = Database(installation.settings.url)
    failing(database, "FROM jobs", ZeroDivisionError())
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError):
        Worker(database, installation.classifier, installation.settings).run()
    database.close()
    assert not set(threading.enumerate()) - before


def test_upkeep_goes_on_after_a_failure(
    install: Callable[..., Installation], caplog: pytest.LogCaptureFixture
) -> None:
    installation = install(poll_s=0.1)
    database = Database(installation.settings.url)
    seen = failing(database, "FROM deliveries", ZeroDivisionError("words of a call"))
    worker = Worker(database, installation.classifier, installation.settings)
    thread = threading.Thread(target=worker.run)
    thread.start()
    wait_for(lambda: len(seen) > 1)
    worker.stop.set()
    thread.join()
    database.close()
    assert "ZeroDivisionError" in caplog.text and "words of a call" not in caplog.text


def test_a_job_is_for_its_owner_and_for_who_leads(installation: Installation) -> None:
    owner, other = scorer(installation), scorer(installation)
    uid = upload(owner, calls_as_lines(2, turns=2))
    ways = (f"/v1/jobs/{uid}", f"/v1/jobs/{uid}/errors", f"/v1/jobs/{uid}/events", f"/jobs/{uid}")
    coach = installation.signed_in(Role.COACH)
    for stranger in (other, coach):
        assert [stranger.get(way).status_code for way in ways] == [404] * 4
        assert stranger.post(f"/v1/jobs/{uid}/cancel").status_code == 404
        assert stranger.get("/v1/jobs").json()["items"] == []
    assert owner.get("/v1/jobs").json()["items"][0]["uid"] == uid
    for role in (Role.QA_LEAD, Role.ADMIN):
        lead = installation.signed_in(role)
        assert lead.get(f"/jobs/{uid}").status_code == 200
        assert lead.get("/v1/jobs").json()["items"][0]["uid"] == uid
    assert coach.post(f"/jobs/{uid}/cancel").status_code == 404
    assert owner.post(f"/v1/jobs/{uid}/cancel").status_code == 200


def test_a_small_job_does_not_wait_for_a_large_one(installation: Installation) -> None:
    client = scorer(installation)
    large = upload(client, calls_as_lines(60, turns=2))
    small = upload(client, calls_as_lines(3, turns=3))
    worker = Worker(installation.database, installation.classifier, installation.settings)
    for _ in range(2):  # each reads one of them
        worker.step()
    assert state(client, small)["status"] == "COMPLETED"
    assert state(client, large)["completed"] > 3
    assert state(client, large)["status"] == "PROCESSING"


def test_a_call_that_the_program_fails_on_does_not_stop_the_others(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        def __getattr__(self, name: str) -> Any:
            return getattr(installation.classifier, name)

        def classify_many(self, calls: Sequence[Conversation]) -> Any:
            if any(call.id == "call-3" for call in calls):
                raise ZeroDivisionError("words of the call")
            return installation.classifier.classify_many(calls)

    client = scorer(installation)
    uid = upload(client, calls_as_lines(6, turns=4))
    worker = Worker(installation.database, Failing(), installation.settings)
    while worker.step():
        pass
    done = state(client, uid)
    assert (done["status"], done["completed"], done["failed"]) == ("COMPLETED", 5, 1)
    assert "ZeroDivisionError" in client.get(f"/v1/jobs/{uid}/errors").text
    assert "ZeroDivisionError" in caplog.text and "words of the call" not in caplog.text
    assert client.post(f"/v1/jobs/{uid}/resume").status_code == 200
    installation.work()
    assert state(client, uid)["completed"] == 6


def test_the_same_calls_scored_by_many_at_once_are_stored_once(
    installation: Installation,
) -> None:
    client = scorer(installation)
    uids = [upload(client, calls_as_lines(12, turns=2)) for _ in range(4)]
    workers = [
        Worker(installation.database, installation.classifier, installation.settings)
        for _ in range(4)
    ]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    wait_for(lambda: all(state(client, uid)["status"] == "COMPLETED" for uid in uids))
    for worker in workers:
        worker.stop.set()
    for thread in threads:
        thread.join()
    assert [state(client, uid)["completed"] for uid in uids] == [12] * 4
    with installation.database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Call)) == 12
        assert set(db.scalars(select(JobItem.attempts))) == {1}


def test_progress_is_told_as_it_happens(installation: Installation) -> None:
    client = scorer(installation)
    uid = upload(client, calls_as_lines(4, turns=2))
    installation.work()
    events = client.get(f"/v1/jobs/{uid}/events")
    assert events.headers["content-type"].startswith("text/event-stream")
    (data,) = [line for line in events.text.splitlines() if line.startswith("data:")]
    assert json.loads(data.removeprefix("data:"))["completed"] == 4
    assert client.get("/v1/jobs/none/events").status_code == 404
