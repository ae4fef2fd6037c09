"""What every request passes: an id, a limit on size and rate, safe headers, a line in the log."""

from __future__ import annotations

import logging
import re
import time
from uuid import uuid4

from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Part

from analyzer.messages import Message
from api import problems
from api.deps import SESSION_COOKIE
from api.rates import RequestRate
from api.settings import Settings

log = logging.getLogger("kasper.access")

REGISTRY = CollectorRegistry()
_REQUESTS = Counter(
    "kasper_requests_total", "Requests", ("method", "route", "status"), registry=REGISTRY
)
_SECONDS = Histogram("kasper_request_seconds", "Seconds", ("route",), registry=REGISTRY)
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# Paths whose answers are the same for all and may be kept by a browser.
_STATIC = "/static/"


def install(app: FastAPI, settings: Settings, rate: RequestRate) -> None:
    """Wrap the application."""
    app.add_middleware(BodyLimit, settings=settings)

    @app.middleware("http")
    async def limited(request: Request, call_next: RequestResponseEndpoint) -> Response:
        address = request.client.host if request.client else "unknown"
        # by credentials where there are some, so that people behind one address do not share a
        # limit; those that were refused count for the address, or anybody could invent new ones
        credential = request.headers.get("authorization") or request.cookies.get(SESSION_COOKIE)
        own, refused = credential or address, f"refused {address}"
        for key in (refused, own):
            if not rate.allows(key):
                number, _, unit = settings.rate_limit.partition("/")
                detail = Message(
                    "More than %(number)s requests a %(unit)s; wait a little.",
                    number=number,
                    unit=unit,
                )
                headers = {"Retry-After": str(rate.wait_s(key))}
                return problems.answer(request, 429, detail, headers=headers)
        rate.hit(own)
        response = await call_next(request)
        if getattr(request.state, "refused", False):
            rate.hit(refused)
        return response

    @app.middleware("http")
    async def observed(request: Request, call_next: RequestResponseEndpoint) -> Response:
        sent = request.headers.get("x-request-id", "")
        request.state.request_id = sent if _ID.fullmatch(sent) else uuid4().hex[:16]
        begun = time.perf_counter()
        try:
            response = await call_next(request)
        except Exception as error:  # answered here, so that its words reach no log
            response = problems.unexpected(request, error)
        # the route's template, not the path: a path may hold a customer's id
        route = getattr(request.scope.get("route"), "path", "unknown")
        seconds = time.perf_counter() - begun
        _REQUESTS.labels(request.method, route, response.status_code).inc()
        _SECONDS.labels(route).observe(seconds)
        log.info(
            "%s %s %s %.0f ms %s",
            request.method,
            route,
            response.status_code,
            seconds * 1_000,
            request.state.request_id,
        )
        response.headers["X-Request-ID"] = request.state.request_id
        _add_headers(request, response, settings)
        return response


def _add_headers(request: Request, response: Response, settings: Settings) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if not request.url.path.startswith(_STATIC):
        response.headers.setdefault("Cache-Control", "no-store")
    if settings.cookies_are_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


class BodyLimit:
    """Refuses bodies larger than the settings allow, however they are sent."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is received and stop at the limit."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        is_upload = headers.get(b"content-type", b"").startswith(b"multipart/form-data")
        limit = self.settings.max_upload_bytes if is_upload else self.settings.max_body_bytes
        size = f"{limit / 2**20:g}"
        detail = Message("At most %(size)s MiB are taken at once; send it in parts.", size=size)
        stated = headers.get(b"content-length", b"")
        if stated.isdigit() and int(stated) > limit:
            await problems.answer(Request(scope), 413, detail)(scope, receive, send)
            return
        received = 0

        async def counted() -> Part:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # of the one kind that the framework passes on from where it reads the body
                raise HTTPException(413, detail)
            return message

        await self.app(scope, counted, send)
