"""Reports into files: `open_writer` chooses by the file's suffix, one report at a time goes in."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from analyzer.errors import UsageError
from analyzer.report import Report

SUFFIXES = (".jsonl", ".csv", ".parquet", ".md", ".html", ".vcon.json", ".vcon.jsonl")


class Writer(Protocol):
    """Takes reports one by one; nothing half-written replaces an older file of that name."""

    def write(self, report: Report) -> None:
        """Add one report."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def open_writer(path: Path) -> Writer:
    """The writer for a path; `UsageError` naming the suffixes if none of them is its."""
    name = path.name.lower()
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}; make it first.")
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder; name a file in it.")
    # imported here because each brings a library that the others do not need
    if name.endswith((".vcon.json", ".vcon.jsonl")):
        from analyzer.writing.vcon import VconWriter

        return VconWriter(path)
    if name.endswith(".jsonl"):
        from analyzer.writing.json_lines import JsonLinesWriter

        return JsonLinesWriter(path)
    if name.endswith(".csv"):
        from analyzer.writing.tables import CsvWriter

        return CsvWriter(path)
    if name.endswith(".parquet"):
        from analyzer.writing.tables import ParquetWriter

        return ParquetWriter(path)
    if name.endswith(".md"):
        from analyzer.writing.markdown import MarkdownWriter

        return MarkdownWriter(path)
    if name.endswith(".html"):
        from analyzer.writing.html import HtmlWriter

        return HtmlWriter(path)
    raise UsageError(f"{path}: the name must end in one of: {', '.join(SUFFIXES)}.")
