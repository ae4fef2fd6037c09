"""Many calls in one run: calls per second, peak memory as the number grows, where time goes.

    python -m benchmarks.scoring [--calls 2000]

The calls are resampled from `data/training`: whole calls with turns drawn from others of their
language, so that no two are alike. Each size runs in a process of its own for an honest peak.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

# The steps of analyzer/scoring.py that are timed, and the part of the way that each stands for.
_STEPS = {
    "language_of": "language",
    "with_roles": "roles",
    "find_evidence": "evidence",
    "judge_outcome": "outcome",
    "measure": "metrics",
    "_apply": "scorecard",
    "raise_flags": "flags",
}


def generate(path: Path, count: int) -> int:
    """Write `count` calls as JSON Lines; how many turns they have."""
    from models.dataset import load

    rng = random.Random(1)
    whole = [call.conversation for call in load() if not call.is_fragment]
    turns: dict[tuple[str | None, str], list[str]] = defaultdict(list)
    for conversation in whole:
        for turn in conversation.turns:
            turns[conversation.language, turn.role].append(turn.text)
    total = 0
    with path.open("w", encoding="utf-8") as file:
        for index in range(count):
            conversation = rng.choice(whole)
            call: dict[str, Any] = {"id": f"call-{index}", "turns": []}
            for turn in conversation.turns:
                swapped = rng.random() < 0.5
                pool = turns[conversation.language, turn.role]
                text = rng.choice(pool) if swapped else turn.text
                call["turns"].append({"role": turn.role, "speaker": turn.speaker, "text": text})
            total += len(call["turns"])
            file.write(json.dumps(call, ensure_ascii=False) + "\n")
    return total


def run_once(source: Path, output: Path) -> dict[str, Any]:
    """Score one file in this process.

    Gives seconds, the peak of resident memory in MiB, and the seconds of each part of the way.
    """
    from analyzer import scoring
    from analyzer.classifier import default_classifier
    from analyzer.reading import stream
    from analyzer.writing import open_writer

    spent: dict[str, float] = defaultdict(float)
    for name, part in _STEPS.items():
        setattr(scoring, name, _timed(getattr(scoring, name), part, spent))
    classifier = default_classifier()
    object.__setattr__(classifier, "classify", _timed(classifier.classify, "model", spent))
    begin = time.perf_counter()
    with open_writer(output) as writer:
        write = _timed(writer.write, "writing", spent)
        for conversation in _timed_steps(stream([str(source)]), "reading", spent):
            if isinstance(conversation, Exception):
                raise conversation
            write(scoring.score(conversation, classifier=classifier))
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peak_mib": peak, "spent": spent}


def _timed(function: Callable[..., Any], part: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **options: Any) -> Any:
        begin = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            spent[part] += time.perf_counter() - begin

    return timed


def _timed_steps(items: Iterator[Any], part: str, spent: dict[str, float]) -> Iterator[Any]:
    step = _timed(lambda: next(items, None), part, spent)
    while (item := step()) is not None:
        yield item


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--child", nargs=2, metavar=("SOURCE", "OUTPUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        source, output = map(Path, options.child)
        print(json.dumps(run_once(source, output)))
        return
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        for count in (options.calls // 8, options.calls // 2, options.calls):
            source = Path(folder) / f"{count}.jsonl"
            turns = generate(source, count)
            result = _child(source, Path(folder) / "reports.jsonl")
            rate = count / result["seconds"]
            print(
                f"{count:>6} calls, {turns:>6} turns: {rate:6.0f} calls/s, "
                f"{turns / result['seconds']:6.0f} turns/s, peak {result['peak_mib']:.0f} MiB"
            )
        print(f"where the {result['seconds']:.1f} s of the last run went:")
        for part, seconds in sorted(result["spent"].items(), key=lambda item: -item[1]):
            print(f"  {part:<18} {seconds / result['seconds']:6.1%}")


def _child(source: Path, output: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.scoring", "--child", str(source), str(output)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    main()
