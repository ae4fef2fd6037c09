"""Tables with one row per call: CSV for spreadsheets, Parquet with the evidence in each row."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from analyzer.frames import CALL_COLUMNS, call_row, evidence_rows
from analyzer.report import Report
from analyzer.writing.staged import StagedFile

_ROW_GROUP = 500
# A cell that begins so is taken for a formula by spreadsheets.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CsvWriter(StagedFile):
    """Writes `.csv` (UTF-8 with a byte order mark, which spreadsheets need for å, ä and ø)."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = self.staging.open("w", encoding="utf-8-sig", newline="")
        self._rows = csv.DictWriter(self._file, list(CALL_COLUMNS))
        self._rows.writeheader()

    def write(self, report: Report) -> None:
        """Add one row."""
        self._rows.writerow({name: _safe(value) for name, value in call_row(report).items()})

    def finish(self) -> None:
        """Close the file."""
        self._file.close()


def _safe(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula, with an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


class ParquetWriter(StagedFile):
    """Writes `.parquet` in row groups; the column `evidence` is a list of structs."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        super().__init__(path)
        types = {
            "string": pa.string(),
            "Float64": pa.float64(),
            "Int64": pa.int64(),
            "boolean": pa.bool_(),
        }
        evidence = pa.struct(
            {
                "label": pa.string(),
                "turn": pa.int64(),
                "start": pa.int64(),
                "end": pa.int64(),
                "text": pa.string(),
                "probability": pa.float64(),
                "role": pa.string(),
                "source": pa.string(),
            }
        )
        columns = [(name, types[kind]) for name, kind in CALL_COLUMNS.items()]
        self._schema = pa.schema([*columns, ("evidence", pa.list_(evidence))])
        self._file = pq.ParquetWriter(self.staging, self._schema)
        self._rows: list[dict[str, Any]] = []

    def write(self, report: Report) -> None:
        """Add one row."""
        found = [{k: v for k, v in row.items() if k != "call"} for row in evidence_rows(report)]
        self._rows.append({**call_row(report), "evidence": found})
        if len(self._rows) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._file.write_table(pa.Table.from_pylist(self._rows, self._schema))
            self._rows = []

    def finish(self) -> None:
        """Write the last row group and close the file."""
        self._flush()
        self._file.close()
