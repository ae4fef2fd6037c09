"""What happens when things die: every call is scored, and none twice."""

from __future__ import annotations

import contextlib
import io
import resource
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from api.access import Permission, Role
from api.app import prepare
from api.settings import Settings
from api.storage import jobs
from api.storage.database import AWAY, Database
from api.storage.tables import Call, Job, JobItem, StoredReport, now
from tests.api.conftest import Installation, postgresql_server
from tests.api.processes import (
    CALLS,
    calls_as_lines,
    children,
    client_for,
    environment,
    free_port,
    held_by,
    is_alive,
    is_ready,
    process,
    wait_for,
)

_POISONED = """
import os, signal
from analyzer.classifier import default_classifier
from api.settings import Settings
from api.storage.database import Database
from api.worker import Worker

class Poisoned:
    def __getattr__(self, name):
        return getattr(default_classifier(), name)
    def classify_many(self, calls):
        if any("POISON" in turn.text for call in calls for turn in call.turns):
            os.kill(os.getpid(), signal.SIGKILL)
        return default_classifier().classify_many(calls)

settings = Settings()
Worker(Database(settings.url), Poisoned(), settings).run()
"""


def upload(installation: Installation, lines: bytes) -> str:
    """The name of a new job with these calls."""
    client = installation.with_key(Permission.CALLS_SCORE)
    answer = client.post("/v1/uploads", files=[("files", ("calls.jsonl", io.BytesIO(lines)))])
    assert answer.status_code == 202, answer.text
    return str(answer.json()["uid"])


def done(database: Database, uid: str) -> int:
    """How many calls of the job are scored; -1 while the database is away."""
    try:
        with database.reading() as db:
            job = jobs.one(db, uid)
            assert job is not None
            return jobs.progress(db, job).completed
    except AWAY:
        return -1


def ended(database: Database, uid: str) -> Job | None:
    """The job, once it has ended."""
    try:
        with database.reading() as db:
            job = jobs.one(db, uid)
            return job if job and job.status in jobs.ENDED else None
    except AWAY:
        return None


def in_hand(database: Database, pid: int) -> JobItem | None:
    """The call that the worker with this process number is scoring."""
    with database.reading() as db:
        waiting = db.scalars(select(JobItem).where(JobItem.status == jobs.PENDING)).all()
        return next((item for item in waiting if held_by(item, pid)), None)


def all_once(database: Database, uid: str, count: int = CALLS) -> None:
    """Every call of the job is scored and stored, and none of them twice."""
    with database.reading() as db:
        job = jobs.one(db, uid)
        assert job is not None and (job.status, job.total) == ("COMPLETED", count)
        items = jobs.items(db, job)
        assert [item.position for item in items] == list(range(count))
        assert {item.status for item in items} == {"COMPLETED"}
        assert len({item.call_id for item in items}) == count
        stored = Counter(db.scalars(select(Call.external_id)))
        assert stored == Counter({f"call-{number}": 1 for number in range(count)})
        assert db.scalar(select(func.count()).select_from(StoredReport)) == count


def stopped_with_a_call(database: Database, worker: subprocess.Popen[bytes]) -> JobItem:
    """The call that a worker has in hand, the worker being stopped at that."""

    def stopped() -> JobItem | None:
        worker.send_signal(signal.SIGSTOP)
        # not in the middle of a transaction, which would keep the others from writing
        item = in_hand(database, worker.pid)
        if item is not None and _is_free(database, item):
            return item
        worker.send_signal(signal.SIGCONT)
        return None

    return wait_for(stopped)


def _is_free(database: Database, item: JobItem) -> bool:
    if not database.is_sqlite:
        locked = select(JobItem.id).where(JobItem.id == item.id).with_for_update(nowait=True)
        try:
            with database.session() as db:
                return db.scalar(locked) is not None
        except AWAY:
            return False
    path = str(database.url.database)
    with contextlib.closing(sqlite3.connect(path, timeout=0.05, isolation_level=None)) as own:
        try:
            own.execute("BEGIN IMMEDIATE")
            own.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
    return True


def test_the_living_take_over_from_a_killed_worker(installation: Installation) -> None:
    env = environment(installation.settings.url)
    uid = upload(installation, calls_as_lines())
    with process(env, "worker") as first, process(env, "worker"):
        wait_for(lambda: 3 <= done(installation.database, uid))
        item = stopped_with_a_call(installation.database, first)
        assert done(installation.database, uid) < CALLS
        first.kill()
        job = wait_for(lambda: ended(installation.database, uid))
    all_once(installation.database, uid)
    with installation.database.reading() as db:
        taken = db.get_one(JobItem, item.id)
        assert taken.attempts == 2 and not held_by(taken, first.pid)
        assert job.ended_at and item.lease_until and job.ended_at > item.lease_until


