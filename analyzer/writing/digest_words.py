"""The weekly digest in words: what each form of it, page, text or mail, has to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from analyzer.insights.digest import Digest
from analyzer.insights.praise import Praise
from analyzer.insights.week_calls import Look
from analyzer.insights.week_changes import Difference, TurningPoint
from analyzer.scoring import DOUBTFUL
from analyzer.writing.catalogue import (
    day_and_month,
    gettext,
    grouped,
    marked,
    ngettext,
    week_from,
)
from analyzer.writing.html_words import number, percent

_T = TypeVar("_T")
_FIGURES = {
    "score": marked("Mean score"),
    "star": marked("Star calls"),
    "rasmus": marked("Rasmus calls"),
    "overpromised": marked("Calls with an over-promise"),
    "promise_broken": marked("Calls about a broken promise"),
    "promise_kept": marked("Calls that show a promise was kept"),
    "again": marked("Repeat contacts"),
    "recovered": marked("Failures made good in the same call"),
    "wrong_details": marked("Wrong names, amounts or addresses"),
    "same_question": marked("The same question asked twice"),
    "no_greeting": marked("Calls opened without a name and an offer to help"),
    "long_wait": marked("Five minutes or more on hold"),
    "passed_around": marked("Customers handed on twice or more"),
    "dead_end": marked("Dead ends: pushed away, unsolved, taken on by nobody"),
}
_UNSCORED = {
    "": marked("no reason is stored"),
    "ONE_SIDE_ONLY": marked("only one side can be read"),
    "LANGUAGE_NOT_SUPPORTED": marked("the language is none that Kasper can judge"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """Words of a call in quotation marks, and what is to be known of them."""

    words: str
    note: str


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


def digest_page(digest: Digest, language: str, unread: int = 0) -> DigestPage:
    """The digest in the language that is spoken; `unread` files could not be read."""
    sections = [
        Section(gettext("What got worse"), "worse", _changes(digest.worse)),
        Section(gettext("What got better"), "better", _changes(digest.better)),
        Section(gettext("What to look at"), "look", _all(_look, digest.look_at, language)),
        Section(
            gettext("Thanks are due"),
            "better",
            _all(_thanks, digest.thanks, language),
            _lead_of_thanks(digest),
        ),
        Section(gettext("Not analysed"), "quiet", tuple(map(Item, _missing(digest, unread)))),
        Section(
            gettext("What the machine is unsure of"), "quiet", tuple(map(Item, _doubt(digest)))
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


def _changes(items: list[Difference | TurningPoint]) -> tuple[Item, ...]:
    return tuple(
        _difference(item) if isinstance(item, Difference) else _turning_point(item)
        for item in items
    )


def _difference(item: Difference) -> Item:
    values = {
        "figure": gettext(_FIGURES[item.figure]),
        "now": number(item.now),
        "before": number(item.before),
    }
    if item.figure == "score":
        text = gettext("%(figure)s: %(now)s, the week before %(before)s", **values)
    else:
        text = gettext("%(figure)s: %(now)s of 100, the week before %(before)s", **values)
    low, high = sorted((abs(item.interval.low), abs(item.interval.high)))
    values = {"low": number(low), "high": number(high)}
    if item.far:
        detail = gettext("Far beyond chance: it differs by %(low)s to %(high)s.", **values)
    else:
        detail = gettext("Beyond chance: it differs by %(low)s to %(high)s.", **values)
    return Item(text, detail)


def _turning_point(item: TurningPoint) -> Item:
    text = gettext(
        "%(figure)s: %(after)s of 100 since week %(week)s, %(before)s until then",
        figure=gettext(_FIGURES[item.basic]),
        after=number(item.after),
        before=number(item.before),
        week=item.since.isocalendar().week,
    )
    if item.queue:
        text = gettext("%(text)s (queue %(queue)s)", text=text, queue=item.queue)
    detail = gettext(
        "A lasting change, beyond chance: between %(low)s and %(high)s of 100 now, begun in week "
        "%(earliest)s to %(latest)s.",
        low=number(item.after_interval.low),
        high=number(item.after_interval.high),
        earliest=item.earliest.isocalendar().week,
        latest=item.latest.isocalendar().week,
    )
    return Item(text, detail)


def _look(item: Look, language: str) -> Item:
    sure = gettext("%(percent)s sure", percent=percent(item.probability))
    note = gettext("turn %(turn)s, %(sure)s", turn=item.turn, sure=sure)
    quotes = [_quote(item.words, note)]
    if item.promised_words and item.promised_on:
        note = gettext(
            "promised on %(day)s in %(call)s",
            day=day_and_month(item.promised_on, language),
            call=item.promised_in,
        )
        quotes.append(_quote(item.promised_words, note))
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


def _missing(digest: Digest, unread: int) -> Iterator[str]:
    for code, count in digest.doubt.unscored.items():
        yield ngettext(
            "%(count)s call has no score: %(reason)s.",
            "%(count)s calls have no score: %(reason)s.",
            count,
            reason=gettext(_UNSCORED.get(code, code)),
        )
    if digest.doubt.without_customer:
        yield ngettext(
            "%(count)s call names no customer, so its promises cannot be followed.",
            "%(count)s calls name no customer, so their promises cannot be followed.",
            digest.doubt.without_customer,
        )
    if digest.without_start:
        yield ngettext(
            "%(count)s call of the log says not when it began and is in no week.",
            "%(count)s calls of the log say not when they began and are in no week.",
            digest.without_start,
        )
    if unread:
        yield ngettext(
            "%(count)s call could not be read.", "%(count)s calls could not be read.", unread
        )


def _doubt(digest: Digest) -> Iterator[str]:
    doubt = digest.doubt
    if doubt.findings:
        yield gettext(
            "%(doubtful)s of %(findings)s findings are less than %(percent)s sure.",
            doubtful=grouped(doubt.doubtful),
            findings=grouped(doubt.findings),
            percent=percent(DOUBTFUL),
        )
    if doubt.uncertain_bands:
        yield ngettext(
            "The band of %(count)s call hangs on such findings.",
            "The band of %(count)s calls hangs on such findings.",
            doubt.uncertain_bands,
        )
    if doubt.uncertain_roles:
        yield ngettext(
            "In %(count)s call it was guessed from the words who the agent is.",
            "In %(count)s calls it was guessed from the words who the agent is.",
            doubt.uncertain_roles,
        )
    if doubt.due:
        yield ngettext(
            "Of %(count)s promise that fell due this week no call tells in %(untold)s; silence "
            "does not mean that it was kept.",
            "Of %(count)s promises that fell due this week no call tells in %(untold)s; silence "
            "does not mean that they were kept.",
            doubt.due,
            untold=grouped(doubt.untold),
        )
    if doubt.not_compared:
        yield gettext(
            "Too few cases to compare: %(figures)s.",
            figures="; ".join(gettext(_FIGURES[name]) for name in doubt.not_compared),
        )
