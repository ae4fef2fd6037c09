from __future__ import annotations

from collections import Counter
from pathlib import Path

from models.curve import SHARES, curve, part
from models.dataset import LabelledCall, load, parse

CALL = """\
# {own} | domain: bank | style: clean | band: kasper | resolved: no | failure: no | recovery: 0 | transfers: 0
A: {{{{greeting|Goddag, hvad kan jeg hjælpe med}}}}?
C: {{{{frustration|Det er for dårligt}}}}, kort nummer {number}.
A: {{{{sigh|Puh}}}}, vent lige.
"""  # noqa: E501


def calls(tmp_path: Path, *languages: str, count: int = 20) -> list[LabelledCall]:
    path = tmp_path / "calls.txt"
    path.write_text(
        "\n".join(
            CALL.format(own=f"{language}-a-{kind}{number:03}", number=number)
            for language in languages
            for kind in ("", "t")
            for number in range(count)
        ),
        "utf-8",
    )
    return parse(path)


def test_a_share_is_taken_of_every_language_and_kind(tmp_path: Path) -> None:
    chosen = part(calls(tmp_path, "da", "sv"), 0.25)

    groups = Counter((call.conversation.language, call.is_fragment) for call in chosen)
    assert groups == {(language, kind): 5 for language in ("da", "sv") for kind in (True, False)}


def test_a_larger_share_holds_the_smaller_one(tmp_path: Path) -> None:
    everything = calls(tmp_path, "da")

    quarter, half, whole = (
        {call.conversation.id for call in part(everything, share)} for share in SHARES
    )

    assert quarter < half < whole == {call.conversation.id for call in everything}


def test_a_row_per_share_and_set_and_a_blank_for_a_language_that_is_not_in_it() -> None:
    labelled = load()
    training = part([call for call in labelled if call.split == "train"], 0.05)
    danish = [call for call in labelled if call.conversation.id.startswith("da-i-00")]

    validation = [call for call in labelled if call.conversation.id.startswith("da-i-01")]

    rows = [row.split(" | ") for row in curve(training, validation, {"danish": danish})]

    assert len(rows) == 2 + len(SHARES)
    turns = [int(row[2]) for row in rows[2:]]
    assert turns[0] < turns[1] < turns[2] == sum(len(call.spans) for call in training)
    assert all(float(row[6]) > 0 and set("".join(row[7:])) <= {" ", "|"} for row in rows[2:])
