from __future__ import annotations

import errno
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import analyzer.cli
from analyzer import __version__
from analyzer.language import LANGUAGES
from analyzer.reading.formats import ALL_FORMATS
from analyzer.writing import SUFFIXES

ROOT = Path(__file__).parents[2]
RASMUS = """\
Agent: Ja hej.
Kunde: Det er tredje gang jeg ringer om min pakke, det er simpelthen for dårligt.
Agent: Det er ikke mit område, det må du tage med butikken.
Kunde: Tak for ingenting.
"""
STAR = {
    "id": "s-1",
    "turns": [
        {"role": "agent", "text": "Kundservice, du pratar med Elin, vad kan jag hjälpa dig med?"},
        {"role": "customer", "text": "Min beställning har inte kommit, och jag har väntat länge."},
        {"role": "agent", "text": "Förlåt att det blev fel. Nu har jag skickat en ny till dig."},
        {"role": "customer", "text": "Åh, vad härligt, tusen tack för hjälpen!"},
    ],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in with two calls and a broken one, each in a folder of its own."""
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
    (tmp_path / "good" / "rasmus.txt").write_text(RASMUS, "utf-8")
    (tmp_path / "good" / "star.json").write_text(json.dumps(STAR), "utf-8")
    (tmp_path / "bad" / "broken.json").write_text('{"turns": [', "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def kasper(folder: Path) -> Callable[..., Result]:
    """`kasper("score", "good")` runs the command inside the test."""

    def invoke(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(analyzer.cli.app, arguments, input=stdin)

    return invoke


Kasper = Callable[..., Result]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# --- score


def test_score_shows_a_table_of_all_calls(kasper: Kasper) -> None:
    result = kasper("score", "good")

    assert result.exit_code == 0 and result.stderr == ""
    assert "rasmus  da" in result.stdout and "s-1" in result.stdout
    assert "Deflection" in result.stdout


@pytest.mark.parametrize(
    ("paths", "ids"),
    [
        (["good"], ["rasmus", "s-1"]),
        (["good/star.json", "good/rasmus.txt"], ["s-1", "rasmus"]),
        (["good/*.json"], ["s-1"]),
    ],
)
def test_score_takes_files_folders_and_globs(
    kasper: Kasper, folder: Path, paths: list[str], ids: list[str]
) -> None:
    assert kasper("score", *paths, "-o", "out.jsonl").exit_code == 0
    assert [line["id"] for line in lines(folder / "out.jsonl")] == ids


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_score_reads_standard_input(
    kasper: Kasper, folder: Path, pack: Callable[[bytes], bytes]
) -> None:
    result = kasper("score", "-", "-o", "out.jsonl", stdin=pack(RASMUS.encode()))

    assert result.exit_code == 0
    assert [line["source"] for line in lines(folder / "out.jsonl")] == ["stdin"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_score_writes_every_suffix(kasper: Kasper, folder: Path, suffix: str) -> None:
    result = kasper("score", "good/rasmus.txt", "--output", f"out{suffix}")

    assert result.exit_code == 0 and result.stdout == ""
    assert result.stderr == f"1 call scored, written to out{suffix}\n"
    assert (folder / f"out{suffix}").stat().st_size > 0


def test_a_call_that_cannot_be_read_does_not_stop_the_others(kasper: Kasper, folder: Path) -> None:
    result = kasper("score", "bad", "good", "-o", "out.jsonl")

    assert result.exit_code == 1
    assert [line["id"] for line in lines(folder / "out.jsonl")] == ["rasmus", "s-1"]


def test_a_call_that_cannot_be_read_is_named_on_stderr(kasper: Kasper) -> None:
    result = kasper("score", "bad", "good")

    assert "broken.json, line 1" in result.stderr and "broken.json" not in result.stdout
    assert result.exit_code == 1


def test_errors_are_listed_beside_the_output(kasper: Kasper, folder: Path) -> None:
    result = kasper("score", "bad", "missing.txt", "good", "-o", "out.csv")

    first, second = lines(folder / "out.csv.errors.jsonl")
    assert Path(first["source"]).name == "broken.json" and first["place"].startswith("line 1")
    assert second == {
        "source": "missing.txt",
        "place": "",
        "expected": "no such file",
        "remedy": "check the path",
    }
    assert "2 could not be scored, listed in out.csv.errors.jsonl" in result.stderr


def test_old_errors_are_gone_after_a_run_without_any(kasper: Kasper, folder: Path) -> None:
    kasper("score", "bad", "-o", "out.csv")
    kasper("score", "good", "-o", "out.csv")

    assert not (folder / "out.csv.errors.jsonl").exists()


def test_without_any_call_there_is_no_table(kasper: Kasper) -> None:
    result = kasper("score", "bad")

    assert (result.exit_code, result.stdout) == (1, "")


def test_a_call_in_another_language_is_shown_without_a_score(kasper: Kasper) -> None:
    text = "Agent: Guten Tag, was kann ich für Sie tun?\nKunde: Ich warte seit drei Wochen."

    result = kasper("score", "-", stdin=text)

    assert result.exit_code == 1 and "language not supported" in result.stdout
    assert result.stderr == (
        "stdin: the language 'de' of call stdin is not analysed; "
        "set --language if it is truly one of da, nb, nn, sv, en.\n"
    )


def test_a_call_without_a_score_is_written_and_named(kasper: Kasper, folder: Path) -> None:
    (folder / "good" / "alone.txt").write_text("Agent: Hallo?\nAgent: Er der nogen?\n", "utf-8")
    german = "Agent: Guten Tag, was kann ich für Sie tun?\nKunde: Ich warte seit drei Wochen."
    (folder / "good" / "german.txt").write_text(german, "utf-8")

    result = kasper("score", "good", "-o", "out.jsonl")

    assert result.exit_code == 1
    scores = {line["id"]: line["score"] is not None for line in lines(folder / "out.jsonl")}
    assert scores == {"alone": False, "german": False, "rasmus": True, "s-1": True}
    one_side, language = lines(folder / "out.jsonl.errors.jsonl")
    assert one_side["expected"] == "only one side speaks in call alone"
    assert language["expected"] == "the language 'de' of call german is not analysed"
    assert Path(one_side["source"]).name == "alone.txt" and "--agent-speaker" in one_side["remedy"]
    named, also_named, *sums = result.stderr.splitlines()
    assert "only one side speaks in call alone" in named and "call german" in also_named
    assert sums == [
        "2 calls scored, written to out.jsonl",
        "2 could not be scored, listed in out.jsonl.errors.jsonl",
    ]


@pytest.mark.parametrize("suffix", [".jsonl", ".vcon.jsonl"])
@pytest.mark.parametrize("path", ["good", "good/*"])
def test_what_a_run_writes_is_never_read_as_input(
    kasper: Kasper, folder: Path, suffix: str, path: str
) -> None:
    output = folder / "good" / f"out{suffix}"

    runs = [kasper("score", path, "-o", f"good/out{suffix}") for _ in range(2)]

    assert [run.exit_code for run in runs] == [0, 0]
    assert runs[0].stderr == runs[1].stderr == f"2 calls scored, written to good/out{suffix}\n"
    assert len(lines(output)) == 2


def test_the_errors_of_a_run_are_never_read_as_input(kasper: Kasper, folder: Path) -> None:
    runs = [kasper("score", ".", "-o", "out.jsonl") for _ in range(2)]

    assert [run.exit_code for run in runs] == [1, 1] and runs[0].stderr == runs[1].stderr
    assert len(lines(folder / "out.jsonl")) == 2
    assert len(lines(folder / "out.jsonl.errors.jsonl")) == 1


def test_a_call_is_not_written_over(kasper: Kasper, folder: Path) -> None:
    kasper("score", "good/star.json", "-o", "star.vcon.json")
    before = (folder / "star.vcon.json").read_bytes()

    result = kasper("score", "good", "star.vcon.json", "-o", "./star.vcon.json")

    assert result.exit_code == 2 and (folder / "star.vcon.json").read_bytes() == before
    assert result.stderr == "star.vcon.json is read by this run; name another output.\n"


@pytest.mark.parametrize("language", ["nb", "Svenska", "en-GB", "no"])
def test_the_language_may_be_stated(kasper: Kasper, folder: Path, language: str) -> None:
    kasper("score", "good/rasmus.txt", "--language", language, "-o", "out.jsonl")

    assert lines(folder / "out.jsonl")[0]["language"] in ("nb", "sv", "en")


def test_the_agent_may_be_named(kasper: Kasper, folder: Path) -> None:
    text = "Bo: Det er ikke mit område.\nMia: Nå.\nBo: Nej.\nMia: Farvel."

    kasper("score", "-", "--agent-speaker", "Mia", "-o", "out.jsonl", stdin=text)

    (report,) = lines(folder / "out.jsonl")
    assert report["roles"]["method"] == "set" and report["counts"]["deflection"] == 0


def test_a_call_without_the_named_agent_does_not_stop_the_others(
    kasper: Kasper, folder: Path
) -> None:
    (folder / "good" / "two.txt").write_text("Bo: hej\nMia: hallo\nBo: ja\nMia: nå\n", "utf-8")

    result = kasper("score", "good", "--agent-speaker", "Mia", "-o", "out.jsonl")

    assert result.exit_code == 1 and "nobody in call s-1 is called 'Mia'" in result.stderr
    assert [line["id"] for line in lines(folder / "out.jsonl")] == ["two"]


def test_the_format_may_be_named(kasper: Kasper, folder: Path) -> None:
    assert kasper("score", "good/rasmus.txt", "--format", "text").exit_code == 0
    assert kasper("score", "good/rasmus.txt", "--format", "kasper").exit_code == 1


def test_another_scorecard_may_be_used(kasper: Kasper, folder: Path) -> None:
    text = (ROOT / "analyzer" / "scorecards" / "default.toml").read_text("utf-8")
    (folder / "mine.toml").write_text(text.replace('name = "default"', 'name = "mine"'), "utf-8")

    kasper("score", "good", "--scorecard", "mine.toml", "-o", "out.jsonl")

    assert {line["scorecard"]["name"] for line in lines(folder / "out.jsonl")} == {"mine"}


WRONG: list[tuple[str, list[str], str]] = [
    ("format", ["score", "good", "--format", "word"], "There is no format 'word'; use auto or one"),
    ("language", ["score", "good", "--language", "de"], "There is no language 'de'; use one of"),
    ("suffix", ["score", "good", "-o", "out.docx"], "out.docx: the name must end in one of"),
    ("folder", ["score", "good", "-o", "no/out.csv"], "no/out.csv: there is no folder no"),
    ("scorecard", ["score", "good", "--scorecard", "no.toml"], "no.toml: cannot be read"),
    ("two vcons", ["score", "good", "-o", "out.vcon.json"], "out.vcon.json: a vCon holds one call"),
    ("id", ["explain", "good", "--id", "x"], "good holds no call with the id 'x'"),
    ("format of explain", ["explain", "good", "--format", "word"], "There is no format 'word'"),
    ("a name that no file can have", ["score", "good", "-o", f"{'x' * 300}.csv"], "name too long."),
    ("output is a folder", ["score", "good", "-o", "dir.csv"], "dir.csv: this is a folder"),
]


@pytest.mark.parametrize(
    ("arguments", "sentence"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG]
)
def test_wrong_usage_is_answered_in_one_sentence(
    kasper: Kasper, folder: Path, arguments: list[str], sentence: str
) -> None:
    (folder / "dir.csv").mkdir()

    result = kasper(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr and result.stderr.count("\n") == 1
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["score", "good", "--format", "word"], [known.name for known in ALL_FORMATS]),
        (["score", "good", "--language", "de"], LANGUAGES),
        (["score", "good", "-o", "out.docx"], SUFFIXES),
    ],
)
def test_wrong_usage_is_answered_with_what_exists(
    kasper: Kasper, arguments: list[str], names: list[str]
) -> None:
    stderr = kasper(*arguments).stderr

    assert all(name in stderr for name in names)


@pytest.mark.parametrize("arguments", [[], ["score"], ["explain"], ["nonsense"], ["score", "-x"]])
def test_a_command_that_is_not_complete_shows_how_it_is_used(
    kasper: Kasper, arguments: list[str]
) -> None:
    result = kasper(*arguments)

    assert result.exit_code == 2 and "Usage:" in result.output


def test_a_mistake_in_a_scorecard_is_named_with_its_line(kasper: Kasper, folder: Path) -> None:
    (folder / "mine.toml").write_text('name = ""\nrevision = 1\nstart = 900\nreach = 1\n', "utf-8")

    result = kasper("score", "good", "--scorecard", "mine.toml")

    assert result.exit_code == 2
    assert "mine.toml: line 1: name" in result.stderr and "line 3: start" in result.stderr


def test_nothing_half_written_is_left_behind(kasper: Kasper, folder: Path) -> None:
    (folder / "out.vcon.json").write_text("last week's", "utf-8")

    kasper("score", "good", "-o", "out.vcon.json")

    assert (folder / "out.vcon.json").read_text("utf-8") == "last week's"
    assert sorted(path.name for path in folder.iterdir()) == ["bad", "good", "out.vcon.json"]


def test_a_run_without_a_readable_call_writes_an_empty_output(kasper: Kasper, folder: Path) -> None:
    assert kasper("score", "bad", "-o", "out.jsonl").exit_code == 1
    assert (folder / "out.jsonl").read_bytes() == b""


def test_a_model_that_cannot_be_used_is_said_in_one_sentence(
    kasper: Kasper, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analyzer.classifier import default_classifier

    monkeypatch.setattr("analyzer.classifier._MODEL_FOLDERS", (folder,))
    default_classifier.cache_clear()

    try:
        result = kasper("score", "good")
    finally:
        default_classifier.cache_clear()

    assert result.exit_code == 2 and result.stderr.startswith("No model in ")


# --- redaction

PRIVATE_TEXT = """\
Agent: Goddag, du taler med Rasmus, hvad hedder du?
Kunde: Torkvild Hansen, og mit nummer er 20 30 40 50. Det er simpelthen for dårligt.
Agent: Det er ikke mit område, det må du tage med butikken, Torkvild.
Kunde: Tak for ingenting, Rasmus.
"""


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_output_of_a_redacted_run_holds_personal_data(
    kasper: Kasper, folder: Path, suffix: str
) -> None:
    (folder / "call.txt").write_text(PRIVATE_TEXT, "utf-8")

    result = kasper("score", "call.txt", "--redact", "-o", f"out{suffix}")

    written = (folder / f"out{suffix}").read_bytes() + result.stdout.encode()
    assert result.exit_code == 0
    assert [s for s in (b"Rasmus ", b"Torkvild", b"Hansen", b"20 30 40 50") if s in written] == []


def test_explain_shows_placeholders_when_redacting(kasper: Kasper, folder: Path) -> None:
    (folder / "call.txt").write_text(PRIVATE_TEXT, "utf-8")

    shown = kasper("explain", "call.txt", "--redact").stdout

    assert "[PERSON_1]" in shown and "[PHONE_1]" in shown
    assert "Torkvild" not in shown and "20 30" not in shown


# --- the verbs of the workshop


@pytest.mark.parametrize("verb", ["train", "export", "evaluate"])
def test_workshop_verbs_say_in_their_own_help_what_they_do(kasper: Kasper, verb: str) -> None:
    result = kasper(verb, "--help")

    assert result.exit_code == 0
    assert f"usage: kasper {verb}" in result.stdout and "--help" in result.stdout


@pytest.mark.parametrize(
    ("missing", "remedy"),
    [("models", "works in a checkout of the source"), ("torch", "needs torch: pip install")],
)
def test_workshop_verbs_say_what_they_lack(
    kasper: Kasper, monkeypatch: pytest.MonkeyPatch, missing: str, remedy: str
) -> None:
    def lacking(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr(analyzer.cli, "import_module", lacking)
    result = kasper("train")

    assert result.exit_code == 2
    assert remedy in result.stderr.replace("\n", " ")


# --- explain


def test_explain_shows_the_evidence_in_its_place(kasper: Kasper) -> None:
    result = kasper("explain", "good/rasmus.txt")

    assert result.exit_code == 0
    assert "Det er ikke mit område" in result.stdout and "← deflection" in result.stdout


def test_explain_shows_the_call_that_is_named(kasper: Kasper) -> None:
    assert kasper("explain", "good", "--id", "s-1").stdout.startswith("s-1  sv")


def test_explain_asks_which_of_several_calls(kasper: Kasper) -> None:
    result = kasper("explain", "good")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "good holds 2 calls, choose one by --id; its calls are: rasmus, s-1.\n"


def test_explain_names_what_cannot_be_read(kasper: Kasper) -> None:
    result = kasper("explain", "bad")

    assert (result.exit_code, result.stdout) == (1, "") and "broken.json" in result.stderr


def test_explain_finds_a_call_behind_one_that_cannot_be_read(kasper: Kasper, folder: Path) -> None:
    (folder / "calls.jsonl").write_text(
        f"{json.dumps({**STAR, 'id': 'a'})}\nbroken\n{json.dumps(STAR)}\n", "utf-8"
    )

    result = kasper("explain", "calls.jsonl", "--id", "s-1")

    assert result.exit_code == 0 and result.stdout.startswith("s-1")
    assert "calls.jsonl, line 2" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["score", "bad"],
        ["score", "bad", "-o", "out.jsonl"],
        ["explain", "bad"],
        ["explain", "good", "--id", "x\x1b[2J"],
        ["explain", "x\x1b[2J\u202e\n.txt"],
        ["explain", "good", "--scorecard", "x\x1b[2J\n.toml"],
        ["explain", "bad", "--agent-speaker", "Mia"],
    ],
)
def test_what_a_file_or_a_name_holds_cannot_steer_the_terminal(
    kasper: Kasper, folder: Path, arguments: list[str]
) -> None:
    hostile = {**STAR, "id": "s\x1b]0;x\x07\n\u202e", "language": "de"}
    (folder / "bad" / "broken.json").unlink()
    (folder / "bad" / "hostile.json").write_text(json.dumps(hostile), "utf-8")

    result = kasper(*arguments)

    shown = result.stdout + result.stderr
    assert shown and not set("\x1b\x07\u202e") & set(shown)
    if "bad" in arguments:
        assert "s�]0;x���" in shown


# --- formats, version, entry point


def test_formats_lists_every_format(kasper: Kasper) -> None:
    result = kasper("formats")

    assert result.exit_code == 0
    assert all(known.name in result.stdout for known in ALL_FORMATS)


def test_the_version_is_that_of_the_package(kasper: Kasper) -> None:
    result = kasper("--version")

    assert (result.exit_code, result.stdout) == (0, f"{__version__}\n")


def test_the_entry_point_is_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["kasper", "--version"])

    with pytest.raises(SystemExit) as left:
        analyzer.cli.run()

    assert (left.value.code, capsys.readouterr().out) == (0, f"{__version__}\n")


def test_a_reader_who_stops_reading_ends_the_command_quietly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped() -> None:
        raise BrokenPipeError

    monkeypatch.setattr(analyzer.cli, "app", stopped)
    monkeypatch.setattr(sys, "stderr", io.StringIO())

    with pytest.raises(SystemExit) as left:
        analyzer.cli.run()

    assert left.value.code == 0


def test_a_reader_who_stops_reading_is_no_wrong_usage(
    kasper: Kasper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(reports: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("analyzer.terminal.show_table", stopped)

    result = kasper("score", "good")

    assert (result.exit_code, result.stderr) == (0, "")


# --- the real command


def run(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    code = "from analyzer.cli import run; run()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "shown"),
    [
        (["score", "good"], 0, b"rasmus"),
        (["score", "good", "bad"], 1, b"broken.json"),
        (["score", "good", "--format", "word"], 2, b"There is no format"),
        (["score", "-"], 0, b"Deflection"),
    ],
)
def test_the_real_command_ends_with_its_code_and_no_traceback(
    folder: Path, arguments: list[str], code: int, shown: bytes
) -> None:
    result = run(folder, *arguments, stdin=RASMUS.encode())

    assert result.returncode == code
    assert shown in result.stdout + result.stderr and b"Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["formats"], ["score", "good"], ["explain", "good", "--id", "s-1"]],
    ids=lambda each: each[0],
)
def test_the_real_command_ends_quietly_when_nobody_reads_on(
    folder: Path, arguments: list[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    result = subprocess.run(
        [sys.executable, "-c", "from analyzer.cli import run; run()", *arguments],
        cwd=folder,
        stdout=writing,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )

    os.close(writing)
    assert (result.returncode, result.stderr) == (0, b"")


HEAVY = (
    "openpyxl",
    "pandas",
    "phonenumbers",
    "pyarrow",
    "sklearn",
    "spacy",
    "torch",
    "transformers",
)


@pytest.mark.parametrize(
    "arguments", [["formats"], ["score", "good/rasmus.txt"], ["--version"], ["--help"]]
)
def test_a_command_imports_only_what_it_needs(folder: Path, arguments: list[str]) -> None:
    code = (
        "import sys\nfrom analyzer.cli import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit as left:\n    assert left.code == 0\n"
        f"sys.exit(', '.join(sorted(set(sys.modules) & set({HEAVY}))) or 0)"
    )

    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )

    assert (result.returncode, result.stderr) == (0, "")
