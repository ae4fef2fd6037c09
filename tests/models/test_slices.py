"""Figures by what should make no difference."""

from __future__ import annotations

from pathlib import Path

from models.dataset import parse
from models.figures import truth
from models.slices import slices


def found(*labels: str) -> frozenset[str]:
    return frozenset(labels)


def test_slices_tell_long_turns_from_short_and_men_from_women(call_file: Path) -> None:
    calls = parse(call_file)
    empty = [[frozenset[str]()] * 3]
    table = slices(calls, truth(calls), empty)
    assert table["agent's name: a woman's"]["turns"] == 2
    assert table["turns of 6 to 15 words"]["micro_f1"] == 0
    assert table["turns of 1 to 5 words"]["turns"] == 1
    assert [name for name in table if name.startswith("turns")] == [
        "turns of 1 to 5 words", "turns of 6 to 15 words",
    ]  # fmt: skip


def test_a_slice_says_how_far_chance_between_calls_may_move_its_false_alarms(
    call_file: Path,
) -> None:
    call = call_file.read_text("utf-8")
    call_file.write_text(call + call.replace("en-z-001", "en-z-002"), "utf-8")
    calls = parse(call_file)
    alarm = [frozenset[str](), found("frustration"), frozenset[str]()]
    (row,) = [
        own for name, own in slices(calls, truth(calls), [alarm, list(calls[1].labels)]).items()
        if name == "turns of 1 to 5 words"
    ]  # fmt: skip
    assert row["false_alarms_per_100_turns"] == 50
    assert row["interval"] == (0, 100)
