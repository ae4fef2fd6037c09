"""Live calls: the model's time for a turn, and sessions at once over real WebSockets.

    python -m benchmarks.live [--sessions 1 8 32] [--calls 40]

Turns are those of the samples' calls. Each time is given on the wall's clock and as the
processor's time, which other programs on the machine distort less.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from analyzer import read
from analyzer.classifier import GrowingCall, default_classifier
from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.roles import with_roles
from analyzer.scoring import score
from benchmarks.machine import describe

_SAMPLES = Path(__file__).parents[1] / "data" / "samples"


def calls(count: int) -> list[Conversation]:
    """So many calls with known roles, the samples over and over."""
    classifier = default_classifier()
    found = [
        with_roles(call, classifier)
        for call in read(str(_SAMPLES))
        if not isinstance(call, TranscriptError)
    ]
    return [found[i % len(found)] for i in range(count)]


def model_times(chosen: Sequence[Conversation]) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds per turn, of the clock and of the processor: of the model with and without what
    is kept, and of the answer."""
    classifier = default_classifier()
    spent: dict[str, list[tuple[float, float]]] = {"kept": [], "anew": [], "answer": []}
    for call in chosen:
        growing, answering = GrowingCall(classifier), GrowingCall(classifier)
        ways: dict[str, Callable[[Conversation], object]] = {
            "kept": growing.classify,
            "anew": classifier.classify,
            "answer": lambda part, own=answering: score(part, classifier=own),  # type: ignore[misc]
        }
        # one way after the other, as in the service: between them they empty the caches
        for name, way in ways.items():
            for count in range(1, len(call.turns) + 1):
                part = Conversation(call.id, call.turns[:count], language=call.language)
                begin, busy = time.perf_counter(), time.process_time()
                way(part)
                own = (time.perf_counter() - begin, time.process_time() - busy)
                spent[name].append((own[0] * 1e3, own[1] * 1e3))
    return spent


@contextmanager
def server() -> Iterator[tuple[str, str]]:
    """A service on a port of its own; its address and a key."""
    import uvicorn

    from api.access import Permission, Role
    from api.app import create_app, prepare
    from api.settings import Settings
    from api.storage import people
    from api.storage.database import Database

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), max_live_calls=1_000)
        prepare(settings)
        database = Database(settings.url)
        with database.session() as db:
            admin = people.add_user(db, "bench@example.org", "Bench", Role.ADMIN)
            key, _ = people.add_key(db, "bench", [Permission.CALLS_SCORE], admin.id)
        config = uvicorn.Config(create_app(settings), port=0, log_level="error")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run)
        thread.start()
        while not running.started:
            time.sleep(0.05)
        port = running.servers[0].sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1/live", key
        running.should_exit = True
        thread.join()
        database.close()


async def session(address: str, key: str, chosen: Sequence[Conversation]) -> list[float]:
    """Milliseconds from each turn to its answer, of one call after another."""
    from websockets.asyncio.client import connect

    spent = []
    for call in chosen:
        headers = {"authorization": f"Bearer {key}"}
        async with connect(address, additional_headers=headers) as socket:

            async def ask(message: dict[str, Any]) -> None:
                await socket.send(json.dumps(message))
                await socket.recv()

            await ask({"type": "start", "language": call.language})
            for turn in call.turns:
                begin = time.perf_counter()
                await ask({"type": "turn", "role": turn.role, "text": turn.text})
                spent.append((time.perf_counter() - begin) * 1e3)
            await ask({"type": "end"})
    return spent


async def sessions(address: str, key: str, count: int, each: int) -> list[float]:
    """All sessions at the same time, as fast as they are answered."""
    chosen = calls(count * each)
    running = [session(address, key, chosen[i * each : (i + 1) * each]) for i in range(count)]
    return [ms for part in await asyncio.gather(*running) for ms in part]


def said(spent: Sequence[float]) -> str:
    """Median, 99th percentile and number."""
    middle, late = np.percentile(spent, [50, 99])
    return f"p50 {middle:.1f} ms, p99 {late:.1f} ms ({len(spent)} turns)"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--sessions", type=int, nargs="*", default=[1, 8, 32])
    parser.add_argument("--calls", type=int, default=40)
    options = parser.parse_args()
    print(describe())
    chosen = calls(options.calls)
    model_times(chosen[:3])  # the first ones fill caches
    spent = model_times(chosen)
    for name, what in (
        ("kept", "model, earlier turns kept"),
        ("anew", "model, the whole call anew"),
        ("answer", "model, kept, and score"),
    ):
        clock, processor = zip(*spent[name], strict=True)
        print(f"{what:<24} {said(clock)}; processor {said(processor)}")
    with server() as (address, key):
        for count in options.sessions:
            begin = time.perf_counter()
            answered = asyncio.run(sessions(address, key, count, max(1, options.calls // count)))
            rate = len(answered) / (time.perf_counter() - begin)
            print(f"{count:>4} sessions at once: {said(answered)}, {rate:.0f} turns/s")


if __name__ == "__main__":
    main()
