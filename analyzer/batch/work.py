"""What is done with a chunk of calls: the same function on this machine and on a cluster's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.classifier import Classifier, OnnxClassifier, published_folder
from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.frames import (
    CALL_COLUMNS,
    EVIDENCE_COLUMNS,
    TURN_COLUMNS,
    call_row,
    evidence_rows,
    turn_rows,
)
from analyzer.messages import Message
from analyzer.reading.format import Parsed
from analyzer.report import Report, to_json, why_unscored
from analyzer.scorecard import Scorecard, default_scorecard, load
from analyzer.scoring import score_many
from analyzer.writing.tables import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

# Turns that the model reads together: enough for batches of like length in every size, and a
# second or two of one core's work.
CHUNK_TURNS = 2_048
_CHUNK_CALLS = 1_024
# Name -> columns of the tables that a run writes.
TABLES = {"calls": CALL_COLUMNS, "turns": TURN_COLUMNS, "evidence": EVIDENCE_COLUMNS}


@dataclass(frozen=True, slots=True)
class Options:
    """How calls are scored; see `analyzer.scoring.score`. With `reports`, whole reports are kept.

    `model` is the folder of the weights, `scorecard` a file; the published ones unless said.
    """

    model: Path | None = None
    scorecard: Path | None = None
    language: str | None = None
    agent_speaker: str | None = None
    redact: bool = False
    reports: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some calls on their way to a core, and the errors that stood between them: the `number`th of
    a portion of the input, of which `share` has been read at its end."""

    portion: int = 0
    number: int = 0
    share: float = 1.0
    calls: list[Conversation] = field(default_factory=list)
    errors: list[TranscriptError] = field(default_factory=list)

    @property
    def end(self) -> tuple[int, int, float]:
        """Where in the input it ends."""
        return self.portion, self.number, self.share


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of a chunk, or of several up to it: Arrow tables by the names of `TABLES`, whole
    reports as JSON if they were asked for, and why calls have no score."""

    chunk: tuple[int, int, float]  # portion, number, share
    tables: dict[str, pa.Table]
    reports: list[str]
    errors: list[dict[str, str]]


def cut(parsed: Iterable[Parsed]) -> Iterator[Chunk]:
    """The calls in chunks that depend on nothing but their order."""
    chunk, turns = Chunk(), 0
    for own in parsed:
        if isinstance(own, TranscriptError):
            chunk.errors.append(own)
        else:
            chunk.calls.append(own)
            turns += len(own.turns)
        if turns >= CHUNK_TURNS or len(chunk.calls) + len(chunk.errors) >= _CHUNK_CALLS:
            yield chunk
            chunk, turns = Chunk(), 0
    if chunk.calls or chunk.errors:
        yield chunk


def score_chunk(chunk: Chunk, options: Options) -> Scored:
    """Score the calls of a chunk and lay the results out as tables."""
    classifier, card = loaded(options.model, options.scorecard)
    results = score_many(
        chunk.calls,
        classifier=classifier,
        scorecard=card,
        language=options.language,
        agent_speaker=options.agent_speaker,
        redact=options.redact,
    )
    reports = [result for result in results if isinstance(result, Report)]
    errors = [*chunk.errors, *(r for r in results if isinstance(r, TranscriptError))]
    errors += [reason for report in reports if (reason := why_unscored(report))]
    rows: dict[str, list[dict[str, Any]]] = {
        "calls": [call_row(report) for report in reports],
        "turns": [row for report in reports for row in turn_rows(report)],
        "evidence": [row for report in reports for row in evidence_rows(report)],
    }
    return Scored(
        chunk.end,
        {name: _table(name, own) for name, own in rows.items()},
        [to_json(report) for report in reports] if options.reports else [],
        [error.fields() for error in errors],
    )


@cache
def loaded(model: Path | None, card: Path | None) -> tuple[Classifier, Scorecard]:
    """The weights, on one thread since every core has a process of its own, and the scorecard."""
    classifier = OnnxClassifier(model or published_folder(), threads=1)
    return classifier, load(card) if card else default_scorecard()


def lost(chunk: Chunk) -> Scored:
    """What is left to say of calls that no process survives."""
    errors = [
        TranscriptError(
            call.source or call.id,
            Message("the process that scored it died"),
            Message("score it alone with `kasper explain`, and tell us what it holds"),
            place=Message("call %(call)s", call=call.id),
        )
        for call in chunk.calls
    ]
    tables = {name: _table(name, []) for name in TABLES}
    return Scored(chunk.end, tables, [], [error.fields() for error in (*chunk.errors, *errors)])


def joined(parts: Sequence[Scored]) -> Scored:
    """Several chunks' results as one."""
    import pyarrow as pa

    return Scored(
        parts[-1].chunk,
        {name: pa.concat_tables([part.tables[name] for part in parts]) for name in TABLES},
        [report for part in parts for report in part.reports],
        [error for part in parts for error in part.errors],
    )


def _table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist(rows, arrow_schema(TABLES[name]))
