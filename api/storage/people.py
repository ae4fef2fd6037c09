"""Users, sessions, one-time links, API keys, and the agents that call logs name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.access import SCOPES, Permission, Principal, Role, person
from api.storage.database import afterwards, inserted
from api.storage.tables import Agent, ApiKey, Call, Link, LoginSession, User, now

KEY_PREFIX = "kasper_"
# What an admin can change of a person.
CHANGEABLE = ("name", "role", "agent_id", "language", "active")
_hasher = PasswordHasher()
PasswordHash = NewType("PasswordHash", str)
# Checked when there is no such user, so that the time of an answer does not tell.
_NOBODY = _hasher.hash("nobody")


class Taken(Exception):
    """There is a person with this e-mail address already."""


class AgentTaken(Exception):
    """The calls with this agent's id are shown to another person already."""


class LastAdmin(Exception):
    """Without this person nobody could manage people any more."""


def hashed(token: str) -> str:
    """SHA-256 of a random token: it has too many bits to be guessed, so a fast hash is enough."""
    return sha256(token.encode()).hexdigest()


def count_users(db: Session) -> int:
    """How many people there are."""
    return db.scalar(select(func.count()).select_from(User)) or 0


def users(db: Session) -> Sequence[User]:
    """Everyone, by name."""
    return db.scalars(select(User).order_by(User.name, User.id)).all()


def user(db: Session, user_id: int) -> User | None:
    """The user of that number."""
    return db.get(User, user_id)


def user_by_email(db: Session, email: str) -> User | None:
    """The user of that address; case does not matter."""
    return db.scalar(select(User).where(User.email == email.strip().lower()))


def user_of_agent(db: Session, agent_id: str) -> User | None:
    """The account of an agent."""
    query = select(User).where(User.agent_id == agent_id, User.active)
    return db.scalars(query).one_or_none()


def add_user(
    db: Session,
    email: str,
    name: str,
    role: Role,
    *,
    agent_id: str | None = None,
    language: str = "en",
) -> User:
    """A new user without a password; raises `Taken` or `AgentTaken`."""
    added = User(
        email=email.strip().lower(), name=name, role=role, agent_id=agent_id, language=language
    )
    if not inserted(db, added):
        raise Taken if user_by_email(db, email) is not None else AgentTaken
    return added


def change_user(db: Session, user: User, changes: Mapping[str, str | bool | None]) -> None:
    """Set what is in `changes`, by the names of `CHANGEABLE`; raises `LastAdmin` or
    `AgentTaken`.

    Someone who is made inactive is signed out everywhere, and their links end.
    """
    after = {name: getattr(user, name) for name in CHANGEABLE} | dict(changes)
    stays_admin = after["active"] and after["role"] == Role.ADMIN
    if not stays_admin and _is_last_admin(db, user):
        raise LastAdmin
    try:
        with db.begin_nested():
            for name in CHANGEABLE:
                setattr(user, name, after[name])
    except IntegrityError:
        raise AgentTaken from None
    if not user.active:
        db.execute(delete(LoginSession).where(LoginSession.user_id == user.id))
        db.execute(delete(Link).where(Link.user_id == user.id))


def _is_last_admin(db: Session, user: User) -> bool:
    # the admins stay locked until the end, so that two of them cannot remove each other at once
    admins = select(User.id).where(User.role == Role.ADMIN, User.active).order_by(User.id)
    return db.scalars(admins.with_for_update()).all() == [user.id]


def hash_of(password: str) -> PasswordHash:
    """The password's argon2 hash. It takes long: make it before a transaction that writes."""
    return PasswordHash(_hasher.hash(password))


def set_password(db: Session, user: User, password: PasswordHash) -> None:
    """Keep the password's hash and end every session and link of the user."""
    user.password_hash = password
    db.execute(delete(LoginSession).where(LoginSession.user_id == user.id))
    db.execute(delete(Link).where(Link.user_id == user.id))


