"""Single sign-on against a small provider of our own: who gets in, and what must not let in."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Form, Header, Request
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.testclient import TestClient
from httpx2 import Response
from joserfc import jwt
from joserfc.jwk import RSAKey

from api.access import Role
from api.storage import audit, people
from tests.api.conftest import Installation

CLIENT, SECRET = "kasper", "a secret of the client"


@dataclass
class Provider:
    """An OpenID provider; `claims` and `key` are what it puts into its tokens instead."""

    issuer: str = ""
    email: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signs_with: RSAKey | None = None
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def configuration() -> dict[str, Any]:
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "id_token_signing_alg_values_supported": ["RS256"],
            }

        @app.get("/jwks")
        def jwks() -> dict[str, Any]:
            return {"keys": [self.key.as_dict(private=False)]}

        @app.get("/authorize")
        def authorize(request: Request) -> RedirectResponse:
            asked = dict(request.query_params)
            assert asked["client_id"] == CLIENT and asked["response_type"] == "code"
            assert asked["code_challenge_method"] == "S256"
            code = f"code-{len(self.asked)}"
            self.asked[code] = asked
            return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}")

        @app.post("/token")
        def token(
            code: str = Form(),
            code_verifier: str = Form(),
            redirect_uri: str = Form(),
            authorization: str = Header(),
        ) -> JSONResponse:
            asked = self.asked.pop(code)
            challenge = base64.urlsafe_b64encode(sha256(code_verifier.encode()).digest())
            assert challenge.decode().rstrip("=") == asked["code_challenge"]
            assert redirect_uri == asked["redirect_uri"]
            scheme, _, credentials = authorization.partition(" ")
            assert base64.b64decode(credentials).decode() == f"{CLIENT}:{SECRET}"
            claims = {
                "iss": self.issuer,
                "sub": "s-1",
                "aud": CLIENT,
                "iat": int(time.time()),
                "exp": int(time.time()) + 60,
                "nonce": asked["nonce"],
                "email": self.email,
                "email_verified": True,
            } | self.claims
            kept = {name: value for name, value in claims.items() if value is not None}
            key = self.signs_with or self.key
            signed = jwt.encode({"alg": "RS256", "kid": "one"}, kept, key)
            return JSONResponse(
                {
                    "access_token": "t",
                    "token_type": "Bearer",
                    "id_token": signed,
                    "expires_in": 3600,
                }
            )

        @app.get("/userinfo")
        def info(authorization: str = Header()) -> dict[str, Any]:
            assert authorization == "Bearer t" and self.userinfo is not None
            return self.userinfo

        return app


@pytest.fixture
def provider() -> Iterator[Provider]:
    own = Provider()
    config = uvicorn.Config(own.app(), host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    own.issuer = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield own
    server.should_exit = True
    thread.join()


@pytest.fixture
def service(install: Callable[..., Installation], provider: Provider) -> Installation:
    return install(oidc_issuer=provider.issuer, oidc_client_id=CLIENT, oidc_client_secret=SECRET)


def browser(service: Installation) -> TestClient:
    return TestClient(service.client.app, base_url="http://127.0.0.1:8000", follow_redirects=False)


def come_back(client: TestClient, way: str = "/calls") -> str:
    """Go to the provider; the address by which it sends the browser back."""
    sent = client.get("/signin/oidc", params={"next": way})
    assert sent.status_code == 302, sent.text
    cookie = sent.headers["set-cookie"]
    assert "HttpOnly" in cookie and "Path=/signin/oidc" in cookie and "SameSite=lax" in cookie
    back = httpx2.get(sent.headers["location"])
    assert back.status_code == 307
    return back.headers["location"]


def sign_in(client: TestClient, way: str = "/calls") -> Response:
    return client.get(come_back(client, way))


def test_who_was_added_gets_in(service: Installation, provider: Provider) -> None:
    user, client = service.user(Role.COACH), browser(service)
    assert "Sign in with single sign-on" in client.get("/signin").text
    provider.email = user.email.upper()
    answer = sign_in(client, "/calls?band=star")
    assert (answer.status_code, answer.headers["location"]) == (303, "/calls?band=star")
    assert client.get("/v1/me").json()["id"] == user.id
    assert sign_in(browser(service), "//elsewhere.example").headers["location"] == "/"
    with service.database.reading() as db:
        begun = audit.entries(db, action="session.begin")[0]
    assert (begun.actor, begun.details) == (f"user:{user.id}", {"by": "oidc"})


def test_who_was_not_added_stays_out(service: Installation, provider: Provider) -> None:
    provider.email = "stranger@example.org"
    client = browser(service)
    answer = sign_in(client)
    assert answer.status_code == 403 and "Nobody has given you access" in answer.text
    assert client.get("/v1/me").status_code == 401
    with service.database.reading() as db:
        assert people.user_by_email(db, "stranger@example.org") is None


def test_who_was_shut_out_stays_out(service: Installation, provider: Provider) -> None:
    user = service.user(Role.COACH)
    with service.database.session() as db:
        found = people.user(db, user.id)
        assert found is not None
        people.change_user(db, found, {"active": False})
    provider.email = user.email
    assert sign_in(browser(service)).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": ["list@example.org"]},
        {"iss": "https://elsewhere.example"},
        {"aud": "another-client"},
        {"aud": "another-client", "azp": CLIENT},
        {"exp": int(time.time()) - 1_000},
        {"exp": None},
    ],
)
def test_a_token_that_is_not_right_lets_nobody_in(
    service: Installation, provider: Provider, claims: dict[str, Any]
) -> None:
    user, client = service.user(Role.ADMIN), browser(service)
    provider.email, provider.claims = user.email, claims
    answer = sign_in(client)
    assert answer.status_code == 422 and "Single sign-on did not work" in answer.text
    assert client.get("/v1/me").status_code == 401


def test_a_token_that_another_signed_lets_nobody_in(
    service: Installation, provider: Provider
) -> None:
    user, client = service.user(Role.ADMIN), browser(service)
    provider.email = user.email
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    assert sign_in(client).status_code == 422
    assert client.get("/v1/me").status_code == 401


def test_an_answer_is_good_in_its_own_browser_once(
    service: Installation, provider: Provider
) -> None:
    user, client, other = service.user(Role.COACH), browser(service), browser(service)
    provider.email = user.email
    back = come_back(client)
    assert other.get(back).status_code == 422  # stolen, or smuggled in
    come_back(other)
    assert other.get(back).status_code == 422  # with a sign-in of its own under way
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert client.get(back.replace(state, "made-up")).status_code == 422


def test_an_answer_is_not_taken_twice(service: Installation, provider: Provider) -> None:
    user, client = service.user(Role.COACH), browser(service)
    provider.email = user.email
    back = come_back(client)
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 422


def test_a_refusal_of_the_provider_is_told(service: Installation) -> None:
    client = browser(service)
    assert client.get("/signin/oidc").status_code == 302
    answer = client.get("/signin/oidc/callback", params={"error": "access_denied"})
    assert answer.status_code == 422 and "did not work" in answer.text


def test_a_provider_that_is_asked_for_the_address(
    service: Installation, provider: Provider
) -> None:
    user = service.user(Role.COACH)
    provider.claims = {"email": None, "email_verified": None}
    provider.userinfo = {"sub": "s-1", "email": user.email, "email_verified": True}
    assert sign_in(browser(service)).status_code == 303
    provider.userinfo["sub"] = "s-2"
    assert sign_in(browser(service)).status_code == 422


def test_without_a_provider_there_is_no_single_sign_on(
    install: Callable[..., Installation],
) -> None:
    client = browser(install())
    assert "single sign-on" not in client.get("/signin").text
    for path in ("/signin/oidc", "/signin/oidc/callback"):
        assert client.get(path).headers["location"] == "/signin"


def test_a_provider_that_does_not_answer_is_told(install: Callable[..., Installation]) -> None:
    client = browser(install(oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT))
    answer = client.get("/signin/oidc")
    assert answer.status_code == 503 and "did not work" in answer.text
