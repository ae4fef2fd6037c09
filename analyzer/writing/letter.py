"""A letter of praise for a star call, in the reader's language, for a person to read and send.

It quotes only what the transcript proves and claims nothing else. Nobody sends it by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import UsageError
from analyzer.insights.praise import Praise
from analyzer.writing.catalogue import gettext, long_day, marked, speaking, translations
from analyzer.writing.html import as_variables, environment
from analyzer.writing.staged import StagedFile

# What the quoted words do, by their label.
_DID = {
    "compensation": marked("You made up for what had gone wrong:"),
    "ownership": marked("You took the matter on yourself:"),
    "empathy": marked("You showed the customer that you understood:"),
    "proactive_tip": marked("You thought of something the customer had not asked for:"),
    "follow_up": marked("You undertook to get back to the customer:"),
    "apology": marked("You said sorry for what had happened:"),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter, part by part; `did` are pairs of what was done and the words that prove it."""

    language: str
    title: str
    salutation: str
    opening: str
    did: tuple[tuple[str, str], ...]
    customer: tuple[str, str] | None
    closing: str
    sender: str
    source: str
    advice: str


@dataclass(frozen=True, slots=True)
class LettersContext:
    """What `letters.html.j2` shows."""

    title: str
    language: str
    letters: tuple[Letter, ...]


def letter_of(praise: Praise, language: str, name: str | None = None) -> Letter:
    """The letter about a star call, to the agent of that name (their id, if none is given)."""
    name = name or praise.agent_id
    with speaking(translations(language)):
        return Letter(
            language=language,
            title=gettext("A call to be proud of"),
            salutation=gettext("Dear %(name)s,", name=name) if name else gettext("Dear colleague,"),
            opening=_opening(praise, language),
            did=tuple((gettext(_DID[quote.label]), quote.words) for quote in praise.acts),
            customer=(
                (gettext("And the customer said:"), praise.customer.words)
                if praise.customer
                else None
            ),
            closing=gettext("That is how customers come to trust us. Thank you."),
            sender=gettext("Name and date"),
            source=gettext(
                "The quotes are from the transcript of call %(call)s. A program found them; the "
                "person who signs has read the call.",
                call=praise.call,
            ),
            advice=gettext(
                "A draft: read the call before you sign. Kasper sends nothing to anybody."
            ),
        )


def _opening(praise: Praise, language: str) -> str:
    if praise.day is None:
        return gettext(
            "One of your calls deserves a thank-you. This is what was said, word for word."
        )
    return gettext(
        "Your call on %(day)s deserves a thank-you. This is what was said, word for word.",
        day=long_day(praise.day, language),
    )


def write_letters(praised: Iterable[Praise], path: Path, language: str) -> int:
    """Write one `.html` to print, a page for each letter, and say how many these are."""
    if path.suffix.lower() != ".html":
        raise UsageError(f"{path}: the name must end in .html.")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}; make it first.")
    with speaking(translations(language)):
        title = gettext("Letters of praise")
    context = LettersContext(title, language, tuple(letter_of(own, language) for own in praised))
    page = environment().get_template("letters.html.j2").render(as_variables(context))
    with StagedFile(path) as file:
        file.staging.write_text(page, "utf-8", errors="xmlcharrefreplace")
    return len(context.letters)
