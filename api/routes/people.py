"""People who sign in, and the teams of the agents that calls name."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from analyzer.messages import Message
from api.access import Permission, Principal, Role
from api.deps import Allow, Db, ServiceDep
from api.locales import LANGUAGES
from api.parameters import AgentId
from api.problems import Problem, ProblemError, not_found
from api.schemas import Id, Key, Text
from api.settings import Settings
from api.storage import audit, people
from api.storage.people import AgentTaken, LastAdmin, Taken
from api.storage.tables import User

router = APIRouter(prefix="/v1", tags=["people"])

Manager = Annotated[Principal, Depends(Allow(Permission.PEOPLE_MANAGE))]
UserId = Annotated[Id, Path(description="The `id` of a person.")]


_AGENT_TAKEN = Message(
    "Another person sees the calls of this agent already. Take the agent from them, or shut them "
    "out, first."
)


def _of_ours(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(Message("must be one of: %(expected)s", expected=", ".join(LANGUAGES)))
    return language


def _address(email: str) -> str:
    name, _, domain = email.rpartition("@")
    if not name or not domain or email.split() != [email]:
        raise ValueError(Message("must be an e-mail address, such as name@example.org"))
    return email.lower()


Email = Annotated[Text, Field(max_length=320), AfterValidator(_address)]
Language = Annotated[Text, Field(max_length=8), AfterValidator(_of_ours)]
Name = Annotated[Text, Field(min_length=1, max_length=200)]


class UserIn(BaseModel):
    """A person to add; an agent sees the calls that bear their `agent_id`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "email": "coach@example.org",
                    "name": "A coach",
                    "role": "coach",
                    "language": "da",
                }
            ]
        },
    )

    email: Email
    name: Name
    role: Role
    agent_id: Key | None = None
    language: Language = "en"


class UserChange(BaseModel):
    """What is to change of a person; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"role": "qa_lead"}, {"active": False}]}
    )

    name: Name = ""
    role: Role = Role.AGENT
    agent_id: Key | None = None
    language: Language = "en"
    active: bool = True


class UserOut(BaseModel):
    """A person who signs in; `has_password` is false until they used their link."""

    id: int
    email: str
    name: str
    role: Role
    agent_id: str | None
    language: str
    active: bool
    has_password: bool
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> UserOut:
        """The person without anything secret."""
        own = {name: getattr(user, name) for name in cls.model_fields if name != "has_password"}
        return cls(has_password=user.password_hash is not None, **own)


class UserList(BaseModel):
    """Everyone, by name."""

    items: list[UserOut]


class Invitation(BaseModel):
    """A person and the link, good once and shown this one time, by which they set a password."""

    user: UserOut
    link: str
    hours: float


class AgentTeam(BaseModel):
    """The team of an agent; null: none."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"team": "Billing"}]})

    team: Key | None


class AgentOut(AgentTeam):
    """An agent as calls name them."""

    agent_id: Key


@router.get("/users")
def user_list(db: Db, principal: Manager) -> UserList:
    """Everyone who can sign in, also those who no longer may."""
    found = people.users(db)
    audit.record(db, principal.name, "users.read", details={"shown": len(found)})
    return UserList(items=[UserOut.of(user) for user in found])


@router.post("/users", status_code=201)
def user_add(
    body: UserIn, response: Response, parts: ServiceDep, db: Db, principal: Manager
) -> Invitation:
    """Add a person; hand them the link on a way that you trust."""
    invitation = add_user(db, principal, parts.settings, body)
    response.headers["Location"] = f"/v1/users/{invitation.user.id}"
    return invitation


@router.get("/users/{user_id}")
def user_get(user_id: UserId, db: Db, principal: Manager) -> UserOut:
    """One person."""
    user = known_user(db, user_id)
    audit.record(db, principal.name, "user.read", f"user:{user_id}")
    return UserOut.of(user)


@router.patch("/users/{user_id}")
def user_change(user_id: UserId, body: UserChange, db: Db, principal: Manager) -> UserOut:
    """Change a person's name, role, agent, language, or whether they may sign in."""
    return UserOut.of(change_user(db, principal, user_id, body))


@router.post("/users/{user_id}/link", status_code=201)
def user_link(user_id: UserId, parts: ServiceDep, db: Db, principal: Manager) -> Invitation:
    """A new link to set a password; an earlier one is good no more."""
    return invite(db, principal, parts.settings, known_user(db, user_id))


@router.get("/agents/{agent_id}")
def agent_get(agent_id: AgentId, db: Db, principal: Manager) -> AgentOut:
    """The team of an agent."""
    agent = people.agent(db, agent_id)
    if agent is None:
        raise not_found("agent")
    audit.record(db, principal.name, "agent.read", f"agent:{agent_id}")
    return AgentOut(agent_id=agent_id, team=agent.team)


@router.put("/agents/{agent_id}")
def agent_change(agent_id: AgentId, body: AgentTeam, db: Db, principal: Manager) -> AgentOut:
    """Put an agent into a team, also before their first call."""
    agent = people.set_team(db, agent_id, body.team)
    audit.record(db, principal.name, "agent.change", f"agent:{agent_id}")
    return AgentOut(agent_id=agent_id, team=agent.team)


def add_user(db: Session, principal: Principal, settings: Settings, body: UserIn) -> Invitation:
    """Add the person and invite them; 409 if the address or the agent is taken."""
    try:
        user = people.add_user(db, **dict(body))
    except Taken:
        detail = Message("There is a person with this e-mail address already.")
        raise _taken(detail, "/email") from None
    except AgentTaken:
        raise _taken(_AGENT_TAKEN, "/agent_id") from None
    audit.record(db, principal.name, "user.add", f"user:{user.id}", {"role": user.role})
    return invite(db, principal, settings, user)


def change_user(db: Session, principal: Principal, user_id: int, body: UserChange) -> User:
    """Change what `body` names; 409 if nobody would be left to manage people, or the agent is
    another's."""
    user = known_user(db, user_id)
    changes = body.model_dump(exclude_unset=True)
    try:
        people.change_user(db, user, changes)
    except LastAdmin:
        detail = Message("This is the last active admin. Make somebody else an admin first.")
        raise _taken(detail, "/role") from None
    except AgentTaken:
        raise _taken(_AGENT_TAKEN, "/agent_id") from None
    # what a person is called is nobody's business but theirs
    told = {name: value for name, value in changes.items() if name != "name"}
    audit.record(db, principal.name, "user.change", f"user:{user_id}", told)
    return user


def _taken(detail: str, pointer: str) -> Problem:
    return Problem(409, detail, errors=[ProblemError(detail=detail, pointer=pointer)])


def invite(db: Session, principal: Principal, settings: Settings, user: User) -> Invitation:
    """A new link for a person who may sign in."""
    if not user.active:
        raise Problem(409, "This person may not sign in. Let them in again first.")
    token = people.make_link(db, user, settings.link_hours)
    audit.record(db, principal.name, "user.link", f"user:{user.id}")
    link = f"{settings.public_url.rstrip('/')}/welcome/{token}"
    return Invitation(user=UserOut.of(user), link=link, hours=settings.link_hours)


def known_user(db: Session, user_id: int) -> User:
    """The person, or 404."""
    user = people.user(db, user_id)
    if user is None:
        raise not_found("person")
    return user
