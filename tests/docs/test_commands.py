"""Every command and example of the documents runs as it stands there.

The blocks of a document are run in their order in one folder, which holds what they speak of: a
checkout, calls, exports. What cannot run here is named below, with the reason.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import analyzer
from analyzer.cli import app
from tests.docs.documents import DOCUMENTS, ROOT, Block, blocks, prose

# Blocks that are not run: how they begin, and why.
NOT_RUN = {
    "docker build": "builds an image and needs a cluster; test_deployment.py checks the manifests",
    "pip install": "installs from elsewhere; tests/analyzer/batch starts a cluster",
    "# minisign": "signs with a key that only who releases has",
    "minisign -V": "checks a release that somebody has signed",
    "kasper train": "takes minutes to hours; tests/models/test_train.py trains on a few calls",
    ".venv/bin/pre-commit install": "changes the checkout; test_similarity.py compares",
}
# Programs that are not called, or otherwise: their script, and why.
STAND_INS = {
    "make": ('exec "$MAKE" --dry-run "$@"', "targets set up an environment; they have to exist"),
    "curl": ('exec "$CURL" --fail-with-body "$@"', "an answer that is an error fails the test"),
}
# What stands in the documents for what is different everywhere.
STORE = "s3://calls"
ADDRESS, KEY = "http://127.0.0.1:8000", "kasper_…"

_RUN = ("sh", "python")
# Languages whose blocks are shown and not run.
_SHOWN = {"", "text", "json", "toml", "ini", "yaml", "console", "html"}


def runnable(document: str) -> list[Block]:
    return [
        block
        for block in blocks(document)
        if block.language in _RUN and not block.text.startswith(tuple(NOT_RUN))
    ]


def test_every_block_is_of_a_language_that_is_known() -> None:
    found = {block.language for document in DOCUMENTS for block in blocks(document)}

    assert found <= {*_RUN, *_SHOWN}


def test_what_is_not_run_stands_in_a_document() -> None:
    texts = [block.text for document in DOCUMENTS for block in blocks(document)]

    assert [start for start in NOT_RUN if not any(text.startswith(start) for text in texts)] == []


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder like a checkout, with calls to score and an environment in `.venv`."""
    for path in ROOT.iterdir():
        if path.name == "data":
            shutil.copytree(path, tmp_path / path.name)  # some commands write into it
        elif not path.name.startswith(".") and path.name not in ("my-calls", "exports"):
            (tmp_path / path.name).symlink_to(path)
    _calls(tmp_path)
    _programs(tmp_path / ".venv" / "bin")
    return tmp_path


def _calls(folder: Path) -> None:
    samples = ROOT / "data" / "samples"
    lines = (samples / "nb-trampoline.jsonl").read_text("utf-8").splitlines()
    calls = [{**json.loads(line), "agent_id": "a-12"} for line in lines]
    text = "\n".join(json.dumps(call) for call in calls)
    for own in ("my-calls", "exports", "exports/2026", "calls/2026-03", "mine"):
        (folder / own).mkdir(parents=True, exist_ok=True)
    shutil.copy(samples / "da-bed-slats.vtt", folder / "my-calls" / "call-17.vtt")
    shutil.copy(samples / "en-council-bins.json", folder / "exports")
    shutil.copy(samples / "sv-two-calls.zip", folder / "march.zip")
    shutil.copy(samples / "sv-electricity-bill.parquet", folder / "calls" / "2026-03.parquet")
    shutil.copy(samples / "nb-trampoline.jsonl", folder / "calls" / "2026-03" / "1.jsonl")
    for place in ("my-calls/march.jsonl", "exports/2026/march.jsonl", "april.jsonl"):
        (folder / place).write_text(text, "utf-8")


def _programs(folder: Path) -> None:
    folder.mkdir(parents=True)
    programs = {
        "kasper": f'exec "{sys.executable}" -m analyzer "$@"',
        "python": f'exec "{sys.executable}" "$@"',
        "pytest": f'exec "{sys.executable}" -m pytest -q -p no:cacheprovider "$@"',
        **{name: script for name, (script, _) in STAND_INS.items()},
    }
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        (folder / name).chmod(0o755)


