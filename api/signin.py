"""Signing in: attempts are counted, a session goes into a cookie, and the way on stays here."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.deps import SESSION_COOKIE
from api.locales import marked
from api.oidc import SingleSignOn
from api.problems import Problem
from api.rates import LoginRate
from api.settings import Settings
from api.storage import people
from api.storage.database import Database
from api.storage.tables import User

MIN_PASSWORD, MAX_PASSWORD = 12, 500
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def install(app: FastAPI, settings: Settings, database: Database) -> None:
    """Give the application its count of attempts and, if the settings name one, its provider."""
    app.state.login_rate = LoginRate(database, settings.login_limit)
    app.state.single_sign_on = SingleSignOn(settings) if settings.oidc_issuer else None


def login_rate(request: Request) -> LoginRate:
    """The application's count of attempts."""
    found: LoginRate = request.app.state.login_rate
    return found


LoginRateDep = Annotated[LoginRate, Depends(login_rate)]


def single_sign_on(request: Request) -> SingleSignOn | None:
    """The provider of single sign-on, if there is one."""
    found: SingleSignOn | None = request.app.state.single_sign_on
    return found


SignOnDep = Annotated[SingleSignOn | None, Depends(single_sign_on)]


def from_here(request: Request) -> None:
    """Refuse a form that another site sends; for forms that have no session to prove themselves.

    Every browser says where a form comes from in one of these headers.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        here = site in ("same-origin", "none")
    else:
        here = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not here:
        raise Problem(403, "This form came from another site. Open its page here and try again.")


def address(request: Request) -> str:
    """The address that a request comes from."""
    return request.client.host if request.client else "unknown"


def local_path(wanted: str) -> str:
    """Where to go after signing in: `wanted` if it is a path here, else the first page."""
    return wanted if _LOCAL.fullmatch(wanted) else "/"


def mistakes(password: str, repeated: str, email: str) -> list[str]:
    """What is wrong with a new password, in words to be translated; nothing if it is good."""
    said = []
    if len(password) < MIN_PASSWORD:
        said.append(marked("The password needs at least 12 characters."))
    if len(password) > MAX_PASSWORD:
        said.append(marked("The password can have at most 500 characters."))
    if password.strip().lower() == email:
        said.append(marked("The password must not be the e-mail address."))
    if password != repeated:
        said.append(marked("The two passwords are not the same."))
    return said


def begin(
    request: Request, response: Response, db: Session, user: User, settings: Settings
) -> Response:
    """Sign the browser in with a new session; the one it had before ends."""
    if earlier := request.cookies.get(SESSION_COOKIE):
        people.end_session(db, earlier)
    token, _ = people.begin_session(db, user, settings.session_hours)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(settings.session_hours * 3600),
        path="/",
        secure=settings.cookies_are_secure,
        httponly=True,
        samesite="lax",
    )
    return response


def end(request: Request, response: Response, db: Session) -> Response:
    """Sign the browser out."""
    people.end_session(db, request.cookies.get(SESSION_COOKIE, ""))
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response
