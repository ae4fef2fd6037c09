from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("analyzer", "models", "api", "benchmarks", "tests")

# Which library may be imported where: modules, or packages with a dot at the end.
HOMES: dict[str, tuple[str, ...]] = {
    "babel": ("analyzer.writing.catalogue",),
    "faker": ("models.names", "analyzer.redaction.wordlists"),
    "floret": ("models.baselines",),
    "fsspec": ("analyzer.reading.sources", "analyzer.batch.output"),
    "jinja2": ("analyzer.writing.html",),
    "markupsafe": ("analyzer.writing.digest", "analyzer.writing.html"),
    "numpy": (
        "analyzer.classifier",
        "analyzer.evidence",
        "analyzer.insights.",
        "analyzer.pieces",
        "analyzer.tagger",
        "analyzer.tokens",
        "models.",
        "benchmarks.",
    ),
    "onnx": ("models.", "benchmarks.model"),
    "onnxruntime": ("analyzer.classifier", "models.quantise", "benchmarks.model"),
    "openpyxl": ("analyzer.reading.table",),
    "pandas": (
        "analyzer.frames",
        "analyzer.insights.",
        "analyzer.insights_command",
        "analyzer.reading.table",
        "analyzer.reading.logs",
        "analyzer.writing.tables",
        "models.judgements",
    ),
    "phonenumbers": ("analyzer.redaction.phones",),
    "py3langid": ("analyzer.language",),
    "pyarrow": (
        "analyzer.reading.table",
        "analyzer.reading.logs",
        "analyzer.writing.tables",
        "analyzer.batch.",
    ),
    "pydantic": ("analyzer.reading.", "analyzer.scorecard"),
    "pydantic_core": ("analyzer.scorecard",),
    "ray": ("analyzer.batch.cluster",),
    "rich": ("analyzer.terminal",),
    "safetensors": ("models.tagger", "models.train"),
    "scipy": ("models.",),
    "sklearn": ("models.",),
    "spacy": ("analyzer.spacy_component", "models.baselines"),
    "tokenizers": ("analyzer.pieces", "analyzer.tagger", "models.", "benchmarks.model"),
    "stdnum": ("analyzer.redaction.identity_numbers", "analyzer.redaction.payments"),
    "torch": ("models.", "benchmarks.model"),
    "thinc": ("models.baselines",),
    "transformers": ("models.", "benchmarks.model"),
    "typer": ("analyzer.cli", "analyzer.exits", "analyzer.insights_command"),
    "webvtt": ("analyzer.reading.subtitles",),
    "zstandard": ("models.tokenizer",),
}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def sources(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The whole names of all modules that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            if node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


IMPORTS = [
    (module_of(path), name) for path in sources("analyzer", "models") for name in imported(path)
]


def library(name: str) -> str:
    return name.partition(".")[0]


def test_every_library_has_a_home() -> None:
    libraries = {library(name) for _, name in IMPORTS} - set(sys.stdlib_module_names) - set(OURS)

    assert libraries <= set(HOMES)


@pytest.mark.parametrize("name", HOMES)
def test_a_library_is_imported_in_its_home_only(name: str) -> None:
    users = {module for module, imported in IMPORTS if library(imported) == name}

    assert [user for user in sorted(users) if not f"{user}.".startswith(tuple(homes(name)))] == []


def homes(name: str) -> list[str]:
    return [home if home.endswith(".") else f"{home}." for home in HOMES[name]]


@pytest.mark.parametrize("name", HOMES)
def test_a_home_is_a_module_that_exists(name: str) -> None:
    places = [ROOT / home.rstrip(".").replace(".", "/") for home in HOMES[name]]

    assert [p for p in places if not (p.is_dir() or p.with_suffix(".py").is_file())] == []


def test_the_library_knows_nothing_of_models_or_service() -> None:
    wrong = [
        (module, name)
        for module, name in IMPORTS
        if module.startswith("analyzer") and library(name) in ("models", "api", "benchmarks")
    ]

    assert wrong == []


@pytest.mark.parametrize("path", sources("analyzer"), ids=module_of)
def test_the_library_does_not_print(path: Path) -> None:
    calls = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
    ]

    assert [call.lineno for call in calls if ast.unparse(call.func) == "print"] == []


def test_no_module_imports_from_the_root_of_the_package() -> None:
    roots = [(m, name) for m, name in IMPORTS if m.startswith("analyzer.") and name == "analyzer"]

    # the command names its version
    assert roots == [("analyzer.cli", "analyzer")]


@pytest.mark.parametrize("folder", ["tests", "data"])
def test_no_package_has_a_name_of_its_own_beside_the_folders(folder: str) -> None:
    assert list((ROOT / folder).rglob("__init__.py")) == []


def test_tests_lie_where_their_module_lies() -> None:
    modules = {module_of(path) for path in sources("analyzer", "models")}
    tested = {
        ".".join([*path.relative_to(ROOT / "tests").parent.parts, path.stem.removeprefix("test_")])
        for folder in ("analyzer", "models")
        for path in (ROOT / "tests" / folder).glob("test_*.py")
    }

    assert tested <= modules


# What takes words for people: their templates must be literals, or nobody can translate them.
_SAYS = {"TranscriptError", "JsonError", "Message", "Problem", "ProblemError", "error"}


def test_words_for_people_are_literals_that_can_be_translated() -> None:
    wrong = []
    for path in [*(ROOT / "analyzer").rglob("*.py"), *(ROOT / "api").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            said = [*node.args, *(word.value for word in node.keywords if word.arg == "detail")]
            if name in _SAYS and any(isinstance(own, ast.JoinedStr) for own in said):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []
