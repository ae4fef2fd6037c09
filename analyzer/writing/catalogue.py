"""The language that a page is written in: English, or that of the catalogue `speaking` sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations

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


def marked(message: str) -> str:
    """`message`, marked to be in the catalogues; it is translated where it is shown."""
    return message
