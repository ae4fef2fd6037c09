from __future__ import annotations

from pathlib import Path

import pytest

from models.agreement import (
    FIRST,
    SECOND,
    couples,
    disagreements,
    kappa,
    labelled,
    main,
    share,
    table,
)
from models.dataset import DATA, DatasetError, parse

CALL = """\
{header}
A: {first}
C: Hvor er min pakke?
A: {second}
A: {{{{apology|Undskyld}}}}.
"""

HEADER = (
    "# da-a-001 | domain: bank | style: clean | band: {} | resolved: no | failure: no | "
    "recovery: 0 | transfers: 0"
)


def folder(tmp_path: Path, name: str, first: str, second: str, band: str = "kasper") -> Path:
    (tmp_path / name).mkdir()
    path = tmp_path / name / "da-a.calls.txt"
    path.write_text(CALL.format(header=HEADER.format(band), first=first, second=second), "utf-8")
    return tmp_path / name


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    """The same call with a `sigh` on both sides, a `blame` on the first and a band apart."""
    return (
        folder(tmp_path, "one", "{{sigh|Puh}} ja.", "{{blame|Det er jo dig}}."),
        folder(tmp_path, "two", "{{sigh|Puh ja}}.", "Det er jo dig.", band="rasmus"),
    )


def test_turns_on_which_the_two_differ_are_named(sides: tuple[Path, Path]) -> None:
    pairs = couples(*map(labelled, sides))

    assert list(disagreements(pairs)) == ["da-a-001:2 -blame | Det er jo dig."]


def test_a_row_per_label_and_the_calls_below(sides: tuple[Path, Path]) -> None:
    rows = list(table(couples(*map(labelled, sides))))

    assert "| `sigh` | 1.00 | 1.00 | 1.00 | 1 | 1 |" in rows
    assert "| `blame` | 0.00 | 0.00 | 0.00 | 1 | 0 |" in rows
    assert "| `empathy` |  |  |  | 0 | 0 |" in rows
    assert "| all labels | 0.80 | 0.80 | | 3 | 2 |" in rows
    assert rows[-1].startswith("Over 1 whole calls the same: band 0.00, resolved 1.00")


def test_agreement_beyond_chance(sides: tuple[Path, Path]) -> None:
    pairs = couples(*map(labelled, sides))

    assert kappa(pairs, "apology") == 1.0
    assert kappa(pairs, "blame") == 0.0
    assert kappa(pairs, "empathy") is None


@pytest.mark.parametrize(("counts", "expected"), [((3, 2, 2), 0.8), ((0, 0, 0), None)])
def test_the_share_of_labels_in_common(
    counts: tuple[int, int, int], expected: float | None
) -> None:
    assert share(*counts) == expected


def test_other_words_under_the_same_id_are_refused(tmp_path: Path) -> None:
    one = folder(tmp_path, "one", "Puh.", "Det er jo dig.")
    two = folder(tmp_path, "two", "Puh.", "Det er jo mig.")

    with pytest.raises(
        DatasetError, match="da-a-001: the two labellings are not of the same words"
    ):
        couples(labelled(one), labelled(two))


def test_the_command_lists_or_counts(
    sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--first", str(sides[0]), "--second", str(sides[1])]

    main(arguments)
    assert "| `sigh` |" in capsys.readouterr().out
    main([*arguments, "--list"])
    assert capsys.readouterr().out == "da-a-001:2 -blame | Det er jo dig.\n"


def test_a_turn_of_another_speaker_is_not_the_same_call(tmp_path: Path) -> None:
    one = folder(tmp_path, "one", "Puh.", "Ja.")
    two = folder(tmp_path, "two", "Puh.", "Ja.")
    path = two / "da-a.calls.txt"
    path.write_text(path.read_text("utf-8").replace("C: Hvor", "S: Hvor"), "utf-8")

    with pytest.raises(DatasetError, match="da-a-001"):
        couples(labelled(one), labelled(two))


def test_a_tenth_of_every_batch_has_a_second_labelling() -> None:
    """A batch is one file of `data/training/`: one writer, calls or fragments; up to voice s."""
    second = {first.conversation.id for first, _ in couples(labelled(FIRST), labelled(SECOND))}
    shares = {
        path.name: sum(call.conversation.id in second for call in calls) / len(calls)
        for path in DATA.glob("??-[a-s].*.txt")
        if (calls := parse(path))
    }

    assert {name: share for name, share in shares.items() if share < 0.1} == {}
