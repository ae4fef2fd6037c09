from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analyzer.cli import app
from analyzer.errors import UsageError
from analyzer.insights import find_matters, ledger, read_log
from analyzer.report import Report
from analyzer.writing import open_writer

ROOT = Path(__file__).parents[3]
Scored = Callable[..., Report]


@pytest.fixture
def written(tmp_path: Path, scored: Scored) -> Callable[[str], str]:
    """Writes two scored calls into a file of this name."""

    def write(name: str) -> str:
        with open_writer(tmp_path / name) as writer:
            for n in (1, 2):
                writer.write(
                    scored(
                        id=f"c-{n}", started_at=f"2026-03-0{n}T23:30:00+01:00", customer_id="k-1",
                        agent_id="a-1", queue="support", case_id="s-1", product="bed",
                    )
                )  # fmt: skip
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.parquet"])
def test_what_score_wrote_is_read_with_its_evidence(
    written: Callable[[str], str], name: str
) -> None:
    log, errors = read_log([written(name)])

    assert not errors and log.calls["call"].tolist() == ["c-1", "c-2"]
    row = log.calls.iloc[0]
    assert (row["case_id"], row["product"], row["band"]) == ("s-1", "bed", "rasmus")
    assert row["turn_count"] == 4 and row["deflection"] == 1
    # the day is that of the place, not of Greenwich
    assert str(row["day"].date()) == "2026-03-01" and str(row["at"]).startswith("2026-03-01 22:30")
    assert set(log.evidence["label"]) == {"repeat_contact", "frustration", "deflection"}


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_what_batch_wrote_is_read_with_its_transcripts(tmp_path: Path, kind: str) -> None:
    calls = str(ROOT / "data" / "samples" / "nb-trampoline.jsonl")
    arguments = ["batch", calls, "-o", str(tmp_path / "scores"), "--to", kind]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    log, errors = read_log([str(tmp_path / "scores")])
    table = ledger(log, find_matters(log))

    assert not errors and len(log.turns) == 77
    assert (table["due"].notna() & (table["state"] == "broken")).sum() == 3


def test_both_forms_give_the_same_insights(written: Callable[[str], str]) -> None:
    first, second = (read_log([written(name)])[0] for name in ("a.jsonl", "a.parquet"))

    assert find_matters(first).equals(find_matters(second))
    assert ledger(first, find_matters(first)).equals(ledger(second, find_matters(second)))


def test_a_call_that_is_given_twice_counts_once(written: Callable[[str], str]) -> None:
    log, _ = read_log([written("a.jsonl"), written("b.parquet")])

    assert len(log.calls) == 2
    assert not log.evidence.duplicated(["call", "label", "turn"]).any()


def test_transcripts_are_scored_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("Agent: Det er ikke mit bord.\nKunde: Jamen altså.\n", "utf-8")
    (tmp_path / "broken.json").write_text('{"turns": [', "utf-8")
    log, errors = read_log([str(tmp_path)])

    assert log.calls["call"].tolist() == ["c"] and len(log.turns) == 2
    assert len(errors) == 1 and "broken.json" in str(errors[0])


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no call"):
        read_log([str(tmp_path)])


def test_a_damaged_report_is_named_with_its_line(written: Callable[[str], str]) -> None:
    path = Path(written("calls.jsonl"))
    lines = path.read_text("utf-8").splitlines()
    path.write_text(f"{lines[0]}\n{{}}\n", "utf-8")

    with pytest.raises(UsageError, match=r"calls\.jsonl, line 2: no report.*score the calls again"):
        read_log([str(path)])
