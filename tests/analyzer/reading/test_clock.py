from __future__ import annotations

import pytest

from analyzer.reading.clock import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # numbers
        ("0", 0.0),
        ("12.5", 12.5),
        ("12,5", 12.5),
        (" 7 ", 7.0),
        ("1e2", 100.0),
        # clock times
        ("00:12", 12.0),
        ("1:02", 62.0),
        ("[01:02]", 62.0),
        ("(1:02:03)", 3723.0),
        ("00:00:12,500", 12.5),
        ("00:00:12.500000", 12.5),
        ("100:00:00", 360000.0),
        # ISO 8601
        ("PT0.04S", 0.04),
        ("PT1M2.5S", 62.5),
        ("P1DT2H", 93600.0),
        # no times
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1:2", None),
        ("1:02:03:04", None),
        ("2026-03-02 09:14:00", None),
        ("PT", None),
        ("P", None),
        ("PT1.2.3S", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        # more digits than a number of Python takes
        ("9" * 5000, None),
        ("9" * 5000 + ":00:00", None),
        ("P" + "9" * 5000 + "D", None),
        ("PT" + "9" * 400 + "S", None),
    ],
)
def test_seconds(text: str, expected: float | None) -> None:
    assert seconds(text) == expected
