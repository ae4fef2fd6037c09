"""The weekly digest in words: what each form of it, page, text or mail, has to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TypeVar

from analyzer.insights.digest import Digest
from analyzer.insights.praise import Praise
from analyzer.insights.week_calls import Look
from analyzer.writing.catalogue import (
    day_and_month,
    gettext,
    grouped,
    ngettext,
    week_from,
)
from analyzer.writing.digest_changes import change, doubts, missing
from analyzer.writing.html_words import number, percent

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Said:
    """Words of a call in quotation marks, and what is to be known of them.

    `call` is the id of the call to link the note to, where it is another one.
    """

    words: str
    note: str
    call: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A point of a section: `head` names a call, `call` is its id to link it by."""

    text: str = ""
    detail: str = ""
    head: str = ""
    call: str | None = None
    quotes: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Points under a title; `tone` is worse, better, look or quiet."""

    title: str
    tone: str
    items: tuple[Item, ...]
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A count of the week."""

    value: str
    name: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class DigestPage:
    """All that `digest.html.j2` and the plain text show."""

    language: str
    title: str
    period: str
    summary: str
    compared: str
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    footer: tuple[str, ...]


def digest_page(
    digest: Digest, language: str, unread: int = 0, *, linked: bool = False
) -> DigestPage:
    """The digest in the language that is spoken; `unread` files could not be read.

    Where calls are `linked`, no text says their ids.
    """
    look = partial(_look, linked=linked)
    sections = [
        Section(
            gettext("What got worse"), "worse", tuple(Item(*change(item)) for item in digest.worse)
        ),
        Section(
            gettext("What got better"),
            "better",
            tuple(Item(*change(item)) for item in digest.better),
        ),
        Section(gettext("What to look at"), "look", _all(look, digest.look_at, language)),
        Section(
            gettext("Thanks are due"),
            "better",
            _all(_thanks, digest.thanks, language),
            _lead_of_thanks(digest),
        ),
        Section(gettext("Not analysed"), "quiet", tuple(map(Item, missing(digest, unread)))),
        Section(
            gettext("What the machine is unsure of"), "quiet", tuple(map(Item, doubts(digest)))
        ),
    ]
    return DigestPage(
        language=language,
        title=gettext("Week %(week)s", week=digest.week.isocalendar().week),
        period=week_from(digest.week, language),
        summary=_summary(digest),
        compared=_compared(digest),
        facts=_facts(digest),
        sections=tuple(section for section in sections if section.items),
        footer=(
            gettext(
                "Found by a machine: advice, no verdict. A human listens and decides. Nobody is "
                "ranked."
            ),
            gettext(
                "“Beyond chance”: where nothing changes, at most one week in twenty says that "
                "something did; “far beyond chance”: one in a thousand. Calls about one and the "
                "same incident go up and down together, so look for it first. The model card "
                "says how often each finding is wrong or missed, by language."
            ),
        ),
    )


def _all(said: Callable[[_T, str], Item], items: list[_T], language: str) -> tuple[Item, ...]:
    return tuple(said(item, language) for item in items)


def _summary(digest: Digest) -> str:
    if not digest.calls:
        return gettext("No calls this week.")
    said = []
    if worse := len(digest.worse):
        said.append(
            ngettext(
                "One thing got worse beyond chance.",
                "%(count)s things got worse beyond chance.",
                worse,
            )
        )
    if better := len(digest.better):
        said.append(
            ngettext(
                "One thing got better beyond chance.",
                "%(count)s things got better beyond chance.",
                better,
            )
        )
    if not said and not digest.enough:
        return gettext("Too few calls to tell a change from chance.")
    return " ".join(said) or gettext("Nothing changed beyond chance.")


def _compared(digest: Digest) -> str:
    before = ngettext("%(count)s call", "%(count)s calls", digest.calls_before)
    if not digest.enough:
        return gettext(
            "The week before had %(calls)s. A comparison takes 20 scored calls in each week.",
            calls=before,
        )
    return gettext("Compared with the week before, which had %(calls)s.", calls=before)


def _facts(digest: Digest) -> tuple[Fact, ...]:
    if not digest.calls:
        return ()
    return (
        Fact(grouped(digest.calls), gettext("calls")),
        Fact(grouped(digest.bands["star"]), gettext("star"), "better"),
        Fact(grouped(digest.bands["rasmus"]), gettext("rasmus"), "worse"),
        Fact(grouped(digest.broken), gettext("promises broken")),
        Fact(grouped(digest.kept), gettext("promises kept")),
        Fact(grouped(digest.again), gettext("repeat contacts")),
    )


def _look(item: Look, language: str, *, linked: bool) -> Item:
    sure = gettext("%(percent)s sure", percent=percent(item.probability))
    note = gettext("turn %(turn)s, %(sure)s", turn=item.turn, sure=sure)
    quotes = [_quote(item.words, note)]
    if item.promised_words and item.promised_on:
        day = day_and_month(item.promised_on, language)
        note = (
            gettext("promised on %(day)s", day=day)
            if linked
            else gettext("promised on %(day)s in %(call)s", day=day, call=item.promised_in)
        )
        promised = _quote(item.promised_words, note)
        quotes.append(replace(promised, call=item.promised_in) if linked else promised)
    return Item(
        _why(item, language),
        head=_head(item.day, item.queue, language),
        call=item.call,
        quotes=tuple(quotes),
    )


def _why(item: Look, language: str) -> str:
    if item.why == "promise_due" and item.due:
        return gettext(
            "Promised for %(day)s, which is not in the agent's hands: see to it, or call the "
            "customer before.",
            day=day_and_month(item.due, language),
        )
    if item.why == "many_contacts":
        return gettext(
            "Contact number %(count)s about the same matter, and it is not solved.",
            count=item.contacts,
        )
    return {
        "promise_broken": gettext("The customer tells of a promise that was not kept."),
        "not_made_good": gettext("Something had gone wrong; it was not solved, nor made good."),
        "conduct": gettext(
            "Three times or more the customer was pushed away, blamed, brushed aside or met "
            "grudgingly."
        ),
    }[item.why]


def _thanks(item: Praise, language: str) -> Item:
    quotes = [_quote(item.customer.words, gettext("the customer"))] if item.customer else []
    quotes += [_quote(act.words, gettext("the agent")) for act in item.acts[:1]]
    points = gettext("%(score)s points", score=number(item.score))
    head = [_head(item.day, item.agent_id, language), points]
    return Item(head=" · ".join(filter(None, head)), call=item.call, quotes=tuple(quotes))


def _quote(words: str, note: str) -> Said:
    return Said(gettext("“%(words)s”", words=words), note)


def _lead_of_thanks(digest: Digest) -> str:
    stars = digest.bands["star"]
    if stars <= len(digest.thanks):
        return ""
    return gettext(
        "%(shown)s of %(all)s star calls, those with words of the customer first.",
        shown=len(digest.thanks),
        all=grouped(stars),
    )


def _head(moment: date | None, name: str | None, language: str) -> str:
    """What stands after the id of a call: when it was, and the name of its queue or agent."""
    return " · ".join(filter(None, (day_and_month(moment, language) if moment else "", name)))
