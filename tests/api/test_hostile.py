"""Uploads meant to do harm: each is answered in words, nothing is run, memory stays bounded."""

from __future__ import annotations

import gzip
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from api.access import Permission
from api.app import prepare
from api.settings import Settings
from api.storage import audit
from api.storage.database import Database
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

GOOD = calls_as_lines(1, turns=4)
MEGABYTE = 2**20


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def zeros(gibibytes: float) -> bytes:
    """A gzip of so many zeros, made without holding them."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as stream:
        for _ in range(int(gibibytes * 1024)):
            stream.write(bytes(MEGABYTE))
    return packed.getvalue()


def upload(client: TestClient | httpx.Client, *files: tuple[str, bytes]) -> dict[str, Any]:
    """The job that takes the files."""
    answer = client.post("/v1/uploads", files=[("files", file) for file in files])
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def errors(client: TestClient | httpx.Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    text = client.get(f"/v1/jobs/{job['uid']}/errors").text
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def client(installation: Installation) -> TestClient:
    return installation.with_key(Permission.CALLS_SCORE, Permission.CALLS_READ)


UNREADABLE = {
    "a zip in a zip": ("a.zip", zipped(**{"inner.zip": zipped(a=GOOD)}), "archive inside"),
    "a gzip of a gzip": ("a.gz", gzip.compress(gzip.compress(GOOD)), "archive inside"),
    "half a zip": ("a.zip", zipped(a=GOOD)[:60], "cannot be read"),
    "a bomb": ("bomb.gz", zeros(0.3), "too large"),
    "deep lists": ("deep.json", b"[" * 1_000_000, "nested too deeply"),
    "deep objects": ("deep.json", b'{"turns":' * 200_000, "nested too deeply"),
    "many objects": ("many.json", b"[" + b"{}," * 2_500_000 + b"{}]", "objects and lists"),
    "a number of a million digits": ("n.json", b'{"turns": ' + b"9" * 10**6 + b"}", "digits"),
    "turns that are a number": ("t.json", b'{"turns": 3}', "list"),
    "a turn that is a list": ("t.json", b'{"turns": [[]]}', "object"),
    "text that is an object": ("t.json", b'{"turns": [{"text": {}}]}', "text"),
    "times that are no numbers": (
        "t.json",
        b'{"turns": [{"text": "x", "role": "agent", "start": NaN}]}',
        "NaN",
    ),
    "random bytes": ("r.txt", bytes(range(256)) * 100, "text"),
    "a picture": ("p.png", b"\x89PNG\r\n\x1a\n" + bytes(1000), ""),
    "an id that is too long": (
        "i.json",
        GOOD.replace(b'"call-0"', b'"' + b"x" * 500 + b'"'),
        "more than 400 characters",
    ),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_said_and_the_rest_is_scored(
    installation: Installation, client: TestClient, what: str
) -> None:
    name, data, said = UNREADABLE[what]
    job = upload(client, (name, data), ("good.jsonl", GOOD))
    installation.work()
    job = client.get(f"/v1/jobs/{job['uid']}").json()
    assert (job["total"], job["failed"], job["completed"]) == (2, 1, 1)
    (error,) = errors(client, job)
    assert said in error["expected"] and error["remedy"]


def test_names_lead_nowhere_and_are_one_line(
    installation: Installation, client: TestClient, tmp_path: Path
) -> None:
    names = ["../../etc/passwd", "/etc/shadow", "x\\..\\..\\boot.ini", "a\nb\u202ecod.exe\x1b[31m"]
    call = json.loads(GOOD) | {"id": None}
    members = {
        name: json.dumps({k: v for k, v in call.items() if v} | {"queue": str(i)}).encode()
        for i, name in enumerate(names)
    }
    files = [("calls.zip", zipped(**members)), ("..%2F\u202ex.txt", b"\0"), ("'\";--.txt", b"\xff")]
    job = upload(client, *files)
    installation.work()
    found = client.get("/v1/calls").json()["items"]
    assert len(found) == len(names)
    sources = [error["source"] for error in errors(client, job)]
    for text in [item["id"] for item in found] + sources:
        assert ".." not in text.split("/") and text.isprintable(), text
    assert not list(tmp_path.rglob("passwd"))


def test_scripts_and_formulas_are_stored_as_text(
    installation: Installation, client: TestClient
) -> None:
    script = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    formula = "=cmd|' /C calc'!A0"
    call = json.loads(GOOD) | {"id": formula, "queue": "@SUM(1+1)", "agent_id": script}
    call["turns"][0]["text"] = script
    upload(client, ("calls.json", json.dumps(call).encode()))
    installation.work()
    (found,) = client.get("/v1/calls").json()["items"]
    assert (found["id"], found["queue"], found["agent_id"]) == (formula, "@SUM(1+1)", script)
    answer = client.get(f"/v1/calls/{found['uid']}")
    assert answer.json()["turns"][0]["text"] == script
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_text_that_a_database_cannot_hold_is_made_fit(
    installation: Installation, client: TestClient
) -> None:
    text = GOOD.replace(b"Support", b"Sup\\u0000port \\ud800 \\udfff").replace(
        b'"call-0"', b'"c\\u0000-\\ud83d"'
    )
    job = upload(client, ("calls.json", text), ("calls.csv", _with_nul()))
    installation.work()
    state = client.get(f"/v1/jobs/{job['uid']}").json()
    assert state["status"] == "COMPLETED" and state["completed"] >= 1
    for item in client.get("/v1/calls").json()["items"]:
        turns = client.get(f"/v1/calls/{item['uid']}").json()["turns"]
        assert "\0" not in json.dumps(turns, ensure_ascii=False) + item["id"]


def _with_nul() -> bytes:
    return b"call,role,text\n1,agent,Hello\x00 there\n1,customer,My bill is wrong\n"


def test_a_call_of_emoji_is_taken(installation: Installation, client: TestClient) -> None:
    call = json.loads(GOOD)
    call["turns"][1]["text"] = "😡" * 500_000 + " this is the third time I call"
    upload(client, ("calls.json", json.dumps(call, ensure_ascii=False).encode()))
    installation.work()
    (found,) = client.get("/v1/calls").json()["items"]
    assert found["score"] is not None


def test_more_files_or_fields_than_allowed(client: TestClient) -> None:
    answer = client.post("/v1/uploads", files=[("files", ("a.txt", b"x"))] * 1_001)
    assert answer.status_code in (400, 413) and "1000" in answer.json()["detail"]
    boundary = "b" * 30
    parts = f'--{boundary}\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n' * 200_000
    kind = f"multipart/form-data; boundary={boundary}"
    answer = client.post("/v1/uploads", content=parts, headers={"content-type": kind})
    assert answer.status_code == 400 and "Too many fields" in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_zip_with_more_calls_than_allowed_says_so(
    install: Callable[..., Installation],
) -> None:
    installation = install(max_calls=3)
    client = installation.with_key(Permission.CALLS_SCORE)
    members = {f"{i}.json": GOOD.replace(b"call-0", b"call-%d" % i) for i in range(6)}
    job = upload(client, ("many.zip", zipped(**members)))
    installation.work()
    job = client.get(f"/v1/jobs/{job['uid']}").json()
    assert (job["total"], job["failed"]) == (4, 1)
    assert "more than 3 calls" in errors(client, job)[0]["expected"]


def test_a_body_that_is_too_large_is_refused(install: Callable[..., Installation]) -> None:
    installation = install(max_body_bytes=1_000, max_upload_bytes=5_000)
    client = installation.with_key(Permission.CALLS_SCORE)
    boundary = "--x\r\nContent-Disposition: form-data; name=files; filename=a.txt\r\n\r\n"

    def chunks() -> Iterator[bytes]:
        yield boundary.encode()
        for _ in range(100):
            yield b"x" * 100

    form = {"content-type": "multipart/form-data; boundary=x"}
    plain = {"content-type": "application/json"}
    answers = [
        client.post("/v1/uploads", content=chunks(), headers=form),
        client.post("/v1/uploads", content=boundary + "x" * 6_000, headers=form),
        client.post("/v1/score", content=chunks(), headers=plain),
        client.post("/v1/score", content=b" " * 1_001, headers=plain),
        client.post("/v1/batches", content=chunks(), headers=plain),
    ]
    for answer in answers:
        assert answer.status_code == 413, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert "at once" in answer.json()["detail"]
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_others_can_write_while_an_upload_is_read(installation: Installation) -> None:
    """The lock of the database is not held while files are parsed and redacted."""
    client = installation.with_key(Permission.CALLS_SCORE)
    upload(client, ("calls.jsonl", calls_as_lines(1_500, turns=12)))
    worker = Worker(installation.database, installation.classifier, installation.settings)
    reading = threading.Thread(target=lambda: [worker.step() for _ in range(3)])
    reading.start()
    written = 0
    while reading.is_alive():
        with installation.database.session() as db:
            audit.record(db, "test", "beside")
        written += 1
        reading.join(0.05)
    assert written >= 5


def test_a_request_id_is_taken_over_only_if_it_is_plain(client: TestClient) -> None:
    given = client.get("/healthz", headers={"x-request-id": "trace-1.a"})
    assert given.headers["x-request-id"] == "trace-1.a"
    for bad in ("a b", "x" * 65, "<script>", "a\tb"):
        answer = client.get("/healthz", headers={"x-request-id": bad})
        assert answer.headers["x-request-id"] != bad


def test_the_rate_is_limited_for_each_key_and_for_guesses(
    install: Callable[..., Installation],
) -> None:
    installation = install(rate_limit="5/minute")
    first = installation.with_key(Permission.CALLS_SCORE)
    second = installation.with_key(Permission.CALLS_SCORE)
    answers = [first.get("/v1/jobs") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    limited = answers[-1]
    assert limited.json()["status"] == 429 and 0 < int(limited.headers["retry-after"]) <= 72
    assert limited.headers["x-request-id"]
    assert second.get("/v1/jobs").status_code == 200
    guesses = [
        installation.client.get("/v1/jobs", headers={"authorization": f"Bearer {i}"})
        for i in range(6)
    ]
    assert [answer.status_code for answer in guesses] == [401] * 5 + [429]


def test_invented_sessions_count_for_their_address(install: Callable[..., Installation]) -> None:
    installation = install(rate_limit="5/minute")
    statuses = []
    for number in range(6):
        headers = {"cookie": f"kasper_session={number}", "accept": "text/html"}
        page = installation.client.get("/calls", headers=headers, follow_redirects=False)
        statuses.append(page.status_code)
    assert statuses == [303] * 5 + [429]


# --- memory, of a server of its own -----------------------------------------------------------


def _peak_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def test_memory_stays_bounded(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'kasper.db'}")
    prepare(settings)
    port = free_port()
    env = environment(settings.url, workers=0, data_dir=tmp_path)
    ten_gigabytes = zipped(**{f"{i}.json": bytes(255 * MEGABYTE) for i in range(2)})
    packed = zeros(10)
    assert len(packed) < settings.max_upload_bytes

    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        for _ in range(1024):
            yield b"a" * MEGABYTE

    with client_for(Database(settings.url), port) as client:
        with process(env, "serve", "--port", str(port)) as server, process(env, "worker") as worker:
            wait_for(lambda: is_ready(client))
            first = upload(client, ("good.jsonl", GOOD))
            wait_for(lambda: _ended(client, first))
            before = {own.pid: _peak_mib(own.pid) for own in (server, worker)}
            jobs = [
                upload(client, ("bomb.gz", packed)),
                upload(client, ("bomb.zip", ten_gigabytes)),
                upload(client, ("line.txt.gz", gzip.compress(b"Agent: " + b"a" * 60 * MEGABYTE))),
                upload(client, ("many.json", b"[" + b"[]," * 1_900_000 + b"[]]")),
            ]
            for job in jobs:
                state = wait_for(partial(_ended, client, job))
                assert state["failed"] >= 1 or state["total"] == 1
                assert all(error["expected"] for error in errors(client, job))
            form = {"content-type": "multipart/form-data; boundary=x"}
            answer = _refusal(client, endless(), form)
            assert answer in (413, None)
            assert client.get("/healthz").status_code == 200
            # what is sent goes to the disk; what is in a file is in memory once, in the worker
            assert _peak_mib(server.pid) - before[server.pid] < 100
            assert _peak_mib(worker.pid) - before[worker.pid] < 1_000


def _ended(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any] | None:
    state: dict[str, Any] = client.get(f"/v1/jobs/{job['uid']}").json()
    return state if state["ended_at"] else None


def _refusal(client: httpx.Client, body: Iterator[bytes], headers: dict[str, str]) -> int | None:
    """The status of the answer; `None` if the server hung up before all was sent."""
    try:
        return client.post("/v1/uploads", content=body, headers=headers).status_code
    except httpx.TransportError:
        return None
