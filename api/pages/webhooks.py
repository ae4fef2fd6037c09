"""Admin: webhooks, what they are told of, and what became of each message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from analyzer.writing.catalogue import marked
from api.access import Principal
from api.deps import Db, Service, ServiceDep
from api.pages.render import gettext, page, redirect
from api.problems import Problem
from api.routes import webhooks as webhooks_api
from api.routes.webhooks import Manager, Number, WebhookChange, WebhookIn
from api.schemas import Text
from api.storage import webhooks

router = APIRouter(prefix="/admin/webhooks")

Word = Annotated[Text, Form(max_length=2_000)]
Events = Annotated[list[Text], Form(max_length=10)]

# What a webhook can be told of.
EVENTS = {
    "call.flagged": marked("A call is flagged"),
    "job.ended": marked("An upload or a batch has ended"),
    "webhook.test": marked("A test"),
}
_CHOICES = ("call.flagged", "job.ended")
_WRONG = {
    "url": marked("Give an address of at most 2,000 characters."),
    "events": marked("Choose at least one event."),
}


@router.get("")
def webhook_list(request: Request, parts: ServiceDep, db: Db, principal: Manager) -> Response:
    """Every webhook, and the form that adds one."""
    return _list(request, parts, db, principal)


@router.post("")
def webhook_add(
    request: Request,
    parts: ServiceDep,
    db: Db,
    principal: Manager,
    url: Word = "",
    events: Events = [],  # noqa: B006
) -> Response:
    """Add a webhook and show its secret, this one time."""
    try:
        body = WebhookIn.model_validate({"url": url.strip(), "events": events})
        made = webhooks_api.webhook_add(body, Response(), parts, db, principal)
    except ValidationError as error:
        places = {str(item["loc"][0]) for item in error.errors()}
        wrong = {place: _WRONG[place] for place in places}
        return _list(request, parts, db, principal, url, events, wrong)
    except Problem as problem:
        if problem.status != 422:
            raise
        return _list(request, parts, db, principal, url, events, {"url": problem.detail})
    return page(request, principal, "webhook_secret.html.j2", hook=made, is_new=True)


@router.get("/{id}")
def webhook_page(
    id: Number,
    request: Request,
    db: Db,
    principal: Manager,
    cursor: Annotated[int | None, Query(ge=0, le=2**62)] = None,
) -> Response:
    """A webhook and its deliveries."""
    return page(
        request,
        principal,
        "webhook.html.j2",
        hook=webhooks_api.webhook_get(id, db, principal),
        deliveries=webhooks_api.delivery_list(id, db, principal, cursor, 30),
        cursor=cursor,
        events=EVENTS,
        choices=_CHOICES,
    )


@router.post("/{id}")
def webhook_change(
    id: Number,
    parts: ServiceDep,
    db: Db,
    principal: Manager,
    events: Events = [],  # noqa: B006
    active: Annotated[Text, Form(max_length=10)] = "",
) -> Response:
    """Change what a webhook is told of, or switch it off and on."""
    if not events:
        raise Problem(422, _WRONG["events"])
    try:
        body = WebhookChange.model_validate({"events": events, "active": bool(active)})
    except ValidationError:
        raise Problem(422, _WRONG["events"]) from None
    webhooks_api.webhook_change(id, body, parts, db, principal)
    return redirect(f"/admin/webhooks/{id}", gettext(principal, marked("Saved.")))


@router.post("/{id}/test")
def webhook_test(id: Number, db: Db, principal: Manager) -> Response:
    """Send a message to try it out."""
    webhooks_api.webhook_test(id, db, principal)
    said = marked("A test message is on its way. Look again in a moment for what became of it.")
    return redirect(f"/admin/webhooks/{id}", gettext(principal, said))


@router.post("/{id}/rotate")
def webhook_rotate(id: Number, request: Request, db: Db, principal: Manager) -> Response:
    """Another secret, shown this one time."""
    made = webhooks_api.webhook_rotate(id, db, principal)
    return page(request, principal, "webhook_secret.html.j2", hook=made, is_new=False)


@router.post("/{id}/deliveries/{uid}/retry")
def delivery_retry(id: Number, uid: Text, db: Db, principal: Manager) -> Response:
    """Try a delivery again."""
    webhooks_api.delivery_retry(id, uid, db, principal)
    said = marked("The message is sent again. Look again in a moment for what became of it.")
    return redirect(f"/admin/webhooks/{id}", gettext(principal, said))


@router.get("/{id}/remove")
def webhook_remove_page(id: Number, request: Request, db: Db, principal: Manager) -> Response:
    """Ask before a webhook is removed."""
    hook = webhooks_api.webhook_get(id, db, principal)
    return page(request, principal, "webhook_remove.html.j2", hook=hook)


@router.post("/{id}/remove")
def webhook_remove(id: Number, db: Db, principal: Manager) -> Response:
    """Remove a webhook and its deliveries."""
    webhooks_api.webhook_remove(id, db, principal)
    return redirect("/admin/webhooks", gettext(principal, marked("The webhook is removed.")))


def _list(
    request: Request,
    parts: Service,
    db: Session,
    principal: Principal,
    url: str = "",
    chosen: Sequence[str] = _CHOICES,
    wrong: dict[str, str] | None = None,
) -> Response:
    hooks = webhooks.hooks(db)
    last = {hook.id: webhooks.deliveries(db, hook, limit=1) for hook in hooks}
    return page(
        request,
        principal,
        "webhooks.html.j2",
        status=422 if wrong else 200,
        hooks=hooks,
        last={id: webhooks_api.DeliveryOut.of(found[0]) for id, found in last.items() if found},
        events=EVENTS,
        choices=_CHOICES,
        url=url,
        chosen=chosen,
        wrong={"url": "", "events": ""} | (wrong or {}),
        allowed=parts.settings.allowed_urls,
    )
