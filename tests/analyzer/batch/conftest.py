"""Call logs for the tests of batches, made of the calls in `data/samples`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.reading import read

SAMPLES = Path(__file__).parents[3] / "data" / "samples"
Row = dict[str, Any]


@pytest.fixture(scope="session")
def sample_calls() -> list[Row]:
    """The sample calls as Kasper's own JSON."""
    return [
        {
            "id": call.id,
            "queue": call.queue or "support",
            "agent_id": call.agent_id,
            "turns": [{"role": turn.role, "text": turn.text} for turn in call.turns],
        }
        for call in read(str(SAMPLES))
    ]


@pytest.fixture
def log(tmp_path: Path, sample_calls: list[Row]) -> Callable[[int], Path]:
    """Writes a log of so many calls, no two with the same id."""

    def write(count: int) -> Path:
        path = tmp_path / "calls.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for i in range(count):
                call = sample_calls[i % len(sample_calls)]
                file.write(json.dumps({**call, "id": f"{call['id']}-{i}"}) + "\n")
        return path

    return write


def table(output: Path, name: str) -> list[Row]:
    """The rows of a table of an output, its parts one after the other."""
    parts = sorted((output / name).iterdir())
    if parts and parts[0].suffix == ".jsonl":
        return [json.loads(line) for part in parts for line in part.read_text("utf-8").splitlines()]
    rows: list[Row] = pa.concat_tables([pq.read_table(part) for part in parts]).to_pylist()
    return rows


def everything(output: Path) -> dict[str, bytes]:
    """Every file of an output by its name."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file()
    }
