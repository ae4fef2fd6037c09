"""A whole call log: turns per second, memory as it grows, and where the time goes.

    python -m benchmarks.batch [--turns 200000] [--engines local ray]

The calls are resampled from `data/training`: whole calls with half of their turns drawn from others
of their language and role. Each size is a run of `kasper batch` in a process of its own; its memory
is the greatest sum over the run and all its processes, looked at ten times a second. The shares
are those of one process with a clock around each step.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.results import record

_PAGE = os.sysconf("SC_PAGE_SIZE")


def generate(path: Path, turns: int) -> int:
    """Write calls of at least so many turns together as JSON Lines; how many calls."""
    from models.dataset import load

    rng = random.Random(1)
    whole = [call.conversation for call in load() if not call.is_fragment]
    pool: dict[tuple[str | None, str], list[str]] = defaultdict(list)
    for conversation in whole:
        for turn in conversation.turns:
            pool[conversation.language, turn.role].append(turn.text)
    total = count = 0
    with path.open("w", encoding="utf-8") as file:
        while total < turns:
            conversation = rng.choice(whole)
            call: dict[str, Any] = {"id": f"call-{count}", "turns": []}
            for turn in conversation.turns:
                swapped = rng.random() < 0.5
                text = rng.choice(pool[conversation.language, turn.role]) if swapped else turn.text
                call["turns"].append({"role": turn.role, "speaker": turn.speaker, "text": text})
            total += len(call["turns"])
            count += 1
            file.write(json.dumps(call, ensure_ascii=False) + "\n")
    return count


def timed_run(source: Path, output: Path, engine: str) -> dict[str, float]:
    """`kasper batch` from outside: seconds, and the greatest memory of all its processes in MiB."""
    command = [sys.executable, "-m", "analyzer", "batch", str(source), "-o", str(output)]
    begun = time.perf_counter()
    process = subprocess.Popen([*command, "--engine", engine], stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"kasper batch ended with {process.returncode}")
    return {"seconds": time.perf_counter() - begun, "peak_mib": peak}


def _memory(root: int) -> float:
    """Resident memory of a process and all below it, in MiB; what they share counts for each."""
    parents: dict[int, list[int]] = defaultdict(list)
    pages: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            own = int(entry.name)
            parents[int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])].append(own)
            pages[own] = int((entry / "statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            continue
    found, waiting = 0, [root]
    while waiting:
        own = waiting.pop()
        found += pages.get(own, 0)
        waiting += parents[own]
    return found * _PAGE / 2**20


def profile(source: Path) -> dict[str, float]:
    """The share of the time of one process in each step, from reading to tables."""
    from analyzer import classifier, scoring, tagger
    from analyzer.batch import work
    from analyzer.batch.input import portions

    spent: dict[str, float] = defaultdict(float)
    model, _ = work.loaded(None, None)
    networks = model._networks  # type: ignore[attr-defined]
    for owner, name, step in (
        (networks._encoder, "run", "model: encoder"),
        (networks._conversation, "run", "model: conversation"),
        (model._linear, "run", "model: linear"),  # type: ignore[attr-defined]
        (classifier, "tokenise", "words"),
        (classifier, "encode", "hashes of words"),
        (tagger, "stretches", "word pieces"),
        (scoring, "language_of", "language"),
        (scoring, "with_roles", "roles"),
        (scoring, "find_evidence", "evidence"),
        (scoring, "measure", "metrics"),
        (scoring, "_apply", "scorecard"),
        (work, "_table", "tables"),
    ):
        setattr(owner, name, _timed(getattr(owner, name), step, spent))
    begun = time.perf_counter()
    (portion,) = portions([str(source)])
    chunks = _timed(lambda: list(portion.chunks()), "reading", spent)()
    for chunk in chunks:
        work.score_chunk(chunk, work.Options())
    total = time.perf_counter() - begun
    spent["the rest"] = total - sum(spent.values())
    return {step: own / total for step, own in sorted(spent.items(), key=lambda item: -item[1])}


def _timed(function: Callable[..., Any], part: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **options: Any) -> Any:
        begin = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            spent[part] += time.perf_counter() - begin

    return timed


def difference(source: Path, output: Path, calls: int) -> float:
    """The greatest difference between scores, or probabilities of a finding, of the run and of the
    first calls scored one by one; infinite if the findings are others."""
    import pandas as pd

    from analyzer.frames import to_frame
    from analyzer.reading import read
    from analyzer.scoring import score

    few = output.parent / "few.jsonl"
    with source.open(encoding="utf-8") as lines:
        few.write_text("".join(next(lines) for _ in range(calls)), "utf-8")
    alone = to_frame(score(call) for call in read(few))
    batched = pd.read_parquet(output / "calls").head(calls)
    found = pd.read_parquet(output / "evidence")
    found = found[found["call"].isin(batched["call"])].reset_index(drop=True)
    where = ["call", "label", "turn", "start", "end"]
    if (
        found[where].astype(str).to_numpy().tolist()
        != alone.evidence[where].astype(str).to_numpy().tolist()
    ):
        return float("inf")
    scores = (batched["score"] - alone.calls["score"]).abs().max()
    return float(max(scores, (found["probability"] - alone.evidence["probability"]).abs().max()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch", description=__doc__)
    parser.add_argument("--turns", type=int, default=200_000)
    parser.add_argument("--engines", nargs="+", default=["local"], choices=["local", "ray"])
    options = parser.parse_args()
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for turns in (options.turns // 20, options.turns // 2, options.turns):
            source = folder / f"{turns}.jsonl"
            calls = generate(source, turns)
            for engine in options.engines:
                output = folder / f"{turns}-{engine}"
                run = timed_run(source, output, engine)
                runs.append({"engine": engine, "turns": turns, "calls": calls, **run})
                rates = [count / run["seconds"] for count in (calls, turns)]
                print(
                    f"{engine:<5} {turns:>7,} turns, {calls:>6,} calls: "
                    f"{rates[0]:6.1f} calls/s, {rates[1]:6,.0f} turns/s, "
                    f"peak {run['peak_mib']:,.0f} MiB",
                    flush=True,
                )
        unlike = difference(source, folder / f"{turns}-{options.engines[0]}", 200)
        print(f"greatest difference from 200 calls scored one by one: {unlike:.2g}")
        shares = profile(folder / f"{options.turns // 20}.jsonl")
    for step, share in shares.items():
        print(f"  {step:<20} {share:6.1%}")
    record("batch", {"runs": runs, "difference": unlike, "shares": shares})


if __name__ == "__main__":
    main()
