"""vCon (IETF draft): text dialogs, transfers, and the transcripts of recordings."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from analyzer.conversation import Conversation, Turn
from analyzer.messages import Message
from analyzer.reading import vcon_transcript
from analyzer.reading.document import shown
from analyzer.reading.format import JsonFormat, Origin, Shape, by_time, conversation, field, shaped
from analyzer.reading.vcon_transcript import Party

_TRANSCRIPTS = ("transcript", "diarized", "transcription")


class _Dialog(Shape):
    type: str
    start: str | None = None
    duration: float | None = None
    parties: Any = None
    originator: int | None = None
    encoding: str = "none"
    body: Any = None


class _Analysis(Shape):
    type: str
    dialog: Any = None
    body: Any = None


class _File(Shape):
    uuid: str | None = None
    created_at: str | None = None
    parties: list[Party] = []
    dialog: list[_Dialog] = []
    analysis: list[_Analysis] = []


def _matches(value: Mapping[str, Any]) -> bool:
    return "vcon" in value or {"parties", "dialog"} <= set(value)


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    _check(file, origin)
    turns = by_time([*_typed(file, origin), *_transcribed(file, origin), *_transfers(file)])
    if not any(turn.text.strip() for turn in turns):
        raise origin.error(
            Message("this vCon holds no text, only references or recordings"),
            Message("add a transcript as an `analysis` entry"),
        )
    starts = {time: dialog.start for dialog in file.dialog if (time := _time(dialog.start))}
    return conversation(
        origin,
        FORMAT.name,
        turns,
        id=file.uuid,
        started_at=starts[min(starts)] if starts else file.created_at,
        original=value,
    )


def _check(file: _File, origin: Origin) -> None:
    if not file.dialog and not file.analysis:
        raise origin.error(
            Message("this vCon has no dialog"), Message("export it again"), place=field("dialog")
        )
    for index, dialog in enumerate(file.dialog):
        for party in _indices(dialog.parties):
            if not 0 <= party < len(file.parties):
                raise origin.error(
                    Message(
                        "party %(party)s does not exist, the vCon has %(count)s",
                        party=shown(party),
                        count=len(file.parties),
                    ),
                    Message("mend the reference or export it again"),
                    place=field(f"dialog.{index}.parties"),
                )


def _indices(reference: Any) -> list[int]:
    """The numbers in a reference, which is a number or a list of them."""
    items = reference if isinstance(reference, list) else [reference]
    return [item for item in items if isinstance(item, int)]


def _typed(file: _File, origin: Origin) -> Iterator[Turn]:
    zero = _zero(file)
    for index, dialog in enumerate(file.dialog):
        if dialog.type != "text" or not isinstance(dialog.body, str):
            continue
        text = _body(dialog, replace(origin, place=field(f"dialog.{index}.body")))
        start = _offset(dialog.start, zero)
        speaking = [dialog.originator, *_indices(dialog.parties)]
        party = next((number for number in speaking if number is not None), -1)
        if not 0 <= party < len(file.parties):
            yield Turn(text, "unknown", None, start)
            continue
        end = start + dialog.duration if start is not None and dialog.duration is not None else None
        yield Turn(text, *file.parties[party].speaking(party), start, end)


def _body(dialog: _Dialog, origin: Origin) -> str:
    body = str(dialog.body)
    if dialog.encoding != "base64url":
        return body
    try:
        padded = body + "=" * (-len(body) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise origin.error(
            Message("expected text in base64url"), Message("export it again")
        ) from None


def _transcribed(file: _File, origin: Origin) -> Iterator[Turn]:
    """The turns of every recording: the first analysis of it that holds its words."""
    zero = _zero(file)
    done = {i for i, d in enumerate(file.dialog) if d.type == "text" and isinstance(d.body, str)}
    for index, analysis in enumerate(file.analysis):
        recording = next(iter(_indices(analysis.dialog)), 0)
        if analysis.type not in _TRANSCRIPTS or recording in done:
            continue
        place = replace(origin, place=field(f"analysis.{index}.body"))
        turns = list(vcon_transcript.turns(analysis.body, file.parties, place))
        if turns:
            done.add(recording)
        known = 0 <= recording < len(file.dialog)
        start = file.dialog[recording].start if known else None
        for turn in turns:
            yield _later(turn, _offset(start, zero) or 0.0)


def _later(turn: Turn, by: float) -> Turn:
    return replace(
        turn,
        start=None if turn.start is None else turn.start + by,
        end=None if turn.end is None else turn.end + by,
    )


def _transfers(file: _File) -> Iterator[Turn]:
    zero = _zero(file)
    for dialog in file.dialog:
        if dialog.type == "transfer":
            yield Turn("[transfer]", "system", None, _offset(dialog.start, zero))


def _zero(file: _File) -> datetime | None:
    return min((t for t in map(_time, [d.start for d in file.dialog]) if t), default=None)


def _offset(start: str | None, zero: datetime | None) -> float | None:
    time = _time(start)
    return None if time is None or zero is None else (time - zero).total_seconds()


def _time(text: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time


FORMAT = JsonFormat(
    "vcon", "vCon", "an object with `vcon`, or with `parties` and `dialog`", _matches, _parse
)
