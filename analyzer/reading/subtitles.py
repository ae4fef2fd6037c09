"""WebVTT (Teams, Zoom, YouTube and others), SubRip and SBV: cues with times become turns."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from analyzer.conversation import Conversation, Turn
from analyzer.reading.clock import seconds
from analyzer.reading.document import Document
from analyzer.reading.format import Format, Origin, conversation, merge_segments
from analyzer.reading.speaker_names import role_of

_TIME = r"(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_CUE_TIMES = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s|$)")
_SBV_TIMES = re.compile(rf"^\s*({_TIME}),({_TIME})\s*$", re.M)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>(.*?)(?=<v[\s.]|</v>|$)", re.S)
_MARKUP = re.compile(r"</?[a-z][^>]*>|<[\d:.]+>|\{\\[^}]*\}", re.I)
# `Name: text`, as Zoom writes it, and `>> Name: text`, as broadcasters do.
_NAMED = re.compile(r"^(?:>>\s*)?([^\W\d_][^:\n<>]{0,39}):\s+(\S.*)$", re.S)


@dataclass(frozen=True, slots=True)
class _Cue:
    text: str
    start: float | None
    end: float | None


def _parse_webvtt(document: Document) -> Iterator[Conversation]:
    import webvtt

    origin = Origin(document.name, document.id)
    _check_times(document, origin)
    try:
        captions = webvtt.from_string(document.text).captions
    except webvtt.errors.MalformedFileError as error:
        raise origin.error(f"not valid WebVTT ({error})", "export it again") from None
    cues = [_Cue(c.raw_text, seconds(c.start), seconds(c.end)) for c in captions]
    yield _call(origin, "webvtt", cues)


def _parse_srt(document: Document) -> Iterator[Conversation]:
    import pysubs2

    origin = Origin(document.name, document.id)
    _check_times(document, origin)
    events = pysubs2.SSAFile.from_string(document.text, format_="srt", keep_html_tags=True)
    cues = [_Cue(e.text.replace(r"\N", "\n"), e.start / 1000, e.end / 1000) for e in events]
    yield _call(origin, "srt", cues)


def _parse_sbv(document: Document) -> Iterator[Conversation]:
    import webvtt

    captions = webvtt.from_buffer(io.StringIO(document.text), format="sbv").captions
    cues = [_Cue(c.raw_text, seconds(c.start), seconds(c.end)) for c in captions]
    yield _call(Origin(document.name, document.id), "sbv", cues)


def _check_times(document: Document, origin: Origin) -> None:
    """The libraries leave out a cue whose times they cannot read; here it is an error instead."""
    for number, line in enumerate(document.text.split("\n"), 1):
        if "-->" in line and not _CUE_TIMES.match(line):
            shown = line.strip()[:60]
            raise origin.error(
                f"expected `start --> end` times, found {shown!r}",
                "mend this line or export the file again",
                place=f"line {number}",
            )


def _call(origin: Origin, format_name: str, cues: list[_Cue]) -> Conversation:
    segments = _named_segments(_unrolled(cues))
    return conversation(origin, format_name, merge_segments(segments))


def _unrolled(cues: Iterable[_Cue]) -> Iterator[_Cue]:
    """The cues without lines that only repeat the cue before, as rolling live captions do."""
    shown: list[str] = []
    for cue in cues:
        lines = [line for line in (_plain(part) for part in cue.text.split("\n")) if line]
        fresh = [line for line in lines if line not in shown]
        shown = lines
        if fresh:
            raw = cue.text if len(fresh) == len(lines) else "\n".join(fresh)
            yield _Cue(raw, cue.start, cue.end)


def _named_segments(cues: Iterable[_Cue]) -> Iterator[Turn]:
    speaker: str | None = None
    for cue in cues:
        voices = _VOICE.findall(cue.text)
        named = None if voices else _NAMED.match(_plain(cue.text))
        if voices:
            parts = [(name.strip(), said) for name, said in voices]
        elif named:
            parts = [(named[1].strip(), named[2])]
        else:
            # a cue without a name goes on with the speaker before it
            parts = [(speaker, cue.text)] if speaker else [(None, cue.text)]
        for speaker, said in parts:
            role = role_of(speaker) if speaker else "unknown"
            yield Turn(_plain(said), role, speaker, cue.start, cue.end)


def _plain(markup: str) -> str:
    import html

    return " ".join(html.unescape(_MARKUP.sub("", markup)).split())


def _is_webvtt(document: Document) -> bool:
    return document.data[:64].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \r\n").replace(b"\0", b"")[:6] == b"WEBVTT"


def _is_srt(document: Document) -> bool:
    start = document.text.lstrip()[:400].split("\n")
    return any("-->" in line for line in start[:3]) and not start[0].startswith("WEBVTT")


def _is_sbv(document: Document) -> bool:
    return bool(_SBV_TIMES.match(document.text.lstrip()[:200].split("\n")[0]))


WEBVTT = Format(
    "webvtt", "WebVTT (Teams, Zoom, YouTube)", "the first line `WEBVTT`", _is_webvtt, _parse_webvtt
)
SRT = Format("srt", "SubRip subtitles", "`-->` between times in the first lines", _is_srt, _parse_srt)
SBV = Format("sbv", "YouTube SBV", "`0:00:00.000,0:00:00.000` in the first line", _is_sbv, _parse_sbv)
