"""All cores of one machine: a process for each, a bounded number of chunks on the way."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from analyzer.batch.input import Portion
from analyzer.batch.work import Chunk, Options, Scored, joined, loaded, lost, score_chunk

# Chunks for each process that are read ahead of it: one in work, one waiting.
_AHEAD = 2


def run(
    portions: Iterable[Portion], options: Options, processes: int | None = None
) -> Iterator[Scored]:
    """The results of all chunks in their order; they are computed `processes` at a time."""
    pool = _Pool(options, processes or os.cpu_count() or 1)
    waiting: deque[tuple[Chunk, Future[Scored]]] = deque()
    try:
        for chunk in (chunk for portion in portions for chunk in portion.chunks()):
            waiting.append((chunk, pool.submit(chunk)))
            if len(waiting) >= _AHEAD * pool.size:
                yield pool.result(waiting)
        while waiting:
            yield pool.result(waiting)
    finally:
        pool.stop()


class _Pool:
    """Processes that score, started anew when one of them dies.

    A process that dies takes the chunks of all others with it. They are scored again one by one, so
    that it shows which chunk it was, and that chunk call by call: the call that no process survives
    becomes an error, and nothing else is lost.
    """

    def __init__(self, options: Options, size: int) -> None:
        self.size, self._options = size, options
        self._start()

    def _start(self) -> None:
        # `fork` would copy the threads of the model in whatever state they are
        self._executor = ProcessPoolExecutor(
            self.size,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=loaded,
            initargs=(self._options.model, self._options.scorecard),
        )

    def submit(self, chunk: Chunk) -> Future[Scored]:
        """Queue a chunk."""
        try:
            return self._executor.submit(score_chunk, chunk, self._options)
        except BrokenProcessPool as error:
            broken: Future[Scored] = Future()
            broken.set_exception(error)
            return broken

    def result(self, waiting: deque[tuple[Chunk, Future[Scored]]]) -> Scored:
        """What became of the first chunk that waits, which is taken away."""
        chunk, future = waiting.popleft()
        try:
            return future.result()
        except BrokenProcessPool:
            self._start_anew()
        scored = self._alone(chunk)
        others = [other for other, _ in waiting]
        waiting.clear()
        waiting.extend((other, self.submit(other)) for other in others)
        return scored

    def _alone(self, chunk: Chunk) -> Scored:
        try:
            return self.submit(chunk).result()
        except BrokenProcessPool:
            self._start_anew()
        if len(chunk.calls) == 1:
            return lost(chunk)
        single = [replace(chunk, calls=[call], errors=[]) for call in chunk.calls]
        return joined([lost(replace(chunk, calls=[])), *map(self._alone, single)])

    def _start_anew(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._start()

    def stop(self) -> None:
        """Let the processes end; what they have not begun is not done."""
        self._executor.shutdown(cancel_futures=True)
