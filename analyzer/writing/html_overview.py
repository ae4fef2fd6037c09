"""The head of the HTML report: the spread over the bands, a row per call, and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from analyzer.flags import FLAG_KINDS
from analyzer.report import Report
from analyzer.standouts import shortened, standouts
from analyzer.traits import TRAIT, TRAITS, Trait
from analyzer.writing.catalogue import gettext
from analyzer.writing.html_call import why_not_scored
from analyzer.writing.html_score import Score, score_of
from analyzer.writing.html_words import band_title, flag_reason, flag_title, language_name

_QUOTE = 70
_STANDOUTS = 3
_NAMED = 10
_BANDS = (
    ("rasmus", "The customer is worse off than before and would warn others."),
    ("kasper", "Solved and forgotten, or mixed with no lasting mark."),
    ("star", "Solved, and the customer got more than they came for."),
)
_POLARITIES = (
    ("rasmus", "Agent: drives a customer away"),
    ("star", "Agent: keeps a customer"),
    ("signal", "Customer: what they let us know"),
)


@dataclass(frozen=True, slots=True)
class Standout:
    """A finding worth a glance and the words of its surest place; `times` counts its turns."""

    title: str
    polarity: str
    times: int
    quote: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A flag in a row; `kind` is praise, doubt or concern."""

    kind: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """All that is kept of a call in memory; `kind` is that of its most pressing flag."""

    anchor: str
    id: str
    language: str
    language_tag: str
    band: str
    band_title: str
    not_scored: str
    score: Score | None
    transfers: int | None
    standouts: tuple[Standout, ...]
    chips: tuple[Chip, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Share:
    """A band: how many of the scored calls fall into it, and what it means."""

    band: str
    title: str
    meaning: str
    count: int
    percent: str


@dataclass(frozen=True, slots=True)
class Unscored:
    """A reason for calls to have no score; `rows` are the first few of them, `more` the others."""

    reason: str
    count: int
    rows: tuple[Row, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Legend:
    """The traits of one polarity."""

    polarity: str
    title: str
    traits: tuple[Trait, ...]


def row(report: Report, anchor: str) -> Row:
    """The row of a call whose element has the id `anchor`."""
    chips = tuple(
        Chip(flag.kind, flag_title(flag.name), flag_reason(flag)) for flag in report.flags
    )
    return Row(
        anchor=anchor,
        id=report.id,
        language=language_name(report.conversation.language),
        language_tag=report.conversation.language or "",
        band=report.band or "none",
        band_title=band_title(report.band),
        not_scored=why_not_scored(report),
        score=score_of(report),
        transfers=report.transfers,
        standouts=tuple(_standouts(report)),
        chips=chips,
        kind=next((k for k in FLAG_KINDS if k in {chip.kind for chip in chips}), ""),
    )


def _standouts(report: Report) -> Iterator[Standout]:
    for found in standouts(report, _STANDOUTS):
        trait = TRAIT[found.label]
        words = shortened(found.evidence.text, _QUOTE)
        yield Standout(gettext(trait.title), trait.polarity, found.turns, words)


def shares(rows: Sequence[Row]) -> tuple[Share, ...]:
    """How the scored calls spread over the three bands."""
    counts = {band: sum(row.band == band for row in rows) for band, _ in _BANDS}
    scored = sum(counts.values())
    return tuple(
        Share(
            band,
            band_title(band),
            meaning,
            counts[band],
            f"{round(100 * counts[band] / scored)}%" if scored else "",
        )
        for band, meaning in _BANDS
    )


def unscored(rows: Iterable[Row]) -> tuple[Unscored, ...]:
    """The calls without a score by reason."""
    reasons: dict[str, list[Row]] = {}
    for each in rows:
        if each.not_scored:
            reasons.setdefault(each.not_scored, []).append(each)
    return tuple(
        Unscored(why, len(those), tuple(those[:_NAMED]), max(len(those) - _NAMED, 0))
        for why, those in reasons.items()
    )


def legend() -> tuple[Legend, ...]:
    """Every trait with its definition, by polarity."""
    return tuple(
        Legend(polarity, title, tuple(trait for trait in TRAITS if trait.polarity == polarity))
        for polarity, title in _POLARITIES
    )
