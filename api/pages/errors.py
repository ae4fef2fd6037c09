"""Errors as pages, for people who do not read JSON."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from analyzer.writing.catalogue import marked
from api.access import Principal
from api.deps import SESSION_COOKIE, Service
from api.pages.calls import NARROWED_BY
from api.pages.render import page
from api.problems import ProblemError
from api.storage import people

# What is said in the place of words for programs.
_SAID = {
    403: marked("Your role does not allow this. Ask an admin if you need it."),
    404: marked("There is nothing at this address, or you may not see it."),
    422: marked("What was sent does not fit:"),
}
# What the fields are called that a mistake is in; others are named as they are sent.
_FIELDS = NARROWED_BY | {"search": marked("Words in the calls"), "sort": marked("Order")}
_FOR_PROGRAMS = ("This takes the permission", "There is no such", "Not Found")
_TITLES = {
    403: marked("Not for you"),
    404: marked("Nothing here"),
    405: marked("Not possible here"),
    409: marked("Not possible now"),
    413: marked("Too large"),
    422: marked("Something is not right"),
    429: marked("A little slower"),
    500: marked("Something went wrong"),
    503: marked("Not ready"),
}


def error_page(
    request: Request, status: int, detail: str, errors: Sequence[ProblemError], request_id: str
) -> Response:
    """The error as a page; whoever is not signed in is asked to sign in first."""
    if status == 401:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        target = f"?next={quote(wanted, safe='')}" if request.method == "GET" else ""
        return RedirectResponse(f"/signin{target}", 303)
    return page(
        request,
        _principal(request),
        "error.html.j2",
        status=status,
        title=_TITLES.get(status, marked("That did not work")),
        code=status,
        detail=_SAID[status] if _is_for_programs(status, detail) else detail,
        errors=errors,
        fields=_FIELDS,
        request_id=request_id,
    )


def _is_for_programs(status: int, detail: str) -> bool:
    return status in _SAID and (detail.startswith(_FOR_PROGRAMS) or "`errors`" in detail)


def _principal(request: Request) -> Principal | None:
    """Who is signed in; looked up here where no route did so, as for an unknown address."""
    known: Principal | None = getattr(request.state, "principal", None)
    token = request.cookies.get(SESSION_COOKIE)
    if known is not None or not token:
        return known
    parts: Service = request.app.state.service
    try:
        with parts.database.reading() as db:
            return people.principal_of_session(db, token)
    except SQLAlchemyError:
        return None
