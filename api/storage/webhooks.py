"""Webhooks and their deliveries: which address is told of what, and what became of it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from api.storage.tables import Delivery, Webhook, now

# Seconds until the next attempt, the first at once; after the last it is given up.
WAITS = (5, 60, 600, 3_600, 21_600, 86_400)
# How long messages are also signed with the secret from before.
_OVERLAP = timedelta(hours=24)


def hooks(db: Session) -> Sequence[Webhook]:
    """Every webhook, the newest first."""
    return db.scalars(select(Webhook).order_by(Webhook.id.desc())).all()


def hook(db: Session, hook_id: int) -> Webhook | None:
    """The webhook of that number."""
    return db.get(Webhook, hook_id)


def add(db: Session, url: str, events: Sequence[str], created_by: int | None) -> Webhook:
    """A new webhook with a secret of its own."""
    row = Webhook(url=url, secret=_new_secret(), events=list(events), created_by=created_by)
    db.add(row)
    db.flush()
    return row


def rotate(db: Session, row: Webhook) -> None:
    """Give the webhook another secret; for a day messages are signed with both."""
    row.previous_secret, row.previous_until = row.secret, now() + _OVERLAP
    row.secret = _new_secret()


def _new_secret() -> str:
    """A secret as Standard Webhooks writes them."""
    return "whsec_" + base64.b64encode(token_bytes(32)).decode()


def secrets(row: Webhook) -> list[str]:
    """What messages are signed with now, the newest first."""
    overlaps = row.previous_until is not None and row.previous_until > now()
    return [row.secret, row.previous_secret] if overlaps and row.previous_secret else [row.secret]


def remove(db: Session, row: Webhook) -> None:
    """Remove the webhook and its deliveries."""
    db.delete(row)


def put_down(db: Session, event: str, data: Callable[[], dict[str, Any]]) -> None:
    """A delivery to every active webhook that is told of the event."""
    for row in db.scalars(select(Webhook).where(Webhook.active)):
        if event in row.events:
            put_down_for(db, row, event, data())


def put_down_for(db: Session, row: Webhook, event: str, data: dict[str, Any]) -> Delivery:
    """A delivery of the event to one webhook."""
    body = {"type": event, "timestamp": now().isoformat(), "data": data}
    delivery = Delivery(uid=f"msg_{uuid4().hex[:28]}", webhook_id=row.id, event=event, body=body)
    db.add(delivery)
    db.flush()
    return delivery


def deliveries(
    db: Session, row: Webhook, *, before: int | None = None, limit: int = 50
) -> Sequence[Delivery]:
    """The webhook's deliveries, the newest first."""
    query = select(Delivery).where(Delivery.webhook_id == row.id).order_by(Delivery.id.desc())
    if before is not None:
        query = query.where(Delivery.id < before)
    return db.scalars(query.limit(limit)).all()


def delivery(db: Session, row: Webhook, uid: str) -> Delivery | None:
    """The webhook's delivery of that name."""
    return db.scalar(select(Delivery).where(Delivery.webhook_id == row.id, Delivery.uid == uid))


def is_given_up(delivery: Delivery) -> bool:
    """Whether it was tried as often as it is."""
    return delivery.delivered_at is None and delivery.attempts > len(WAITS)


def retry(db: Session, delivery: Delivery) -> None:
    """Try a delivery again at once, as often as a new one."""
    delivery.attempts, delivery.next_at = 0, None


def take_due(db: Session, limit: int) -> list[tuple[Delivery, Webhook]]:
    """Deliveries that are due; each has one more attempt counted, and waits for the next one."""
    query = (
        select(Delivery, Webhook)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Delivery.delivered_at.is_(None), Delivery.attempts <= len(WAITS), Webhook.active)
        .where(or_(Delivery.next_at.is_(None), Delivery.next_at <= now()))
        .order_by(Delivery.id)
        .limit(limit)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    taken = [(row.Delivery, row.Webhook) for row in db.execute(query)]
    for delivery, _ in taken:
        wait = WAITS[min(delivery.attempts, len(WAITS) - 1)]
        delivery.attempts += 1
        delivery.next_at = now() + timedelta(seconds=wait)
    return taken


def keep_outcomes(db: Session, outcomes: Iterable[tuple[int, str]]) -> None:
    """Note what became of deliveries: an error by its number, an empty one for what arrived."""
    for number, error in outcomes:
        kept = db.get(Delivery, number)
        if kept is not None:
            kept.last_error = error
            kept.delivered_at = None if error else now()


def forget(db: Session, before: datetime) -> None:
    """Remove deliveries from before that time."""
    db.execute(delete(Delivery).where(Delivery.created_at < before))


def forget_calls(db: Session, uids: Sequence[str]) -> None:
    """Remove deliveries that name one of these calls."""
    named = Delivery.body["data"]["call"].as_string().in_(uids)
    db.execute(delete(Delivery).where(Delivery.event == "call.flagged", named))


def switch_off(db: Session, hook_id: int) -> None:
    """Send this webhook nothing more."""
    row = db.get(Webhook, hook_id)
    if row is not None:
        row.active = False
