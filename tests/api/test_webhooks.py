"""Webhooks: signed messages reach a real receiver, are tried again, and go nowhere else."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from api.access import Permission, Role
from api.addresses import allowed, public_only, webhook_mistake
from api.settings import Settings
from api.storage.tables import Delivery, now
from api.webhooks import deliver_due
from api.worker import Worker
from tests.api.conftest import Installation

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    def is_signed_with(self, secret: str) -> bool:
        """As a receiver checks it by the Standard Webhooks specification."""
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        own = self.headers
        signed = f"{own['webhook-id']}.{own['webhook-timestamp']}.".encode() + self.body
        expected = base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
        assert abs(int(own["webhook-timestamp"]) - time.time()) < 60
        return f"v1,{expected}" in own["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """Answers with each status of `answers` in turn, then with 204; hangs while `hung` is set."""

    answers: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    hangs: bool = False
    released: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def listening(receiver: Receiver) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(Received(headers, body))
            if receiver.hangs:
                receiver.released.wait(30)
            status = receiver.answers.pop(0) if receiver.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("location", receiver.url + "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening(Receiver()) as own:
        yield own


@pytest.fixture
def installed(install: Callable[..., Installation], receiver: Receiver) -> Installation:
    prefix = f"http://127.0.0.1:{receiver.port}"
    return install(rate_limit="100000/minute", allowed_urls=(prefix,))


def add(client: TestClient, url: str, *events: str) -> dict[str, Any]:
    body = {"url": url, "events": events or ["call.flagged", "job.ended"]}
    answer = client.post("/v1/webhooks", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def make_due(installation: Installation) -> None:
    with installation.database.session() as db:
        db.execute(update(Delivery).values(next_at=now()))


def deliver(installation: Installation) -> int:
    return deliver_due(installation.database, installation.settings)


def test_flagged_calls_and_ended_jobs_are_told_without_words(
    installed: Installation, receiver: Receiver
) -> None:
    admin = installed.signed_in(Role.ADMIN)
    hook = add(admin, receiver.url)
    lead = installed.signed_in(Role.QA_LEAD)
    sample = SAMPLES / "da-dishwasher-seventh-time.txt"
    lead.post("/v1/uploads", files=[("files", (sample.name, sample.read_bytes()))])
    installed.work()
    while deliver(installed):
        pass
    bodies = {json.loads(own.body)["type"]: json.loads(own.body) for own in receiver.received}
    assert set(bodies) == {"call.flagged", "job.ended"}
    (call,) = lead.get("/v1/calls").json()["items"]
    assert bodies["call.flagged"]["data"] == {
        "call": call["uid"],
        "id": call["id"],
        "band": "rasmus",
        "score": call["score"],
        "flags": call["flags"],
    }
    assert bodies["job.ended"]["data"]["status"] == "COMPLETED"
    assert all(own.is_signed_with(hook["secret"]) for own in receiver.received)
    assert len({own.headers["webhook-id"] for own in receiver.received}) == 2


def test_what_fails_is_tried_again_with_the_same_id(
    installed: Installation, receiver: Receiver
) -> None:
    client = installed.signed_in(Role.ADMIN)
    hook = add(client, receiver.url)
    receiver.answers = [500, 302]
    sent = client.post(f"/v1/webhooks/{hook['id']}/test")
    assert (sent.status_code, sent.json()["status"]) == (202, "PENDING")
    where = f"/v1/webhooks/{hook['id']}/deliveries"
    for attempts, error in ((1, "HTTP 500"), (2, "HTTP 302")):
        assert deliver(installed) == 0
        assert deliver(installed) == 0  # not due yet
        (delivery,) = client.get(where).json()["items"]
        assert (delivery["status"], delivery["attempts"]) == ("PENDING", attempts)
        assert (delivery["last_error"], bool(delivery["next_at"])) == (error, True)
        make_due(installed)
    assert deliver(installed) == 1
    (delivery,) = client.get(where).json()["items"]
    assert (delivery["status"], delivery["last_error"]) == ("DELIVERED", "")
    assert len(receiver.received) == 3  # the redirect was not followed
    assert {own.headers["webhook-id"] for own in receiver.received} == {delivery["uid"]}
    assert all(own.is_signed_with(hook["secret"]) for own in receiver.received)
    assert client.post(f"{where}/{delivery['uid']}/retry").status_code == 409


def test_what_was_given_up_can_be_tried_again(installed: Installation, receiver: Receiver) -> None:
    client = installed.signed_in(Role.ADMIN)
    hook = add(client, receiver.url)
    receiver.answers = [503] * 7
    client.post(f"/v1/webhooks/{hook['id']}/test")
    for _ in range(8):
        deliver(installed)
        make_due(installed)
    where = f"/v1/webhooks/{hook['id']}/deliveries"
    (delivery,) = client.get(where).json()["items"]
    assert (delivery["status"], delivery["attempts"], delivery["next_at"]) == ("GIVEN_UP", 7, None)
    assert client.post(f"{where}/{delivery['uid']}/retry").json()["status"] == "PENDING"
    assert deliver(installed) == 1


def test_a_receiver_that_is_gone_is_told_nothing_more(
    installed: Installation, receiver: Receiver
) -> None:
    client = installed.signed_in(Role.ADMIN)
    hook = add(client, receiver.url)
    receiver.answers = [410]
    client.post(f"/v1/webhooks/{hook['id']}/test")
    deliver(installed)
    assert client.get(f"/v1/webhooks/{hook['id']}").json()["active"] is False
    assert client.post(f"/v1/webhooks/{hook['id']}/test").status_code == 409


def test_after_rotation_both_secrets_hold_for_a_while(
    installed: Installation, receiver: Receiver
) -> None:
    client = installed.signed_in(Role.ADMIN)
    old = add(client, receiver.url)
    new = client.post(f"/v1/webhooks/{old['id']}/rotate").json()
    assert new["secret"] != old["secret"]
    client.post(f"/v1/webhooks/{old['id']}/test")
    deliver(installed)
    (message,) = receiver.received
    assert message.is_signed_with(old["secret"]) and message.is_signed_with(new["secret"])
    assert not message.is_signed_with(base64.b64encode(b"another").decode())


def test_a_secret_is_shown_once(installed: Installation, receiver: Receiver) -> None:
    client = installed.signed_in(Role.ADMIN)
    hook = add(client, receiver.url, "job.ended")
    assert hook["secret"].startswith("whsec_")
    for path in ("/v1/webhooks", f"/v1/webhooks/{hook['id']}"):
        assert hook["secret"] not in client.get(path).text
    changed = client.patch(f"/v1/webhooks/{hook['id']}", json={"active": False}).json()
    assert (changed["active"], changed["events"]) == (False, ["job.ended"])
    assert client.delete(f"/v1/webhooks/{hook['id']}").status_code == 204
    assert client.get("/v1/webhooks").json() == []


def test_a_hook_hears_only_of_its_events(installed: Installation, receiver: Receiver) -> None:
    add(installed.signed_in(Role.ADMIN), receiver.url, "job.ended")
    client = installed.with_key(Permission.CALLS_SCORE)
    call = {"turns": [{"role": "agent", "text": "Hi."}, {"role": "customer", "text": "Hello."}]}
    assert client.post("/v1/calls", json=call).status_code == 201  # flagged: too short
    assert deliver(installed) == 0


def test_a_receiver_that_hangs_does_not_hold_up_scoring(
    installed: Installation, receiver: Receiver
) -> None:
    client = installed.signed_in(Role.ADMIN)
    hook = add(client, receiver.url, "call.flagged")
    receiver.hangs = True
    client.post(f"/v1/webhooks/{hook['id']}/test")
    worker = Worker(installed.database, installed.classifier, installed.settings)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        wait_for(lambda: receiver.received)
        sample = SAMPLES / "en-gym-refund.json"
        files = [("files", (sample.name, sample.read_bytes()))]
        job = client.post("/v1/uploads", files=files).headers["location"]
        wait_for(lambda: client.get(job).json()["status"] == "COMPLETED", 9)
        (delivery,) = [
            own
            for own in client.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["items"]
            if own["event"] == "webhook.test"
        ]
        assert delivery["status"] == "PENDING"
    finally:
        receiver.released.set()
        worker.stop.set()
        thread.join(30)


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/hook",
        "https://hooks.example.org/",
        "ftp://127.0.0.1/",
        "not an address",
    ],
)
def test_other_addresses_are_refused(installed: Installation, url: str) -> None:
    client = installed.signed_in(Role.ADMIN)
    refused = client.post("/v1/webhooks", json={"url": url, "events": ["job.ended"]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/url"


def test_an_address_that_is_allowed_no_more_gets_nothing(
    installed: Installation, receiver: Receiver
) -> None:
    client = installed.signed_in(Role.ADMIN)
    hook = add(client, receiver.url)
    client.post(f"/v1/webhooks/{hook['id']}/test")
    none = installed.settings.model_copy(update={"allowed_urls": ()})
    assert deliver_due(installed.database, none) == 0
    assert receiver.received == []


def settings(*prefixes: str) -> Settings:
    return Settings(allowed_urls=prefixes)


@pytest.mark.parametrize(
    ("prefix", "url"),
    [
        ("https://hooks.example.org", "https://hooks.example.org"),
        ("https://hooks.example.org", "https://hooks.example.org/kasper?x=1"),
        ("https://hooks.example.org/a/", "https://hooks.example.org/a/b"),
        ("s3://calls", "s3://calls/2026-03/*.jsonl.gz"),
        ("/srv/calls", "/srv/calls/march 3.json"),
        ("http://[::1]:9000", "http://[::1]:9000/x"),
    ],
)
def test_addresses_under_a_prefix_are_allowed(prefix: str, url: str) -> None:
    assert allowed(url, settings("https://other.example.org", prefix))


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org.evil.test/a",
        "https://hooks.example.orgevil.test/a",
        "https://hooks.example.org@evil.test/a",
        "https://hooks.example.org:443@evil.test/a",
        "https://user@hooks.example.org/a",
        "https://hooks.example.org\\@evil.test/a",
        "https://hooks.example.org%5c@evil.test/a",
        "https://evil.test#https://hooks.example.org/a",
        "https://evil.test/?https://hooks.example.org/a",
        "https://hooks.example.org:444/a",
        "https://hooks.example.org./a",
        "https://hooks.example。org/a",
        "http://hooks.example.org/a",
        "https://hooks.example.org/ab",
        "https://hooks.example.org/a/../b",
        "https://hooks.example.org/a/%2e%2e/b",
        "https://hooks.example.org/a/..%2fb",
        "https://hooks.example.org/a\n",
        " https://hooks.example.org/a",
        "https://hooks.example.org/a::file:///etc/passwd",
        "filecache::https://hooks.example.org/a",
        "//hooks.example.org/a",
        "hooks.example.org/a",
        "https://[hooks.example.org/a",
        "",
    ],
)
def test_tricks_do_not_pass_the_prefix(url: str) -> None:
    assert not allowed(url, settings("https://hooks.example.org/a"))


def test_nothing_is_allowed_by_default_or_by_an_empty_prefix() -> None:
    for own in (settings(), settings("")):
        assert not allowed("https://example.org/", own)
        assert not allowed("/etc/passwd", own)


def test_webhooks_go_over_https_or_stay_on_this_machine() -> None:
    own = settings("http://hooks.example.org", "http://localhost:9000", "s3://calls")
    assert webhook_mistake("http://localhost:9000/x", own) is None
    assert "https" in (webhook_mistake("http://hooks.example.org/x", own) or "")
    assert "https" in (webhook_mistake("s3://calls/x", own) or "")


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "169.254.169.254", "::1", "fd00::1"])
def test_a_public_name_does_not_lead_into_a_private_network(address: str) -> None:
    own = settings("https://hooks.example.org", "https://10.1.2.3", "http://localhost")
    found = [address, "8.8.8.8"]
    assert public_only("https://hooks.example.org/a", found, own) == ["8.8.8.8"]
    assert public_only("https://10.1.2.3/a", ["10.1.2.3"], own) == ["10.1.2.3"]
    assert public_only("http://localhost/a", ["127.0.0.1"], own) == ["127.0.0.1"]


def test_a_batch_is_held_to_the_same_rule(installed: Installation, receiver: Receiver) -> None:
    client = installed.with_key(Permission.CALLS_SCORE)
    evil = f"http://127.0.0.1:{receiver.port}@evil.test/calls.json"
    assert client.post("/v1/batches", json={"url": evil}).status_code == 422
    assert client.post("/v1/batches", json={"url": receiver.url}).status_code == 202


def test_a_flagged_call_that_is_sent_again_is_told_once(
    installed: Installation, receiver: Receiver
) -> None:
    add(installed.signed_in(Role.ADMIN), receiver.url, "call.flagged")
    sample = SAMPLES / "da-dishwasher-seventh-time.txt"
    lead = installed.signed_in(Role.QA_LEAD)
    for _ in range(2):
        lead.post("/v1/uploads", files=[("files", (sample.name, sample.read_bytes()))])
        installed.work()
    deliver(installed)
    assert len(receiver.received) == 1
