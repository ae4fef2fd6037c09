"""Tables that people keep by hand hold what the code holds."""

from __future__ import annotations

import re

import pytest

from analyzer.reading.columns import COLUMNS
from analyzer.reading.formats import ALL_FORMATS
from analyzer.reading.speaker_names import ROLE_WORDS
from analyzer.traits import LABELS
from api.settings import Settings
from tests.docs.documents import DOCUMENTS

_CELL = re.compile(r"(?<!\\)\|")


def rows(document: str, heading: str) -> list[list[str]]:
    """The cells of the table behind a heading, its first two lines left out."""
    section = re.split(r"^#+ ", DOCUMENTS[document].split(f"{heading}\n", 1)[1], flags=re.M)[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in _CELL.split(line.strip("|"))] for line in table[2:]]


def test_every_format_says_what_is_taken_from_it() -> None:
    named = [cells[0].strip("`") for cells in rows("docs/formats.md", "## The formats")]

    assert named == [own.name for own in ALL_FORMATS]


def test_every_name_of_a_column_is_told() -> None:
    told = [set(cells[1].split(", ")) for cells in rows("docs/formats.md", "## Tables")]

    assert told == [set(names.split()) for names in COLUMNS.values()]


def test_every_word_for_a_side_is_told() -> None:
    told = {
        word: side
        for side, words in rows("docs/formats.md", "## Names for the two sides")
        for word in words.split(", ")
    }

    assert told == ROLE_WORDS


@pytest.mark.parametrize("label", LABELS)
def test_every_label_has_examples_in_four_languages(label: str) -> None:
    section = DOCUMENTS["docs/traits.md"].split(f"### {label}\n")[1].split("\n#")[0]

    for language in ("da", "nb", "sv", "en"):
        (line,) = re.findall(rf"^- {language}: (.+)$", section, re.M)
        assert re.search("“.+”", line)
    assert "\nNot: " in section


def test_every_setting_is_described() -> None:
    assert [name for name, own in Settings.model_fields.items() if not own.description] == []
