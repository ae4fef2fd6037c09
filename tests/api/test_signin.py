"""Signing in by password and by link, and all that must not get anybody in."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from httpx2 import Response

from api.access import Role
from api.signin import local_path
from api.storage import people
from tests.api.conftest import PASSWORD, Installation

NEW = "four words that nobody guesses"


def browser(installation: Installation) -> TestClient:
    return TestClient(
        installation.client.app, base_url="http://127.0.0.1:8000", follow_redirects=False
    )


def sign_in(client: TestClient, email: str, password: str = PASSWORD, **more: str) -> Response:
    return client.post("/signin", data={"email": email, "password": password} | more)


def csrf(client: TestClient, installation: Installation) -> str:
    with installation.database.reading() as db:
        someone = people.principal_of_session(db, client.cookies["kasper_session"])
    assert someone is not None
    return someone.csrf_token


def link_of(installation: Installation, email: str) -> str:
    with installation.database.session() as db:
        user = people.user_by_email(db, email)
        assert user is not None
        return f"/welcome/{people.make_link(db, user, 1)}"


def test_in_and_out(installation: Installation) -> None:
    user, client = installation.user(Role.COACH), browser(installation)
    answer = sign_in(client, user.email.upper(), next="/calls?band=rasmus")
    assert (answer.status_code, answer.headers["location"]) == (303, "/calls?band=rasmus")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie
    assert client.get("/v1/me").json()["email"] == user.email
    assert client.get("/signin").headers["location"] == "/"

    token = client.cookies["kasper_session"]
    assert client.post("/signout").status_code == 403  # not without the form's token
    out = client.post("/signout", data={"csrf_token": csrf(client, installation)})
    assert (out.status_code, out.headers["location"]) == (303, "/signin")
    client.cookies.set("kasper_session", token, domain="127.0.0.1")
    assert client.get("/v1/me").status_code == 401


def test_cookies_are_secure_over_https(install: Callable[..., Installation]) -> None:
    installation = install(public_url="https://kasper.example.org")
    user = installation.user(Role.COACH)
    answer = sign_in(browser(installation), user.email)
    assert "Secure" in answer.headers["set-cookie"]


def test_signing_in_ends_the_session_before(installation: Installation) -> None:
    user, client = installation.user(Role.COACH), browser(installation)
    sign_in(client, user.email)
    first = client.cookies["kasper_session"]
    sign_in(client, user.email)
    assert client.cookies["kasper_session"] != first
    client.cookies.set("kasper_session", first, domain="127.0.0.1")
    assert client.get("/v1/me").status_code == 401


def test_who_is_unknown_gets_the_same_answer(installation: Installation) -> None:
    known = installation.user(Role.COACH)
    shut_out = installation.user(Role.COACH)
    with installation.database.session() as db:
        user = people.user(db, shut_out.id)
        assert user is not None
        people.change_user(db, user, {"active": False})
        people.add_user(db, "invited@example.org", "Invited", Role.COACH)
    answers = [
        sign_in(browser(installation), known.email, "wrong"),
        sign_in(browser(installation), "nobody@example.org", "wrong"),
        sign_in(browser(installation), shut_out.email),
        sign_in(browser(installation), "invited@example.org", ""),
    ]
    assert {answer.status_code for answer in answers} == {422}
    emails = (known.email, "nobody@example.org", shut_out.email, "invited@example.org")
    pages = {answer.text.replace(email, "…") for answer, email in zip(answers, emails, strict=True)}
    assert len(pages) == 1
    assert not any("kasper_session" in answer.headers.get("set-cookie", "") for answer in answers)


def test_who_is_unknown_waits_as_long(install: Callable[..., Installation]) -> None:
    installation = install(login_limit="1000/minute", rate_limit="100000/minute")
    known = installation.user(Role.COACH).email
    client = browser(installation)
    seconds: dict[str, list[float]] = {known: [], "nobody@example.org": []}
    for _ in range(7):
        for email, taken in seconds.items():
            begun = time.process_time()
            sign_in(client, email, "wrong")
            taken.append(time.process_time() - begun)
    one, other = (statistics.median(taken) for taken in seconds.values())
    # without the hash of a password, an answer takes a fraction of the time
    assert 0.5 < one / other < 2


def test_a_password_is_checked_before_anything_is_written(installation: Installation) -> None:
    user = installation.user(Role.COACH)
    with installation.database.session() as db:
        link = f"/welcome/{people.make_link(db, user, 1)}"
    client, is_free = browser(installation), []

    def try_to_write(*_: object) -> None:
        # a hash that is slow to make or to check must not keep others from writing
        with installation.database.session() as db:
            people.set_language(db, user.id, "da")
        is_free.append(True)

    hasher = people._hasher
    with pytest.MonkeyPatch.context() as patch:
        watched = Watched(hasher, try_to_write)
        patch.setattr(people, "_hasher", watched)
        assert sign_in(client, user.email).status_code == 303
        assert client.post(link, data={"password": NEW, "repeated": NEW}).status_code == 303
        form = {"current": NEW, "password": PASSWORD, "repeated": PASSWORD}
        form["csrf_token"] = csrf(client, installation)
        assert client.post("/account/password", data=form).status_code == 303
    # signing in, a new password, and the old one and the new one when it is changed
    assert len(is_free) == 4


class Watched:
    """A hasher that does something else before it begins."""

    def __init__(self, hasher: PasswordHasher, before: Callable[[], None]) -> None:
        self._hasher, self._before = hasher, before

    def __getattr__(self, name: str) -> Any:
        if name in ("hash", "verify"):
            self._before()
        return getattr(self._hasher, name)


def test_attempts_at_one_account_are_counted(install: Callable[..., Installation]) -> None:
    installation = install(login_limit="3/minute")
    user = installation.user(Role.COACH)
    for _ in range(5):  # the right password starts anew
        assert sign_in(browser(installation), user.email).status_code == 303
    clients = [
        TestClient(installation.client.app, client=(f"10.0.0.{n}", 1), follow_redirects=False)
        for n in range(5)
    ]
    answers = [sign_in(client, user.email, "wrong").status_code for client in clients]
    assert answers == [422, 422, 422, 429, 429]
    # also the right one waits, and another account does not
    assert sign_in(browser(installation), user.email).status_code == 429
    other = installation.user(Role.COACH)
    assert sign_in(browser(installation), other.email).status_code == 303


def test_failures_from_one_address_are_counted(install: Callable[..., Installation]) -> None:
    installation = install(login_limit="3/minute")
    client = browser(installation)
    answers = [sign_in(client, f"u{n}@example.org", "wrong").status_code for n in range(5)]
    assert answers == [422, 422, 422, 429, 429]
    user = installation.user(Role.COACH)
    elsewhere = TestClient(installation.client.app, client=("10.0.0.9", 1), follow_redirects=False)
    assert sign_in(elsewhere, user.email).status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"origin": "http://127.0.0.1:8000"}, 303),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
    ],
)
def test_another_site_signs_nobody_in(
    installation: Installation, headers: dict[str, str], status: int
) -> None:
    user, client = installation.user(Role.COACH), browser(installation)
    client.headers.update(headers)
    assert sign_in(client, user.email).status_code == status
    welcome = link_of(installation, user.email)
    data = {"password": NEW, "repeated": NEW}
    assert client.post(welcome, data=data).status_code == status


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/calls?band=star#top", "/calls?band=star#top"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("/\t/elsewhere.example", "/"),
        ("https://elsewhere.example", "/"),
        ("javascript:alert(1)", "/"),
        ("calls", "/"),
        ("", "/"),
        ("/calls\r\nset-cookie: x=y", "/"),
    ],
)
def test_the_way_on_stays_here(wanted: str, path: str) -> None:
    assert local_path(wanted) == path


def test_a_page_asks_to_sign_in_and_goes_on(installation: Installation) -> None:
    user, client = installation.user(Role.ADMIN), browser(installation)
    asked = client.get("/admin/audit?action=call.read")
    assert asked.status_code == 303
    where = asked.headers["location"]
    assert where == "/signin?next=%2Fadmin%2Faudit%3Faction%3Dcall.read"
    assert 'name="next" value="/admin/audit?action=call.read"' in client.get(where).text
    assert client.post("/account/password").headers["location"] == "/signin"
    assert client.get("/v1/me").status_code == 401
    answer = sign_in(client, user.email, next="/admin/audit?action=call.read")
    assert client.get(answer.headers["location"]).status_code == 200


def test_a_link_sets_a_password_once(installation: Installation) -> None:
    user, client = installation.user(Role.COACH), browser(installation)
    elsewhere = browser(installation)
    sign_in(elsewhere, user.email)
    path = link_of(installation, user.email)
    for _ in range(2):  # looking at it does not use it up
        assert user.name in client.get(path).text
    done = client.post(path, data={"password": NEW, "repeated": NEW})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert client.get("/v1/me").json()["id"] == user.id
    assert elsewhere.get("/v1/me").status_code == 401
    assert client.get(path).status_code == 404
    again = client.post(path, data={"password": PASSWORD, "repeated": PASSWORD})
    assert again.status_code == 404
    assert sign_in(browser(installation), user.email, NEW).status_code == 303
    assert client.get("/welcome/made-up").status_code == 404


@pytest.mark.parametrize(
    ("password", "repeated", "said"),
    [
        ("short", "short", "needs at least 12 characters"),
        (NEW, NEW + "x", "not the same"),
        ("x" * 501, "x" * 501, "at most 500"),
        ("", "", "needs at least 12 characters"),
        ("EMAIL", "EMAIL", "must not be the e-mail"),
    ],
)
def test_a_password_that_is_not_good_is_told(
    installation: Installation, password: str, repeated: str, said: str
) -> None:
    user, client = installation.user(Role.QA_LEAD), browser(installation)
    path = link_of(installation, user.email)
    if password == "EMAIL":
        password = repeated = user.email.upper()
    answer = client.post(path, data={"password": password, "repeated": repeated})
    assert answer.status_code == 422
    assert said in answer.text
    # the link is still good
    assert client.post(path, data={"password": NEW, "repeated": NEW}).status_code == 303


def test_a_changed_password_ends_every_other_session(installation: Installation) -> None:
    user = installation.user(Role.AGENT)
    client, other = browser(installation), browser(installation)
    for own in (client, other):
        sign_in(own, user.email)
    client.headers["x-csrf-token"] = csrf(client, installation)
    form = {"current": PASSWORD, "password": NEW, "repeated": NEW}
    wrong = client.post("/account/password", data=form | {"current": "wrong"})
    assert wrong.status_code == 422 and "not your password" in wrong.text
    assert client.post("/account/password", data=form | {"repeated": "x"}).status_code == 422
    assert client.post("/account/password", data=form).status_code == 303
    assert client.get("/v1/me").status_code == 200
    assert other.get("/v1/me").status_code == 401
    assert sign_in(browser(installation), user.email, PASSWORD).status_code == 422


def test_the_language_is_that_of_the_person_else_of_the_browser(
    installation: Installation,
) -> None:
    user, client = installation.user(Role.COACH), browser(installation)
    assert '<html lang="nb">' in client.get("/signin", headers={"accept-language": "nn"}).text
    sign_in(client, user.email)
    client.headers["x-csrf-token"] = csrf(client, installation)
    form = {"language": "sv", "next": "//elsewhere.example"}
    changed = client.post("/account/language", data=form)
    assert (changed.status_code, changed.headers["location"]) == (303, "/")
    assert '<html lang="sv">' in client.get("/account").text
    assert client.post("/account/language", data={"language": "xx"}).status_code == 422


def test_a_session_and_a_link_end_with_their_time(install: Callable[..., Installation]) -> None:
    installation = install(session_hours=1e-9, link_hours=1e-9)
    user, client = installation.user(Role.ADMIN), browser(installation)
    sent = sign_in(client, user.email).headers["set-cookie"]
    token = sent.partition(";")[0].removeprefix("kasper_session=")
    client.cookies.set("kasper_session", token, domain="127.0.0.1")
    assert client.get("/v1/me").status_code == 401
    admin = installation.browser(user)
    link = admin.post(f"/v1/users/{user.id}/link").json()["link"]
    assert client.get(link).status_code == 404


def test_what_cannot_be_text_is_422(installation: Installation) -> None:
    client = browser(installation)
    assert sign_in(client, "a\x00@example.org").status_code == 422
    assert sign_in(client, "x" * 10_000).status_code == 422
    odd = client.post("/signin", content=b"\xff\xfe", headers={"content-type": "x"})
    assert odd.status_code == 422
