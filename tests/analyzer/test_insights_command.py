from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import analyzer.cli

ROOT = Path(__file__).parents[2]
TRAMPOLINE = str(ROOT / "data" / "samples" / "nb-trampoline.jsonl")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The scored samples."""
    path = str(tmp_path_factory.mktemp("scored") / "samples.jsonl")
    scored = ["score", str(ROOT / "data" / "samples"), "-o", path]
    assert CliRunner().invoke(analyzer.cli.app, scored).exit_code == 0
    return path


def kasper(*arguments: str) -> Result:
    return CliRunner().invoke(analyzer.cli.app, ["insights", *arguments])


@pytest.mark.parametrize(
    ("verb", "shown"),
    [
        ("promises", ["Broken, the latest", "told_by_customer", "too few"]),
        ("journeys", ["kasper > rasmus > rasmus", "After a failure", "Too few customers"]),
        ("basics", ["wrong_details", "What to fix first", "When it changed"]),
        ("coaching", ["went well", "hear again", "To praise"]),
    ],
)
def test_every_verb_shows_what_it_finds(samples: str, verb: str, shown: list[str]) -> None:
    result = kasper(verb, samples)

    assert result.exit_code == 0, result.output
    assert all(text in result.stdout for text in shown), result.stdout


@pytest.mark.parametrize("verb", ["promises", "journeys", "basics"])
def test_the_whole_table_goes_into_a_file(verb: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    result = kasper(verb, TRAMPOLINE, "-o", str(path))

    assert result.exit_code == 0, result.output
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows and f"{len(rows)} rows written" in result.stderr


def test_letters_of_praise_are_written_in_a_language(samples: str, tmp_path: Path) -> None:
    shown = kasper("praise", samples)
    assert shown.exit_code == 0 and "To praise" in shown.stdout

    path = tmp_path / "letters.html"
    written = kasper("praise", samples, "-o", str(path), "--language", "da")
    assert written.exit_code == 0 and "letters written" in written.stderr
    assert '<html lang="da">' in path.read_text("utf-8")


def test_without_a_star_call_nobody_is_praised() -> None:
    assert "There is no star call" in kasper("praise", TRAMPOLINE).stdout


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_a_table_may_have_other_forms(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"ledger.{suffix}"

    assert kasper("promises", TRAMPOLINE, "-o", str(path)).exit_code == 0
    assert path.stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("promises", "nowhere.parquet"), "nowhere.parquet: no such file"),
        (("promises", "nowhere.parquet"), "There is no call"),
        (("promises", TRAMPOLINE, "-o", "ledger.xlsx"), "must end in one of"),
        (("promises", TRAMPOLINE, "-o", "no/such/ledger.csv"), "there is no folder"),
        (("basics", TRAMPOLINE, "--by", "colour"), "--by colour: use queue"),
        (("coaching", TRAMPOLINE, "--agent", "a-9"), "No call is of the agent 'a-9'"),
        (("praise", TRAMPOLINE, "-o", "letters.md"), "must end in .html"),
        (("praise", TRAMPOLINE, "--agent", "a-9"), "No call is of the agent 'a-9'"),
        (("coaching", TRAMPOLINE, "--habit", "deflection"), "Progress needs --coached-on"),
        (
            ("coaching", TRAMPOLINE, "--coached-on", "2026-03-02", "--habit", "x"),
            "one of: ownership",
        ),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(
    arguments: tuple[str, ...], message: str
) -> None:
    result = kasper(*arguments)

    assert result.exit_code == 2
    assert message in result.stderr and "Traceback" not in result.stderr


def test_progress_says_when_calls_are_too_few() -> None:
    result = kasper("coaching", TRAMPOLINE, "--coached-on", "2026-04-12", "--habit", "deflection")

    assert result.exit_code == 0
    assert "1 calls before and 2 after are too few" in result.stdout


@pytest.mark.parametrize("suffix", ["html", "md", "eml"])
def test_the_digest_goes_into_a_file_in_a_language(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"digest.{suffix}"
    result = kasper("digest", TRAMPOLINE, "--week", "2026-W16", "--language", "nb", "-o", str(path))

    assert result.exit_code == 0, result.output
    assert "2026-04-13" in result.stderr
    assert "19. apr." in path.read_text("utf-8").replace("=2E", ".")


def test_the_digest_is_shown(samples: str) -> None:
    result = kasper("digest", samples, "--language", "da")

    assert result.exit_code == 0, result.output
    assert result.stdout.lstrip().startswith("# ") and "2026" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--week", "47"), "'47' is no week"),
        (("--language", "de"), "'de' is not one of"),
        (("-o", "digest.pdf"), "must end in one of: .html, .md, .eml"),
    ],
)
def test_a_digest_that_cannot_be_is_one_sentence(arguments: tuple[str, ...], message: str) -> None:
    result = kasper("digest", TRAMPOLINE, *arguments)

    assert result.exit_code == 2
    assert message in result.stderr and "Traceback" not in result.stderr
