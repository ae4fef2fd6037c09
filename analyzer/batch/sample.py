"""A sample of a call log: so many calls in all, or so many of each queue, agent or month."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.reading.format import Parsed

# What a sample can be drawn from each of, and how a call tells it.
STRATA: dict[str, Callable[[Conversation], str | None]] = {
    "queue": lambda call: call.queue,
    "agent": lambda call: call.agent_id,
    "language": lambda call: call.language,
    "month": lambda call: (call.started_at or "")[:7] or None,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """`size` calls, of each value of `per` (a name in `STRATA`) if it is given. The same `seed`
    draws the same calls from the same input."""

    size: int
    per: str | None = None
    seed: int = 0


@dataclass(slots=True)
class Drawn:
    """The calls that were drawn in the order of the input, the errors that were met, and how many
    calls there were of each stratum: what figures of the sample are to be weighted by."""

    parsed: list[Parsed] = field(default_factory=list)
    population: dict[str, int] = field(default_factory=dict)


def draw(calls: Iterable[Parsed], sample: Sample) -> Drawn:
    """Draw a sample in one pass: each call of a stratum is as likely as any other in it (reservoir
    sampling, Vitter 1985, algorithm R)."""
    rng = random.Random(sample.seed)
    kept: dict[str, list[tuple[int, Conversation]]] = defaultdict(list)
    population: dict[str, int] = defaultdict(int)
    errors: list[TranscriptError] = []
    for number, call in enumerate(calls):
        if isinstance(call, TranscriptError):
            errors.append(call)
            continue
        stratum = str(STRATA[sample.per](call) or "") if sample.per else "all"
        population[stratum] += 1
        if len(kept[stratum]) < sample.size:
            kept[stratum].append((number, call))
        elif (place := rng.randrange(population[stratum])) < sample.size:
            kept[stratum][place] = (number, call)
    chosen = sorted((own for stratum in kept.values() for own in stratum), key=lambda own: own[0])
    return Drawn([*errors, *(call for _, call in chosen)], dict(population))


def as_json(sample: Sample, drawn: Drawn) -> dict[str, Any]:
    """How the sample was drawn, for the summary of a run."""
    return {
        "size": sample.size,
        "per": sample.per,
        "seed": sample.seed,
        "population": drawn.population,
    }
