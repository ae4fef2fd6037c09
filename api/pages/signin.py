"""Sign in and out, by password, by single sign-on, or by the link of an invitation."""

from __future__ import annotations

import logging
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import oidc, signin
from api.access import Permission, Principal
from api.deps import Allow, Db, MaybePrincipal, Service, ServiceDep
from api.locales import marked
from api.pages.render import page
from api.schemas import Text
from api.signin import LoginRateDep, SignOnDep
from api.storage import audit, people, preferences
from api.storage.tables import User

router = APIRouter()
log = logging.getLogger("kasper")

Way = Annotated[Text, Query(alias="next", max_length=2_000)]
Word = Annotated[Text, Form(max_length=1_000)]
FromHere = Depends(signin.from_here)

_WRONG = marked("The e-mail address or the password is not right.")
_TOO_OFTEN = marked("Too many attempts. Wait a minute, then try again.")
_NOT_BY_PROVIDER = marked("Single sign-on did not work. Try again, or ask an admin.")
_UNKNOWN = marked("Nobody has given you access yet. Ask an admin to add your e-mail address.")


@router.get("/signin")
def sign_in_form(
    request: Request, someone: MaybePrincipal, provider: SignOnDep, way: Way = "/"
) -> Response:
    """The form; who is signed in already is sent on."""
    if someone is not None and someone.user_id is not None:
        return RedirectResponse(signin.local_path(way), 303)
    return _form(request, provider is not None, way)


@router.post("/signin", dependencies=[FromHere])
def sign_in(
    request: Request,
    parts: ServiceDep,
    db: Db,
    rate: LoginRateDep,
    provider: SignOnDep,
    email: Word = "",
    password: Word = "",
    way: Annotated[Text, Form(alias="next", max_length=2_000)] = "/",
) -> Response:
    """Sign in with e-mail address and password; what was wrong of them is not said."""
    has_provider, address = provider is not None, signin.address(request)
    if not rate.allows(email, address):
        return _form(request, has_provider, way, email, _TOO_OFTEN, 429)
    # `db` is not used before: the check takes long, and nobody is to wait to write meanwhile
    with parts.database.reading() as reading:
        user = people.check_password(reading, email, password)
    if user is None:
        rate.failed(address)
        known = people.user_by_email(db, email)
        subject = f"user:{known.id}" if known else ""
        audit.record(db, "nobody", "signin.fail", subject)
        return _form(request, has_provider, way, email, _WRONG, 422)
    rate.succeeded(email)
    return _enter(request, db, parts, user, way, "password")


@router.get("/signin/oidc")
async def single_sign_on(
    request: Request, parts: ServiceDep, provider: SignOnDep, way: Way = "/"
) -> Response:
    """On to the provider of single sign-on."""
    if provider is None:
        return RedirectResponse("/signin", 303)
    secret = await run_in_threadpool(_secret, parts)
    try:
        return await provider.begin(request, secret, way)
    except oidc.SignInFailed as failure:
        log.warning("single sign-on: %s", failure)
        return _form(request, True, way, mistake=_NOT_BY_PROVIDER, status=503)


@router.get("/signin/oidc/callback")
async def single_sign_on_back(request: Request, parts: ServiceDep, provider: SignOnDep) -> Response:
    """Back from the provider; only those get in whom an admin has added."""
    if provider is None:
        return RedirectResponse("/signin", 303)
    secret = await run_in_threadpool(_secret, parts)
    try:
        email, way = await provider.finish(request, secret)
    except oidc.SignInFailed as failure:
        log.warning("single sign-on: %s", failure)
        response: Response = _form(request, True, mistake=_NOT_BY_PROVIDER, status=422)
    else:
        response = await run_in_threadpool(_enter_by_email, request, parts, email, way)
    response.delete_cookie(oidc.COOKIE, path=oidc.PATH)
    return response


@router.post("/signout")
def sign_out(
    request: Request, db: Db, principal: Annotated[Principal, Depends(Allow(Permission.SELF))]
) -> Response:
    """End this browser's session."""
    audit.record(db, principal.name, "session.end")
    return signin.end(request, RedirectResponse("/signin", 303), db)


@router.get("/welcome/{token}")
def welcome(request: Request, db: Db, token: str) -> Response:
    """The form behind the link of an invitation; looking at it does not use the link up."""
    return _welcome(request, people.link_user(db, token))


@router.post("/welcome/{token}", dependencies=[FromHere])
def welcome_set(
    request: Request,
    parts: ServiceDep,
    db: Db,
    token: str,
    password: Word = "",
    repeated: Word = "",
) -> Response:
    """Set the password and sign in; the link is used up."""
    with parts.database.reading() as reading:
        user = people.link_user(reading, token)
    mistakes = signin.mistakes(password, repeated, user.email) if user else []
    if mistakes:
        return _welcome(request, user, mistakes)
    hashed = people.hash_of(password) if user else None
    user = people.use_link(db, token)
    if user is None or hashed is None:
        return _welcome(request, None)
    people.set_password(db, user, hashed)
    audit.record(db, f"user:{user.id}", "password.change", f"user:{user.id}")
    return _enter(request, db, parts, user, "/", "link")


def _enter(
    request: Request, db: Session, parts: Service, user: User, way: str, by: str
) -> Response:
    audit.record(db, f"user:{user.id}", "session.begin", details={"by": by})
    onward = RedirectResponse(signin.local_path(way), 303)
    return signin.begin(request, onward, db, user, parts.settings)


def _enter_by_email(request: Request, parts: Service, email: str, way: str) -> Response:
    with parts.database.session() as db:
        user = people.user_by_email(db, email)
        if user is not None and user.active:
            return _enter(request, db, parts, user, way, "oidc")
        audit.record(db, "nobody", "signin.fail", f"user:{user.id}" if user else "")
    return _form(request, True, way, mistake=_UNKNOWN, status=403)


def _form(
    request: Request,
    has_provider: bool,
    way: str = "/",
    email: str = "",
    mistake: str = "",
    status: int = 200,
) -> Response:
    way = signin.local_path(way)
    return page(
        request,
        None,
        "signin.html.j2",
        status=status,
        way=way,
        provider=f"/signin/oidc?next={quote(way, safe='')}" if has_provider else "",
        email=email,
        mistake=mistake,
    )


def _welcome(request: Request, user: User | None, mistakes: list[str] | None = None) -> Response:
    status = 404 if user is None else 422 if mistakes else 200
    return page(
        request,
        None,
        "welcome.html.j2",
        status=status,
        language=user.language if user else "",
        user=user,
        mistakes=mistakes or [],
    )


def _secret(parts: Service) -> bytes:
    with parts.database.session() as db:
        return preferences.secret(db, "oidc")