@pytest.mark.parametrize("document", [own for own in DOCUMENTS if runnable(own)])
def test_the_examples_of_a_document_run(
    document: str, workspace: Path, request: pytest.FixtureRequest
) -> None:
    examples = runnable(document)
    known = {STORE: f"{workspace}/calls"}
    if any(block.text.startswith("curl") for block in examples):
        known |= request.getfixturevalue("service")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "PYTEST_DEBUG_TEMPROOT": str(workspace),  # a command may be pytest
        "PATH": f"{workspace}/.venv/bin:{os.environ['PATH']}",
        "PYTHONPATH": str(workspace),
        "COLUMNS": "120",
        "MAKE": shutil.which("make") or "make",
        "CURL": shutil.which("curl") or "curl",
    }
    for block in examples:
        text = block.text
        for shown, real in known.items():
            text = text.replace(shown, real)
        done = subprocess.run(
            ["bash", "-e", "-c", _kept(text, workspace / ".exported")]
            if block.language == "sh"
            else ["python", "-c", text],
            cwd=workspace,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{block.text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def _kept(text: str, exported: Path) -> str:
    """A script that goes on with the variables that the one before it exported."""
    return f"[ ! -f '{exported}' ] || . '{exported}'\n{text}\nexport -p > '{exported}'"


_COMMAND = re.compile(r"(?:\.venv/bin/)?(?:kasper|python|make) [^`]+")
_INLINE = re.compile(rf"`({_COMMAND.pattern})`")


def shown_commands(document: str) -> Iterator[str]:
    """The commands in the sentences and tables of a document, and those that no test runs."""
    yield from _INLINE.findall(prose(document))
    for block in blocks(document):
        if block.text.startswith(tuple(NOT_RUN)):
            lines = block.text.replace("\\\n", " ").splitlines()
            yield from (line.partition("#")[0] for line in lines if _COMMAND.match(line))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_is_named_exists_with_its_options(document: str) -> None:
    for command in shown_commands(document):
        words = command.removeprefix(".venv/bin/").split()
        described = _described(words)
        options = [word.partition("=")[0] for word in words if re.match(r"--\w", word)]
        assert [option for option in options if option not in described] == [], command


def _described(words: list[str]) -> str:
    """What a command says of its options; fails where there is no such command."""
    match words:
        case ["kasper", verb, *more]:
            verbs = [verb]
            if verb == "insights" and more and re.fullmatch(r"\w+", more[0]):
                verbs.append(more[0])
            done = CliRunner().invoke(app, [*verbs, "--help"], env={"COLUMNS": "200"})
            assert done.exit_code == 0, words
            return done.output
        case ["python", "-m", "sigstore", *_]:
            return " ".join(words)  # not ours, nor installed
        case ["python", "-m", module, *_]:
            # importing torch takes seconds
            return ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8")
        case ["python", script, *_]:
            return (ROOT / script).read_text("utf-8")
        case ["make", target, *_]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.M), words
            return ""
    raise AssertionError(words)


def test_the_scorecard_of_the_documents_is_one(tmp_path: Path) -> None:
    found = [block for block in blocks("docs/scorecards.md") if block.language == "toml"]
    assert found
    for block in found:
        tomllib.loads(block.text)
        (tmp_path / "card.toml").write_text(block.text, "utf-8")
        assert analyzer.load_scorecard(tmp_path / "card.toml").name


def test_a_call_in_kaspers_own_json_is_read_as_it_is_shown(tmp_path: Path) -> None:
    (shown,) = (block.text for block in blocks("docs/formats.md") if block.language == "json")
    (tmp_path / "call.json").write_text(shown, "utf-8")

    (call,) = analyzer.read(tmp_path / "call.json")

    assert (call.id, call.queue, len(call.turns)) == ("c-1", "support", 3)


def test_json_is_json() -> None:
    for document in DOCUMENTS:
        for block in blocks(document):
            assert block.language != "json" or json.loads(block.text), document
