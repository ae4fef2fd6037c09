"""Single sign-on by OpenID Connect: authorization code with PKCE, state and nonce, by Authlib.

What must be known again when the browser comes back is in a signed cookie of its own, so any
replica of the service can go on.
"""

from __future__ import annotations

from typing import Any

import httpx2
from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import Request
from itsdangerous import BadData, URLSafeTimedSerializer
from joserfc.errors import JoseError
from starlette.responses import Response

from api.settings import Settings

COOKIE, PATH = "kasper_oidc", "/signin/oidc"
# Seconds that somebody has to sign in at the provider.
_PATIENCE_S = 600


class SignInFailed(Exception):
    """The provider did not answer, or not as it must; for the log, never for the page."""


class SingleSignOn:
    """The provider that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._provider = OAuth().register(
            "oidc",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid email", "code_challenge_method": "S256"},
        )

    async def begin(self, request: Request, secret: bytes, way: str) -> Response:
        """Send the browser to the provider; `way` is where it wants to go afterwards."""
        request.scope["session"] = {}
        back = f"{self._settings.public_url.rstrip('/')}{PATH}/callback"
        try:
            response: Response = await self._provider.authorize_redirect(request, back)
        except (OAuthError, httpx2.HTTPError, RuntimeError, ValueError) as error:
            raise SignInFailed(type(error).__name__) from None
        kept = {"state": request.session, "way": way}
        response.set_cookie(
            COOKIE,
            _signer(secret).dumps(kept),
            max_age=_PATIENCE_S,
            path=PATH,
            secure=self._settings.cookies_are_secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def finish(self, request: Request, secret: bytes) -> tuple[str, str]:
        """The verified e-mail address of who came back, and where they wanted to go."""
        try:
            kept = _signer(secret).loads(request.cookies.get(COOKIE, ""), max_age=_PATIENCE_S)
            request.scope["session"] = kept["state"]
            known = await self._known(request)
        except (
            BadData,
            OAuthError,
            JoseError,
            httpx2.HTTPError,
            RuntimeError,
            ValueError,
        ) as error:
            raise SignInFailed(type(error).__name__) from None
        email = known.get("email")
        if not isinstance(email, str) or known.get("email_verified") is not True:
            raise SignInFailed("no verified e-mail address")
        return email, kept["way"]

    async def _known(self, request: Request) -> dict[str, Any]:
        """What the provider says of the person, in its signed token or when asked with it."""
        token = await self._provider.authorize_access_token(request, claims_options=self._claims())
        signed: dict[str, Any] = token.get("userinfo") or {}
        if "email" in signed or "sub" not in signed:
            return signed
        asked: dict[str, Any] = await self._provider.userinfo(token=token)
        return asked if asked.get("sub") == signed["sub"] else {}

    def _claims(self) -> dict[str, Any]:
        # some providers end their name with a slash
        issuers = [self._issuer, f"{self._issuer}/"]
        return {
            "iss": {"essential": True, "values": issuers},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
        }


def _signer(secret: bytes) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="oidc")
