"""A run from beginning to end: read, score, write part after part, and say how far it is."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import accumulate
from typing import Any, Literal

from analyzer.batch import local
from analyzer.batch.input import Portion, fingerprint, portions
from analyzer.batch.output import Done, Kind, Output
from analyzer.batch.sample import Sample, as_json, draw
from analyzer.batch.work import Options, Scored, joined, loaded
from analyzer.errors import UsageError

Engine = Literal["local", "ray"]
# Turns in a part: some ten seconds of two cores, which is what a kill costs.
PART_TURNS = 32_768


@dataclass(slots=True)
class Summary:
    """What a run has come to, with what was done before it was resumed: calls with a row, their
    turns, and errors. `share` of the input is done; `new_turns` in `seconds` by this run itself."""

    calls: int = 0
    turns: int = 0
    errors: int = 0
    share: float = 0.0
    new_turns: int = 0
    seconds: float = 0.0


def batch(
    paths: Sequence[str],
    output: str,
    options: Options | None = None,
    *,
    format: str = "auto",
    kind: Kind = "parquet",
    resume: bool = False,
    engine: Engine = "local",
    processes: int | None = None,
    sample: Sample | None = None,
    tell: Callable[[Summary], None] = lambda _: None,
) -> Summary:
    """Score every call behind the paths into the folder `output`; docs/batch.md shows its tables.

    A run that was stopped goes on with `resume`: the result is that of a run that was not, and no
    call is in it twice. `UsageError` if the folder holds another run.
    """
    begun = time.monotonic()
    options = options or Options()
    found = portions(paths, format)
    folder = Output(output, kind)
    done = folder.begin(_described(options, format, kind, sample, found), resume=resume)
    more: dict[str, Any] = {}
    if sample:
        drawn = draw((call for portion in found for call in portion.calls()), sample)
        found = [Portion(0, parsed=tuple(drawn.parsed))]
        more = {"sample": as_json(sample, drawn)}
    summary = Summary(
        *(sum(getattr(d, name) for d in done) for name in ("calls", "turns", "errors"))
    )
    before = [0, *accumulate(portion.size for portion in found)]
    to_do = _remaining(found, done[-1]) if done else found
    number = len(done)
    waiting: list[Scored] = []

    def flush() -> None:
        nonlocal number
        if waiting:
            part = joined(waiting)
            folder.write(_done(number, part), part)
            number += 1
            waiting.clear()

    for scored in _run(engine)(to_do, options, processes):
        waiting.append(scored)
        portion, _, share = scored.chunk
        summary.calls += scored.tables["calls"].num_rows
        summary.turns += scored.tables["turns"].num_rows
        summary.new_turns += scored.tables["turns"].num_rows
        summary.errors += len(scored.errors)
        summary.share = (before[portion] + share * found[portion].size) / before[-1]
        summary.seconds = time.monotonic() - begun
        if sum(own.tables["turns"].num_rows for own in waiting) >= PART_TURNS:
            flush()
        tell(summary)
    flush()
    summary.seconds = time.monotonic() - begun
    counts = {"calls": summary.calls, "turns": summary.turns, "errors": summary.errors}
    folder.finish(counts | more)
    return summary


def _described(
    options: Options, format: str, kind: Kind, sample: Sample | None, found: Sequence[Portion]
) -> dict[str, Any]:
    """What must be the same for a run to be resumed."""
    classifier, card = loaded(options.model, options.scorecard)
    return {
        "version": version("kasper-qa"),
        "model": classifier.info.sha256,
        "scorecard": hashlib.sha256(card.model_dump_json().encode()).hexdigest(),
        "options": {
            "language": options.language,
            "agent_speaker": options.agent_speaker,
            "redact": options.redact,
            "reports": options.reports,
            "format": format,
            "kind": kind,
            "sample": [sample.size, sample.per, sample.seed] if sample else None,
        },
        "input": fingerprint(found),
    }


def _remaining(found: Sequence[Portion], last: Done) -> list[Portion]:
    rest = list(found[last.portion :])
    return [replace(rest[0], skip=last.chunk + 1), *rest[1:]]


def _done(number: int, part: Scored) -> Done:
    portion, chunk, _ = part.chunk
    tables = part.tables
    return Done(
        number, portion, chunk, tables["calls"].num_rows, tables["turns"].num_rows, len(part.errors)
    )


def _run(
    engine: Engine,
) -> Callable[[Sequence[Portion], Options, int | None], Iterator[Scored]]:
    if engine == "local":
        return local.run
    try:
        from analyzer.batch import cluster
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The engine ray needs {error.name}: pip install 'kasper-qa[ray]'."
        ) from None
    return cluster.run
