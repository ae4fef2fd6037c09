"""What there is to read, in portions that are read independently of one another."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from analyzer.batch.work import Chunk, cut
from analyzer.errors import TranscriptError, UsageError
from analyzer.reading.format import Parsed
from analyzer.reading.logs import Tell, read_log
from analyzer.reading.sources import Location, locate

# Small files are read together: as many as have this size, or this number.
_PORTION_BYTES, _PORTION_FILES = 64 * 2**20, 2_000

Place = Location | TranscriptError


@dataclass(frozen=True, slots=True)
class Portion:
    """Some files, or one large one. `sizes` are their bytes, 1 where nobody tells; `skip` chunks of
    it are done; `parsed` holds the calls where they have been read already."""

    number: int
    places: tuple[Place, ...] = ()
    sizes: tuple[int, ...] = ()
    format: str = "auto"
    skip: int = 0
    parsed: tuple[Parsed, ...] = field(default=(), repr=False)

    @property
    def size(self) -> int:
        """Bytes, for telling how far a run is."""
        return sum(self.sizes) or 1

    def chunks(self) -> Iterator[Chunk]:
        """Its calls, read as they are asked for, but those of the chunks that are done."""
        share = Share()
        for number, chunk in enumerate(cut(self.calls(share))):
            if number >= self.skip:
                yield replace(chunk, portion=self.number, number=number, share=share.read)

    def calls(self, share: Share | None = None) -> Iterator[Parsed]:
        """Its calls, and errors in their place."""
        share = share or Share()
        yield from self.parsed
        before, whole = 0, self.size
        for place, size in zip(self.places, self.sizes, strict=True):
            if isinstance(place, TranscriptError):
                yield place
            else:
                tell = share.teller(before / whole, size / whole)
                yield from read_log(place, self.format, tell)
            before += size
            share.read = before / whole


@dataclass(slots=True)
class Share:
    """How much of a portion has been read, from 0 to 1."""

    read: float = 0.0

    def teller(self, before: float, own: float) -> Tell:
        def tell(share: float) -> None:
            self.read = before + own * min(share, 1.0)

        return tell


def portions(paths: Sequence[str], format: str = "auto") -> list[Portion]:
    """Everything that the paths lead to, in a stable order; nothing is opened yet."""
    found: list[Portion] = []
    places: list[Place] = []
    sizes: list[int] = []
    together = 0

    for place in locate(paths):
        if isinstance(place, Location) and place.name == "stdin":
            raise UsageError("A batch is read from files; for standard input use `kasper score -`.")
        places.append(place)
        sizes.append(_size(place))
        together += sizes[-1]
        if together >= _PORTION_BYTES or len(places) >= _PORTION_FILES:
            found.append(Portion(len(found), tuple(places), tuple(sizes), format))
            places, sizes, together = [], [], 0
    if places:
        found.append(Portion(len(found), tuple(places), tuple(sizes), format))
    return found


def _size(place: Place) -> int:
    try:
        return max(os.path.getsize(place.name), 1) if isinstance(place, Location) else 1
    except OSError:
        return 1


def fingerprint(found: Sequence[Portion]) -> str:
    """A SHA-256 over the names, sizes and times of all files: whether they are still the same."""
    digest = hashlib.sha256()
    for portion in found:
        for place in portion.places:
            name = place.name if isinstance(place, Location) else place.source
            digest.update(f"{name}\n{_stamp(name)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _stamp(name: str) -> str:
    try:
        told = Path(name).stat()
    except OSError:
        return ""
    return f"{told.st_size} {told.st_mtime_ns}"
