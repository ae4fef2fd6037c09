"""Admin: people, the teams of agents, and keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import SCOPES, Permission, Principal, Role
from api.deps import Allow, Db, ServiceDep
from api.locales import marked
from api.pages.render import gettext, page, redirect
from api.problems import Problem, not_found
from api.routes import keys
from api.routes import people as people_api
from api.routes.calls import Eraser
from api.routes.keys import KeyIn
from api.routes.people import AgentOut, UserChange, UserId, UserIn
from api.schemas import Text
from api.storage import audit, people

router = APIRouter(prefix="/admin")

PeopleManager = Annotated[Principal, Depends(Allow(Permission.PEOPLE_MANAGE))]
KeysManager = Annotated[Principal, Depends(Allow(Permission.KEYS_MANAGE))]
Word = Annotated[Text, Form(max_length=1_000)]

# What is wrong with a field of a form.
_WRONG = {
    "email": marked("Give an e-mail address, such as name@example.org."),
    "name": marked("Give a name of at most 200 characters."),
    "role": marked("Choose a role."),
    "agent_id": marked("At most 200 characters."),
    "language": marked("Choose a language."),
    "team": marked("At most 200 characters."),
    "scopes": marked("Choose at least one thing that the key may do."),
}
SAVED = marked("Saved.")
# What a scope lets a machine do.
_MEANINGS = {
    Permission.CALLS_READ: marked("Read calls and their reports"),
    Permission.CALLS_SCORE: marked("Send calls and have them scored"),
    Permission.CALLS_ERASE: marked("Erase calls"),
    Permission.CALLS_EXPORT: marked("Export many calls at once"),
    Permission.INSIGHTS_READ: marked("Read figures of agents and teams"),
    Permission.TRUST_READ: marked("Read how far the machine can be trusted"),
    Permission.SCORECARDS_READ: marked("Read scorecards"),
    Permission.SCORECARDS_EDIT: marked("Edit and publish scorecards"),
    Permission.KEYS_MANAGE: marked("Make and revoke keys"),
    Permission.SETTINGS_MANAGE: marked("Change settings"),
    Permission.AUDIT_READ: marked("Read the audit log"),
}


_Body = TypeVar("_Body", bound=BaseModel)
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a form is shown again: what is wrong, by field, in words to be translated."""

    wrong: Mapping[str, str]
    status: int


# A form that nobody has sent yet.
_AT_FIRST = Refused({}, 200)


def tried(
    body: type[_Body], form: Mapping[str, object], do: Callable[[_Body], _Done]
) -> _Done | Refused:
    """What `do` gives for the form; a mistake in it, or a conflict that names a field, is told."""
    try:
        return do(body.model_validate(form))
    except ValidationError as error:
        places = [str(item["loc"][0]) for item in error.errors()]
        wrong = {place: _WRONG.get(place, marked("Something is not right")) for place in places}
        return Refused(wrong, 422)
    except Problem as problem:
        if problem.status != 409 or not problem.errors:
            raise
        places = [(own.pointer or "").lstrip("/") for own in problem.errors]
        return Refused(dict.fromkeys(places, problem.detail), 409)


@router.get("")
def admin(principal: Eraser) -> Response:
    """On to the first part that one may see."""
    part = "people" if principal.may(Permission.PEOPLE_MANAGE) else "erasure"
    return RedirectResponse(f"/admin/{part}", 303)


@router.get("/people")
def people_page(request: Request, db: Db, principal: PeopleManager) -> Response:
    """Everyone, and the form that adds somebody."""
    return _people(request, db, principal)


@router.post("/people")
def people_add(
    request: Request,
    parts: ServiceDep,
    db: Db,
    principal: PeopleManager,
    email: Word = "",
    name: Word = "",
    role: Word = "",
    agent_id: Word = "",
    language: Word = "en",
) -> Response:
    """Add a person and show their link, this one time."""
    form = {
        "email": email.strip(),
        "name": name.strip(),
        "role": role,
        "agent_id": agent_id.strip() or None,
        "language": language,
    }
    invitation = tried(
        UserIn, form, lambda body: people_api.add_user(db, principal, parts.settings, body)
    )
    if isinstance(invitation, Refused):
        return _people(request, db, principal, form, invitation)
    return page(request, principal, "admin_link.html.j2", invitation=invitation)


@router.get("/people/{user_id}")
def person_page(request: Request, db: Db, principal: PeopleManager, user_id: UserId) -> Response:
    """One person, to be changed."""
    return _person(request, db, principal, user_id)


@router.post("/people/{user_id}")
def person_change(
    request: Request,
    db: Db,
    principal: PeopleManager,
    user_id: UserId,
    name: Word = "",
    role: Word = "",
    agent_id: Word = "",
    language: Word = "",
    active: Word = "",
    confirmed: Word = "",
) -> Response:
    """Change a person; whoever is to be shut out is asked about first."""
    form = {
        "name": name.strip(),
        "role": role,
        "agent_id": agent_id.strip() or None,
        "language": language,
        "active": bool(active),
    }
    user = people_api.known_user(db, user_id)
    if user.active and not active and not confirmed:
        sent = {name: value or "" for name, value in form.items() if name != "active"}
        asked = sent | {"confirmed": "yes"}
        return page(
            request,
            principal,
            "admin_person_out.html.j2",
            user=user,
            form=asked,
            keys=people.count_keys_of(db, user),
        )
    changed = tried(
        UserChange, form, lambda body: people_api.change_user(db, principal, user_id, body)
    )
    if isinstance(changed, Refused):
        return _person(request, db, principal, user_id, form, changed)
    return redirect("/admin/people", gettext(principal, SAVED))


