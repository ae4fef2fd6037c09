"""The notebooks run from top to bottom as a reader runs them, and are kept without outputs."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CLEAR = "clear them: .venv/bin/jupyter nbconvert --clear-output --inplace notebooks/*.ipynb"

each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def cells(notebook: Path, kind: str) -> list[dict[str, Any]]:
    found = json.loads(notebook.read_text("utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == kind]


@each_notebook
def test_a_notebook_is_kept_without_outputs(notebook: Path) -> None:
    code = cells(notebook, "code")

    assert code
    assert [cell["outputs"] for cell in code if cell["outputs"]] == [], CLEAR
    assert {cell["execution_count"] for cell in code} == {None}, CLEAR


@each_notebook
def test_links_of_a_notebook_lead_somewhere(notebook: Path) -> None:
    for cell in cells(notebook, "markdown"):
        for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", "".join(cell["source"])):
            assert (notebook.parent / link).exists(), link


@each_notebook
def test_a_notebook_runs_from_top_to_bottom(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a copy of what it reads, so that nothing is written to the checkout
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copytree(ROOT / "data" / "samples", tmp_path / "data" / "samples")
    for variable in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "TMPDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
        (tmp_path / variable).mkdir()
    book = nbformat.read(notebook, as_version=4)

    NotebookClient(
        book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()

    outputs = [item for cell in book.cells for item in cell.get("outputs", [])]
    assert [item.text for item in outputs if item.get("name") == "stderr"] == []
    assert any("image/svg+xml" in item.get("data", {}) for item in outputs)
    assert not [left for left in (tmp_path / "TMPDIR").iterdir() if left.is_dir()]
