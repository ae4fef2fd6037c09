"""The languages of the pages: which a browser asks for, and what is collected for translation."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import IO, Any

from babel import negotiate_locale

from analyzer.writing.catalogue import LANGUAGES as LANGUAGES
from analyzer.writing.catalogue import REGIONS as REGIONS
from analyzer.writing.catalogue import marked as marked
from analyzer.writing.catalogue import translations as translations

# What browsers ask for that one of ours serves.
_ALIASES = {"no": "nb", "nn": "nb"}


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
