"""Plain text and Markdown: `Agent: …`, names, numbers or times in front, directions on lines of their own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.conversation import Conversation, Role, Turn
from analyzer.reading.clock import seconds
from analyzer.reading.document import Document
from analyzer.reading.format import Format, Origin, conversation
from analyzer.reading.speaker_names import role_of

_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
# Numbering, bullets and a time in front: `12. `, `- `, `[00:01:02] `, `00:12 - `.
_LEAD = re.compile(
    rf"^\s*(?:\d{{1,4}}[.)]\s+|[-*>•]\s+)?(?:[\[(<]?({_TIME})[\])>]?(?:\s*[-–—|]\s*|\s+))?"
)
# `Name:` or `**Name (00:12)**:`; the name may hold a time of its own.
_NAME = re.compile(
    rf"^[*_]{{0,2}}([^\W\d_][^:\n*\[\](){{}}<>]{{0,38}}?\d{{0,2}})[*_]{{0,2}}"
    rf"\s*(?:[\[(]({_TIME})[\])])?\s*[*_]{{0,2}}\s*:[*_]{{0,2}}(?:\s+|$)(.*)$"
)
# `Name  00:12` on a line of its own, the words below it, as meeting tools export.
_NAME_LINE = re.compile(rf"^([^\W\d_][^:\n]{{0,38}}?)\s+[\[(]?({_TIME})[\])]?\s*$")
_DIRECTION = re.compile(r"^(?:\*?\((.+)\)\*?|\*?\[(.+)\]\*?|\*([^*]+)\*|_([^_]+)_)$")
_SYSTEM_PREFIX = re.compile(r"^(?:system|event)\s*:\s*", re.I)
_HEADERS = re.compile(
    r"^(?:date|dato|datum|time|tid|tidspunkt|subject|emne|ämne|id|call id|samtale|samtal|varighed|"
    r"varighet|längd|duration|queue|kø|kö|title|titel|tittel|file|fil|language|sprog|språk|re|note)$",
    re.I,
)
_NOTATION: dict[str, Role] = {"a": "agent", "c": "customer", "k": "customer", "s": "system"}


@dataclass(slots=True)
class _Line:
    text: str
    name: str | None = None
    time: float | None = None


def _lines(text: str) -> Iterator[_Line]:
    for raw in text.split("\n"):
        if not raw.strip() or raw.startswith(("#", "---", "===")):
            continue
        lead = _LEAD.match(raw)
        rest = raw[lead.end() :].strip() if lead else raw.strip()
        time = seconds(lead[1]) if lead and lead[1] else None
        if named := _NAME.match(rest):
            yield _Line(named[3].strip(), named[1].strip(), seconds(named[2]) if named[2] else time)
        elif header := _NAME_LINE.match(rest):
            yield _Line("", header[1].strip(), seconds(header[2]))
        else:
            yield _Line(rest, None, time)


def _speakers(lines: list[_Line]) -> dict[str, Role]:
    """The names that are speakers, with their roles: known words, and names that come back."""
    counts = Counter(line.name for line in lines if line.name is not None)
    letters = {name.lower().rstrip("0123456789") for name in counts}
    if letters <= set(_NOTATION):
        return {name: _NOTATION[name.lower().rstrip("0123456789")] for name in counts}
    speakers: dict[str, Role] = {}
    for name, count in counts.items():
        role = role_of(name)
        likely = name[:1].isupper() if count > 1 else name.istitle()
        if role != "unknown" or (likely and not _HEADERS.match(name)):
            speakers[name] = role
    return _complete(speakers)


def _complete(speakers: dict[str, Role]) -> dict[str, Role]:
    """With one side named by its role and one name left, that name is the other side."""
    known = set(speakers.values()) - {"unknown", "system"}
    unknown = [name for name, role in speakers.items() if role == "unknown"]
    if len(known) == 1 and len(unknown) == 1:
        return speakers | {unknown[0]: "customer" if known == {"agent"} else "agent"}
    return speakers


def _turns(lines: list[_Line], speakers: dict[str, Role]) -> Iterator[Turn]:
    current: Turn | None = None
    for line in lines:
        direction = _DIRECTION.match(line.text) if line.name is None else None
        if line.name in speakers and line.name is not None:
            if current:
                yield current
            current = Turn(line.text, speakers[line.name], line.name, line.time)
        elif direction:
            if current:
                yield current
            current = None
            said = next(part for part in direction.groups() if part)
            yield Turn(f"[{_SYSTEM_PREFIX.sub('', said).strip()}]", "system", None, line.time)
        else:
            text = line.text if line.name is None else f"{line.name}: {line.text}"
            if current:
                current = Turn(f"{current.text} {text}".strip(), current.role, current.speaker, current.start)
    if current:
        yield current


def _parse(document: Document) -> Iterator[Conversation]:
    lines = list(_lines(document.text))
    speakers = _speakers(lines)
    origin = Origin(document.name, document.id)
    if not speakers:
        raise origin.error(
            "no line begins with a speaker", "write one turn a line as `Agent: …` and `Customer: …`"
        )
    yield conversation(origin, FORMAT.name, _turns(lines, speakers))


def _matches(document: Document) -> bool:
    lines = list(_lines(document.text[:20_000]))
    speakers = _speakers(lines)
    spoken = sum(line.name in speakers for line in lines)
    return spoken >= 1 and (spoken >= 2 or any(role != "unknown" for role in speakers.values()))


FORMAT = Format(
    "text", "Plain text and Markdown", "lines that begin with a speaker and a colon", _matches, _parse
)
