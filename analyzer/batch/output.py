"""The folder that a run writes, local or behind any fsspec URL: tables in parts, one by one final.

OUT/calls/part-00000.parquet      one row per call, turn and finding; `errors` says why calls
OUT/turns/part-00000.parquet      have no score, `reports` holds whole reports if asked for
OUT/evidence/part-00000.parquet
OUT/errors/part-00000.jsonl
OUT/run.json                      what was run on what; a run is only resumed as it was
OUT/_done/00000.json              written last of a part: without it the part does not count
OUT/summary.json                  written at the end
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any, Literal, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from analyzer.batch.work import TABLES, Scored
from analyzer.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["parquet", "jsonl"]


@dataclass(frozen=True, slots=True)
class Done:
    """A part that is final. It ends with the chunk `chunk` of the portion `portion` of the input;
    the other figures are those of this part alone."""

    part: int
    portion: int
    chunk: int
    calls: int
    turns: int
    errors: int


class Output:
    """The parts that are there, and room for the next; `kind` is the tables' format."""

    def __init__(self, url: str, kind: Kind) -> None:
        self.url, self._kind = url, kind
        try:
            self._fs, self._root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(f"{url} cannot be written ({error}).") from None
        self._is_local = isinstance(self._fs, LocalFileSystem)

    def begin(self, run: Mapping[str, Any], *, resume: bool) -> list[Done]:
        """The parts that an earlier run left; `UsageError` if it was another or is not wanted."""
        before = self._read("run.json")
        if before is None:
            if self._fs.exists(self._root) and self._fs.ls(self._root):
                raise UsageError(f"{self.url} is not empty; name a new folder.")
            self._write_json("run.json", run)
            return []
        if not resume:
            raise UsageError(
                f"{self.url} holds a run already; go on with --resume, or name another."
            )
        changed = [key for key in run if run[key] != before.get(key)]
        if changed:
            raise UsageError(
                f"{self.url} was begun with other {' and '.join(changed)}; name a new folder."
            )
        done: list[Done] = []
        while (entry := self._read(f"_done/{len(done):05}.json")) is not None:
            done.append(Done(**entry))
        return done

    def write(self, done: Done, scored: Scored) -> None:
        """Write a part; it is final when this returns."""
        for name in TABLES:
            suffix = self._kind
            with self._file(f"{name}/part-{done.part:05}.{suffix}") as file:
                _write_table(file, scored.tables[name], self._kind)
        if scored.reports:
            with self._file(f"reports/part-{done.part:05}.jsonl") as file:
                file.write("".join(f"{line}\n" for line in scored.reports).encode())
        if scored.errors:
            with self._file(f"errors/part-{done.part:05}.jsonl") as file:
                file.write(_lines(scored.errors))
        self._write_json(f"_done/{done.part:05}.json", asdict(done))

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Write what the run came to."""
        self._write_json("summary.json", summary)

    def path(self, name: str) -> str:
        """Where something of the output lies, for messages."""
        return f"{self.url.rstrip('/')}/{name}"

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            value: dict[str, Any] = json.loads(self._fs.cat_file(f"{self._root}/{name}"))
        except (FileNotFoundError, ValueError):
            return None
        return value

    def _write_json(self, name: str, value: Mapping[str, Any]) -> None:
        with self._file(name) as file:
            file.write(json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n")

    def _file(self, name: str) -> _File:
        return _File(self._fs, f"{self._root}/{name}", staged=self._is_local)


class _File:
    """A file that appears under its name when it is whole; object stores do so by themselves."""

    def __init__(self, fs: Any, path: str, *, staged: bool) -> None:
        folder, _, name = path.rpartition("/")
        fs.makedirs(folder, exist_ok=True)
        self._fs: Any = fs
        self._path = path
        self._opened = f"{folder}/.{name}.part" if staged else path

    def __enter__(self) -> IO[bytes]:
        self._stream = cast("IO[bytes]", self._fs.open(self._opened, "wb"))
        return self._stream

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self._stream.close()
        if kind is None and self._opened != self._path:
            self._fs.mv(self._opened, self._path)


def _write_table(file: IO[bytes], table: pa.Table, kind: Kind) -> None:
    import pyarrow.parquet as pq

    if kind == "parquet":
        pq.write_table(table, file, compression="zstd")
    else:
        file.write(_lines(table.to_pylist()))


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
