"""A run over a call log: the same results as one by one, and what cannot be scored is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.batch import Options, Summary, batch, work
from analyzer.batch import estimate as estimating
from analyzer.batch.estimate import estimate
from analyzer.batch.sample import Sample
from analyzer.errors import UsageError
from analyzer.frames import to_frame
from analyzer.reading import read
from analyzer.scoring import score
from tests.analyzer.batch.conftest import SAMPLES, Row, everything, table

Log = Callable[[int], Path]


@pytest.fixture(scope="module")
def of_samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output for `data/samples`."""
    output = tmp_path_factory.mktemp("batch") / "out"
    batch([str(SAMPLES)], str(output), Options(reports=True), processes=2)
    return output


def test_results_are_those_of_scoring_one_by_one(of_samples: Path) -> None:
    frames = to_frame(score(call) for call in read(str(SAMPLES)))
    for name, frame in frames._asdict().items():
        expected = json.loads(frame.to_json(orient="records"))
        found = json.loads(json.dumps(table(of_samples, name)))
        assert len(found) == len(expected)
        for own, other in zip(found, expected, strict=True):
            assert own == {key: pytest.approx(value, abs=1e-3) for key, value in other.items()}


def test_whole_reports_are_kept_on_demand(of_samples: Path) -> None:
    kept = table(of_samples, "reports")
    assert [report["id"] for report in kept] == [row["call"] for row in table(of_samples, "calls")]
    assert all(report["scorecard"]["answers"] for report in kept)


def test_any_reader_of_parquet_takes_the_folder_as_one_table(of_samples: Path) -> None:
    import pandas as pd

    calls = pd.read_parquet(of_samples / "calls")
    evidence = pd.read_parquet(of_samples / "evidence")
    assert set(evidence["call"]) <= set(calls["call"])
    assert calls["score"].between(0, 100).all()


def test_json_lines_hold_the_same_rows(of_samples: Path, tmp_path: Path) -> None:
    batch([str(SAMPLES)], str(tmp_path / "out"), kind="jsonl", processes=1)
    for name in ("calls", "turns", "evidence"):
        assert table(tmp_path / "out", name) == json.loads(json.dumps(table(of_samples, name)))


def test_a_file_system_of_another_kind(log: Log) -> None:
    import fsspec

    batch([str(log(3))], "memory://scores/today", processes=1)
    with fsspec.open("memory://scores/today/calls/part-00000.parquet") as file:
        assert pq.read_table(file).num_rows == 3


