from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import analyzer

ROOT = Path(__file__).parents[1]


def test_public_names_are_sorted() -> None:
    assert analyzer.__all__ == sorted(analyzer.__all__)


@pytest.mark.parametrize("name", analyzer.__all__)
def test_a_public_name_can_be_imported(name: str) -> None:
    assert getattr(analyzer, name) is not None


def test_public_names_are_complete() -> None:
    assert set(analyzer.__all__) == set(analyzer._HOMES)


def test_everything_that_type_checkers_see_is_public() -> None:
    source = (ROOT / "analyzer" / "__init__.py").read_text("utf-8")
    block = (
        source.split("if TYPE_CHECKING:\n")[1].split("\n\n")[0].replace("import load as", "import")
    )

    names = {
        name.strip() for line in block.split("\n") for name in line.split("import")[1].split(",")
    }
    assert names == set(analyzer.__all__)


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("score", "analyzer.scoring"),
        ("read", "analyzer.reading"),
        ("Report", "analyzer.report"),
        ("TranscriptError", "analyzer.errors"),
    ],
)
def test_a_public_name_is_that_of_its_home(name: str, home: str) -> None:
    assert getattr(analyzer, name) is getattr(import_module(home), name)


def test_the_loader_of_scorecards_has_a_name_that_says_so() -> None:
    assert analyzer.load_scorecard is import_module("analyzer.scorecard").load


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'analyzer' has no attribute 'sing'"):
        analyzer.sing  # noqa: B018


def test_the_first_example_of_the_package_works(tmp_path: Path) -> None:
    path = tmp_path / "call.txt"
    path.write_text("Agent: Det er ikke mit område, ring til butikken.\nKunde: Nå.", "utf-8")

    (conversation,) = analyzer.read(path)
    report = analyzer.score(conversation)

    assert report.band and [evidence.text for evidence in report.evidence]


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys; before = set(sys.modules); import analyzer; "
        "sys.exit(' '.join(m for m in set(sys.modules) - before if not m.startswith('analyzer') "
        "and m.partition('.')[0] not in sys.stdlib_module_names) or 0)"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert (result.returncode, result.stderr) == (0, "")
