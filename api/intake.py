"""From what is sent to conversations fit to be stored: read, bounded, redacted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePath
from typing import IO, Any
from unicodedata import category

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.language import language_of
from analyzer.messages import Message
from analyzer.reading.archive import is_call
from analyzer.reading.document import Document, shown
from analyzer.reading.formats import parse
from analyzer.reading.sources import Location, documents, locate
from analyzer.redaction import redact
from api.payload import to_payload
from api.settings import Settings

Parsed = Conversation | TranscriptError

# Objects and lists in one document: what a few bytes blow up to hundreds when they are read.
_MAX_PARTS = 2_000_000
# Of a name in messages.
_MAX_NAME = 200
# Characters that a key can have, as wide as its column.
_WIDTHS = {
    "id": 400,
    **dict.fromkeys(("customer_id", "agent_id", "queue", "case_id", "product"), 200),
    "language": 16,
}
# What a database or a text file cannot hold: U+0000, and half a surrogate pair.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent: its name, and what opens it."""

    name: str
    open: Callable[[], IO[bytes]]


def read_uploads(
    uploads: Sequence[Upload], settings: Settings, format: str = "auto", skip: int = 0
) -> Iterator[Parsed]:
    """Every call in the files after the first `skip`, redacted; errors stand in their place.

    Reading stops with an error once the files hold more calls, or unpack to more bytes, than
    `settings` allow.
    """
    # a folder also holds files that are none, unless somebody chose nothing else
    uploads = [own for own in uploads if is_call(PurePath(own.name))] or uploads
    names = [shown(own.name, _MAX_NAME) or "upload" for own in uploads]
    locations = (Location(name, name, own.open) for name, own in zip(names, uploads, strict=True))
    for parsed in islice(_read(locations, settings, format), skip, None):
        yield redacted(parsed, settings) if isinstance(parsed, Conversation) else parsed


def read_address(url: str, settings: Settings, format: str, skip: int = 0) -> Iterator[Parsed]:
    """Every call at an address after the first `skip`, as `read_uploads` gives them."""
    for parsed in islice(_read(locate([url]), settings, format), skip, None):
        yield redacted(parsed, settings) if isinstance(parsed, Conversation) else parsed


def _read(
    locations: Iterable[Location | TranscriptError], settings: Settings, format: str
) -> Iterator[Parsed]:
    unpacked = calls = 0
    for location in locations:
        if isinstance(location, TranscriptError):
            yield location
            continue
        for document in documents(location):
            if isinstance(document, Document):
                unpacked += len(document.data)
            if unpacked > settings.max_unpacked_bytes:
                limit = settings.max_unpacked_bytes // 2**20
                what = Message("more than %(size)s MiB once unpacked", size=limit)
                yield _too_much(location.name, what)
                return
            for parsed in _parsed(document, settings, format):
                calls += 1
                if calls > settings.max_calls:
                    what = Message("more than %(most)s calls at once", most=settings.max_calls)
                    yield _too_much(location.name, what)
                    return
                yield _storable(parsed) if isinstance(parsed, Conversation) else parsed


def _parsed(
    document: Document | TranscriptError, settings: Settings, format: str
) -> Iterable[Parsed]:
    if isinstance(document, TranscriptError):
        return [document]
    if len(document.data) > settings.max_document_bytes:
        limit = settings.max_document_bytes // 2**20
        what = Message("more than %(size)s MiB in one file", size=limit)
        return [_too_much(document.name, what)]
    if document.data.count(b"{") + document.data.count(b"[") > _MAX_PARTS:
        what = Message("more than %(most)s objects and lists in one file", most=_MAX_PARTS)
        return [_too_much(document.name, what)]
    return parse(document, format)


def _storable(conversation: Conversation) -> Parsed:
    """The conversation with text that every database can hold, or what is too long in it."""
    keys = {name: _line(getattr(conversation, name)) for name in (*_WIDTHS, "started_at")}
    for name, width in _WIDTHS.items():
        if len(keys[name] or "") > width:
            return TranscriptError(
                conversation.source,
                Message("`%(field)s` has more than %(most)s characters", field=name, most=width),
                Message("give the call a shorter one"),
            )
    turns = tuple(
        replace(turn, text=_UNSTORABLE.sub("\ufffd", turn.text), speaker=_line(turn.speaker))
        for turn in conversation.turns
    )
    return replace(conversation, turns=turns, **keys)  # type: ignore[arg-type]


def _line(key: str | None) -> str | None:
    """A key without characters that break its line or turn its direction."""
    if key is None:
        return None
    return "".join("\ufffd" if category(c).startswith("C") else c for c in key)


def redacted(conversation: Conversation, settings: Settings) -> Conversation:
    """The conversation as it may be stored."""
    if not settings.redact:
        return conversation
    speakers = {turn.speaker for turn in conversation.turns if turn.speaker}
    known = replace(conversation, language=language_of(conversation))
    return redact(known, names=speakers).conversation


def job_item(parsed: Parsed) -> dict[str, Any]:
    """An item of a job: a conversation to score, or an error to show."""
    if isinstance(parsed, TranscriptError):
        return {"name": parsed.source, "error": parsed}
    return {"name": parsed.source or parsed.id, "payload": to_payload(parsed)}


def _too_much(name: str, what: Message) -> TranscriptError:
    remedy = Message("send fewer calls at a time; what came before is taken")
    return TranscriptError(name, what, remedy)
