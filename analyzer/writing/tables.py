"""Tables with one row per call: CSV for spreadsheets, Parquet with the evidence in each row."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.errors import UsageError
from analyzer.frames import CALL_COLUMNS, EVIDENCE_COLUMNS, call_row, evidence_rows
from analyzer.report import Report
from analyzer.writing.staged import StagedFile

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_ROW_GROUP = 500
# A cell that begins so is taken for a formula by spreadsheets, the wide forms too.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


class CsvWriter(StagedFile):
    """Writes `.csv` (UTF-8 with a byte order mark, which spreadsheets need for å, ä and ø)."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = self.staging.open("w", encoding="utf-8-sig", newline="")
        self._rows = csv.DictWriter(self._file, list(CALL_COLUMNS))
        self._rows.writeheader()

    def write(self, report: Report) -> None:
        """Add one row."""
        self._rows.writerow({name: safe_cell(value) for name, value in call_row(report).items()})

    def finish(self) -> None:
        """Close the file."""
        self._file.close()


def safe_cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula, with an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Any table as `.csv`, `.parquet` or `.jsonl`; `UsageError` for another suffix."""
    name = path.name.lower()
    if not name.endswith((".csv", ".parquet", ".jsonl")):
        raise UsageError(f"{path}: the name must end in one of: .csv, .parquet, .jsonl.")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}; make it first.")
    with StagedFile(path) as file:
        if name.endswith(".csv"):
            frame.map(safe_cell).to_csv(file.staging, index=False, encoding="utf-8-sig")
        elif name.endswith(".parquet"):
            frame.to_parquet(file.staging, index=False)
        else:
            frame.to_json(
                file.staging, orient="records", lines=True, force_ascii=False, date_format="iso"
            )


def arrow_schema(columns: Mapping[str, str]) -> pa.Schema:
    """The columns of a table as Arrow types; `columns` has their types as in `analyzer.frames`."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "Float64": pa.float64(),
        "Int64": pa.int64(),
        "boolean": pa.bool_(),
    }
    return pa.schema([(name, types[kind]) for name, kind in columns.items()])


class ParquetWriter(StagedFile):
    """Writes `.parquet` in row groups; the column `evidence` is a list of structs."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        super().__init__(path)
        evidence = pa.struct([f for f in arrow_schema(EVIDENCE_COLUMNS) if f.name != "call"])
        columns = [*arrow_schema(CALL_COLUMNS), pa.field("evidence", pa.list_(evidence))]
        self._schema = pa.schema(columns)
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
