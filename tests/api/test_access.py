"""The authorisation matrix, made from the application's routes: every route × everyone.

A new route is in it by itself. One without a rule fails, unless it is named in `PUBLIC`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from fastapi.testclient import TestClient
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from api.access import ALLOWED, Permission, Role
from api.app import create_app
from api.deps import Allow
from api.settings import Settings
from api.storage.tables import Call, now
from tests.api.conftest import Installation

# What anybody may ask for: how the service is, its description, and the ways in.
PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/v1/openapi.json"),
    ("HEAD", "/v1/openapi.json"),
    ("GET", "/signin"),
    ("POST", "/signin"),
    ("GET", "/signin/oidc"),
    ("GET", "/signin/oidc/callback"),
    ("GET", "/welcome/{token}"),
    ("POST", "/welcome/{token}"),
}
# WebSockets whose first message can be a key: they ask for the permission themselves.
IN_MESSAGES = {"/v1/live": frozenset({Permission.CALLS_SCORE})}
EVERYONE: tuple[Role | str, ...] = (*Role, "nobody", "key without scopes")


@dataclass(frozen=True)
class Route:
    """A way to ask for something, and what it takes."""

    method: str
    path: str
    asked: frozenset[Permission]

    @property
    def address(self) -> str:
        """The path with a number in the place of each id, which nothing has."""
        return re.sub(r"{[^}]*}", str(10**15), self.path)


def allows(dependant: Dependant) -> Iterator[Permission]:
    """Every permission that a dependency of the route asks for."""
    if isinstance(dependant.call, Allow):
        yield dependant.call.permission
    for own in dependant.dependencies:
        yield from allows(own)


def routes_of(app: FastAPI) -> Iterator[Route]:
    for found in iter_route_contexts(app.routes):
        original, path = found.original_route, str(found.path)
        if isinstance(original, Mount):
            assert isinstance(original.app, StaticFiles), f"{path}: only files are mounted"
            continue
        dependant = getattr(found, "dependant", None)
        asked = frozenset(allows(dependant)) if dependant else frozenset()
        if isinstance(original, APIWebSocketRoute):
            yield Route("WEBSOCKET", path, asked or IN_MESSAGES.get(path, frozenset()))
            continue
        assert isinstance(original, APIRoute) or path == "/v1/openapi.json", path
        for method in sorted(found.methods or ()):
            yield Route(method, path, asked)


class _NoClassifier:
    info: Any = None


@cache
def routes() -> tuple[Route, ...]:
    settings = Settings(_env_file=None, database_url="sqlite://")  # type: ignore[call-arg]
    return tuple(routes_of(create_app(settings, _NoClassifier())))  # type: ignore[arg-type]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.mark.parametrize("route", routes(), ids=named)
def test_every_route_has_a_rule(route: Route) -> None:
    is_public = (route.method, route.path) in PUBLIC
    assert bool(route.asked) != is_public, "name a permission by Allow, or put it into PUBLIC"


def test_what_is_public_exists() -> None:
    assert {(route.method, route.path) for route in routes()} >= PUBLIC


def test_a_route_without_a_rule_is_seen() -> None:
    app = FastAPI(openapi_url=None)
    app.get("/v1/new")(lambda: None)
    assert list(routes_of(app)) == [Route("GET", "/v1/new", frozenset())]


@pytest.fixture
def clients(installation: Installation) -> dict[Role | str, TestClient]:
    """A client for each of `EVERYONE`; they follow no redirect."""
    own: dict[Role | str, TestClient] = {
        "nobody": TestClient(installation.client.app, base_url="http://127.0.0.1:8000"),
        "key without scopes": installation.with_key(),
    }
    for client in own.values():
        client.follow_redirects = False
    return own


def ask(client: TestClient, route: Route) -> int:
    """The status of the answer; 303 to the sign-in is 401 for people."""
    if route.method == "WEBSOCKET":
        return begin_wrongly(client, route.address)
    answer = client.request(route.method, route.address)
    if answer.status_code == 303 and answer.headers["location"].startswith("/signin?"):
        return 401
    # signing out leads there, too, but takes the cookie away
    if answer.headers.get("location") == "/signin" and "set-cookie" not in answer.headers:
        return 401
    return answer.status_code


def begin_wrongly(client: TestClient, address: str) -> int:
    """The status of the first answer of a WebSocket to a message that nobody may begin with."""
    origin = {"origin": "http://127.0.0.1:8000"}
    with client.websocket_connect(f"ws://127.0.0.1:8000{address}", headers=origin) as socket:
        socket.send_json({"type": "end"})
        return int(socket.receive_json()["status"])


def test_everyone_gets_what_the_table_says_and_nothing_else(
    installation: Installation, clients: dict[Role | str, TestClient]
) -> None:
    users = {role: installation.user(role) for role in Role if role is not Role.AGENT}
    users[Role.AGENT] = installation.user(Role.AGENT, agent_id="a-1")
    wrong = []
    for route in routes():
        if not route.asked:
            continue
        for who in EVERYONE:
            if isinstance(who, Role):
                # a new session each: signing out is among the routes
                client, held = installation.browser(users[who]), ALLOWED[who]
                client.follow_redirects = False
            else:
                client, held = clients[who], frozenset()
            status = ask(client, route)
            refused = 401 if who == "nobody" else 403
            may = route.asked <= held
            if (status in (401, 403)) == may or (not may and status != refused) or status >= 500:
                wrong.append(f"{named(route)} as {who}: {status}, may: {may}")
    assert wrong == []


def test_a_key_does_what_its_scopes_say(installation: Installation) -> None:
    machine = installation.with_key(Permission.TRUST_READ, Permission.PEOPLE_MANAGE)
    # people are managed by people, whatever is in the database
    assert machine.get("/v1/users").status_code == 403
    assert machine.get("/v1/me").status_code == 403
    assert machine.get("/v1/calls").status_code == 403


def test_a_key_that_is_not_good_is_401(installation: Installation) -> None:
    client = installation.client
    for key in ("", "kasper_", "x" * 5_000, "ø"):
        headers = {b"authorization": f"Bearer {key}".encode()}
        assert client.get("/v1/calls", headers=headers).status_code == 401


@pytest.mark.parametrize("sent", ["", "made-up"])
def test_a_change_takes_the_token_of_the_session(installation: Installation, sent: str) -> None:
    client = installation.signed_in(Role.ADMIN)
    client.headers["x-csrf-token"] = sent
    assert client.get("/v1/users").status_code == 200
    body = {"email": "forged@example.org", "name": "A", "role": "coach"}
    assert client.post("/v1/users", json=body).status_code == 403
    form = client.post("/admin/people", data=body | {"csrf_token": sent})
    assert form.status_code == 403
    assert client.get("/v1/users").text.count("forged@") == 0


def call(customer: str, agent: str) -> dict[str, object]:
    return {
        "id": f"{agent}-{customer}",
        "agent_id": agent,
        "customer_id": customer,
        "turns": [
            {"role": "agent", "text": f"You are through to {agent}."},
            {"role": "customer", "text": "My invoice is wrong again."},
        ],
    }


def test_an_agent_sees_their_own_released_calls_alone(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    own, held_back, others = (
        lead.post("/v1/calls", json=call(customer, agent)).json()["call"]["uid"]
        for customer, agent in (("k-1", "a-1"), ("k-2", "a-1"), ("k-3", "a-2"))
    )
    with installation.database.session() as db:
        for uid in (own, others):
            found = db.query(Call).filter_by(uid=uid).one()
            found.released_at = now()
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    listed = agent.get("/v1/calls").json()
    assert [item["uid"] for item in listed["items"]] == [own] and listed["count"] == 1
    for trick in ({"agent_id": "a-2"}, {"customer_id": "k-3"}, {"search": "invoice"}):
        found = agent.get("/v1/calls", params=trick).json()["items"]
        assert {item["uid"] for item in found} <= {own}
    assert agent.get(f"/v1/calls/{own}").status_code == 200
    unseen = [agent.get(f"/v1/calls/{uid}") for uid in (held_back, others, "0" * 32)]
    # what is there and not to be seen cannot be told from what is not there
    answers = [answer.json() | {"request_id": ""} for answer in unseen]
    assert answers[0]["status"] == 404 and answers[0] == answers[1] == answers[2]
    assert agent.delete(f"/v1/calls/{own}").status_code == 403


def test_an_agent_without_an_id_sees_nothing(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    lead.post("/v1/calls", json=call("k-1", "a-1"))
    nameless = call("k-2", "a-1") | {"agent_id": None}
    lead.post("/v1/calls", json=nameless)
    agent = installation.signed_in(Role.AGENT)
    assert agent.get("/v1/calls").json()["items"] == []
