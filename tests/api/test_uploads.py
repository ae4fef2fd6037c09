"""Files are taken in, scored by a job, and found in the list of calls."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api import retention
from api.access import Permission, Role
from api.storage import jobs, uploads
from api.storage.tables import now
from api.worker import Worker
from tests.api.conftest import Installation
from tests.api.processes import (
    calls_as_lines,
    client_for,
    environment,
    free_port,
    is_ready,
    process,
    wait_for,
)

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


def test_samples_are_scored_and_listed(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    names = ["da-dishwasher-seventh-time.txt", "sv-two-calls.zip", "nb-ferry-ticket.vtt"]
    files = [("files", (name, (SAMPLES / name).read_bytes())) for name in names]
    accepted = client.post("/v1/uploads", files=files)
    assert accepted.status_code == 202, accepted.text
    job = accepted.json()
    assert (job["status"], job["total"], job["completed"]) == ("PENDING", None, 0)
    assert accepted.headers["location"] == f"/v1/jobs/{job['uid']}"

    installation.work()
    job = client.get(f"/v1/jobs/{job['uid']}").json()
    assert (job["status"], job["total"], job["completed"]) == ("COMPLETED", 4, 4)
    listed = client.get("/v1/calls").json()
    assert listed["count"] == len(listed["items"]) == 4
    worst = client.get("/v1/calls", params={"sort": "score"}).json()["items"][0]
    assert worst["id"] == "da-dishwasher-seventh-time" and worst["band"] == "rasmus"
    detail = client.get(f"/v1/calls/{worst['uid']}").json()
    for item in detail["report"]["evidence"]:
        text = detail["turns"][item["turn"]]["text"]
        assert text[item["start"] : item["end"]] == item["text"]


def test_what_cannot_be_read_is_named_and_the_rest_is_scored(installation: Installation) -> None:
    client = installation.with_key(Permission.CALLS_SCORE, Permission.CALLS_READ)
    good = (SAMPLES / "en-gym-refund.json").read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("good.json", good)
        archive.writestr("bad.json", b'{"turns": 3}')
    files = [
        ("files", ("calls.zip", packed.getvalue())),
        ("files", ("cut.json.gz", gzip.compress(good)[:40])),
        ("files", ("empty.txt", b"")),
    ]
    job = client.post("/v1/uploads", files=files).json()
    installation.work()
    job = client.get(f"/v1/jobs/{job['uid']}").json()
    assert (job["status"], job["total"]) == ("COMPLETED", 4)
    assert (job["completed"], job["failed"]) == (1, 3)
    lines = client.get(f"/v1/jobs/{job['uid']}/errors").text.splitlines()
    errors = [json.loads(line) for line in lines]
    assert [error["source"] for error in errors] == [
        "calls.zip!bad.json",
        "cut.json.gz",
        "empty.txt",
    ]
    assert all(error["expected"] and error["remedy"] for error in errors)


def test_the_same_call_twice_is_one_call(installation: Installation) -> None:
    client = installation.with_key(Permission.CALLS_SCORE, Permission.CALLS_READ)
    file = ("files", ("en-gym-refund.json", (SAMPLES / "en-gym-refund.json").read_bytes()))
    for _ in range(2):
        client.post("/v1/uploads", files=[file])
    installation.work()
    assert client.get("/v1/calls").json()["count"] == 1


def parts_left(installation: Installation) -> int:
    with installation.database.reading() as db:
        return uploads.waiting_bytes(db)


def test_files_are_kept_until_their_calls_are_down(install: Callable[..., Installation]) -> None:
    installation = install(lease_s=0.5)
    client = installation.with_key(Permission.CALLS_SCORE)
    lines = calls_as_lines(230, turns=2)
    job = client.post("/v1/uploads", files=[("files", ("a.jsonl", lines))]).json()
    assert parts_left(installation) == len(lines)
    worker = Worker(installation.database, installation.classifier, installation.settings)
    worker.step()
    assert client.get(f"/v1/jobs/{job['uid']}").json()["total"] is None

    def ended() -> dict[str, Any] | None:
        installation.work()
        state: dict[str, Any] = client.get(f"/v1/jobs/{job['uid']}").json()
        return state if state["ended_at"] else None

    # that worker died; what it put down stays, and another reads on once its lease has run out
    state = wait_for(ended)
    assert (state["total"], state["completed"], state["failed"]) == (230, 230, 0)
    assert parts_left(installation) == 0


def test_a_small_upload_does_not_wait_for_large_ones(installation: Installation) -> None:
    client = installation.with_key(Permission.CALLS_SCORE)
    for n in range(4):
        lines = calls_as_lines(900, turns=1).replace(b"call-", b"call-%d-" % n)
        client.post("/v1/uploads", files=[("files", ("large.jsonl", lines))])
    file = ("files", ("small.jsonl", calls_as_lines(1, turns=2)))
    small = client.post("/v1/uploads", files=[file]).json()
    workers = [
        Worker(installation.database, installation.classifier, installation.settings)
        for _ in range(2)
    ]
    for _ in range(12):
        for worker in workers:
            worker.step()
        if client.get(f"/v1/jobs/{small['uid']}").json()["completed"]:
            break
    else:
        pytest.fail("the small upload waits")
    assert parts_left(installation) > 0


def test_more_than_can_wait_is_refused_for_the_moment(
    install: Callable[..., Installation],
) -> None:
    installation = install(max_waiting_bytes=10_000)
    client = installation.with_key(Permission.CALLS_SCORE)
    file = ("files", ("a.jsonl", calls_as_lines(20, turns=3)[:7_000]))
    assert client.post("/v1/uploads", files=[file]).status_code == 202
    refused = client.post("/v1/uploads", files=[file])
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    installation.work()
    assert client.post("/v1/uploads", files=[file]).status_code == 202


def test_files_of_a_stopped_job_go_after_a_day(installation: Installation) -> None:
    client = installation.with_key(Permission.CALLS_SCORE)
    file = ("files", ("a.jsonl", calls_as_lines(3, turns=2)))
    first, second = (client.post("/v1/uploads", files=[file]).json()["uid"] for _ in range(2))
    for uid in (first, second):
        assert client.post(f"/v1/jobs/{uid}/cancel").status_code == 200
    installation.work()
    with installation.database.session() as db:
        job = jobs.one(db, first)
        assert job is not None
        job.ended_at = now() - timedelta(days=1, minutes=1)
    retention.enforce(installation.database, installation.settings)
    assert client.post(f"/v1/jobs/{first}/resume").status_code == 409
    assert "removed" in client.get(f"/v1/jobs/{first}").json()["error"]["expected"]
    assert client.post(f"/v1/jobs/{second}/resume").status_code == 200
    installation.work()
    assert client.get(f"/v1/jobs/{second}").json()["completed"] == 3
    assert parts_left(installation) == 0


def test_a_lost_connection_leaves_nothing(install: Callable[..., Installation]) -> None:
    installation = install()
    port = free_port()
    env = environment(installation.settings.url, workers=0)
    with (
        client_for(installation.database, port) as client,
        process(env, "serve", "--port", str(port)) as server,
    ):
        wait_for(lambda: is_ready(client))
        before = _unnamed_files(server.pid)
        head = b"POST /v1/uploads HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50000000\r\n"
        head += b"authorization: " + client.headers["authorization"].encode() + b"\r\n"
        head += b"content-type: multipart/form-data; boundary=x\r\n\r\n"
        head += b'--x\r\ncontent-disposition: form-data; name="files"; filename="a"\r\n\r\n'
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head + b"a" * 20_000_000)
            wait_for(lambda: _unnamed_files(server.pid) - before)
        wait_for(lambda: not _unnamed_files(server.pid) - before)
        assert client.get("/v1/jobs").json()["items"] == []
    assert parts_left(installation) == 0


def _unnamed_files(pid: int) -> set[str]:
    """Files that a process has open and that have no name: they go with it."""
    links = {os.readlink(own) for own in Path(f"/proc/{pid}/fd").iterdir()}
    return {link for link in links if link.endswith("(deleted)")}


def test_a_folder_holds_files_that_are_no_calls(installation: Installation) -> None:
    client = installation.with_key(Permission.CALLS_SCORE, Permission.CALLS_READ)
    good = (SAMPLES / "en-gym-refund.json").read_bytes()
    notes = b"Agent: the one who answers.\nCustomer: the one who calls.\n"
    files = [("files", (name, notes)) for name in ("README.md", ".notes.txt", "LICENSE")]
    job = client.post("/v1/uploads", files=[*files, ("files", ("a.json", good))]).json()
    installation.work()
    assert client.get(f"/v1/jobs/{job['uid']}").json()["total"] == 1
    # whoever sends nothing else means it
    job = client.post("/v1/uploads", files=files[:1]).json()
    installation.work()
    assert client.get(f"/v1/jobs/{job['uid']}").json()["total"] == 1
