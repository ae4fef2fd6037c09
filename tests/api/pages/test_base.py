"""What every page has: who is signed in, where to go, and errors in the same design."""

from __future__ import annotations

import pytest

from api.access import Role
from tests.api.conftest import Installation


def test_whoever_is_not_signed_in_is_asked_to(installation: Installation) -> None:
    answer = installation.client.get("/calls?band=star", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/signin?next=%2Fcalls%3Fband%3Dstar"


def test_unknown_pages_are_pages_and_unknown_resources_are_json(
    installation: Installation,
) -> None:
    client = installation.signed_in(Role.COACH)
    page = client.get("/no-such-page")
    assert page.status_code == 404 and "<h1>Nothing here</h1>" in page.text
    assert 'href="/queue"' in page.text
    assert client.get("/v1/calls/no").json()["status"] == 404
    asked = client.get("/no-such-page", headers={"accept": "application/json"})
    assert asked.json()["status"] == 404


@pytest.mark.parametrize(("role", "first"), [(Role.COACH, "/queue"), (Role.AGENT, "/calls")])
def test_each_role_begins_where_it_works(
    installation: Installation, role: Role, first: str
) -> None:
    answer = installation.signed_in(role).get("/", follow_redirects=False)
    assert answer.headers["location"] == first


def test_the_way_is_shown_to_those_who_may_go_it(installation: Installation) -> None:
    agent = installation.signed_in(Role.AGENT).get("/no-such-page").text
    assert 'href="/calls"' in agent and 'href="/trust"' in agent
    assert 'href="/admin"' not in agent and 'href="/upload"' not in agent
    assert 'href="/admin"' in installation.signed_in(Role.ADMIN).get("/no-such-page").text
