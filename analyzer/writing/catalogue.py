"""The language that a page is written in: English, or that of the catalogue `speaking` sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

# Each in its own words, as people look for it.
LANGUAGES = {"en": "English", "da": "Dansk", "nb": "Norsk", "sv": "Svenska"}
# Whose numbers, days and hours each writes: English as it is written in Europe.
REGIONS = {"en": "en_GB", "da": "da_DK", "nb": "nb_NO", "sv": "sv_SE"}
# The catalogues are the service's; a wheel brings them along.
_ROOT = Path(__file__).parents[2]
LOCALES = (_ROOT / "api" / "locales", _ROOT / "analyzer" / "locales")

_CATALOGUE: ContextVar[NullTranslations] = ContextVar("catalogue")
_ENGLISH = NullTranslations()


@contextmanager
def speaking(catalogue: NullTranslations) -> Iterator[None]:
    """Within, words come from this catalogue; those that it does not have stay English."""
    token = _CATALOGUE.set(catalogue)
    try:
        yield
    finally:
        _CATALOGUE.reset(token)


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language; English, and what is not translated, stays as it is written."""
    paths = [folder / language / "messages.po" for folder in LOCALES if language in LANGUAGES]
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def gettext(message: str, **values: object) -> str:
    """The message in the language of the page, with the values in the place of `%(name)s`."""
    text = _CATALOGUE.get(_ENGLISH).gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, count: int, **values: object) -> str:
    """As `gettext`, for one or several; `%(count)s` is the number."""
    text = _CATALOGUE.get(_ENGLISH).ngettext(singular, plural, count)
    return text % {"count": grouped(count), **values}


def grouped(count: int) -> str:
    """A count with its thousands set apart as the language of the page does."""
    apart = _CATALOGUE.get(_ENGLISH).pgettext("thousands separator", ",")
    return f"{count:,}".replace(",", apart)


def decimal_point() -> str:
    """What stands before the decimals in the language of the page."""
    return _CATALOGUE.get(_ENGLISH).pgettext("decimal point", ".")


def long_day(value: date, language: str) -> str:
    """A day as a letter writes it, such as `3 March 2026`."""
    from babel.dates import format_date

    return str(format_date(value, "long", locale=REGIONS[language]))


def day_and_month(value: date, language: str) -> str:
    """A day without its year: `18 November`."""
    from babel.dates import format_date

    form = "d MMMM" if language in ("en", "sv") else "d. MMMM"
    return str(format_date(value, form, locale=REGIONS[language]))


def week_from(monday: date, language: str) -> str:
    """From Monday to Sunday: `16–22 Nov 2026`."""
    from babel.dates import format_interval

    sunday = monday + timedelta(days=6)
    return str(format_interval(monday, sunday, "yMMMd", locale=REGIONS[language]))


def marked(message: str) -> str:
    """`message`, marked to be in the catalogues; it is translated where it is shown."""
    return message
