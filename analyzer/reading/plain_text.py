"""Plain text and Markdown: `Agent: …`, with numbers or times in front, events between the lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.conversation import Conversation, Role, Turn
from analyzer.messages import Message
from analyzer.reading.clock import seconds
from analyzer.reading.document import Document
from analyzer.reading.format import Format, Origin, conversation, from_first
from analyzer.reading.speaker_names import role_of, speakers_among

_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
_DATE = r"(?:\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}),?[T ]\s*"
# Numbering, bullets and a time in front: `12. `, `- `, `[00:01:02] `, `00:12 - `.
_LEAD = re.compile(
    rf"^\s*(?:\d{{1,4}}[.)]\s+|[-*>•]\s+)?"
    rf"(?:[\[(<]?(?:{_DATE})?({_TIME})[\])>]?(?:\s*[-–—|]\s*|\s+))?"
)
_BRACKETED_TIME = re.compile(rf"^\s*[\[(]{_TIME}[\])]\s+")
# `Name:`, `[Name]:`, `**Name**:` or `Name (00:12):`; the parentheses may hold other words too.
_NAME = re.compile(
    rf"^[*_\[]{{0,3}}([^\W\d_][^:\n*\[\](){{}}<>]{{0,38}}?)[*_\]]{{0,3}}"
    rf"\s{{0,4}}(?:[\[(](?:({_TIME})|([^:\n\[\]()]{{1,40}}))[\])])?\s{{0,4}}[*_]{{0,2}}"
    r"(?:\s{0,4}:[*_]{0,2}(?:\s+|$)|(?<!\s):[*_]{0,2}(?=[^\W\d]))(.*)$"
)
# `Name  00:12` on a line of its own, the words below it, as meeting tools export.
_NAME_LINE = re.compile(rf"^\[?([^\W\d_][^:\n\[\]]{{0,38}}?)\]?\s{{1,20}}[\[(]?({_TIME})[\])]?$")
_BRACKETED = re.compile(r"^\*?(?:\(([^()]+)\)|\[([^\[\]]+)\])\*?$")
_EMPHASISED = re.compile(r"^(?:\*([^*]+)\*|_([^_]+)_)$")
_SYSTEM_PREFIX = re.compile(r"^(?:system|event)\s*:\s*", re.I)
# Lines of text for each that begins with a speaker; where there are more, it is no conversation.
_MOST_LINES = 12
_START = 20_000  # characters that show whether a text is a transcript


@dataclass(slots=True)
class _Line:
    raw: str
    text: str
    name: str | None = None
    time: float | None = None


def _lines(text: str) -> Iterator[_Line]:
    for raw in text.split("\n"):
        if raw.strip() and not raw.startswith(("#", "---", "===")):
            yield _line(raw)


def _line(raw: str) -> _Line:
    lead = _LEAD.match(raw)
    rest = raw[lead.end() :].strip() if lead else raw.strip()
    time = seconds(lead[1]) if lead and lead[1] else None
    if _BRACKETED.match(rest):
        return _Line(raw, rest, None, time)
    if named := _NAME.match(rest):
        name, clock, aside, said = named.groups()
        if aside and (aside[0].isupper() or role_of(aside) != "unknown"):
            name = f"{name.strip()} ({aside})"  # a name or a role; `(suk)` is part of the words
        elif aside:
            said = f"({aside}) {said}"
        return _Line(raw, said.strip(), name.strip(), seconds(clock) if clock else time)
    if header := _NAME_LINE.match(rest):
        return _Line(raw, "", header[1].strip(), seconds(header[2]))
    return _Line(raw, rest, None, time)


def _turns(lines: list[_Line], speakers: dict[str, Role]) -> Iterator[Turn]:
    speaker = ""
    said: list[str] = []
    start: float | None = None
    for line in lines:
        event = _event(line) if line.name is None else None
        if event or line.name in speakers:
            yield _turn(speaker, said, start, speakers)
            said, start = [], line.time
        if event:
            yield event
        elif line.name in speakers:
            speaker, said = line.name, [line.text]
        elif speaker:
            # goes on with the speaker before it, an event between or not
            said.append(_BRACKETED_TIME.sub("", line.raw).strip())
    yield _turn(speaker, said, start, speakers)


def _turn(speaker: str, said: list[str], start: float | None, speakers: dict[str, Role]) -> Turn:
    """What one speaker said; an empty turn, which is left out later, where nobody did."""
    return Turn(" ".join(said), speakers.get(speaker, "unknown"), speaker, start)


def _event(line: _Line) -> Turn | None:
    direction = _BRACKETED.match(line.text) or _EMPHASISED.match(line.text)
    if direction is None:
        return None
    said = next(part for part in direction.groups() if part)
    return Turn(f"[{_SYSTEM_PREFIX.sub('', said).strip()}]", "system", None, line.time)


def _speakers(lines: list[_Line]) -> dict[str, Role]:
    return speakers_among(line.name for line in lines if line.name is not None)


def _parse(document: Document) -> Iterator[Conversation]:
    lines = list(_lines(document.text))
    speakers = _speakers(lines)
    origin = Origin(document.name, document.id)
    if not speakers:
        raise origin.error(
            Message("no line begins with a speaker"),
            Message("write one turn a line: `Agent: …`, `Customer: …`"),
        )
    yield conversation(origin, FORMAT.name, from_first(_turns(lines, speakers)))


def _matches(document: Document) -> bool:
    lines = list(_lines(document.text[:_START]))
    speakers = _speakers(lines)
    spoken = sum(line.name in speakers for line in lines)
    if spoken * _MOST_LINES < len(lines):
        return False
    return spoken >= 2 or not {"agent", "customer"}.isdisjoint(speakers.values())


FORMAT = Format(
    "text",
    "Plain text and Markdown",
    "lines that begin with a speaker and a colon",
    _matches,
    _parse,
)
