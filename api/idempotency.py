"""Idempotency keys (draft-ietf-httpapi-idempotency-key-header): a POST that is sent again with the
same `Idempotency-Key` gets the first one's answer instead of being carried out again.

Answers are kept for a day, encrypted with the credential and the key that were sent: an answer may
hold a secret that is shown only once, or words of a call that is erased in the meantime. Errors are
not kept: they changed nothing, so the request may be sent again with the same key.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from hashlib import sha256

from anyio import CancelScope
from cryptography.fernet import Fernet, InvalidToken
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.deps import SESSION_COOKIE, Service
from api.storage import idempotency, people
from api.storage.tables import IdempotencyKey

HEADER = "idempotency-key"
REPLAYED = "idempotency-replayed"
MAX_LENGTH = 200
# What of an answer's headers is kept.
_KEPT = ("content-type", "location")


def install(app: FastAPI) -> None:
    """Keep the answers to every POST of the API that has a key."""
    app.add_middleware(Idempotency, parts=app.state.service)


class Idempotency:
    """Carries out a request with a key once, and answers it as often as it is sent."""

    def __init__(self, app: ASGIApp, parts: Service) -> None:
        self.app, self.database = app, parts.database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        key = _key(scope)
        if key is None:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        if not 0 < len(key) <= MAX_LENGTH:
            detail = f"An Idempotency-Key has 1 to {MAX_LENGTH} characters."
            await problems.answer(request, 400, detail)(scope, receive, send)
            return
        credential = await run_in_threadpool(self._credential, request)
        if credential is None:  # nobody we know: the route says so
            await self.app(scope, receive, send)
            return
        vault = _Vault(credential, key)
        number, earlier = await run_in_threadpool(
            idempotency.begin, self.database, vault.principal, vault.name
        )
        if number is not None:
            await self._carry_out(number, vault, scope, receive, send)
            return
        await self._answer_again(earlier, vault, scope, receive, send)

    def _credential(self, request: Request) -> str | None:
        """The valid API key or session token of the request."""
        kind, _, sent = request.headers.get("authorization", "").partition(" ")
        cookie = request.cookies.get(SESSION_COOKIE, "")
        with self.database.session() as db:
            if kind.lower() == "bearer":
                return sent.strip() if people.principal_of_key(db, sent.strip()) else None
            return cookie if cookie and people.principal_of_session(db, cookie) else None

    async def _carry_out(
        self, number: int, vault: _Vault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Run the request and keep its answer, if it changed something, before it is sent."""
        body, answer, kept = _Body(Fingerprint.of(scope), receive), _Answer(), False
        try:
            await self.app(scope, body.receive, answer.take)
            if 200 <= answer.status < 300:
                request_hash = await body.finish()
                await run_in_threadpool(self._keep, number, request_hash, answer, vault)
                kept = True
        finally:
            if not kept:
                with CancelScope(shield=True):  # also when the client has gone
                    await run_in_threadpool(self._forget, number)
        await answer.send(send)

    def _keep(self, number: int, request_hash: str, answer: _Answer, vault: _Vault) -> None:
        headers = {name: value for name, value in answer.headers.items() if name in _KEPT}
        with self.database.session() as db:
            row = {
                "request_hash": request_hash,
                "status": answer.status,
                "headers": headers,
                "body": vault.lock(answer.body),
            }
            idempotency.keep(db, number, row)

    def _forget(self, number: int) -> None:
        with self.database.session() as db:
            idempotency.forget(db, number)

    async def _answer_again(
        self,
        earlier: IdempotencyKey | None,
        vault: _Vault,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        request = Request(scope)
        if earlier is None or earlier.status is None:
            detail = "The request with this Idempotency-Key still runs; ask again in a moment."
            refusal = problems.answer(request, 409, detail, headers={"Retry-After": "1"})
            await refusal(scope, receive, send)
            return
        request_hash = await _Body(Fingerprint.of(scope), receive).finish()
        body = vault.unlock(earlier.body or b"")
        if request_hash != earlier.request_hash or body is None:
            detail = "This Idempotency-Key was sent with another request; use a new one."
            await problems.answer(request, 422, detail)(scope, receive, send)
            return
        headers = Headers((earlier.headers or {}) | {REPLAYED: "true"})
        await _Answer(earlier.status, headers, body).send(send)


def _key(scope: Scope) -> str | None:
    """The key of a request to which keys apply; the quotes of a structured field are optional."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    if not scope["path"].startswith("/v1/"):
        return None
    sent = Headers(scope=scope).get(HEADER)
    return None if sent is None else sent.strip().removeprefix('"').removesuffix('"')


class _Vault:
    """Names a key without telling it, and locks the answer to what was sent with it."""

    def __init__(self, credential: str, key: str) -> None:
        self.principal = people.hashed(credential)
        self.name = sha256(key.encode()).hexdigest()
        secret = hmac.new(credential.encode(), key.encode(), sha256).digest()
        self._lock = Fernet(base64.urlsafe_b64encode(secret))

    def lock(self, body: bytes) -> bytes:
        """The body, to be read only with the same credential and key."""
        return self._lock.encrypt(body)

    def unlock(self, body: bytes) -> bytes | None:
        """What `lock` was given; `None` if it was not locked with these."""
        try:
            return self._lock.decrypt(body)
        except InvalidToken:
            return None


class Fingerprint:
    """Tells whether two requests are the same: their address, kind and body, read in parts.

    A multipart body is taken without its boundary, which programs make anew each time.
    """

    def __init__(self, address: str, kind: str) -> None:
        kind, _, boundary = kind.partition("boundary=")
        self._boundary = boundary.partition(";")[0].strip().strip('"').encode()
        self._hash = sha256(f"{address}\n{kind}\n".encode())
        self._left = b""

    @classmethod
    def of(cls, scope: Scope) -> Fingerprint:
        """The fingerprint of a request whose body is still to come."""
        address = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}"
        return cls(address, Headers(scope=scope).get("content-type", ""))

    def add(self, data: bytes) -> None:
        """Take in the next part of the body, however it is cut."""
        if not self._boundary:
            self._hash.update(data)
            return
        *whole, last = (self._left + data).split(self._boundary)
        for part in whole:
            self._hash.update(part)
        # what may be the beginning of a boundary waits for the next part
        cut = max(len(last) - len(self._boundary) + 1, 0)
        self._hash.update(last[:cut])
        self._left = last[cut:]

    def digest(self) -> str:
        """The hash of all that was taken in."""
        whole = self._hash.copy()
        whole.update(self._left)
        return whole.hexdigest()


@dataclass
class _Body:
    """The body of a request, hashed as it is received."""

    fingerprint: Fingerprint
    _receive: Receive
    _more: bool = True

    async def receive(self) -> Message:
        """The next part."""
        message = await self._receive()
        self.fingerprint.add(message.get("body", b""))
        self._more = message.get("more_body", False)
        return message

    async def finish(self) -> str:
        """The hash of the whole body, also of what nobody asked for."""
        while self._more:
            await self.receive()
        return self.fingerprint.digest()


@dataclass
class _Answer:
    """An answer that is held back until it is kept."""

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        """Take in what the application sends."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = Headers(raw=list(message.get("headers", [])))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    async def send(self, send: Send) -> None:
        """Send it on."""
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers.raw}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})