def test_who_comes_back_too_late_changes_nothing(installation: Installation) -> None:
    env = environment(installation.settings.url)
    uid = upload(installation, calls_as_lines(20))
    with process(env, "worker") as slow:
        item = stopped_with_a_call(installation.database, slow)
        with process(env, "worker"):
            wait_for(lambda: ended(installation.database, uid))
        slow.send_signal(signal.SIGCONT)
        # once it works again, what it had in hand before is behind it
        second = upload(installation, calls_as_lines(21))
        wait_for(lambda: ended(installation.database, second))
        slow.terminate()
        assert slow.wait(60) == 0
    with installation.database.reading() as db:
        assert not held_by(db.get_one(JobItem, item.id), slow.pid)
        assert db.scalar(select(func.count()).select_from(Call)) == 21
        assert db.scalar(select(func.count()).select_from(StoredReport)) == 21
        items = db.scalars(select(JobItem)).all()
        assert {item.status for item in items} == {"COMPLETED"}


def test_server_and_workers_are_killed_and_started_again(
    installation: Installation, tmp_path: Path
) -> None:
    database = installation.database
    port = free_port()
    env = environment(installation.settings.url, workers=2, data_dir=tmp_path / "data")
    with client_for(database, port) as client:
        with process(env, "serve", "--port", str(port)) as server:
            wait_for(lambda: is_ready(client))
            files = {"files": ("calls.jsonl", calls_as_lines())}
            uid = client.post("/v1/uploads", files=files).raise_for_status().json()["uid"]
            wait_for(lambda: 3 <= done(database, uid))
            workers = children(server.pid)
            server.kill()
            # one worker is killed with it, the other sees that its server is gone
            subprocess.run(["kill", "-9", str(workers[0])], check=True)
            wait_for(lambda: not any(map(is_alive, workers)))
            assert done(database, uid) < CALLS
        with process(env, "serve", "--port", str(port)) as server:
            wait_for(lambda: ended(database, uid))
            wait_for(lambda: is_ready(client))
            assert client.get(f"/v1/jobs/{uid}").json()["completed"] == CALLS
            # a worker that dies is replaced
            workers = children(server.pid)
            subprocess.run(["kill", "-9", str(workers[0])], check=True)
            wait_for(lambda: len(set(children(server.pid)) - {workers[0]}) == 2)
            workers = children(server.pid)
            server.terminate()
            assert server.wait(60) == 0
            assert not any(map(is_alive, workers))
    all_once(database, uid)


def test_a_worker_told_to_stop_finishes_the_call_in_hand(installation: Installation) -> None:
    uid = upload(installation, calls_as_lines())
    with process(environment(installation.settings.url), "worker") as worker:
        wait_for(lambda: done(installation.database, uid) > 0)
        worker.terminate()
        assert worker.wait(60) == 0
    left = CALLS - done(installation.database, uid)
    assert left > 0
    with installation.database.reading() as db:
        waiting = db.scalars(select(JobItem).where(JobItem.status == jobs.PENDING)).all()
        assert len(waiting) == left and not any(item.worker for item in waiting)


def test_a_call_that_kills_its_workers_is_given_up(installation: Installation) -> None:
    lines = calls_as_lines(12).replace(b"Point 0 of case 5.", b"POISON")
    uid = upload(installation, lines)
    env = environment(installation.settings.url, lease_s=1)
    deaths = 0
    while not ended(installation.database, uid):
        with process(env, "-c", _POISONED) as worker:
            wait_for(lambda: worker.poll() is not None or ended(installation.database, uid))
            deaths += worker.poll() == -signal.SIGKILL
    assert deaths == jobs.MAX_ATTEMPTS
    client = installation.signed_in(Role.QA_LEAD)
    job = client.get(f"/v1/jobs/{uid}").json()
    assert (job["status"], job["completed"], job["failed"]) == ("COMPLETED", 11, 1)
    (error,) = client.get(f"/v1/jobs/{uid}/errors").text.splitlines()
    assert '"position": 5' in error and "stopped 3 times" in error
    # once it is mended, the call can be tried again
    assert client.post(f"/v1/jobs/{uid}/resume").status_code == 200
    installation.work()
    assert client.get(f"/v1/jobs/{uid}").json()["completed"] == 12


