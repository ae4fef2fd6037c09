"""Runs that are stopped, processes that die, disks that fill up: nothing lost, nothing twice."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from analyzer.batch import Options, batch, local, work
from analyzer.batch.input import portions
from tests.analyzer.batch.conftest import Row, everything, table

Log = Callable[[int], Path]
# A run with small chunks and parts, so that few calls are many of them.
_RUN = """
import sys
from analyzer.batch import batch, run, work
work.CHUNK_TURNS, run.PART_TURNS = 150, 300
batch([sys.argv[1]], sys.argv[2], resume="resume" in sys.argv, processes=2)
"""


def start(source: Path, output: Path, *more: str) -> subprocess.Popen[bytes]:
    """A run in a process group of its own."""
    command = [sys.executable, "-c", _RUN, str(source), str(output), *more]
    return subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)


def kill_after(process: subprocess.Popen[bytes], output: Path, parts: int) -> None:
    """Kill the run and all its processes once it has written so many parts."""
    while len(list((output / "_done").glob("*.json"))) < parts:
        assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def finish(process: subprocess.Popen[bytes]) -> None:
    said = process.communicate()[1].decode()
    assert process.returncode == 0, said


def test_a_killed_run_that_is_resumed_is_as_one_that_was_not(log: Log, tmp_path: Path) -> None:
    source = log(60)
    finish(start(source, tmp_path / "whole"))
    killed = tmp_path / "killed"
    for parts in (1, 3):
        kill_after(start(source, killed, "resume"), killed, parts)
    finish(start(source, killed, "resume"))
    left = {name for name in everything(killed) if Path(name).name.startswith(".")}
    assert {n: d for n, d in everything(killed).items() if n not in left} == everything(
        tmp_path / "whole"
    )
    calls = [row["call"] for row in table(killed, "calls")]
    assert len(calls) == len(set(calls)) == 60


@pytest.fixture
def deadly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that score die of a call whose id begins with `deadly`."""
    monkeypatch.setattr(local, "score_chunk", score_or_die)
    monkeypatch.setattr(work, "CHUNK_TURNS", 100)


def score_or_die(chunk: work.Chunk, options: Options) -> work.Scored:
    if any(call.id.startswith("deadly") for call in chunk.calls):
        os.kill(os.getpid(), signal.SIGKILL)
    return work.score_chunk(chunk, options)


@pytest.mark.usefixtures("deadly")
def test_a_call_that_no_process_survives_is_one_error(
    tmp_path: Path, sample_calls: list[Row]
) -> None:
    source = tmp_path / "calls.jsonl"
    ids = [f"call-{i}" for i in range(30)]
    ids[12] = "deadly-12"
    calls = [{**sample_calls[i % 5], "id": own} for i, own in enumerate(ids)]
    source.write_text("\n".join(map(json.dumps, calls)))
    batch([str(source)], str(tmp_path / "out"), processes=2)
    assert [row["call"] for row in table(tmp_path / "out", "calls")] == [*ids[:12], *ids[13:]]
    (error,) = table(tmp_path / "out", "errors")
    assert (error["place"], error["expected"]) == (
        "call deadly-12", "the process that scored it died",
    )  # fmt: skip


def test_a_process_that_is_killed_costs_nothing(log: Log, tmp_path: Path) -> None:
    source = log(120)
    process = start(source, tmp_path / "out")
    kill_one_child(process, tmp_path / "out")
    finish(process)
    finish(start(source, tmp_path / "calm"))
    assert everything(tmp_path / "out") == everything(tmp_path / "calm")


def kill_one_child(process: subprocess.Popen[bytes], output: Path) -> None:
    while not list((output / "_done").glob("*.json")):
        assert process.poll() is None
        time.sleep(0.02)
    children = psutil.Process(process.pid).children()
    next(one for one in children if "spawn_main" in " ".join(one.cmdline())).kill()


def test_a_full_disk_ends_the_run_and_what_is_done_stays(log: Log, tmp_path: Path) -> None:
    source, output = log(60), tmp_path / "out"
    command = [sys.executable, "-m", "analyzer", "batch", str(source), "-o", str(output)]

    def small_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    stopped = subprocess.run(command, capture_output=True, text=True, preexec_fn=small_disk)
    assert stopped.returncode == 1
    assert "go on with --resume" in stopped.stderr
    resumed = subprocess.run([*command, "--resume"], capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    assert len(table(output, "calls")) == 60


def test_a_file_that_vanishes_is_named(tmp_path: Path, sample_calls: list[Row]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.json").write_text(json.dumps({**sample_calls[i], "id": f"call-{i}"}))
    (portion,) = portions([str(folder)])
    (folder / "1.json").unlink()
    (chunk,) = portion.chunks()
    assert [call.id for call in chunk.calls] == ["call-0", "call-2"]
    assert "1.json: no such file" in str(chunk.errors[0])
