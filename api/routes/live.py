"""The WebSocket of live calls; api/live.py has the messages, docs/live.md the protocol."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, WebSocket
from prometheus_client import Gauge, Histogram
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect

from analyzer.messages import Message
from analyzer.report import to_dict
from api import webhooks
from api.access import Permission, Principal
from api.deps import SESSION_COOKIE, Service
from api.live import End, LiveCall, Said, SignIn, Start, read_message
from api.middleware import REGISTRY
from api.problems import Problem, place_of
from api.scoring import card_of, score_under
from api.storage import audit, calibrations, calls, people, scorecards
from api.storage.database import AWAY
from api.storage.tables import ScorecardRevision

log = logging.getLogger("kasper.live")
router = APIRouter(prefix="/v1", tags=["live"])

_OPEN = Gauge("kasper_live_calls", "Live calls at the moment", registry=REGISTRY)
_SECONDS = Histogram("kasper_live_turn_seconds", "Seconds for a live turn", registry=REGISTRY)
# Seconds for a client to say who it is.
_SIGN_IN_S = 10.0
# Problems that end the connection, and the code that it is closed with (RFC 6455, section 7.4);
# after the others the client can go on.
_CLOSE = {401: 1008, 403: 1008, 408: 1001, 413: 1009, 415: 1003, 429: 1013, 500: 1011}


class _Closing(Exception):
    """The connection is at its end, with a code."""

    def __init__(self, code: int) -> None:
        self.code = code


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """One call while it goes on."""
    await socket.accept()
    try:
        await _serve(socket)
        await socket.close()
    except WebSocketDisconnect:
        return
    except _Closing as closing:
        await socket.close(closing.code)


async def _serve(socket: WebSocket) -> None:
    parts: Service = socket.app.state.service
    async with _answered(socket, final=True):
        who = await _Who.of(socket)
        principal = await run_in_threadpool(who.principal, parts)
    async with _answered(socket, final=True), _place(socket, parts):
        start = await _next(socket, parts.settings.live_idle_s)
        if not isinstance(start, Start):
            raise Problem(422, "A live call begins with a message of type start.")
        revision = await run_in_threadpool(_begin, parts, principal)
        call = LiveCall(start, parts.classifier, card_of(revision.toml))
        await _send(socket, {"type": "started", "id": start.id})
        ended = False
        while not ended:
            async with _answered(socket):
                message = await _next(socket, parts.settings.live_idle_s)
                if isinstance(message, Said):
                    with _SECONDS.time():
                        answer = await run_in_threadpool(call.add, message)
                    await _send(socket, answer)
                elif isinstance(message, End):
                    await _send(socket, await run_in_threadpool(_end, parts, who, call, message))
                    ended = True
                else:
                    raise Problem(422, "The call has begun: send turn or end.")


class _Who:
    """The key or the session that a client shows; looked up again before anything is stored."""

    def __init__(self, key: str | None, token: str | None) -> None:
        self._key, self._token = key, token

    @classmethod
    async def of(cls, socket: WebSocket) -> _Who:
        """From the header, the cookie of a page of this service, or the first message."""
        scheme, _, key = socket.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and key:
            return cls(key, None)
        if token := socket.cookies.get(SESSION_COOKIE):
            origin = urlsplit(socket.headers.get("origin", "")).netloc
            public = urlsplit(socket.app.state.service.settings.public_url).netloc
            if origin not in {socket.headers.get("host"), public} - {None, ""}:
                # any site can open a WebSocket with this browser's cookies
                raise Problem(403, "A browser may do this from a page of this service alone.")
            return cls(None, token)
        message = await _next(socket, _SIGN_IN_S)
        if not isinstance(message, SignIn):
            raise Problem(401, "Send an API key first, in a message of type auth.")
        return cls(message.key, None)

    def principal(self, parts: Service) -> Principal:
        """Who it is, if they may score calls."""
        with parts.database.session() as db:
            found = (
                people.principal_of_key(db, self._key)
                if self._key
                else people.principal_of_session(db, self._token or "")
            )
        if found is None:
            raise Problem(401, "This API key or session is not valid.")
        if not found.may(Permission.CALLS_SCORE):
            asked = Message("This takes the permission %(name)s.", name=str(Permission.CALLS_SCORE))
            raise Problem(403, asked)
        return found


@asynccontextmanager
async def _place(socket: WebSocket, parts: Service) -> AsyncIterator[None]:
    """One of the places for live calls."""
    state = socket.app.state
    state.live_calls = getattr(state, "live_calls", 0)
    if state.live_calls >= parts.settings.max_live_calls:
        raise Problem(429, "As many live calls as are allowed go on already; try again later.")
    state.live_calls += 1
    _OPEN.inc()
    try:
        yield
    finally:
        state.live_calls -= 1
        _OPEN.dec()


def _begin(parts: Service, principal: Principal) -> ScorecardRevision:
    with parts.database.session() as db:
        audit.record(db, principal.name, "live.start")
        return scorecards.active(db)


def _end(parts: Service, who: _Who, call: LiveCall, end: End) -> dict[str, Any]:
    """The whole report, as an uploaded call has it; stored if that is asked for."""
    principal = who.principal(parts)
    with parts.database.session() as db:
        revision = scorecards.active(db)
    report = score_under(call.conversation, revision, parts.classifier, parts.settings)
    answer = {"type": "report", "report": to_dict(report), "call": None}
    with parts.database.session() as db:
        content = calls.content_hash(db, report.conversation)
        calibrations.refuse_unblinding_words(db, principal, content)
    if end.store:
        with parts.database.session() as db:
            stored = webhooks.store_call(db, report, content, revision)
            audit.record(db, principal.name, "live.store", f"call:{stored.uid}")
            answer["call"] = stored.uid
    return answer


async def _next(socket: WebSocket, patience_s: float) -> SignIn | Start | Said | End:
    try:
        message = await asyncio.wait_for(socket.receive(), patience_s)
    except TimeoutError:
        silence = Message("Nothing was sent for %(seconds)s seconds.", seconds=f"{patience_s:g}")
        raise Problem(408, silence) from None
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    if message.get("text") is None:
        raise Problem(415, "Messages are text: JSON.")
    return read_message(message["text"])


@asynccontextmanager
async def _answered(socket: WebSocket, *, final: bool = False) -> AsyncIterator[None]:
    """Send what goes wrong as a message, and end the connection where there is no going on."""
    try:
        yield
        return
    except (WebSocketDisconnect, _Closing):
        raise
    except Problem as error:
        problem = error
    except AWAY:
        problem = Problem(503, "The database does not answer; try again in a moment.")
    except Exception as error:  # a mistake of the program; its words may be personal
        log.error("%s", place_of(error))
        problem = Problem(500, "Something went wrong here.")
    code = _CLOSE.get(problem.status, 1013 if problem.status == 503 else 1008)
    title = HTTPStatus(problem.status).phrase
    errors = [item.model_dump() for item in problem.errors]
    said = {"status": problem.status, "title": title, "detail": problem.detail, "errors": errors}
    await _send(socket, {"type": "error", **said})
    if final or problem.status in _CLOSE:
        raise _Closing(code)


async def _send(socket: WebSocket, message: dict[str, Any]) -> None:
    try:
        await socket.send_text(json.dumps(message, ensure_ascii=False))
    except RuntimeError:  # the client has gone in the meantime
        raise WebSocketDisconnect from None