@router.post("/people/{user_id}/link")
def person_link(
    request: Request, parts: ServiceDep, db: Db, principal: PeopleManager, user_id: UserId
) -> Response:
    """A new link for the person, shown this one time."""
    user = people_api.known_user(db, user_id)
    invitation = people_api.invite(db, principal, parts.settings, user)
    return page(request, principal, "admin_link.html.j2", invitation=invitation)


@router.get("/teams")
def teams_page(request: Request, db: Db, principal: PeopleManager) -> Response:
    """The agents that calls name, and their teams."""
    agents, teams = people.agents(db), people.teams(db)
    audit.record(db, principal.name, "agents.read", details={"shown": len(agents)})
    return page(request, principal, "admin_teams.html.j2", agents=agents, teams=teams)


@router.post("/teams")
def team_change(db: Db, principal: PeopleManager, agent_id: Word = "", team: Word = "") -> Response:
    """Put an agent into a team."""
    try:
        body = AgentOut(agent_id=agent_id, team=team.strip() or None)
    except ValidationError:
        raise Problem(422, "An agent and a team have from 1 to 200 characters.") from None
    people_api.agent_change(agent_id, body, db, principal)
    return redirect("/admin/teams", gettext(principal, SAVED))


@router.get("/keys")
def keys_page(request: Request, db: Db, principal: KeysManager) -> Response:
    """Every key, and the form that makes one."""
    return _keys(request, db, principal)


@router.post("/keys")
def keys_add(
    request: Request,
    db: Db,
    principal: KeysManager,
    name: Word = "",
    scopes: Annotated[list[Text], Form()] = [],  # noqa: B006
) -> Response:
    """Make a key and show it, this one time."""
    form = {"name": name.strip(), "scopes": scopes}
    made = tried(KeyIn, form, lambda body: keys.add_key(db, principal, body))
    if isinstance(made, Refused):
        return _keys(request, db, principal, name, scopes, made)
    return page(request, principal, "admin_key.html.j2", key=made)


@router.get("/keys/{key_id}/revoke")
def keys_revoke_page(request: Request, db: Db, principal: KeysManager, key_id: UserId) -> Response:
    """Ask before a key is revoked."""
    key = people.key(db, key_id)
    if key is None:
        raise not_found("key")
    return page(request, principal, "admin_key_revoke.html.j2", key=key)


@router.post("/keys/{key_id}/revoke")
def keys_revoke(db: Db, principal: KeysManager, key_id: UserId) -> Response:
    """Revoke a key."""
    keys.revoke_key(db, principal, key_id)
    return redirect("/admin/keys", gettext(principal, marked("The key is good no more.")))


def _people(
    request: Request,
    db: Session,
    principal: Principal,
    form: Mapping[str, str | None] | None = None,
    refused: Refused = _AT_FIRST,
) -> Response:
    found = people.users(db)
    audit.record(db, principal.name, "users.read", details={"shown": len(found)})
    return page(
        request,
        principal,
        "admin_people.html.j2",
        status=refused.status,
        users=found,
        roles=list(Role),
        form=dict.fromkeys(_WRONG, "") | dict(form or {}),
        wrong=dict.fromkeys(_WRONG, "") | dict(refused.wrong),
    )


def _person(
    request: Request,
    db: Session,
    principal: Principal,
    user_id: int,
    form: Mapping[str, object] | None = None,
    refused: Refused = _AT_FIRST,
) -> Response:
    """The person as they are; once refused, the form as it was sent."""
    user = people_api.known_user(db, user_id)
    audit.record(db, principal.name, "user.read", f"user:{user_id}")
    return page(
        request,
        principal,
        "admin_person.html.j2",
        status=refused.status,
        user=user,
        form=form or {name: getattr(user, name) for name in people.CHANGEABLE},
        roles=list(Role),
        wrong=dict.fromkeys(_WRONG, "") | dict(refused.wrong),
    )


def _keys(
    request: Request,
    db: Session,
    principal: Principal,
    name: str = "",
    chosen: Sequence[str] = (),
    refused: Refused = _AT_FIRST,
) -> Response:
    return page(
        request,
        principal,
        "admin_keys.html.j2",
        status=refused.status,
        keys=people.keys(db),
        names={user.id: user.name for user in people.users(db)},
        scopes=[scope for scope in SCOPES if principal.may(scope)],
        meanings={scope: _MEANINGS.get(scope, scope) for scope in SCOPES},
        name=name,
        chosen=chosen,
        wrong=dict.fromkeys(_WRONG, "") | dict(refused.wrong),
    )
