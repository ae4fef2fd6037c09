"""From files to conversations: `read` for one path, `stream` for many with nothing lost."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.reading.format import Parsed
from analyzer.reading.locations import read_location
from analyzer.reading.sources import locate

__all__ = ["read", "read_location", "stream"]


def read(path: str | os.PathLike[str], *, format: str = "auto") -> list[Conversation]:
    """The calls in a file, folder, glob or URL; `TranscriptError` at the first that cannot be read.

    `format` is a name from `kasper formats`; `auto` recognises it from the content.
    """
    conversations = []
    for parsed in stream([os.fspath(path)], format=format):
        if isinstance(parsed, TranscriptError):
            raise parsed
        conversations.append(parsed)
    return conversations


def stream(paths: Iterable[str], *, format: str = "auto") -> Iterator[Parsed]:
    """The calls behind all paths, one document in memory at a time; errors stand in their place."""
    for location in locate(paths):
        yield from read_location(location, format)
