"""A POST that is sent again with the same key is carried out once and answered each time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from api.access import Permission, Role
from api.idempotency import Fingerprint
from api.routes.scorecards import EXAMPLE_TOML
from api.storage import jobs
from api.storage.tables import IdempotencyKey, now
from tests.api.conftest import Installation

DRAFT = {"toml": EXAMPLE_TOML}
TEXT = b"Agent: Hello.\nCustomer: Hi there, my router is broken.\n"


def key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


def drafts(client: TestClient) -> int:
    return sum(row["name"] == "short" for row in client.get("/v1/scorecards").json())


def test_the_same_request_is_carried_out_once(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    first = client.post("/v1/scorecards", json=DRAFT, headers=key("a"))
    again = client.post("/v1/scorecards", json=DRAFT, headers=key('"a"'))
    assert (again.status_code, again.content) == (first.status_code, first.content) != (200, b"")
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert drafts(client) == 1
    client.post("/v1/scorecards", json=DRAFT, headers=key("b"))
    assert drafts(client) == 2


def test_a_key_belongs_to_one_request(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    where = client.post("/v1/scorecards", json=DRAFT, headers=key("a")).headers["location"]
    for path, body in (
        ("/v1/scorecards", DRAFT | {"note": "another"}),
        ("/v1/scorecards?x=1", DRAFT),
        (f"{where}/publish", None),
    ):
        refused = client.post(path, json=body, headers=key("a"))
        assert refused.status_code == 422 and "Idempotency-Key" in refused.json()["detail"]
    assert drafts(client) == 1


def test_keys_of_others_do_not_matter(installation: Installation) -> None:
    first, second = installation.signed_in(Role.QA_LEAD), installation.signed_in(Role.QA_LEAD)
    for client in (first, second):
        made = client.post("/v1/scorecards", json=DRAFT, headers=key("a"))
        assert made.status_code == 201
    assert drafts(first) == 2


def test_a_request_without_a_body_is_the_same_again(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    where = client.post("/v1/scorecards", json=DRAFT).headers["location"]
    sent = [client.post(f"{where}/publish", headers=key("p")) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [200, 200]  # without the key: 409
    unread = [client.post(f"{where}/activate", content=b"x", headers=key("q")) for _ in range(2)]
    assert [answer.status_code for answer in unread] == [200, 200]


def test_an_upload_is_the_same_whatever_its_boundary(installation: Installation) -> None:
    client = installation.with_key(Permission.CALLS_SCORE)
    sent = [
        client.post("/v1/uploads", files=[("files", ("a.txt", text))], headers=key("u"))
        for text in (TEXT, TEXT, TEXT + b"Agent: Bye.\n")
    ]
    assert [answer.status_code for answer in sent] == [202, 202, 422]
    assert sent[0].json() == sent[1].json()
    assert len(client.get("/v1/jobs").json()["items"]) == 1


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
def test_a_fingerprint_does_not_depend_on_how_the_body_is_cut(size: int) -> None:
    def fingerprint(boundary: str, size: int, text: str = "--- b b bo bound") -> str:
        made = Fingerprint("POST /", f"multipart/form-data; boundary={boundary}")
        body = f"--{boundary}\r\n\r\n{text}\r\n--{boundary}--\r\n".encode()
        for start in range(0, len(body), size):
            made.add(body[start : start + size])
        return made.digest()

    assert fingerprint("bound7", size) == fingerprint("another-boundary", 1_000)
    assert fingerprint("bound7", size) != fingerprint("bound7", size, "--- b b bo Bound")


def test_an_error_does_not_use_up_the_key(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    assert client.post("/v1/scorecards", json={}, headers=key("a")).status_code == 422
    assert client.post("/v1/scorecards", json=DRAFT, headers=key("a")).status_code == 201

    where = client.post("/v1/scorecards", json=DRAFT).headers["location"]
    client.post(f"{where}/publish")
    strict = TestClient(client.app, base_url=str(client.base_url), raise_server_exceptions=False)
    strict.cookies, strict.headers = client.cookies, client.headers
    with monkeypatch.context() as broken:  # the first fault that a request cannot foresee
        broken.setattr(jobs, "add", None)
        assert strict.post(f"{where}/rescore", headers=key("r")).status_code == 500
    assert strict.post(f"{where}/rescore", headers=key("r")).status_code == 202


def test_of_many_at_the_same_moment_one_is_carried_out(installation: Installation) -> None:
    client = installation.with_key(Permission.SCORECARDS_EDIT, Permission.SCORECARDS_READ)
    gate = threading.Barrier(6)

    def send(_: int) -> Any:
        gate.wait()
        return client.post("/v1/scorecards", json=DRAFT, headers=key("a"))

    with ThreadPoolExecutor(6) as pool:
        sent = list(pool.map(send, range(6)))
    assert {answer.status_code for answer in sent} <= {201, 409}
    made = {answer.text for answer in sent if answer.status_code == 201}
    assert len(made) == 1
    assert drafts(client) == 1


def test_while_the_first_runs_the_second_is_told_to_wait(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    client.post("/v1/scorecards", json=DRAFT, headers=key("a"))
    running = update(IdempotencyKey).values(status=None)
    with installation.database.session() as db:
        db.execute(running)
    waiting = client.post("/v1/scorecards", json=DRAFT, headers=key("a"))
    assert (waiting.status_code, waiting.headers["retry-after"]) == (409, "1")
    with installation.database.session() as db:  # its process is gone
        db.execute(running.values(created_at=now() - timedelta(minutes=11)))
    assert client.post("/v1/scorecards", json=DRAFT, headers=key("a")).status_code == 201
    assert drafts(client) == 2


def test_after_a_day_the_key_is_free_again(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    client.post("/v1/scorecards", json=DRAFT, headers=key("a"))
    with installation.database.session() as db:
        db.execute(update(IdempotencyKey).values(created_at=now() - timedelta(hours=25)))
    assert client.post("/v1/scorecards", json=DRAFT, headers=key("a")).status_code == 201
    assert drafts(client) == 2


def test_neither_the_key_nor_the_answer_can_be_read_in_the_database(
    installation: Installation,
) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    client.post("/v1/scorecards", json=DRAFT | {"note": "confidential"}, headers=key("order-of-7"))
    with installation.database.session() as db:
        (row,) = db.scalars(select(IdempotencyKey))
    kept = repr([row.principal, row.key, row.headers, row.body])
    assert "confidential" not in kept and "order-of-7" not in kept


def test_a_key_must_be_of_a_sensible_length(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    for value in ("", '""', "x" * 201):
        assert client.post("/v1/scorecards", json=DRAFT, headers=key(value)).status_code == 400


def test_without_a_valid_credential_the_route_answers(installation: Installation) -> None:
    installation.client.headers["authorization"] = "Bearer kasper_wrong"
    for _ in range(2):
        sent = installation.client.post("/v1/scorecards", json=DRAFT, headers=key("a"))
        assert sent.status_code == 401
