"""`kasper batch`: what the command line shows of a run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, get_args

from analyzer.batch.estimate import estimate
from analyzer.batch.output import Kind
from analyzer.batch.run import Engine, Summary, batch
from analyzer.batch.sample import STRATA, Sample
from analyzer.batch.work import Options
from analyzer.errors import UsageError
from analyzer.terminal import ShareProgress, say, say_error

__all__ = ["How", "Options", "run", "sample", "show_estimate"]


@dataclass(frozen=True, slots=True)
class How:
    """How a run is done, as the command line gives it."""

    kind: str
    engine: str
    processes: int | None
    sample: Sample | None
    format: str


def sample(size: int | None, per: str | None, seed: int) -> Sample | None:
    """The sample that the options ask for; `UsageError` if they make none."""
    if per is not None and per not in STRATA:
        raise UsageError(
            f"There is no {per!r} to draw from each of; use one of: {', '.join(STRATA)}."
        )
    if per is not None and size is None:
        raise UsageError("--per needs --sample: how many calls of each.")
    return Sample(size, per, seed) if size else None


def run(paths: Sequence[str], output: str, options: Options, how: How, *, resume: bool) -> int:
    """Do a run and show it; the number of errors."""
    for value, known, what in (
        (how.kind, get_args(Kind), "--to"),
        (how.engine, get_args(Engine), "--engine"),
    ):
        if value not in known:
            raise UsageError(f"{what} {value!r} does not exist; use one of: {', '.join(known)}.")
    try:
        with ShareProgress() as progress:
            summary = batch(
                paths,
                output,
                options,
                format=how.format,
                kind=cast("Kind", how.kind),
                resume=resume,
                engine=cast("Engine", how.engine),
                processes=how.processes,
                sample=how.sample,
                tell=lambda summary: progress.show(summary.share, _so_far(summary)),
            )
    except OSError as error:
        say_error(
            f"{output}: {error.strerror or error}; what is done is kept, go on with --resume."
        )
        return 1
    _say(summary, output)
    return summary.errors


def _rate(summary: Summary) -> float:
    return summary.new_turns / max(summary.seconds, 1e-9)


def _so_far(summary: Summary) -> str:
    return f"{summary.calls:,} calls, {_rate(summary):,.0f} turns/s, {summary.errors:,} errors"


def _say(summary: Summary, output: str) -> None:
    done = f"{summary.calls:,} calls, {summary.turns:,} turns in {output}"
    say(f"{done}; {_rate(summary):,.0f} turns a second")
    if summary.errors:
        say(f"{summary.errors:,} could not be scored, listed in {output.rstrip('/')}/errors")


def show_estimate(paths: Sequence[str], options: Options, how: How) -> None:
    """Say how long a run would take; nothing is written."""
    processes = how.processes or os.cpu_count() or 1
    told = estimate(paths, options, processes, how.format)
    minutes = told.seconds / 60
    say(
        f"From {told.looked_into:,} calls: about {told.calls:,} calls and {told.turns:,} turns, "
        f"{told.errors:,} errors;\nabout {minutes:,.1f} minutes with {processes} processes, "
        f"{told.output_bytes / 2**20:,.1f} MiB of tables."
    )
