"""Jinja for one language: its words, its numbers, its times, and the words of the library."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from babel import Locale, dates, numbers
from fastapi.staticfiles import StaticFiles
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from analyzer import __version__
from analyzer.messages import translated
from analyzer.writing.catalogue import speaking
from analyzer.writing.html import TEMPLATES as REPORT_TEMPLATES
from analyzer.writing.html import verbatim
from analyzer.writing.html_figures import feature_name
from analyzer.writing.html_score import arithmetic_of
from analyzer.writing.html_words import band_title, length, percent
from api.locales import LANGUAGES, REGIONS, translations

HERE = Path(__file__).parent.parent
STATIC = StaticFiles(directory=HERE / "static", packages=[("analyzer", "templates")])

Filters = dict[str, Callable[..., str]]


@cache
def environment(language: str) -> Environment:
    """Jinja for one language, with escaping on; an unknown name in a template is an error."""
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
    catalogue, region = translations(language), REGIONS[language]
    _install_words(jinja, catalogue, region)
    jinja.filters.update(_numbers(region) | _times(region) | _words_of_calls(catalogue))
    jinja.globals.update(
        zip=zip, static=_static, languages=LANGUAGES, language=language, version=__version__
    )
    return jinja


def _install_words(jinja: Environment, catalogue: NullTranslations, region: str) -> None:
    """`_` and `ngettext`, whose `%(num)s` is the number; `_` also says a `Message`."""

    # Not Jinja's own "new style": that takes every message for safe HTML, and here some come from
    # scorecards and addresses. These give plain text, which is escaped like all other.
    def gettext(message: str, **values: object) -> str:
        text = translated(message, catalogue.gettext)
        return text % values if values else text

    def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
        counted = numbers.format_decimal(num, locale=region)
        return catalogue.ngettext(singular, plural, num) % {"num": counted, **values}

    jinja.install_gettext_callables(gettext, ngettext)  # type: ignore[attr-defined]


def _numbers(region: str) -> Filters:
    """`number`, `percent` of a share, and `of_100`, a number of 100 as a percentage."""
    sign = Locale.parse(region).percent_formats[None].pattern.replace("0", "0.#")

    def number(value: float, decimals: int = 1) -> str:
        return numbers.format_decimal(round(value, decimals), locale=region)

    def percent(share: float) -> str:
        return numbers.format_percent(share, locale=region)

    def of_100(value: float, decimals: int = 1) -> str:
        return numbers.format_percent(round(value, decimals) / 100, sign, locale=region)

    return {"number": number, "percent": percent, "of_100": of_100}


def _times(region: str) -> Filters:
    """`day`, `weekday` (with its name), `moment` (in the zone of the server) and `stated` (a time
    as a file states it)."""

    def day(value: date) -> str:
        return dates.format_date(value, "medium", locale=region)

    def weekday(value: date) -> str:
        return f"{dates.format_date(value, 'EEEE', locale=region)} {day(value)}"

    def with_clock(value: datetime) -> str:
        clock = dates.format_time(value, "short", tzinfo=value.tzinfo, locale=region)
        return f"{day(value)}, {clock}"

    def moment(value: datetime) -> str:
        return with_clock(value.astimezone())

    def stated(started_at: str) -> str:
        try:
            return with_clock(datetime.fromisoformat(started_at))
        except ValueError:
            return started_at

    return {"day": day, "weekday": weekday, "moment": moment, "stated": stated}


def _words_of_calls(catalogue: NullTranslations) -> Filters:
    """What the library writes, in the language of the page: `length_of` seconds, `band_title`,
    `feature_name`, `arithmetic`, `sure` (a probability in per cent); and `verbatim`, words of a
    call."""

    def spoken(write: Callable[[Any], str]) -> Callable[[Any], str]:
        def write_in_language(value: Any) -> str:
            with speaking(catalogue):
                return write(value)

        return write_in_language

    return {
        "arithmetic": spoken(arithmetic_of),
        "band_title": spoken(band_title),
        "feature_name": spoken(feature_name),
        "length_of": spoken(length),
        "sure": spoken(percent),
        "verbatim": verbatim,
    }


@cache
def _static(name: str) -> str:
    """The address of a static file, another one whenever the file changes."""
    path, _ = STATIC.lookup_path(name)
    return f"/static/{name}?v={hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]}"
