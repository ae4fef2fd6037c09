"""How long a run would take and how large its output would be, from a part of the input."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.batch.input import Portion, Share, portions
from analyzer.batch.work import CHUNK_TURNS, Options, cut, joined, loaded, score_chunk
from analyzer.errors import TranscriptError, UsageError
from analyzer.reading.format import Parsed

_TURNS = 2 * CHUNK_TURNS
_FILES = 32  # looked into at most, drawn by lot


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the whole input would be, if it is like the part that was looked into: `looked_into`
    calls. `seconds` with `processes` at work, `output_bytes` as Parquet."""

    looked_into: int
    errors: int
    calls: int
    turns: int
    seconds: float
    output_bytes: int


def estimate(
    paths: Sequence[str], options: Options, processes: int, format: str = "auto"
) -> Estimate:
    """Read and score a part of the input; nothing is written."""
    found = portions(paths, format)
    files = [
        Portion(0, (p,), (s,), format)
        for own in found
        for p, s in zip(own.places, own.sizes, strict=True)
    ]
    total = sum(file.size for file in files)
    random.Random(0).shuffle(files)
    parsed, read_bytes, read_s = _part(files[:_FILES])
    calls = [own for own in parsed if not isinstance(own, TranscriptError)]
    if not calls:
        first = next((own for own in parsed if isinstance(own, TranscriptError)), None)
        raise UsageError(f"Nothing can be estimated: {first or 'there is no call'}")
    loaded(options.model, options.scorecard)
    begun = time.perf_counter()
    scored = joined([score_chunk(chunk, options) for chunk in cut(parsed)])
    score_s = time.perf_counter() - begun
    # what an empty file takes is left out: a run writes few large ones
    written = sum(_size(own) - _size(own[:0]) for own in scored.tables.values())
    times = max(total / max(read_bytes, 1), 1.0)
    return Estimate(
        looked_into=len(calls),
        errors=round(times * (len(parsed) - len(calls))),
        calls=round(times * len(calls)),
        turns=round(times * sum(len(call.turns) for call in calls)),
        seconds=times * max(read_s, score_s / processes),
        output_bytes=round(times * written),
    )


def _part(files: Sequence[Portion]) -> tuple[list[Parsed], float, float]:
    """Some calls of each file, how many bytes of the input they were, and how long they took."""
    parsed: list[Parsed] = []
    read_bytes, begun = 0.0, time.perf_counter()
    turns = 0
    for number, file in enumerate(files):
        limit = turns + max(1, (_TURNS - turns) // (len(files) - number))
        share = Share()
        for own in file.calls(share):
            parsed.append(own)
            turns += 0 if isinstance(own, TranscriptError) else len(own.turns)
            if turns >= limit:
                break
        read_bytes += share.read * file.size
        if turns >= _TURNS:
            break
    return parsed, read_bytes, time.perf_counter() - begun


def _size(table: pa.Table) -> int:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return len(buffer.getvalue())
