"""People, teams and keys by the API; who was let in and who no longer is."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete
from sqlalchemy.orm import Session

from api.access import SCOPES, Permission, Role
from api.storage import people, preferences, scorecards
from api.storage.tables import ScorecardRevision
from tests.api.conftest import Installation, meanwhile

COACH = {"email": "New.Coach@Example.org", "name": "New Coach", "role": "coach"}


def add(client: TestClient, **changes: object) -> dict[str, Any]:
    answer = client.post("/v1/users", json=COACH | changes)
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


def test_a_person_is_added_with_a_link(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    added = add(admin, language="da")
    user = added["user"]
    assert (user["email"], user["has_password"]) == ("new.coach@example.org", False)
    assert added["link"].startswith("http://127.0.0.1:8000/welcome/")
    assert user in admin.get("/v1/users").json()["items"]
    assert admin.get(f"/v1/users/{user['id']}").json() == user
    # no link, and no part of one, is ever shown again
    token = added["link"].rsplit("/", 1)[1]
    assert token not in admin.get("/v1/users").text + admin.get("/v1/audit").text


def test_an_address_belongs_to_one_person(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    add(admin)
    again = admin.post("/v1/users", json=COACH | {"email": "NEW.coach@example.org"})
    assert again.status_code == 409
    assert again.json()["errors"][0]["pointer"] == "/email"


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"},
        {"email": "a b@example.org"},
        {"email": "a\x00@example.org"},
        {"name": ""},
        {"name": "\ud800"},
        {"role": "owner"},
        {"language": "fr"},
        {"agent_id": ""},
        {"password": "given away"},
    ],
)
def test_a_person_that_is_wrong_is_refused(
    installation: Installation, wrong: dict[str, str]
) -> None:
    admin = installation.signed_in(Role.ADMIN)
    content = json.dumps(COACH | wrong)  # which keeps half a surrogate pair
    headers = {"content-type": "application/json"}
    assert admin.post("/v1/users", content=content, headers=headers).status_code == 422


def test_a_person_is_changed_and_shut_out(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    user = installation.user(Role.COACH)
    coach = installation.browser(user)
    path = f"/v1/users/{user.id}"
    changed = admin.patch(path, json={"role": "qa_lead", "agent_id": "a-1", "language": "sv"})
    assert changed.status_code == 200, changed.text
    own = coach.get("/v1/me").json()
    assert (own["role"], own["agent_id"], own["language"]) == ("qa_lead", "a-1", "sv")
    assert "calls:export" in own["permissions"]

    assert admin.patch(path, json={"active": False}).json()["active"] is False
    assert coach.get("/v1/me").status_code == 401
    assert admin.post(f"{path}/link").status_code == 409
    admin.patch(path, json={"active": True})
    # the old session has ended for good
    assert coach.get("/v1/me").status_code == 401


def test_the_last_active_admin_stays(installation: Installation) -> None:
    user = installation.user(Role.ADMIN)
    admin = installation.browser(user)
    for change in ({"role": "coach"}, {"active": False}):
        answer = admin.patch(f"/v1/users/{user.id}", json=change)
        assert answer.status_code == 409 and "last active admin" in answer.json()["detail"]
    other = add(admin, email="other@example.org", role="admin")["user"]
    admin.patch(f"/v1/users/{other['id']}", json={"active": False})
    assert admin.patch(f"/v1/users/{user.id}", json={"role": "coach"}).status_code == 409
    admin.patch(f"/v1/users/{other['id']}", json={"active": True})
    assert admin.patch(f"/v1/users/{user.id}", json={"role": "coach"}).status_code == 200
    assert admin.get("/v1/users").status_code == 403


def test_two_admins_cannot_remove_each_other_at_once(installation: Installation) -> None:
    users = [installation.user(Role.ADMIN) for _ in range(2)]
    browsers = [installation.browser(user) for user in users]
    start = threading.Barrier(2)
    answers: list[int] = []

    def remove(browser: TestClient, other: int) -> None:
        start.wait()
        answer = browser.patch(f"/v1/users/{other}", json={"active": False})
        answers.append(answer.status_code)

    pairs = zip(browsers, reversed(users), strict=True)
    threads = [threading.Thread(target=remove, args=(b, u.id)) for b, u in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # the other one is signed out, too late, or refused: never are both removed
    assert sorted(answers) in ([200, 401], [200, 409]), answers


@pytest.mark.parametrize("number", ["0", "-1", "9223372036854775808", "99999999999999999999999"])
def test_a_number_that_no_person_has_is_422(installation: Installation, number: str) -> None:
    admin = installation.signed_in(Role.ADMIN)
    assert admin.get(f"/v1/users/{number}").status_code == 422
    assert admin.get(f"/v1/users/{2**63 - 1}").status_code == 404


def test_an_agent_is_put_into_a_team(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    assert admin.get("/v1/agents/a-7").status_code == 404
    assert admin.put("/v1/agents/a-7", json={"team": "Billing"}).status_code == 200
    assert admin.get("/v1/agents/a-7").json() == {"agent_id": "a-7", "team": "Billing"}
    admin.put("/v1/agents/a-7", json={"team": None})
    assert admin.get("/v1/agents/a-7").json()["team"] is None
    assert admin.put("/v1/agents/%00", json={"team": "x"}).status_code == 422
    assert admin.put("/v1/agents/a-7", json={"team": "x" * 201}).status_code == 422


def test_a_key_is_shown_once_and_can_be_revoked(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    body = {"name": "Nightly", "scopes": ["calls:read", "trust:read"]}
    made = admin.post("/v1/keys", json=body).json()
    listed = admin.get("/v1/keys")
    assert made["key"] not in listed.text
    assert made["key"].startswith(listed.json()["items"][0]["prefix"])

    machine = TestClient(installation.client.app, base_url="http://127.0.0.1:8000")
    machine.headers["authorization"] = f"Bearer {made['key']}"
    assert machine.get("/v1/calls").status_code == 200
    assert machine.get("/v1/keys").status_code == 403
    assert admin.get("/v1/keys").json()["items"][0]["last_used_at"] is not None
    assert admin.delete(f"/v1/keys/{made['id']}").status_code == 204
    assert machine.get("/v1/calls").status_code == 401
    assert admin.get("/v1/keys").json()["items"][0]["revoked_at"] is not None
    assert admin.delete("/v1/keys/999999").status_code == 404


@pytest.mark.parametrize("scope", [p for p in Permission if p not in SCOPES] + ["everything"])
def test_what_only_people_do_is_no_scope(installation: Installation, scope: str) -> None:
    admin = installation.signed_in(Role.ADMIN)
    answer = admin.post("/v1/keys", json={"name": "x", "scopes": [scope]})
    assert answer.status_code == 422


def test_nobody_gives_a_scope_that_they_lack(installation: Installation) -> None:
    machine = installation.with_key(Permission.KEYS_MANAGE, Permission.CALLS_READ)
    lacking = {"name": "wider", "scopes": ["calls:read", "calls:erase"]}
    assert machine.post("/v1/keys", json=lacking).status_code == 403
    assert machine.post("/v1/keys", json=lacking | {"scopes": ["calls:read"]}).status_code == 201


def test_own_language_is_chosen(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    assert coach.patch("/v1/me", json={"language": "da"}).json()["language"] == "da"
    assert coach.get("/v1/me").json()["language"] == "da"
    assert coach.patch("/v1/me", json={"language": "xx"}).status_code == 422


def test_retention_is_shown_and_set(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    days = admin.get("/v1/settings/retention").json()
    assert days == {"calls": 365, "audit": 730, "jobs": 90}
    wanted = {"calls": 30, "audit": 183, "jobs": 7}
    assert admin.put("/v1/settings/retention", json=wanted).json() == wanted
    assert admin.get("/v1/settings/retention").json() == wanted
    for wrong in ({"audit": 182}, {"calls": 0}, {"jobs": 10**9}, {"calls": 1.5}):
        assert admin.put("/v1/settings/retention", json=wanted | wrong).status_code == 422


def test_an_installation_sets_its_own_defaults(install: Callable[..., Installation]) -> None:
    admin = install(keep_calls_days=10).signed_in(Role.ADMIN)
    assert admin.get("/v1/settings/retention").json()["calls"] == 10


def test_a_key_ends_with_its_maker(installation: Installation) -> None:
    admin, maker = installation.signed_in(Role.ADMIN), installation.user(Role.ADMIN)
    made = installation.browser(maker).post(
        "/v1/keys", json={"name": "Export", "scopes": ["calls:read"]}
    )
    key = {"authorization": f"Bearer {made.json()['key']}"}
    for active, status in ((True, 200), (False, 401), (True, 200)):
        admin.patch(f"/v1/users/{maker.id}", json={"active": active})
        assert installation.client.get("/v1/calls", headers=key).status_code == status


def test_an_old_link_ends_with_a_new_password(installation: Installation) -> None:
    user = installation.user(Role.COACH)
    with installation.database.session() as db:
        token = people.make_link(db, user, 1)
    with installation.database.session() as db:
        owner = people.link_user(db, token)
        assert owner is not None
        people.set_password(db, owner, people.hash_of("another password"))
        assert people.link_user(db, token) is None


def test_what_two_add_at_once_is_there_once(installation: Installation) -> None:
    def add(db: Session) -> None:
        people.add_user(db, "same@example.org", "Same", Role.COACH)

    assert isinstance(meanwhile(installation, add, add), people.Taken)
    agent = meanwhile(
        installation,
        lambda db: people.set_team(db, "a-1", "North"),
        lambda db: people.set_team(db, "a-1", "South"),
    )
    assert agent.team == "South"
    keys: list[bytes] = []
    later = meanwhile(
        installation,
        lambda db: keys.append(preferences.secret(db, "test")),
        lambda db: preferences.secret(db, "test"),
    )
    assert keys == [later]


def test_two_that_start_at_once_have_one_scorecard(installation: Installation) -> None:
    with installation.database.session() as db:
        db.execute(delete(ScorecardRevision))
    assert meanwhile(installation, scorecards.ensure_default, scorecards.ensure_default) is None
    with installation.database.reading() as db:
        assert scorecards.active(db).number == 1


def test_the_calls_of_an_agent_are_shown_to_one_person(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    agent = {"role": "agent", "agent_id": "a-1"}
    first = add(admin, email="first@example.org", **agent)["user"]["id"]
    again = admin.post("/v1/users", json=COACH | agent)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (409, "/agent_id")
    second = add(admin)["user"]["id"]
    changed = admin.patch(f"/v1/users/{second}", json=agent)
    assert (changed.status_code, changed.json()["errors"][0]["pointer"]) == (409, "/agent_id")
    # once the first may not sign in any more, another person can take over, and keeps the agent
    admin.patch(f"/v1/users/{first}", json={"active": False}).raise_for_status()
    admin.patch(f"/v1/users/{second}", json=agent).raise_for_status()
    assert admin.patch(f"/v1/users/{first}", json={"active": True}).status_code == 409


def test_the_form_says_that_an_agent_is_taken(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    add(admin, email="first@example.org", role="agent", agent_id="a-1")
    form = {"csrf_token": admin.headers["x-csrf-token"], "email": "b@example.org", "name": "B"}
    answer = admin.post("/admin/people", data=form | {"role": "agent", "agent_id": "a-1"})
    assert answer.status_code == 409
    assert 'id="f-agent_id-error"' in answer.text and 'value="b@example.org"' in answer.text
