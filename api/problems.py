"""Errors as RFC 9457 problem details, in words for the one who has to do something about it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, SkipValidation
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from analyzer.messages import Message, mistake, translated
from api.locales import translations
from api.storage.database import AWAY

MEDIA_TYPE = "application/problem+json"

# Paths that are answered as JSON whatever is asked for.
_FOR_PROGRAMS = ("/v1/", "/healthz", "/readyz", "/metrics")

log = logging.getLogger("kasper")


class ProblemError(BaseModel):
    """One mistake: `pointer` is a JSON pointer into the body, `parameter` a name in the URL."""

    detail: SkipValidation[str]  # as it is: a `Message` keeps what it is made of
    pointer: str | None = None
    parameter: str | None = None


class ProblemDetails(BaseModel):
    """The body of every error (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "There is no such call, or you may not see it.",
                    "errors": [],
                    "request_id": "0f3b9c0e5a7d4a31",
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[ProblemError] = Field(default_factory=list)
    request_id: str = ""


class Problem(Exception):
    """Raised anywhere in a request; becomes the answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[ProblemError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, list(errors)
        self.headers = headers


def not_found(what: str) -> Problem:
    """What is not there and what one may not see get the same answer."""
    return Problem(404, Message("There is no such %(what)s, or you may not see it.", what=what))


def answer(
    request: Request,
    status: int,
    detail: str,
    errors: Sequence[ProblemError] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """The problem as a response: JSON for programs, a page for people."""
    request_id = getattr(request.state, "request_id", "")
    if _wants_page(request):
        page: Response = request.app.state.error_page(request, status, detail, errors, request_id)
        page.headers.update(headers or {})
        return page
    say = _in_words_of(request)
    told = [own.model_copy(update={"detail": say(own.detail)}) for own in errors]
    body = ProblemDetails(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=say(detail),
        errors=told,
        request_id=request_id,
    )
    return JSONResponse(body.model_dump(), status, headers, MEDIA_TYPE)


def _in_words_of(request: Request) -> Callable[[str], str]:
    """English, or the language of the person whose browser asks."""
    principal = getattr(request.state, "principal", None)
    gettext = translations(principal.language if principal else "en").gettext
    return lambda text: translated(text, gettext)


def _wants_page(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "json" not in accepted and not request.url.path.startswith(_FOR_PROGRAMS)


def install(app: FastAPI) -> None:
    """Answer every error of the service and of the framework as a problem."""

    @app.exception_handler(Problem)
    def _problem(request: Request, error: Problem) -> Response:
        return answer(request, error.status, error.detail, error.errors, error.headers)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers) if error.headers else None
        if error.status_code < 400:
            return Response(status_code=error.status_code, headers=headers)
        return answer(request, error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        mistakes = [_mistake(item) for item in error.errors()]
        detail = Message("The request is not as it should be; `errors` names each mistake.")
        return answer(request, 422, detail, mistakes)

    @app.exception_handler(DataError)
    def _unstorable(request: Request, error: DataError) -> Response:
        return answer(request, 422, "The request holds a value that the database cannot hold.")

    def _away(request: Request, error: Exception) -> Response:
        # the database's own words may hold personal data, so only the kind is logged
        log.error("database: %s", type(getattr(error, "orig", error)).__name__)
        detail = Message(
            "The database does not answer. Nothing was changed; try again in a moment."
        )
        return answer(request, 503, detail, headers={"Retry-After": "5"})

    for kind in AWAY:
        app.add_exception_handler(kind, _away)


def unexpected(request: Request, error: Exception) -> Response:
    """The answer to a mistake in the program; the log says where it is."""
    number = getattr(request.state, "request_id", "")
    log.error("%s: %s", number, place_of(error))
    return answer(
        request,
        500,
        Message("Something went wrong here; its log has it under %(number)s.", number=number),
    )


def place_of(error: BaseException) -> str:
    """The kind of an error and where it was raised, without its words: they may be personal."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}"


def _mistake(item: dict[str, Any]) -> ProblemError:
    # an error of a whole object may name the place in it that mends it
    where = [*item["loc"], *item.get("ctx", {}).get("place", ())]
    place, path = where[0], where[1:]
    if place == "body":
        pointer = "".join(f"/{_escaped(str(part))}" for part in path)
        return ProblemError(detail=mistake(item), pointer=pointer)
    return ProblemError(detail=mistake(item), parameter=str(path[0]) if path else str(place))


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
