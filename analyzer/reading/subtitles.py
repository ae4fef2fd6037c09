"""WebVTT (Teams, Zoom, YouTube and others), SubRip and SBV: cues with times become turns."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from analyzer.conversation import Conversation, Role, Turn
from analyzer.messages import Message
from analyzer.reading.clock import seconds
from analyzer.reading.document import Document
from analyzer.reading.format import Format, Origin, conversation, merge_segments
from analyzer.reading.speaker_names import roles_of, speakers_among

_TIME = r"(?:\d{1,10}:)?\d{1,2}:\d{2}(?:[.,]\d{1,9})?"
_ARROW = re.compile(rf"^\s*({_TIME})\s*-->\s*({_TIME})(?:\s|$)")
_COMMA = re.compile(rf"^\s*({_TIME})\s*,\s*({_TIME})\s*$")
_LIBRARY_NAMES = {"webvtt": "vtt", "srt": "srt", "sbv": "sbv"}
# What was meant to be times; `-->` between words is text.
_MEANT = re.compile(r"\d\s*-->|-->\s*\d")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>|</v>")
_MARKUP = re.compile(r"</?[a-z][^<>]*>|<[\d:.]+>|\{\\[^{}]*\}", re.I)
# `Name: text`, as Zoom writes it, and `>> Name: text`, as broadcasters do.
_NAMED = re.compile(r"^(?:>>\s*)?([^\W\d_][^:\n<>]{0,39}):\s+(\S.*)$", re.S)
_DIRECTION = re.compile(r"^\[([^\[\]]+)\]$|^\(([^()]+)\)$|^♪+([^♪]*)♪*$")


@dataclass(slots=True)
class _Cue:
    start: float | None
    end: float | None
    lines: list[str] = field(default_factory=list)


def _parser(format_name: str) -> Callable[[Document], Iterator[Conversation]]:
    def parse(document: Document) -> Iterator[Conversation]:
        import webvtt  # only subtitles pay for this import

        origin = Origin(document.name, document.id)
        lines = _canonical(document.text, format_name, origin)
        if format_name == "srt":
            lines = _numbered(list(lines))
        text = io.StringIO("\n".join(lines).lstrip())
        try:
            captions = webvtt.from_buffer(text, format=_LIBRARY_NAMES[format_name]).captions
        except (webvtt.errors.MalformedFileError, webvtt.errors.MalformedCaptionError):
            raise origin.error(
                Message("not valid subtitles"), Message("export them again")
            ) from None
        cues = [_Cue(seconds(c.start), seconds(c.end), c.raw_text.split("\n")) for c in captions]
        yield conversation(origin, format_name, merge_segments(_turns(_unrolled(cues))))

    return parse


def _canonical(text: str, format_name: str, origin: Origin) -> Iterator[str]:
    """The lines with every time as the standard writes it.

    Many tools are careless there, and webvtt-py leaves out a cue whose times it cannot read: so
    times are mended where they can be read, and an error where they cannot.
    """
    times, joint = (_COMMA, ",") if format_name == "sbv" else (_ARROW, " --> ")
    for number, line in enumerate(text.split("\n"), 1):
        if match := times.match(line):
            mark = "," if format_name == "srt" else "."
            yield joint.join(_clock(seconds(part), mark) for part in match.groups())
        elif times is _ARROW and _MEANT.search(line):
            raise origin.error(
                Message("expected `start --> end` times"),  # the line may hold what was said
                Message("mend this line or export the file again"),
                place=Message("line %(line)s", line=number),
            )
        else:
            yield line.replace("-->", "--&gt;")  # an arrow between words is text


def _numbered(lines: list[str]) -> Iterator[str]:
    """The lines of SubRip with a number of ours before the times of every cue, as it must be."""
    counted = next((line for line in lines if line.strip()), "").strip().isdecimal()
    begun = False
    for number, line in enumerate(lines):
        following = next((after for after in lines[number + 1 : number + 3] if after.strip()), "")
        if "-->" in line:
            begun = True
            yield from ("", str(number), line)
        elif begun and not (counted and line.strip().isdecimal() and "-->" in following):
            yield line


def _clock(time: float | None, mark: str) -> str:
    milliseconds = round((time or 0) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _unrolled(cues: list[_Cue]) -> list[_Cue]:
    """The cues without lines repeated from the cue before, if these are rolling live captions.

    They are if a line comes back above a new one; otherwise somebody has said `Ja.` again.
    """
    shown = [[text for line in cue.lines if (text := _plain(line))] for cue in cues]
    if not any(old and new[:1] == old[-1:] and len(new) > 1 for old, new in pairwise(shown)):
        return cues
    for cue, old in zip(cues[1:], shown, strict=False):
        cue.lines = [line for line in cue.lines if "<v" in line or _plain(line) not in old]
    return cues


def _turns(cues: list[_Cue]) -> Iterator[Turn]:
    parts = [(cue, name, said) for cue in cues for name, said in _voices("\n".join(cue.lines))]
    named = [_NAMED.match(_plain(said)) if name is None else None for _, name, said in parts]
    roles = speakers_among(match[1].strip() for match in named if match)
    roles |= roles_of({name for _, name, _ in parts if name})
    speaker: str | None = None
    for (cue, voice, said), match in zip(parts, named, strict=True):
        text = _plain(said)
        if voice is None and (direction := _DIRECTION.match(text)):
            yield _event(direction, cue)
            continue
        if voice:
            speaker = voice
        elif match and match[1].strip() in roles:
            speaker, text = match[1].strip(), match[2]
        # what has no name goes on with the speaker before it
        role: Role = roles[speaker] if speaker else "unknown"
        yield Turn(text, role, speaker, cue.start, cue.end)


def _voices(text: str) -> Iterator[tuple[str | None, str]]:
    """The parts of a cue, each with the name in its voice tag."""
    names_between = _VOICE.split(text)
    for name, said in zip([None, *names_between[1::2]], names_between[::2], strict=True):
        if said.strip():
            yield _plain(name) if name else None, said


def _event(direction: re.Match[str], cue: _Cue) -> Turn:
    said = next((part.strip() for part in direction.groups() if part and part.strip()), "♪")
    return Turn(f"[{said}]", "system", None, cue.start, cue.end)


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_MARKUP.sub("", markup)).split())


def _is_webvtt(document: Document) -> bool:
    start = document.data[:64].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n")
    return start.startswith(b"WEBVTT")


def _is_srt(document: Document) -> bool:
    start = document.text.lstrip()[:400].split("\n")
    return any(_MEANT.search(line) for line in start[:3])


def _is_sbv(document: Document) -> bool:
    return bool(_COMMA.match(document.text.lstrip()[:200].split("\n")[0]))


WEBVTT = Format(
    "webvtt",
    "WebVTT (Teams, Zoom, YouTube)",
    "the first line `WEBVTT`",
    _is_webvtt,
    _parser("webvtt"),
)
SRT = Format(
    "srt",
    "SubRip subtitles",
    "`-->` and a time in the first lines",
    _is_srt,
    _parser("srt"),
)
SBV = Format(
    "sbv",
    "YouTube SBV",
    "`0:00:00.000,0:00:00.000` in the first line",
    _is_sbv,
    _parser("sbv"),
)