def test_what_cannot_be_scored_is_named_and_the_rest_scored(
    tmp_path: Path, sample_calls: list[Row]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    good = [json.dumps({**call, "id": f"good-{i}"}) for i, call in enumerate(sample_calls[:6])]
    one_side = json.dumps({"id": "alone", "turns": [{"role": "agent", "text": "Goddag"}]})
    (folder / "lines.jsonl").write_text("\n".join([*good[:3], "{broken", one_side, *good[3:]]))
    pq.write_table(pa.table({"call_id": ["x"], "colour": ["red"]}), folder / "colours.parquet")
    (folder / "torn.parquet").write_bytes(b"PAR1 and then nothing")
    summary = batch([str(folder), str(tmp_path / "gone.csv")], str(tmp_path / "out"), processes=1)
    errors = {(Path(e["source"]).name, e["place"]): e for e in table(tmp_path / "out", "errors")}
    assert set(errors) == {
        ("colours.parquet", ""), ("torn.parquet", ""), ("gone.csv", ""),
        ("lines.jsonl", "line 4, column 2"), ("lines.jsonl", ""),
    }  # fmt: skip
    scored = [row["call"] for row in table(tmp_path / "out", "calls") if row["score"] is not None]
    assert scored == [f"good-{i}" for i in range(6)]
    assert (summary.calls, summary.errors) == (7, 5)


def test_the_number_of_processes_does_not_change_the_output(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "CHUNK_TURNS", 200)
    source = log(40)
    for processes in (1, 3):
        batch([str(source)], str(tmp_path / str(processes)), processes=processes)
    assert everything(tmp_path / "1") == everything(tmp_path / "3")


def test_an_output_is_not_overwritten_nor_another_run_resumed(log: Log, tmp_path: Path) -> None:
    source, output = log(3), tmp_path / "out"
    batch([str(source)], str(output), processes=1)
    with pytest.raises(UsageError, match="go on with --resume"):
        batch([str(source)], str(output), processes=1)
    with pytest.raises(UsageError, match="begun with other options"):
        batch([str(source)], str(output), Options(redact=True), resume=True, processes=1)
    source.write_text(source.read_text() + source.read_text())
    with pytest.raises(UsageError, match="begun with other input"):
        batch([str(source)], str(output), resume=True, processes=1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("x")
    with pytest.raises(UsageError, match="is not empty"):
        batch([str(source)], str(tmp_path / "full"), processes=1)


def test_a_finished_run_that_is_resumed_has_nothing_to_do(log: Log, tmp_path: Path) -> None:
    source, output = log(30), tmp_path / "out"
    batch([str(source)], str(output), processes=1)
    before = everything(output)
    summary = batch([str(source)], str(output), resume=True, processes=1)
    assert (summary.calls, summary.new_turns) == (30, 0)
    assert everything(output) == before


def test_progress_only_grows(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "CHUNK_TURNS", 200)
    seen: list[tuple[float, int]] = []

    def tell(summary: Summary) -> None:
        seen.append((summary.share, summary.calls))

    batch([str(log(40))], str(tmp_path / "out"), processes=1, tell=tell)
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1] == (1.0, 40)


def test_a_sample_of_each_queue(tmp_path: Path, sample_calls: list[Row]) -> None:
    source = tmp_path / "calls.jsonl"
    queues = ["billing"] * 20 + ["repairs"] * 3
    source.write_text(
        "\n".join(
            json.dumps({**sample_calls[i % 5], "id": f"{queue}-{i}", "queue": queue})
            for i, queue in enumerate(queues)
        )
    )
    drawn = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        sample = Sample(4, "queue", seed)
        batch([str(source)], str(tmp_path / name), sample=sample, processes=1)
        drawn.append([row["call"] for row in table(tmp_path / name, "calls")])
    assert drawn[0] == drawn[1] != drawn[2]
    assert [call.split("-")[0] for call in drawn[0]] == ["billing"] * 4 + ["repairs"] * 3
    told = json.loads((tmp_path / "a" / "summary.json").read_text())["sample"]
    assert told["population"] == {"billing": 20, "repairs": 3}


def test_every_call_is_as_likely_to_be_drawn() -> None:
    from analyzer.batch.sample import draw
    from analyzer.conversation import Conversation

    calls = [Conversation(str(i), ()) for i in range(10)]
    times = dict.fromkeys(map(str, range(10)), 0)
    for seed in range(2_000):
        for call in draw(calls, Sample(3, seed=seed)).parsed:
            assert isinstance(call, Conversation)
            times[call.id] += 1
    # 600 expected of each; 5 standard deviations are 103
    assert all(abs(count - 600) < 103 for count in times.values())


def test_a_dry_run_knows_how_much_there_is(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimating, "_TURNS", 400)
    source = log(30)
    told = estimate([str(source)], Options(), processes=2)
    assert told.looked_into < 25
    assert told.calls == pytest.approx(30, rel=0.3)
    summary = batch([str(source)], str(tmp_path / "out"), processes=2)
    assert told.turns == pytest.approx(summary.turns, rel=0.3)
    written = sum(len(data) for name, data in everything(tmp_path / "out").items())
    assert told.output_bytes == pytest.approx(written, rel=0.6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "xlsx"], "--to 'xlsx' does not exist; use one of: parquet, jsonl"),
        (["--engine", "spark"], "use one of: local, ray"),
        (["--sample", "3", "--per", "colour"], "use one of: queue, agent, language, month"),
        (["--per", "queue"], "--per needs --sample"),
        (["--language", "xx"], "There is no language 'xx'"),
    ],
)
def test_wishes_that_cannot_be_met(tmp_path: Path, arguments: list[str], said: str) -> None:
    from typer.testing import CliRunner

    from analyzer.cli import app

    command: list[Any] = ["batch", str(SAMPLES), "-o", str(tmp_path / "out"), *arguments]
    result = CliRunner().invoke(app, command)
    assert (result.exit_code, said in result.output) == (2, True)
    assert not (tmp_path / "out").exists()
