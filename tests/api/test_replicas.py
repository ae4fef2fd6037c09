"""Two servers and two workers on one PostgreSQL: any of them answers, and one may die."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from uuid import uuid4

import httpx
import psycopg
import pytest

from api.access import Role
from api.storage import people
from api.storage.database import Database
from tests.api.conftest import PASSWORD
from tests.api.processes import (
    calls_as_lines,
    client_for,
    environment,
    free_port,
    is_ready,
    process,
    wait_for,
)
from tests.api.test_durability import all_once, done, ended, stopped_with_a_call


@dataclass
class Replicas:
    """What runs, and a client for each server, with a key of its own."""

    database: Database
    servers: list[Popen[bytes]]
    workers: list[Popen[bytes]]
    clients: list[httpx.Client]


@pytest.fixture
def replicas(postgresql: str, tmp_path: Path) -> Iterator[Replicas]:
    """Two servers that start at the same time on an empty database, and two workers."""
    name = f"kasper_{uuid4().hex[:12]}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    database = Database(
        postgresql.replace("/postgres?", f"/{name}?").replace("postgresql:", "postgresql+psycopg:")
    )
    env = environment(
        database.url.render_as_string(hide_password=False),
        workers=0,
        login_limit="3/hour",
        heartbeat_file=tmp_path / "heartbeat",
    )
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        servers = [
            stack.enter_context(process(env, "serve", "--port", str(port))) for port in ports
        ]
        workers = [stack.enter_context(process(env, "worker")) for _ in range(2)]
        for port in ports:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as probe:
                wait_for(lambda: is_ready(probe))
        clients = [stack.enter_context(client_for(database, port)) for port in ports]
        yield Replicas(database, servers, workers, clients)
    database.close()
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_one_of_each_is_killed_and_nothing_is_lost(replicas: Replicas, tmp_path: Path) -> None:
    one, other = replicas.clients
    files = {"files": ("calls.jsonl", calls_as_lines())}
    uid = one.post("/v1/uploads", files=files).raise_for_status().json()["uid"]
    with other.stream("GET", f"/v1/jobs/{uid}/events") as events:
        assert events.status_code == 404  # the other key's job
    other.headers = one.headers
    assert other.get(f"/v1/jobs/{uid}").json()["uid"] == uid
    wait_for(lambda: 3 <= done(replicas.database, uid))
    stopped_with_a_call(replicas.database, replicas.workers[0])
    replicas.workers[0].kill()
    replicas.servers[0].kill()
    # the answer to what is sent again is the same wherever it arrives
    key = {"Idempotency-Key": uuid4().hex}
    more = [
        other.post(
            "/v1/uploads", headers=key, files={"files": ("a.jsonl", calls_as_lines(2, turns=4))}
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in more] == [202, 202]
    assert more[0].json()["uid"] == more[1].json()["uid"] != uid
    with other.stream("GET", f"/v1/jobs/{uid}/events") as events:
        said = events.read().decode()
    assert '"status":"COMPLETED"' in said
    wait_for(lambda: ended(replicas.database, more[0].json()["uid"]))
    assert other.get("/v1/calls").json()["count"] == 62
    assert (tmp_path / "heartbeat").exists()


def test_every_call_of_both_is_scored_once(replicas: Replicas) -> None:
    one, other = replicas.clients
    files = {"files": ("calls.jsonl", calls_as_lines())}
    uid = one.post("/v1/uploads", files=files).raise_for_status().json()["uid"]
    wait_for(lambda: 3 <= done(replicas.database, uid))
    stopped_with_a_call(replicas.database, replicas.workers[1])
    replicas.workers[1].kill()
    wait_for(lambda: ended(replicas.database, uid))
    all_once(replicas.database, uid)
    assert is_ready(other)


def test_people_are_known_to_all_and_so_are_wrong_passwords(replicas: Replicas) -> None:
    urls = [str(client.base_url) for client in replicas.clients]
    with replicas.database.session() as db:
        for email in ("a@example.org", "b@example.org"):
            user = people.add_user(db, email, "Anyone", Role.COACH)
            people.set_password(db, user, people.hash_of(PASSWORD))
    with httpx.Client() as browser:
        form = {"email": "a@example.org", "password": PASSWORD}
        assert browser.post(f"{urls[0]}/signin", data=form).status_code == 303
        assert browser.get(f"{urls[1]}/v1/me").json()["email"] == "a@example.org"
    form = {"email": "b@example.org", "password": "wrong"}
    answers = [httpx.post(f"{urls[n % 2]}/signin", data=form).status_code for n in range(5)]
    assert answers == [422, 422, 422, 429, 429]
