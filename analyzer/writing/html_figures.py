"""The figures of a call in plain words; what is not known says why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analyzer.report import Report
from analyzer.traits import TRAIT
from analyzer.writing.catalogue import gettext, marked
from analyzer.writing.html_score import Link, links
from analyzer.writing.html_words import length, number, percent, reason

FIGURE_NAMES = {
    "total_conversation_duration": (marked("Length of the call"), ""),
    "waiting_time": (marked("Wait for the agent"), marked("until the agent first speaks")),
    "hold_time": (marked("On hold"), marked("as the transcript reports it")),
    "non_talk_time": (marked("Silence"), marked("pauses of more than 3 s")),
    "talk_time": (marked("Speaking time"), ""),
    "talk_ratio": (marked("Agent's share of the speaking"), ""),
    "talk_speed": (marked("Speed"), marked("words per minute")),
    "words": (marked("Words"), ""),
    "longest_monologue": (marked("Agent's longest turn"), ""),
    "patience": (marked("Pause before the agent answers"), marked("on average")),
    "interruptions": (marked("Interruptions"), marked("who began while the other spoke")),
    "question_rate": (marked("Agent's turns with a question"), ""),
    "transfers": (marked("Times passed on"), ""),
}
_NOTHING_TO_MEASURE = marked("nothing in the call to measure it on")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is known, and what it means where the name does not say so."""

    name: str
    meaning: str
    value: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The figures that are not known for one reason."""

    reason: str
    names: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """Something that happens more than once, and where."""

    what: str
    links: tuple[Link, ...]


# What a report holds beside its figures.
_PARTS = {
    "band": marked("Band"),
    "counts": marked("Number of findings"),
    "evidence": marked("Findings"),
    "language": marked("Language"),
    "outcome": marked("How it ended"),
    "score": marked("Score"),
    "score_range": marked("Range of the score"),
    "scorecard": marked("Scorecard"),
}


def feature_name(feature: str) -> str:
    """What a feature that was not analysed is called, for people."""
    if feature in FIGURE_NAMES:
        return gettext(FIGURE_NAMES[feature][0])
    return gettext(_PARTS.get(feature, feature.replace("_", " ")))


def figures(report: Report) -> Iterator[Figure]:
    """The figures that are known, in the order of the table."""
    for _, name, meaning, value in _rows(report):
        if value is not None:
            yield Figure(name, meaning, value)


def missing(report: Report) -> Iterator[Missing]:
    """The figures that are not known, by the reason why."""
    why = {skipped.feature: reason(skipped.reason_code) for skipped in report.skipped_analysis}
    names: dict[str, list[str]] = {}
    for field, name, _, value in _rows(report):
        if value is None:
            names.setdefault(why.get(field, gettext(_NOTHING_TO_MEASURE)), []).append(name)
    for because, those in names.items():
        yield Missing(because, ", ".join(those))


def _rows(report: Report) -> Iterator[tuple[str, str, str, str | None]]:
    """The field of the metrics, the figure's name and meaning, and its value in words."""
    metrics = report.metrics
    values = {
        "total_conversation_duration": _length(metrics.total_conversation_duration),
        "waiting_time": _length(metrics.waiting_time),
        "hold_time": _length(metrics.hold_time),
        "non_talk_time": _length(metrics.non_talk_time),
        "talk_time": _sides(metrics.talk_time, " s"),
        "talk_ratio": _percent(metrics.talk_ratio),
        "talk_speed": _sides(metrics.talk_speed),
        "words": _sides(metrics.words),
        "longest_monologue": _length(metrics.longest_monologue),
        "patience": _length(metrics.patience),
        "interruptions": _sides(metrics.interruptions),
        "question_rate": _percent(metrics.question_rate),
        "transfers": None if report.transfers is None else str(report.transfers),
    }
    for field, value in values.items():
        name, meaning = FIGURE_NAMES[field]
        yield field, gettext(name), gettext(meaning) if meaning else "", value


def repeats(report: Report, call: str) -> Iterator[Repeat]:
    """What is found in more than one turn, and what the agent asks twice."""
    for label, turns in report.metrics.repeats.items():
        yield Repeat(gettext(TRAIT[label].title), links(turns, call))
    for pair in report.metrics.repeated_questions:
        yield Repeat(gettext("The same question again"), links(pair, call))


def _length(seconds: float | None) -> str | None:
    return None if seconds is None else length(seconds)


def _percent(share: float | None) -> str | None:
    return None if share is None else percent(share)


def _sides(values: Mapping[str, float] | None, unit: str = "") -> str | None:
    """The agent's and the customer's value; what belongs to both is left out."""
    if values is None:
        return None
    sides = {"agent": gettext("agent"), "customer": gettext("customer")}
    known = ((name, values[side]) for side, name in sides.items() if side in values)
    return ", ".join(f"{name} {number(value)}{unit}" for name, value in known) or None
