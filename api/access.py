"""Who may do what: roles, the permissions they hold, and the principal of a request.

Every route names the permission it asks for by `api.deps.Allow`; tests/api/test_access.py walks
all routes and fails on one without a rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person is here for."""

    ADMIN = "admin"
    QA_LEAD = "qa_lead"
    COACH = "coach"
    AGENT = "agent"


class Permission(StrEnum):
    """What can be allowed to a role, or to an API key as a scope."""

    CALLS_READ = "calls:read"
    CALLS_SCORE = "calls:score"
    CALLS_ERASE = "calls:erase"
    CALLS_EXPORT = "calls:export"
    REVIEWS_WRITE = "reviews:write"
    DISPUTES_RAISE = "disputes:raise"
    DISPUTES_RESOLVE = "disputes:resolve"
    CALIBRATIONS_MANAGE = "calibrations:manage"
    INSIGHTS_READ = "insights:read"
    TRUST_READ = "trust:read"
    SCORECARDS_READ = "scorecards:read"
    SCORECARDS_EDIT = "scorecards:edit"
    PEOPLE_MANAGE = "people:manage"
    KEYS_MANAGE = "keys:manage"
    SETTINGS_MANAGE = "settings:manage"
    AUDIT_READ = "audit:read"
    # what everyone who is signed in may do with their own account
    SELF = "self"


P = Permission
_AGENT = {P.CALLS_READ, P.DISPUTES_RAISE, P.SCORECARDS_READ, P.TRUST_READ, P.SELF}
_COACH = _AGENT | {P.CALLS_SCORE, P.REVIEWS_WRITE, P.INSIGHTS_READ}
_QA_LEAD = _COACH | {
    P.CALLS_ERASE,
    P.CALLS_EXPORT,
    P.DISPUTES_RESOLVE,
    P.CALIBRATIONS_MANAGE,
    P.SCORECARDS_EDIT,
}
ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.AGENT: frozenset(_AGENT),
    Role.COACH: frozenset(_COACH),
    Role.QA_LEAD: frozenset(_QA_LEAD),
    Role.ADMIN: frozenset(Permission),
}
# What a key can be given; a machine has no account of its own to change and judges nobody.
SCOPES = tuple(
    p
    for p in Permission
    if p
    not in (
        P.SELF,
        P.REVIEWS_WRITE,
        P.DISPUTES_RAISE,
        P.DISPUTES_RESOLVE,
        P.CALIBRATIONS_MANAGE,
        P.PEOPLE_MANAGE,
    )
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sends a request: a person (`user_id`) or a key.

    An agent has `own_calls_of`, the only agent whose calls they see, and sees those only once a
    person has released them.
    """

    name: str
    permissions: frozenset[Permission]
    user_id: int | None = None
    role: Role | None = None
    language: str = "en"
    csrf_token: str = ""
    email: str = ""
    sees_own_only: bool = False
    own_calls_of: str | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the principal holds the permission."""
        return permission in self.permissions


def person(
    *, user_id: int, email: str, role: str, agent_id: str | None, language: str, csrf_token: str
) -> Principal:
    """The principal of a signed-in person."""
    known = Role(role)
    return Principal(
        name=f"user:{user_id}",
        permissions=ALLOWED[known],
        user_id=user_id,
        role=known,
        language=language,
        csrf_token=csrf_token,
        email=email,
        sees_own_only=known is Role.AGENT,
        own_calls_of=agent_id,
    )
