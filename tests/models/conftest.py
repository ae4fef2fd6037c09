from __future__ import annotations

from pathlib import Path

import pytest

CALL = """
# en-z-001 | domain: bank | style: clean | band: kasper | resolved: yes | failure: no | {rest}
A: {{{{greeting|Harbour Bank, this is Joan, how can I help}}}}?
C: My card is blocked.
A: {{{{resolution|I have unblocked it}}}}, there you go.
""".format(rest="recovery: 0 | transfers: 0")


@pytest.fixture
def call_file(tmp_path: Path) -> Path:
    """A file of one labelled call of three turns."""
    path = tmp_path / "en-z.calls.txt"
    path.write_text(CALL, "utf-8")
    return path
