"""From a location to the calls at it."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.errors import TranscriptError
from analyzer.reading.document import Document
from analyzer.reading.format import Parsed
from analyzer.reading.formats import parse
from analyzer.reading.sources import Location, documents


def read_location(location: Location | TranscriptError, format: str = "auto") -> Iterator[Parsed]:
    """The calls at one location; errors stand in their place."""
    if isinstance(location, TranscriptError):
        yield location
        return
    for document in documents(location):
        if isinstance(document, Document):
            yield from parse(document, format)
        else:
            yield document
