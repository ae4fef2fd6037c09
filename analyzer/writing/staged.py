"""A file that appears under its name only when it is complete."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self


class StagedFile:
    """The base of the writers: they write to `staging`, which takes the place of `path` at the end.

    After an exception in the `with` block the staging file is removed and `path` left as it was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.staging = path.with_name(f".{path.name}.{os.getpid()}.part")

    def finish(self) -> None:
        """Write what comes last and close every file that is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.finish()
            if kind is None:
                self.staging.replace(self.path)
        finally:
            self.staging.unlink(missing_ok=True)
