"""The transcript of a call as a conversation, with the evidence marked in place."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.conversation import Conversation, Role, Turn
from analyzer.evidence import Evidence
from analyzer.report import Report
from analyzer.traits import TRAIT
from analyzer.writing.catalogue import gettext, marked
from analyzer.writing.html_words import clock, explained, is_doubtful, sureness, turn_anchor

# A tag in the middle of a word would tear it apart; scripts without spaces have to bear it.
_REST_OF_WORD = re.compile(r"\S{1,15}(?=\s|$)")

_NAMES: dict[Role, str] = {
    "agent": marked("Agent"),
    "customer": marked("Customer"),
    "system": marked("Event"),
    "unknown": marked("Speaker"),
}


@dataclass(frozen=True, slots=True)
class Tag:
    """The name of a finding, shown after the last of its words."""

    title: str
    polarity: str
    sure: str
    doubtful: bool
    explanation: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding that covers a segment; `evidence` counts the findings of the call from 0."""

    evidence: int
    polarity: str


@dataclass(frozen=True, slots=True)
class Segment:
    """Characters of a turn that the same findings cover; `tags` name findings that end here."""

    text: str
    marks: tuple[Mark, ...]
    tooltip: str
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A turn as it is shown; `time` is empty where it is not known."""

    anchor: str
    number: int
    role: Role
    who: str
    time: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """All turns of a call, and the language that they are in (empty: not known)."""

    language: str
    lines: tuple[Line, ...]


Found = tuple[int, Evidence]


def transcript(report: Report, call: str) -> Transcript:
    """The transcript of a report; `call` is the id of the call's element."""
    found: dict[int, list[Found]] = defaultdict(list)
    for index, item in enumerate(report.evidence):
        found[item.turn].append((index, item))
    names = speaker_names(report.conversation)
    lines = [
        Line(
            anchor=turn_anchor(call, index),
            number=index,
            role=turn.role,
            who=names[index],
            time="" if turn.start is None else clock(turn.start),
            segments=segments(turn.text, found[index]),
        )
        for index, turn in enumerate(report.conversation.turns)
    ]
    return Transcript(report.conversation.language or "", tuple(lines))


def segments(text: str, found: Sequence[Found]) -> tuple[Segment, ...]:
    """`text` cut wherever a finding begins or ends; joined again the segments are `text`."""
    edges = {0, len(text)}
    for _, item in found:
        edges |= {item.start, item.end, tag_place(text, item.end)}
    cuts = sorted(edge for edge in edges if 0 <= edge <= len(text))
    return tuple(
        _segment(text, start, end, found) for start, end in zip(cuts, cuts[1:], strict=False)
    )


def _segment(text: str, start: int, end: int, found: Sequence[Found]) -> Segment:
    covering = [(i, item) for i, item in found if item.start <= start and end <= item.end]
    covering.sort(key=lambda one: one[1].start - one[1].end)  # the longest lies outermost
    return Segment(
        text=text[start:end],
        marks=tuple(Mark(i, TRAIT[item.label].polarity) for i, item in covering),
        tooltip="\n".join(explained(item) for _, item in covering),
        tags=tuple(tag(item) for _, item in found if tag_place(text, item.end) == end),
    )


def tag_place(text: str, end: int) -> int:
    """Where the tag of words that end at `end` goes: after the rest of the word and its comma."""
    rest = _REST_OF_WORD.match(text, end)
    return rest.end() if rest else end


def tag(item: Evidence) -> Tag:
    """The name tag of a finding."""
    trait = TRAIT[item.label]
    title = gettext(trait.title)
    return Tag(title, trait.polarity, sureness(item), is_doubtful(item), explained(item))


def speaker_names(conversation: Conversation) -> list[str]:
    """Who speaks in each turn; several agents or customers are numbered as they first speak."""
    known: dict[Role, list[str | None]] = defaultdict(list)
    for turn in conversation.turns:
        if turn.speaker not in known[turn.role]:
            known[turn.role].append(turn.speaker)
    return [_name(turn, known) for turn in conversation.turns]


def _name(turn: Turn, known: Mapping[Role, list[str | None]]) -> str:
    if turn.role == "unknown" and turn.speaker:
        return turn.speaker
    several = turn.role != "system" and len(known[turn.role]) > 1
    name = gettext(_NAMES[turn.role])
    return f"{name} {known[turn.role].index(turn.speaker) + 1}" if several else name
