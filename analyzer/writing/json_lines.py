"""JSON Lines: one report per line, in the form of `analyzer.report.to_json`."""

from __future__ import annotations

from pathlib import Path

from analyzer.report import Report, to_json
from analyzer.writing.staged import StagedFile


class JsonLinesWriter(StagedFile):
    """Writes `.jsonl`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = self.staging.open("w", encoding="utf-8")

    def write(self, report: Report) -> None:
        """Add one line."""
        self._file.write(to_json(report) + "\n")

    def finish(self) -> None:
        """Close the file."""
        self._file.close()
