"""The same run on a cluster of three nodes, one of which dies in the middle."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from analyzer.batch import Summary, batch, input, run
from tests.analyzer.batch.conftest import Row, everything

# Ray warns of itself, and its processes outlive some of their pipes.
pytestmark = pytest.mark.filterwarnings("ignore:::ray", "ignore::ResourceWarning")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A head and two more nodes with a core each, all on this machine."""
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    own = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(2):
        own.add_node(num_cpus=1)
    ray.init(address=own.address, log_to_driver=False, logging_level=logging.ERROR)
    yield own
    ray.shutdown()  # type: ignore[no-untyped-call]
    own.shutdown()


@pytest.fixture
def folder(tmp_path: Path, sample_calls: list[Row], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve files of ten calls, each a portion of its own."""
    monkeypatch.setattr(input, "_PORTION_FILES", 1)
    monkeypatch.setattr(run, "PART_TURNS", 300)
    path = tmp_path / "in"
    path.mkdir()
    for number in range(12):
        calls = [{**sample_calls[i], "id": f"{number}-{i}"} for i in range(10)]
        (path / f"{number:02}.jsonl").write_text("\n".join(map(json.dumps, calls)))
    return path


def test_a_node_that_dies_costs_nothing(cluster: Cluster, folder: Path, tmp_path: Path) -> None:
    doomed: list[Any] = list(cluster.worker_nodes)[:1]

    def tell(summary: Summary) -> None:
        if doomed and summary.calls:
            cluster.remove_node(doomed.pop(), allow_graceful=False)

    summary = batch([str(folder)], str(tmp_path / "ray"), engine="ray", tell=tell)
    assert not doomed
    assert (summary.calls, summary.errors) == (120, 0)
    batch([str(folder)], str(tmp_path / "local"), processes=2)
    assert everything(tmp_path / "ray") == everything(tmp_path / "local")
