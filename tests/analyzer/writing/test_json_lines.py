from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from analyzer.report import Report, to_dict
from analyzer.writing import open_writer

Scored = Callable[..., Report]


def test_each_line_is_a_report(tmp_path: Path, scored: Scored) -> None:
    path = tmp_path / "calls.jsonl"
    reports = [scored(id="c-1"), scored("A: hallo", id="c-2")]

    with open_writer(path) as writer:
        for report in reports:
            writer.write(report)

    lines = path.read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        json.loads(json.dumps(to_dict(report))) for report in reports
    ]


def test_separators_of_lines_inside_the_text_do_not_break_a_line(
    tmp_path: Path, scored: Scored
) -> None:
    path = tmp_path / "calls.jsonl"

    with open_writer(path) as writer:
        writer.write(scored("A: det er ikke mit bord\n\r\nvel", "C: nej\u2028nej", id="a\nb"))

    with path.open("rb") as file:
        (line,) = file
    assert json.loads(line)["id"] == "a\nb"


def test_no_reports_are_no_lines(tmp_path: Path) -> None:
    with open_writer(tmp_path / "calls.jsonl"):
        pass

    assert (tmp_path / "calls.jsonl").read_bytes() == b""
