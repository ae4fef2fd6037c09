"""The languages of the pages: catalogues read from `.po` files, numbers and dates by Babel."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from analyzer.writing.catalogue import marked as marked

LOCALES = Path(__file__).parent / "locales"
# Each in its own words, as people look for it.
LANGUAGES = {"en": "English", "da": "Dansk", "nb": "Norsk", "sv": "Svenska"}
# Whose numbers, days and hours each writes: English as it is written in Europe.
REGIONS = {"en": "en_GB", "da": "da_DK", "nb": "nb_NO", "sv": "sv_SE"}
# What browsers ask for that one of ours serves.
_ALIASES = {"no": "nb", "nn": "nb"}


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language; English, and what is not translated, stays as it is written."""
    path = LOCALES / language / "messages.po"
    if language not in LANGUAGES or not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def preferred(accept_language: str) -> str:
    """The language of ours that a browser's header `Accept-Language` likes best."""
    asked = [part.split(";")[0].strip().replace("-", "_") for part in accept_language.split(",")]
    asked = [_ALIASES.get(tag.split("_")[0].lower(), tag) for tag in asked if tag]
    return negotiate_locale(asked, list(LANGUAGES)) or "en"


def extract_traits(
    file: IO[bytes], keywords: object, comment_tags: object, options: object
) -> Iterator[tuple[int, str, str, list[str]]]:
    """For `babel extract`: the names and meanings of the traits."""
    from analyzer.traits import TRAITS

    for trait in TRAITS:
        for text in (trait.title, trait.definition):
            yield 1, "gettext", text, []


def extract_scorecard(
    file: IO[bytes], keywords: object, comment_tags: object, options: object
) -> Iterator[tuple[int, str, str, list[str]]]:
    """For `babel extract`: the words of a scorecard that comes with Kasper."""
    card: dict[str, Any] = tomllib.load(file)
    yield 1, "gettext", card["title"], []
    for section in card["sections"]:
        for text in (section["title"], *(question["text"] for question in section["questions"])):
            yield 1, "gettext", text, []