def test_reading_an_address_goes_on_after_a_kill(
    install: Callable[..., Installation], tmp_path: Path
) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    for number, line in enumerate(calls_as_lines(250, turns=2).splitlines()):
        (folder / f"{number:04}.json").write_bytes(line)
    installation = install(rate_limit="100000/minute", allowed_urls=(f"file://{folder}/",))
    client = installation.with_key(Permission.CALLS_SCORE)
    body = {"url": f"file://{folder}/*.json"}
    uid = client.post("/v1/batches", json=body).json()["uid"]
    env = environment(installation.settings.url, lease_s=1)
    with process(env, "worker") as first:
        wait_for(lambda: _found(installation.database, uid) > 0)
        first.kill()
    assert client.get(f"/v1/jobs/{uid}").json()["total"] is None
    with process(env, "worker"), process(env, "worker"):
        wait_for(lambda: ended(installation.database, uid))
    all_once(installation.database, uid, 250)


def _found(database: Database, uid: str) -> int:
    with database.reading() as db:
        job = jobs.one(db, uid)
        return jobs.found_items(db, job) if job else 0


# --- the database goes away -------------------------------------------------------------------


def test_a_full_disk_is_waited_out(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'kasper.db'}")
    prepare(settings)
    database = Database(settings.url)
    port = free_port()
    env = environment(settings.url, workers=0, data_dir=tmp_path)
    with (
        client_for(database, port) as client,
        process(env, "serve", "--port", str(port)) as server,
        process(env, "worker") as worker,
    ):
        wait_for(lambda: is_ready(client))
        files = {"files": ("calls.jsonl", calls_as_lines())}
        uid = client.post("/v1/uploads", files=files).raise_for_status().json()["uid"]
        wait_for(lambda: 3 <= done(database, uid))
        for pid in (server.pid, worker.pid):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        answer = wait_for(lambda: _if_refused(client.post("/v1/uploads", files=files)))
        assert answer["status"] == 503 and "try again" in answer["detail"]
        before = done(database, uid)
        assert before < CALLS
        # long enough for leases to run out
        wait_for(lambda: _none_held(database))
        assert done(database, uid) <= before + 1 and worker.poll() is None
        for pid in (server.pid, worker.pid):
            both = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, both)
        wait_for(lambda: ended(database, uid))
        with database.reading() as db:
            assert {item.attempts for item in db.scalars(select(JobItem))} == {1}
        again = client.post("/v1/uploads", files=files)
        assert again.status_code == 202
        wait_for(lambda: ended(database, again.json()["uid"]))
    all_once(database, uid)
    database.close()


def _if_refused(answer: object) -> dict[str, object] | None:
    body: dict[str, object] = answer.json()  # type: ignore[attr-defined]
    return body if body.get("status") == 503 else None


def _none_held(database: Database) -> bool:
    with database.reading() as db:
        held = select(JobItem).where(JobItem.lease_until >= now(), JobItem.status == jobs.PENDING)
        return db.scalar(held) is None


@pytest.fixture
def own_postgresql() -> Iterator[Any]:
    """A PostgreSQL server that a test may stop."""
    with postgresql_server() as server:
        yield server


def test_a_postgresql_that_stops_is_waited_for(own_postgresql: Any, tmp_path: Path) -> None:
    uri = own_postgresql.get_uri()
    settings = Settings(_env_file=None, database_url=uri)
    prepare(settings)
    database = Database(settings.url)
    port = free_port()
    env = environment(settings.url, workers=0, data_dir=tmp_path)
    with (
        client_for(database, port) as client,
        process(env, "serve", "--port", str(port)) as server,
        process(env, "worker") as worker,
        process(env, "worker"),
    ):
        wait_for(lambda: is_ready(client))
        files = {"files": ("calls.jsonl", calls_as_lines())}
        uid = client.post("/v1/uploads", files=files).raise_for_status().json()["uid"]
        wait_for(lambda: 3 <= done(database, uid))
        own_postgresql.stop()
        for answer in (
            client.get("/readyz"),
            client.get(f"/v1/jobs/{uid}"),
            client.post("/v1/uploads", files=files),
        ):
            assert answer.status_code == 503, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert "postgres" not in answer.text.lower()
        assert client.get("/healthz").status_code == 200
        assert server.poll() is None and worker.poll() is None
        own_postgresql.ensure_postgres_running()
        wait_for(lambda: ended(database, uid))
        assert client.get(f"/v1/jobs/{uid}").json()["completed"] == CALLS
    all_once(database, uid)
    database.close()
