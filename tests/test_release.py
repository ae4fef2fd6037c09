"""The wheel is the same bytes whenever it is built, and scores a call where it is installed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from analyzer.classifier import manifest_sha256

ROOT = Path(__file__).parents[1]
WEIGHTS = "analyzer/weights/kasper-tagger"
CALL = "Agent: Support.\nCustomer: You promised to call me on Monday.\nAgent: Not my department.\n"


def build(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def test_it_is_the_same_whenever_it_is_built(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


def test_it_holds_the_library_and_the_weights_that_their_checksums_name(wheel: Path) -> None:
    with ZipFile(wheel) as packed:
        folders = {name.split("/")[0] for name in packed.namelist()}
        assert {name for name in folders if not name.endswith(".dist-info")} == {"analyzer"}
        config = json.loads(packed.read(f"{WEIGHTS}/config.json"))
        metrics = json.loads(packed.read(f"{WEIGHTS}/metrics.json"))
        found = {
            name: hashlib.sha256(packed.read(f"{WEIGHTS}/{name}")).hexdigest()
            for name in config["files"]
        }
    assert found == config["files"]
    assert metrics["model"]["sha256"] == manifest_sha256(found)


def test_it_works_where_there_is_nothing_else_of_kasper(wheel: Path, tmp_path: Path) -> None:
    installed, call = tmp_path / "installed", tmp_path / "call.txt"
    pip = ["pip", "install", "--quiet", "--no-deps", "--no-index", "--target", installed, wheel]
    subprocess.run([sys.executable, "-m", *pip], check=True, capture_output=True)
    call.write_text(CALL, "utf-8")
    scored = subprocess.run(
        [sys.executable, "-v", "-m", "analyzer", "score", call, "-o", tmp_path / "out.jsonl"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    assert scored.returncode == 0, scored.stderr
    assert f"{installed}/analyzer/scoring.py" in scored.stderr
    report = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
    assert "deflection" in {own["label"] for own in report["evidence"]}
