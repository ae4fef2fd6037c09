"""What routes ask for: the service's parts, a transaction, and who is asking for what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from analyzer.classifier import Classifier
from analyzer.messages import Message
from api.access import Permission, Principal
from api.problems import Problem
from api.settings import Settings
from api.shelf import Shelf
from api.storage import people
from api.storage.database import Database

SESSION_COOKIE = "kasper_session"
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "csrf_token"
_SAFE = ("GET", "HEAD", "OPTIONS")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that live as long as the application."""

    settings: Settings
    database: Database
    classifier: Classifier
    shelf: Shelf = field(default_factory=Shelf)


def service(request: Request) -> Service:
    """The application's parts."""
    found: Service = request.app.state.service
    return found


ServiceDep = Annotated[Service, Depends(service)]


def session(connection: HTTPConnection, parts: ServiceDep) -> Iterator[Session]:
    """One transaction for the request, kept before its answer is sent.

    A request that changes nothing only reads, so that no slow page keeps others from writing.
    """
    reads = connection.scope.get("method") in _SAFE
    with parts.database.reading() if reads else parts.database.session() as db:
        yield db


Db = Annotated[Session, Depends(session, scope="function")]

_bearer = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="An API key.")
_cookie = APIKeyCookie(
    name=SESSION_COOKIE, auto_error=False, scheme_name="Session", description="A signed-in browser."
)


async def _csrf_sent(request: Request) -> str:
    """The token that a browser sends with a change, in a header or in its form."""
    if request.method in _SAFE:
        return ""
    sent = request.headers.get(CSRF_HEADER, "")
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if not sent and kind in _FORMS and SESSION_COOKIE in request.cookies:
        sent = str((await request.form()).get(CSRF_FIELD, ""))
    return sent


def principal_or_none(
    request: Request,
    db: Db,
    key: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    token: Annotated[str | None, Depends(_cookie)],
    csrf_sent: Annotated[str, Depends(_csrf_sent)],
) -> Principal | None:
    """Who sends the request: the holder of a key, else the person signed in; `None` if nobody.

    A key that is not good and a browser's change without its token are refused.
    """
    if key is not None:
        machine = people.principal_of_key(db, key.credentials)
        if machine is None:
            request.state.refused = True
            raise Problem(401, "This API key is not valid.", headers=_CHALLENGE)
        return machine
    someone = people.principal_of_session(db, token) if token else None
    request.state.principal = someone
    request.state.refused = bool(token) and someone is None
    if someone and request.method not in _SAFE and csrf_sent != someone.csrf_token:
        raise Problem(403, "The form is out of date. Load the page again and send it once more.")
    return someone


_CHALLENGE = {"WWW-Authenticate": "Bearer"}
MaybePrincipal = Annotated[Principal | None, Depends(principal_or_none)]


class Allow:
    """A dependency that gives the principal, if they hold the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, principal: MaybePrincipal) -> Principal:
        if principal is None:
            raise Problem(401, "Sign in, or send an API key.", headers=_CHALLENGE)
        if not principal.may(self.permission):
            asked = Message("This takes the permission %(name)s.", name=str(self.permission))
            raise Problem(403, asked)
        return principal
