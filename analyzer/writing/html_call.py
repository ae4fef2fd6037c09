"""One call in the HTML report, as its template needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from analyzer.conversation import Conversation, RoleDecision
from analyzer.evidence import Evidence
from analyzer.flags import Flag
from analyzer.report import Report
from analyzer.writing.catalogue import gettext
from analyzer.writing.html_figures import Figure, Missing, Repeat, figures, missing, repeats
from analyzer.writing.html_score import (
    Ending,
    Link,
    Score,
    Sum,
    ending_of,
    links,
    score_of,
    sum_of,
)
from analyzer.writing.html_timeline import Timeline, timeline
from analyzer.writing.html_transcript import Tag, Transcript, tag, transcript
from analyzer.writing.html_words import (
    NOT_KNOWN,
    band_title,
    flag_reason,
    flag_title,
    format_title,
    language_name,
    length,
    moment,
    percent,
    reason,
    turn_anchor,
)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something about the call that needs no explanation."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Reason:
    """A flag with its reason; `kind` is praise, doubt or concern."""

    kind: str
    title: str
    reason: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A row of the list of findings."""

    link: Link
    tag: Tag
    text: str


@dataclass(frozen=True, slots=True)
class CallContext:
    """What `_call.html.j2` shows; without a score, `score`, `sum` and `ending` are `None`."""

    anchor: str
    id: str
    band: str
    band_title: str
    not_scored: str
    score: Score | None
    facts: tuple[Fact, ...]
    reasons: tuple[Reason, ...]
    timeline: Timeline
    sum: Sum | None
    ending: Ending | None
    transcript: Transcript
    findings: tuple[Finding, ...]
    uncertain: tuple[Finding, ...]
    figures: tuple[Figure, ...]
    missing: tuple[Missing, ...]
    repeats: tuple[Repeat, ...]
    model: str


def call_context(report: Report, anchor: str) -> CallContext:
    """The context of a call whose element has the id `anchor`."""
    return CallContext(
        anchor=anchor,
        id=report.id,
        band=report.band or "none",
        band_title=band_title(report.band),
        not_scored=why_not_scored(report),
        score=score_of(report),
        facts=tuple(_facts(report.conversation)),
        reasons=tuple(_reason(flag, anchor) for flag in report.flags),
        timeline=timeline(report, anchor),
        sum=sum_of(report.scorecard, anchor) if report.scorecard else None,
        ending=ending_of(report.outcome) if report.outcome else None,
        transcript=transcript(report, anchor),
        findings=_findings(report.evidence, anchor),
        uncertain=_findings(report.uncertain, anchor),
        figures=tuple(figures(report)),
        missing=tuple(missing(report)),
        repeats=tuple(repeats(report, anchor)),
        model=gettext(
            "%(name)s, version %(version)s", name=report.model.name, version=report.model.version
        ),
    )


def _findings(evidence: Iterable[Evidence], anchor: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(Link(turn_anchor(anchor, item.turn), item.turn), tag(item), item.text)
        for item in evidence
    )


def why_not_scored(report: Report) -> str:
    """The reasons in plain words, empty for a call that is scored."""
    if report.score is not None:
        return ""
    return "; ".join(map(reason, report.unscored_because)) or gettext("no reason is given")


def _facts(conversation: Conversation) -> Iterator[Fact]:
    duration = conversation.duration
    yield Fact(gettext("Language"), language_name(conversation.language))
    unknown = f"{gettext(NOT_KNOWN)}: {reason('NO_TIMESTAMPS')}"
    yield Fact(gettext("Duration"), unknown if duration is None else length(duration))
    yield Fact(gettext("Turns"), _numbered(len(conversation.turns)))
    if conversation.started_at:
        yield Fact(gettext("Started"), moment(conversation.started_at))
    if conversation.customer_id:
        yield Fact(gettext("Customer"), conversation.customer_id)
    if conversation.queue:
        yield Fact(gettext("Queue"), conversation.queue)
    yield Fact(gettext("Format"), format_title(conversation.format))
    if conversation.source:
        yield Fact(gettext("File"), PurePath(conversation.source.replace("\\", "/")).name)
    yield Fact(gettext("Who is the agent"), _roles(conversation.roles))


def _numbered(turns: int) -> str:
    if turns <= 1:
        return str(turns)
    return gettext("%(turns)s, numbered 0 to %(last)s", turns=turns, last=turns - 1)


def _roles(decision: RoleDecision) -> str:
    if decision.method == "given":
        return gettext("stated in the file")
    if decision.method == "set":
        return gettext("set by hand")
    if decision.probability is None:
        return gettext("worked out from what is said")
    sure = percent(decision.probability)
    return gettext("worked out from what is said (%(percent)s sure)", percent=sure)


def _reason(flag: Flag, call: str) -> Reason:
    return Reason(flag.kind, flag_title(flag.name), flag_reason(flag), links(flag.turns, call))
