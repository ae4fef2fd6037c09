"""One's own account: language and password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from analyzer.messages import Message
from api import signin
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.locales import LANGUAGES, marked
from api.pages.render import gettext, page, redirect
from api.problems import Problem
from api.routes.people import known_user
from api.schemas import Text
from api.signin import LoginRateDep
from api.storage import audit, people
from api.storage.tables import User

router = APIRouter()

Myself = Annotated[Principal, Depends(Allow(Permission.SELF))]
Word = Annotated[Text, Form(max_length=1_000)]

_WRONG = marked("This is not your password.")
_TOO_OFTEN = marked("Too many attempts. Wait a minute, then try again.")


@router.get("/account")
def account(request: Request, db: Db, principal: Myself) -> Response:
    """Who one is here, one's language and password."""
    return _account(request, principal, _own(db, principal))


@router.post("/account/language")
def account_language(
    db: Db,
    principal: Myself,
    language: Annotated[Text, Form(max_length=8)] = "",
    way: Annotated[Text, Form(alias="next", max_length=2_000)] = "/account",
) -> Response:
    """Choose the language of the pages."""
    if language not in LANGUAGES:
        spoken = ", ".join(LANGUAGES.values())
        raise Problem(422, Message("The pages speak %(languages)s.", languages=spoken))
    people.set_language(db, _own(db, principal).id, language)
    return redirect(signin.local_path(way))


@router.post("/account/password")
def account_password(
    request: Request,
    parts: ServiceDep,
    db: Db,
    principal: Myself,
    rate: LoginRateDep,
    current: Word = "",
    password: Word = "",
    repeated: Word = "",
) -> Response:
    """Change the password; every other browser is signed out."""
    user = _own(db, principal)
    db.commit()  # who asks is known; while passwords are hashed, others can write
    if not rate.allows(user.email, signin.address(request)):
        return _account(request, principal, user, wrong=_TOO_OFTEN, status=429)
    with parts.database.reading() as reading:
        is_right = people.check_password(reading, user.email, current) is not None
    if not is_right:
        rate.failed(signin.address(request))
        return _account(request, principal, user, wrong=_WRONG, status=422)
    rate.succeeded(user.email)
    mistakes = signin.mistakes(password, repeated, user.email)
    if mistakes:
        return _account(request, principal, user, mistakes=mistakes, status=422)
    hashed = people.hash_of(password)
    said = gettext(principal, marked("Your password is changed. Other browsers were signed out."))
    with parts.database.session() as own:
        user = _own(own, principal)
        people.set_password(own, user, hashed)
        audit.record(own, principal.name, "password.change", f"user:{user.id}")
        return signin.begin(request, redirect("/account", said), own, user, parts.settings)


def _own(db: Session, principal: Principal) -> User:
    return known_user(db, principal.user_id or 0)


def _account(
    request: Request,
    principal: Principal,
    user: User,
    *,
    wrong: str = "",
    mistakes: list[str] | None = None,
    status: int = 200,
) -> Response:
    return page(
        request,
        principal,
        "account.html.j2",
        status=status,
        user=user,
        wrong=wrong,
        mistakes=mistakes or [],
    )
