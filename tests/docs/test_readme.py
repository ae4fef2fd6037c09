"""The first example shows what the README promises."""

from __future__ import annotations

import pytest

from tests.docs.documents import blocks


def test_the_example_finds_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = (block.text for block in blocks("README.md") if block.language == "python")
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "deflection" in printed and "sigh" in printed
