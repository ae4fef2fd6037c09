"""What changed in a week, and what is not known of it, in words: the digest's plain sentences."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.insights.digest import Digest
from analyzer.insights.week_changes import Difference, TurningPoint
from analyzer.scoring import DOUBTFUL
from analyzer.writing.catalogue import gettext, grouped, marked, ngettext
from analyzer.writing.html_words import number, percent

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


def change(item: Difference | TurningPoint) -> tuple[str, str]:
    """What changed by how much, and how sure that is."""
    return _difference(item) if isinstance(item, Difference) else _turning_point(item)


def _difference(item: Difference) -> tuple[str, str]:
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
    return text, detail


def _turning_point(item: TurningPoint) -> tuple[str, str]:
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
    return text, detail


def missing(digest: Digest, unread: int) -> Iterator[str]:
    """What was not analysed."""
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


def doubts(digest: Digest) -> Iterator[str]:
    """What the machine is unsure of."""
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
