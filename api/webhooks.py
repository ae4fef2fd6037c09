"""Webhooks: flagged calls and ended jobs are announced, signed, and tried again until they arrive.

The signature follows the Standard Webhooks specification: `webhook-signature` is `v1,` and the
base64 of HMAC-SHA-256 over `<webhook-id>.<webhook-timestamp>.<body>`, once for each valid secret.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import socket
from collections.abc import Sequence
from hashlib import sha256

import httpx
from sqlalchemy.orm import Session

from analyzer.report import Report
from api.addresses import public_only, webhook_mistake
from api.settings import Settings
from api.storage import calls, reports, webhooks
from api.storage.database import Database
from api.storage.tables import Call, Delivery, Job, ScorecardRevision, Webhook, now

TEST = "webhook.test"
# The most that one message may take, from looking up the name to the answer's first line.
_TIME_BOX_S = 10.0
_GONE = 410


def store_call(db: Session, report: Report, content: str, revision: ScorecardRevision) -> Call:
    """Store the call, as `calls.store` does, and tell of it: of a call that is sent again once."""
    known = calls.known(db, report.conversation, content) is not None
    call = calls.store(db, report, content, revision)
    if not known:
        _announce_call(db, call)
    return call


def _announce_call(db: Session, call: Call) -> None:
    """Tell of a call that has flags: its key, band and flags, none of its words."""
    report_id = call.report_id
    if not call.flag_count or report_id is None:
        return
    webhooks.put_down(
        db,
        "call.flagged",
        lambda: {
            "call": call.uid,
            "id": call.external_id,
            "band": call.band,
            "score": call.score,
            "flags": reports.flags_of(db, [report_id])[report_id],
        },
    )


def announce_job(db: Session, job: Job) -> None:
    """Tell of a job that has ended."""
    ended = {"job": job.uid, "kind": job.kind, "status": job.status}
    webhooks.put_down(db, "job.ended", lambda: ended)


def announce_test(db: Session, hook: Webhook) -> Delivery:
    """Send the webhook a message to try it out."""
    return webhooks.put_down_for(db, hook, TEST, {"webhook": hook.id})


def signature(secrets: Sequence[str], uid: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature` of a message."""
    signed = f"{uid}.{timestamp}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    digests = [hmac.new(key, signed, sha256).digest() for key in keys]
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


def deliver_due(database: Database, settings: Settings, limit: int = 20) -> int:
    """Send what is due, all at once and within one time box; how many messages arrived."""
    with database.session() as db:
        messages = webhooks.take_due(db, limit)
    if not messages:
        return 0
    errors = asyncio.run(_send_all(messages, settings))
    with database.session() as db:
        numbers = [delivery.id for delivery, _ in messages]
        webhooks.keep_outcomes(db, zip(numbers, errors, strict=True))
        for (_, hook), error in zip(messages, errors, strict=True):
            if error == f"HTTP {_GONE}":
                webhooks.switch_off(db, hook.id)
    return errors.count("")


async def _send_all(messages: Sequence[tuple[Delivery, Webhook]], settings: Settings) -> list[str]:
    # a redirect could lead past the list of allowed addresses, and so could a proxy
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=None) as client:
        sent = [_send(client, delivery, hook, settings) for delivery, hook in messages]
        return await asyncio.gather(*sent)


async def _send(
    client: httpx.AsyncClient, delivery: Delivery, hook: Webhook, settings: Settings
) -> str:
    """Send one message; what went wrong, empty if it arrived."""
    if mistake := webhook_mistake(hook.url, settings):
        return mistake
    body = json.dumps(delivery.body, separators=(",", ":")).encode()
    timestamp = int(now().timestamp())
    url = httpx.URL(hook.url)
    headers = {
        "host": url.netloc.decode(),
        "content-type": "application/json",
        "user-agent": "Kasper",
        "webhook-id": delivery.uid,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(webhooks.secrets(hook), delivery.uid, timestamp, body),
    }
    try:
        async with asyncio.timeout(_TIME_BOX_S):
            address = await _address(url, settings)
            if address is None:
                return "The address leads into a private network; name it in KASPER_ALLOWED_URLS."
            # to the very address that was looked at: asked again, the name could lead elsewhere
            request = client.build_request(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers=headers,
                extensions={"sni_hostname": url.host},
            )
            answer = await client.send(request, stream=True)
            await answer.aclose()
    except TimeoutError:
        return f"no answer within {_TIME_BOX_S:g} seconds"
    except (httpx.HTTPError, OSError) as error:
        return type(error).__name__
    return "" if answer.is_success else f"HTTP {answer.status_code}"


async def _address(url: httpx.URL, settings: Settings) -> str | None:
    """An IP address of the host that may be connected to."""
    port = url.port or (443 if url.scheme == "https" else 80)
    lookup = asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    found = [str(entry[4][0]) for entry in await lookup]
    return next(iter(public_only(str(url), found, settings)), None)
