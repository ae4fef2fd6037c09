"""Webhooks: addresses that are told of flagged calls and ended jobs, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.access import Permission, Principal
from api.addresses import webhook_mistake
from api.deps import Allow, Db, ServiceDep
from api.parameters import Cursor, Limit
from api.problems import Problem, ProblemError, not_found
from api.schemas import Text
from api.settings import Settings
from api.storage import audit, webhooks
from api.storage.tables import Delivery, Webhook
from api.webhooks import announce_test

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Manager = Annotated[Principal, Depends(Allow(Permission.SETTINGS_MANAGE))]
Number = Annotated[int, Path(ge=1, le=2**62, description="The number of a webhook.")]
DeliveryUid = Annotated[Text, Path(description="The `uid` of a delivery.")]
Event = Literal["call.flagged", "job.ended"]
Events = Annotated[list[Event], Field(min_length=1, max_length=10)]
Url = Annotated[Text, Field(min_length=1, max_length=2_000)]


class WebhookIn(BaseModel):
    """An address and what it is told of."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "url": "https://hooks.example.org/kasper",
                    "events": ["call.flagged", "job.ended"],
                }
            ]
        },
    )

    url: Url
    events: Events


class WebhookChange(BaseModel):
    """What to change of a webhook; what is not sent stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"active": False}]})

    url: Url | None = None
    events: Events | None = None
    active: bool | None = None


class WebhookOut(BaseModel):
    """A webhook. One that answers 410 is made inactive."""

    id: int
    url: str
    events: list[str]
    active: bool
    created_at: datetime

    @classmethod
    def of(cls, row: Webhook, **more: Any) -> Self:
        """A stored webhook."""
        own = ("id", "url", "events", "active", "created_at")
        return cls(**{name: getattr(row, name) for name in own}, **more)


class WebhookSecret(WebhookOut):
    """A webhook with its secret, which is shown this one time."""

    secret: str


class DeliveryOut(BaseModel):
    """A message to a webhook; `next_at` is when it is tried again."""

    uid: str
    event: str
    status: Literal["PENDING", "DELIVERED", "GIVEN_UP"]
    attempts: int
    last_error: str
    created_at: datetime
    next_at: datetime | None
    delivered_at: datetime | None

    @classmethod
    def of(cls, row: Delivery) -> Self:
        """A stored delivery."""
        ended = row.delivered_at or webhooks.is_given_up(row)
        own = ("uid", "event", "attempts", "last_error", "created_at", "delivered_at")
        return cls(
            **{name: getattr(row, name) for name in own},
            status="DELIVERED" if row.delivered_at else "GIVEN_UP" if ended else "PENDING",
            next_at=None if ended else row.next_at,
        )


class DeliveryList(BaseModel):
    """Deliveries, the newest first; `next` is the cursor of the next page."""

    items: list[DeliveryOut]
    next: int | None


@router.get("")
def webhook_list(db: Db, principal: Manager) -> list[WebhookOut]:
    """Every webhook, the newest first."""
    return [WebhookOut.of(row) for row in webhooks.hooks(db)]


@router.post("", status_code=201)
def webhook_add(
    body: WebhookIn, response: Response, parts: ServiceDep, db: Db, principal: Manager
) -> WebhookSecret:
    """Add a webhook; the answer is the only time that its secret is shown."""
    _check(body.url, parts.settings)
    row = webhooks.add(db, body.url, body.events, principal.user_id)
    audit.record(db, principal.name, "webhook.add", f"webhook:{row.id}")
    response.headers["Location"] = f"/v1/webhooks/{row.id}"
    return WebhookSecret.of(row, secret=row.secret)


@router.get("/{id}")
def webhook_get(id: Number, db: Db, principal: Manager) -> WebhookOut:
    """One webhook."""
    return WebhookOut.of(_hook(db, id))


@router.patch("/{id}")
def webhook_change(
    id: Number, body: WebhookChange, parts: ServiceDep, db: Db, principal: Manager
) -> WebhookOut:
    """Change a webhook's address or events, or switch it off and on."""
    row = _hook(db, id)
    changes = body.model_dump(exclude_none=True)
    if body.url is not None:
        _check(body.url, parts.settings)
    for name, value in changes.items():
        setattr(row, name, value)
    audit.record(db, principal.name, "webhook.change", f"webhook:{id}", {"fields": list(changes)})
    return WebhookOut.of(row)


@router.delete("/{id}", status_code=204)
def webhook_remove(id: Number, db: Db, principal: Manager) -> None:
    """Remove a webhook and its deliveries."""
    webhooks.remove(db, _hook(db, id))
    audit.record(db, principal.name, "webhook.remove", f"webhook:{id}")


@router.post("/{id}/rotate")
def webhook_rotate(id: Number, db: Db, principal: Manager) -> WebhookSecret:
    """Another secret, shown this one time; for a day messages are signed with both."""
    row = _hook(db, id)
    webhooks.rotate(db, row)
    audit.record(db, principal.name, "webhook.rotate", f"webhook:{id}")
    return WebhookSecret.of(row, secret=row.secret)


@router.post("/{id}/test", status_code=202)
def webhook_test(id: Number, db: Db, principal: Manager) -> DeliveryOut:
    """Send a message to try the webhook out; a worker sends it within a second or so."""
    row = _hook(db, id)
    if not row.active:
        raise Problem(409, "The webhook is switched off; switch it on first.")
    sent = announce_test(db, row)
    audit.record(db, principal.name, "webhook.test", f"webhook:{id}")
    return DeliveryOut.of(sent)


@router.get("/{id}/deliveries")
def delivery_list(
    id: Number,
    db: Db,
    principal: Manager,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DeliveryList:
    """What was sent to a webhook, with what went wrong, the newest first."""
    found = webhooks.deliveries(db, _hook(db, id), before=cursor, limit=limit + 1)
    shown = [DeliveryOut.of(row) for row in found[:limit]]
    return DeliveryList(items=shown, next=found[limit - 1].id if len(found) > limit else None)


@router.post("/{id}/deliveries/{uid}/retry", status_code=202)
def delivery_retry(id: Number, uid: DeliveryUid, db: Db, principal: Manager) -> DeliveryOut:
    """Try a delivery again at once."""
    found = webhooks.delivery(db, _hook(db, id), uid)
    if found is None:
        raise not_found("delivery")
    if found.delivered_at is not None:
        raise Problem(409, "This message has arrived; send a test message for another one.")
    webhooks.retry(db, found)
    audit.record(db, principal.name, "webhook.retry", f"webhook:{id}")
    return DeliveryOut.of(found)


def _check(url: str, settings: Settings) -> None:
    if mistake := webhook_mistake(url, settings):
        raise Problem(422, mistake, errors=[ProblemError(detail=mistake, pointer="/url")])


def _hook(db: Session, id: int) -> Webhook:
    row = webhooks.hook(db, id)
    if row is None:
        raise not_found("webhook")
    return row
