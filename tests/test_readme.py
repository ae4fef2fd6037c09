"""What the README promises is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analyzer.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_python_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "deflection" in printed and "sigh" in printed


def test_every_command_of_the_readme_exists() -> None:
    verbs = set(re.findall(r"\.venv/bin/kasper (\w+)", README))
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert verbs and all(verb in shown for verb in verbs)


def test_every_make_target_of_the_docs_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    documents = README + (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for target in set(re.findall(r"^make (\w+)", documents, re.M)):
        assert re.search(rf"^{target}:", makefile, re.M), target


@pytest.mark.parametrize(
    "document", [p for p in ROOT.rglob("*.md") if ".venv" not in p.parts], ids=str
)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", document.read_text("utf-8")):
        assert (document.parent / link).exists(), link
