"""From a template to a page: what every page knows, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from analyzer.messages import translated
from analyzer.writing.catalogue import marked
from api.access import Permission, Principal
from api.locales import LANGUAGES, preferred, translations
from api.pages.environment import environment

SAID_COOKIE = "kasper_said"

# Where the header leads, and who is shown the way.
NAVIGATION = (
    ("/queue", marked("Queue"), Permission.REVIEWS_WRITE),
    ("/calls", marked("Calls"), Permission.CALLS_READ),
    ("/upload", marked("Upload"), Permission.CALLS_SCORE),
    ("/calibrations", marked("Calibrations"), Permission.REVIEWS_WRITE),
    ("/team", marked("Team"), Permission.INSIGHTS_READ),
    ("/basics", marked("Basics"), Permission.INSIGHTS_READ),
    ("/promises", marked("Promises"), Permission.INSIGHTS_READ),
    ("/trust", marked("Trust"), Permission.TRUST_READ),
    ("/scorecards", marked("Scorecards"), Permission.SCORECARDS_READ),
    ("/admin", marked("Admin"), Permission.CALLS_ERASE),
)
# Pages that no way leads to by themselves -> the way that they lie on.
_BEHIND = {"/customers": "/promises"}
# Those who see only their own calls are shown what a coach sees of them.
OWN_COACHING = ("/coaching", marked("Coaching"))


def page(
    request: Request,
    principal: Principal | None,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    language: str = "",
    **context: Any,
) -> HTMLResponse:
    """The page that `api/templates/<template>` makes of `context`, in the reader's language.

    Every template also has `principal` (`None`: nobody is signed in), `can(permission)`,
    `csrf_token`, `path`, `language`, `navigation`, `here`, the way on which the page lies, and
    `said`, the message of the last change.
    """
    language = language or language_of(request, principal)
    said = unquote(request.cookies.get(SAID_COOKIE, ""))
    ways = _ways(principal) if principal else []
    body = (
        environment(language)
        .get_template(template)
        .render(
            principal=principal,
            can=lambda name: principal is not None and principal.may(Permission(name)),
            csrf_token=principal.csrf_token if principal else "",
            path=request.url.path,
            address=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            navigation=ways,
            here=_here(request.url.path, ways),
            said=said,
            **context,
        )
    )
    response = HTMLResponse(body, status, dict(headers or {}))
    if said:
        response.delete_cookie(SAID_COOKIE, path="/")
    return response


def _ways(principal: Principal) -> list[tuple[str, str]]:
    ways = [(path, title) for path, title, asked in NAVIGATION if principal.may(asked)]
    return [*ways, OWN_COACHING] if principal.sees_own_only else ways


def _here(path: str, ways: Sequence[tuple[str, str]]) -> str:
    """The way on which the page of a path lies; empty if on none."""
    for start, way in _BEHIND.items():
        if path == start or path.startswith(f"{start}/"):
            path = way
    return next((way for way, _ in ways if path == way or path.startswith(f"{way}/")), "")


def redirect(path: str, said: str = "") -> RedirectResponse:
    """After a change: on to `path`, a path of ours, where `said` is shown once."""
    response = RedirectResponse(path, 303)
    if said:
        response.set_cookie(SAID_COOKIE, quote(said), 60, path="/", httponly=True, samesite="lax")
    return response


def language_of(request: Request, principal: Principal | None) -> str:
    """The language of the one who is signed in, else what their browser asks for."""
    if principal is not None and principal.language in LANGUAGES:
        return principal.language
    return preferred(request.headers.get("accept-language", ""))


def gettext(principal: Principal | None, message: str, **values: object) -> str:
    """A message that a route says, such as `said` of `redirect`, in the principal's language."""
    text = translated(message, translations(principal.language if principal else "en").gettext)
    return text % values if values else text
