"""From a template to a page: what every page knows, in the reader's language."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from babel import dates, numbers
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from analyzer import __version__
from analyzer.writing.catalogue import marked, speaking
from analyzer.writing.html import TEMPLATES as REPORT_TEMPLATES
from analyzer.writing.html import verbatim
from analyzer.writing.html_score import arithmetic_of
from analyzer.writing.html_words import band_title, length
from api.access import Permission, Principal
from api.locales import LANGUAGES, preferred, translations

HERE = Path(__file__).parent.parent
SAID_COOKIE = "kasper_said"

# Where the header leads, and who is shown the way.
NAVIGATION = (
    ("/queue", marked("Queue"), Permission.REVIEWS_WRITE),
    ("/calls", marked("Calls"), Permission.CALLS_READ),
    ("/upload", marked("Upload"), Permission.CALLS_SCORE),
    ("/calibrations", marked("Calibrations"), Permission.REVIEWS_WRITE),
    ("/team", marked("Team"), Permission.INSIGHTS_READ),
    ("/trust", marked("Trust"), Permission.TRUST_READ),
    ("/scorecards", marked("Scorecards"), Permission.SCORECARDS_READ),
    ("/admin", marked("Admin"), Permission.SETTINGS_MANAGE),
)
STATIC = StaticFiles(directory=HERE / "static", packages=[("analyzer", "templates")])


def page(
    request: Request,
    principal: Principal | None,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """The page that `api/templates/<template>` makes of `context`.

    Every template also has `principal` (`None`: nobody is signed in), `can(permission)`,
    `csrf_token`, `path`, `language`, `navigation` and `said`, the message of the last change.
    """
    language = language_of(request, principal)
    said = unquote(request.cookies.get(SAID_COOKIE, ""))
    body = (
        environment(language)
        .get_template(template)
        .render(
            principal=principal,
            can=lambda name: principal is not None and principal.may(Permission(name)),
            csrf_token=principal.csrf_token if principal else "",
            path=request.url.path,
            address=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            navigation=[
                (path, title)
                for path, title, asked in NAVIGATION
                if principal and principal.may(asked)
            ],
            said=said,
            **context,
        )
    )
    response = HTMLResponse(body, status, dict(headers or {}))
    if said:
        response.delete_cookie(SAID_COOKIE, path="/")
    return response


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
    if not message:
        return ""  # a catalogue answers this with its own head
    text = translations(principal.language if principal else "en").gettext(message)
    return text % values if values else text


@cache
def environment(language: str) -> Environment:
    """Jinja for one language, with escaping on; an unknown name in a template is an error.

    Beside `_` and `ngettext`, templates have the filters `number`, `percent`, `day`, `moment`
    (a datetime, in the zone of the server), `stated` (a time as a file states it), `length_of`
    (seconds) and `verbatim` (words of a call).
    """
    jinja = Environment(
        loader=ChoiceLoader(
            [FileSystemLoader(HERE / "templates"), FileSystemLoader(REPORT_TEMPLATES)]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(language)

    # Not Jinja's own "new style": that takes every message for safe HTML, and here some come from
    # scorecards and addresses. These give plain text, which is escaped like all other.
    def gettext(message: str, **values: object) -> str:
        text = catalogue.gettext(message) if message else ""
        return text % values if values else text

    def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
        return catalogue.ngettext(singular, plural, num) % {"num": num, **values}

    jinja.install_gettext_callables(gettext, ngettext)  # type: ignore[attr-defined]
    jinja.globals.update(
        zip=zip, static=_static, languages=LANGUAGES, language=language, version=__version__
    )

    def number(value: float, decimals: int = 1) -> str:
        return numbers.format_decimal(round(value, decimals), locale=language)

    def percent(share: float) -> str:
        return numbers.format_percent(share, locale=language)

    def day(value: date) -> str:
        return dates.format_date(value, "medium", locale=language)

    def time_of_day(value: datetime) -> str:
        clock = dates.format_time(value, "HH:mm", tzinfo=value.tzinfo, locale=language)
        return f"{day(value)}, {clock}"

    def moment(value: datetime) -> str:
        return time_of_day(value.astimezone())

    def stated(started_at: str) -> str:
        try:
            return time_of_day(datetime.fromisoformat(started_at))
        except ValueError:
            return started_at

    def length_of(seconds: float) -> str:
        with speaking(catalogue):
            return length(seconds)

    def spoken(write: Callable[[str], str]) -> Callable[[str], str]:
        def write_in_language(value: str) -> str:
            with speaking(catalogue):
                return write(value)

        return write_in_language

    jinja.filters.update(
        arithmetic=spoken(arithmetic_of),
        band_title=spoken(band_title),
        stated=stated,
        length_of=length_of,
        number=number,
        percent=percent,
        day=day,
        moment=moment,
        verbatim=verbatim,
    )
    return jinja


@cache
def _static(name: str) -> str:
    """The address of a static file, another one whenever the file changes."""
    path, _ = STATIC.lookup_path(name)
    return f"/static/{name}?v={hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]}"