def check_password(db: Session, email: str, password: str) -> User | None:
    """The active user with that address and password.

    It takes long: ask in a transaction that only reads, so that nobody waits to write meanwhile.
    """
    found = user_by_email(db, email)
    try:
        _hasher.verify(found.password_hash if found and found.password_hash else _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return None
    if found is None or not found.active or found.password_hash is None:
        return None
    if _hasher.check_needs_rehash(found.password_hash):
        better = update(User).where(User.id == found.id).values(password_hash=hash_of(password))
        afterwards(db, lambda db: db.execute(better))
    return found


def set_language(db: Session, user_id: int, language: str) -> None:
    """The language in which the pages speak to the user."""
    db.execute(update(User).where(User.id == user_id).values(language=language))


def make_link(db: Session, user: User, hours: float) -> str:
    """The token of a one-time link to set a password; earlier links of the user end."""
    token = token_urlsafe(32)
    db.execute(delete(Link).where(Link.user_id == user.id))
    expires = now() + timedelta(hours=hours)
    db.add(Link(token_hash=hashed(token), user_id=user.id, expires_at=expires))
    return token


def link_user(db: Session, token: str) -> User | None:
    """Whose link this is, if it is still good."""
    link = db.scalar(select(Link).where(Link.token_hash == hashed(token)))
    if link is None or link.used_at or link.expires_at < now():
        return None
    user = db.get(User, link.user_id)
    return user if user and user.active else None


def use_link(db: Session, token: str) -> User | None:
    """As `link_user`; the link is good no more, and of two who use it at once one gets it."""
    found = link_user(db, token)
    link = update(Link).where(Link.token_hash == hashed(token), Link.used_at.is_(None))
    used = db.execute(link.values(used_at=now()).returning(Link.id)).first()
    return found if used else None


def begin_session(db: Session, user: User, hours: float) -> tuple[str, LoginSession]:
    """A session and the token for the browser's cookie."""
    token = token_urlsafe(32)
    session = LoginSession(
        token_hash=hashed(token),
        user_id=user.id,
        csrf_token=token_urlsafe(32),
        expires_at=now() + timedelta(hours=hours),
    )
    db.add(session)
    return token, session


def end_session(db: Session, token: str) -> None:
    """Sign the browser out."""
    db.execute(delete(LoginSession).where(LoginSession.token_hash == hashed(token)))


def forget_expired(db: Session) -> None:
    """Remove sessions and links that are good no more."""
    db.execute(delete(LoginSession).where(LoginSession.expires_at < now()))
    db.execute(delete(Link).where(Link.expires_at < now()))


def principal_of_session(db: Session, token: str) -> Principal | None:
    """Who is signed in with this cookie."""
    query = (
        select(User, LoginSession)
        .join(LoginSession, LoginSession.user_id == User.id)
        .where(LoginSession.token_hash == hashed(token), LoginSession.expires_at > now())
    )
    found = db.execute(query).first()
    if found is None or not found.User.active:
        return None
    user = found.User
    return person(
        user_id=user.id,
        email=user.email,
        role=user.role,
        agent_id=user.agent_id,
        language=user.language,
        csrf_token=found.LoginSession.csrf_token,
    )


def add_key(
    db: Session, name: str, scopes: Sequence[Permission], created_by: int
) -> tuple[str, ApiKey]:
    """A new key, which is shown this one time, and what is kept of it."""
    key = KEY_PREFIX + token_urlsafe(32)
    row = ApiKey(
        name=name,
        prefix=key[: len(KEY_PREFIX) + 6],
        key_hash=hashed(key),
        scopes=[str(scope) for scope in scopes],
        created_by=created_by,
    )
    db.add(row)
    db.flush()
    return key, row


def key_owner(db: Session, principal: Principal) -> int:
    """The person who answers for a key that `principal` makes: themselves, or their key's owner."""
    if principal.user_id is not None:
        return principal.user_id
    own = db.get_one(ApiKey, int(principal.name.removeprefix("key:")))
    return own.created_by


def keys(db: Session) -> Sequence[ApiKey]:
    """Every key, the newest first."""
    return db.scalars(select(ApiKey).order_by(ApiKey.id.desc())).all()


def key(db: Session, key_id: int) -> ApiKey | None:
    """The key of that number."""
    return db.get(ApiKey, key_id)


def count_keys_of(db: Session, user: User) -> int:
    """How many keys that are good this person made; they stop with whoever made them."""
    own = select(func.count()).where(ApiKey.created_by == user.id, ApiKey.revoked_at.is_(None))
    return db.scalar(own) or 0


def revoke_key(db: Session, key_id: int) -> ApiKey | None:
    """The key, good no more; `None` if there is none."""
    key = db.get(ApiKey, key_id)
    if key is not None and key.revoked_at is None:
        key.revoked_at = now()
    return key


def principal_of_key(db: Session, key: str) -> Principal | None:
    """The machine that holds this key; none once who made it may not sign in any more."""
    query = select(ApiKey).join(User, User.id == ApiKey.created_by)
    found = db.scalar(query.where(ApiKey.key_hash == hashed(key), User.active))
    if found is None or found.revoked_at is not None:
        return None
    # once a minute is exact enough, and spares a write for every request
    if found.last_used_at is None or now() - found.last_used_at > timedelta(minutes=1):
        used = update(ApiKey).where(ApiKey.id == found.id).values(last_used_at=now())
        afterwards(db, lambda db: db.execute(used))
    return Principal(f"key:{found.id}", frozenset(set(SCOPES).intersection(found.scopes)))


def teams(db: Session) -> list[str]:
    """The names of all teams."""
    named = select(Agent.team).where(Agent.team.is_not(None)).distinct().order_by(Agent.team)
    return [team for team in db.scalars(named) if team]


def agent(db: Session, agent_id: str) -> Agent | None:
    """The agent of that id, if one was ever put into a team or a call names them."""
    found = db.scalar(select(Agent).where(Agent.agent_id == agent_id))
    if found is None and db.scalar(select(Call.id).where(Call.agent_id == agent_id).limit(1)):
        return Agent(agent_id=agent_id)
    return found


def agents(db: Session) -> list[Agent]:
    """Every agent that a call names or that was put into a team, by id."""
    known = {agent.agent_id: agent for agent in db.scalars(select(Agent))}
    named = db.scalars(select(Call.agent_id).where(Call.agent_id.is_not(None)).distinct())
    for agent_id in named:
        if agent_id and agent_id not in known:
            known[agent_id] = Agent(agent_id=agent_id)
    return sorted(known.values(), key=lambda agent: agent.agent_id)


def set_team(db: Session, agent_id: str, team: str | None) -> Agent:
    """Put an agent into a team; `None` takes them out."""
    known = select(Agent).where(Agent.agent_id == agent_id)
    agent = db.scalar(known)
    if agent is None:
        agent = Agent(agent_id=agent_id)
        if not inserted(db, agent):
            agent = db.scalars(known).one()
    agent.team = team
    return agent
