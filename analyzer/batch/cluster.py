"""Many machines: the same chunks through Ray Data, on a cluster that runs or on this machine.

Portions of the input are read by tasks, chunks scored by a pool of actors that grows with the
cluster; Ray holds back readers when scoring is slow and does again what a lost node had done.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator, Sequence
from typing import Any, cast

import ray
from ray import cloudpickle
from ray.data import ActorPoolStrategy, DataContext

from analyzer.batch.input import Portion
from analyzer.batch.work import Options, Scored, score_chunk

# Some chunks travel together; the smaller, the sooner the next actor has work.
_BLOCK_BYTES = 2**20
_READER_CPUS = 0.25


def run(
    portions: Sequence[Portion], options: Options, processes: int | None = None
) -> Iterator[Scored]:
    """The results of all chunks in their order, scored by at most `processes` actors."""
    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level=logging.WARNING)
    context = DataContext.get_current()
    context.execution_options.preserve_order = True
    context.target_max_block_size = _BLOCK_BYTES
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    rows = [{"work": _packed(portion, options)} for portion in portions]
    most = processes or int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
    scored = (
        ray.data.from_items(rows, override_num_blocks=max(len(rows), 1))
        .flat_map(_chunks, num_cpus=_READER_CPUS)
        .map(
            cast("Any", _Scorer),
            compute=ActorPoolStrategy(min_size=1, max_size=most),
            num_cpus=1,
        )
    )
    for row in scored.iter_rows():
        yield pickle.loads(row["scored"])


def _packed(*work: Any) -> bytes:
    # files are opened by functions, which `pickle` alone does not take along
    packed: bytes = cloudpickle.dumps(work)  # type: ignore[no-untyped-call]
    return packed


def _chunks(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    portion, options = pickle.loads(row["work"])
    for chunk in portion.chunks():
        yield {"work": _packed(chunk, options)}


class _Scorer:
    """An actor: the weights stay loaded from one chunk to the next."""

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"scored": pickle.dumps(score_chunk(*pickle.loads(row["work"])))}
