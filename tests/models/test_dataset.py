from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.language import LANGUAGES
from analyzer.traits import LABELS
from models.dataset import (
    DATA,
    SPLIT_OF_VOICE,
    DatasetError,
    LabelledCall,
    Span,
    errors,
    load,
    main,
    parse,
    parse_turn,
    statistics,
)

HEADER = (
    "# da-a-001 | domain: bank | style: clean | band: kasper | resolved: yes | failure: no | "
    "recovery: 0 | transfers: 0"
)
CALL = f"""\
{HEADER}
A: {{{{greeting|Goddag, hvad kan jeg hjælpe med}}}}?
C: Hvor er min pakke?
S: [musik]
A2: Den er {{{{apology+resolution|på vej, undskyld}}}}.
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A file of labelled calls with this text."""

    def make(text: str, name: str = "da-a.calls.txt") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return make


# --- the notation


@pytest.mark.parametrize(
    ("marked", "text", "spans"),
    [
        ("intet mærke", "intet mærke", []),
        ("a {{empathy|b}} c", "a b c", [("empathy", "b")]),
        ("{{blame|hele turen}}", "hele turen", [("blame", "hele turen")]),
        (
            "{{sigh|puh}} {{blame|din fejl}}",
            "puh din fejl",
            [("sigh", "puh"), ("blame", "din fejl")],
        ),
        ("{{apology+empathy|av}}", "av", [("apology", "av"), ("empathy", "av")]),
        ("å {{sigh|[suk]}} 🙃 {{blame|ø}}", "å [suk] 🙃 ø", [("sigh", "[suk]"), ("blame", "ø")]),
        ("{{sigh|pf|ff}}", "pf|ff", [("sigh", "pf|ff")]),
        ("", "", []),
    ],
)
def test_marks_become_text_and_spans(marked: str, text: str, spans: list[tuple[str, str]]) -> None:
    found, places = parse_turn(marked)

    assert found == text
    assert [(span.label, found[span.start : span.end]) for span in places] == spans


def test_a_file_becomes_calls(write: Write) -> None:
    (call,) = parse(write(CALL))

    assert call.conversation.id == "da-a-001" and call.conversation.language == "da"
    assert [(turn.role, turn.speaker) for turn in call.conversation.turns] == [
        ("agent", "A1"),
        ("customer", "C1"),
        ("system", None),
        ("agent", "A2"),
    ]
    assert call.conversation.turns[0].text == "Goddag, hvad kan jeg hjælpe med?"


def test_a_call_has_the_spans_of_each_turn(write: Write) -> None:
    (call,) = parse(write(CALL))

    assert call.spans == (
        (Span("greeting", 0, 31),),
        (),
        (),
        (Span("apology", 7, 23), Span("resolution", 7, 23)),
    )


def test_a_header_tells_the_truth_about_the_whole_call(write: Write) -> None:
    text = CALL.replace("style: clean | band: kasper", "style: asr | band: star")
    text = text.replace("failure: no | recovery: 0", "failure: yes | recovery: 2")

    (call,) = parse(write(text))

    assert (call.domain, call.style, call.band) == ("bank", "asr", "star")
    assert (call.resolved, call.failure, call.recovery, call.transfers) == (True, True, 2, 0)


def test_a_file_holds_many_calls(write: Write) -> None:
    calls = parse(write(f"{CALL}\n\n{CALL.replace('001', '002')}"))

    assert [call.conversation.id for call in calls] == ["da-a-001", "da-a-002"]


@pytest.mark.parametrize(("call_id", "expected"), [("da-a-001", False), ("da-a-t012", True)])
def test_a_fragment_is_known_by_its_number(write: Write, call_id: str, expected: bool) -> None:
    (call,) = parse(write(CALL.replace("da-a-001", call_id)))

    assert call.is_fragment is expected


@pytest.mark.parametrize(
    ("call_id", "split"),
    [
        ("da-a-001", "train"),
        ("da-b-001", "train"),
        ("da-c-001", "test"),
        ("sv-c-t001", "test"),
        ("en-i-001", "validation"),
    ],
)
def test_some_voices_are_kept_for_choosing_and_for_measuring(
    write: Write, call_id: str, split: str
) -> None:
    (call,) = parse(write(CALL.replace("da-a-001", call_id)))

    assert call.split == split


def test_an_empty_file_has_no_calls(write: Write) -> None:
    assert parse(write("\n\n")) == []


MISTAKES: list[tuple[str, str, str, int, str]] = [
    ("a turn of nobody", "C: Hvor", "B: Hvor", 3, "expected `A: …`, `C: …` or `S: …`"),
    ("an empty turn", "C: Hvor er min pakke?", "C:", 3, "expected `A: …`, `C: …` or `S: …`"),
    ("a label that does not exist", "greeting|", "hello|", 2, "there is no label 'hello'"),
    ("a label in capitals", "greeting|", "Greeting|", 2, "a tag that does not open or close"),
    ("a signal on the agent", "greeting|", "frustration|", 2, "on a turn of the agent"),
    ("a trait on the customer", "Hvor er", "{{blame|Hvor}} er", 3, "on a turn of the customer"),
    ("a label on an event", "[musik]", "{{sigh|[suk]}}", 4, "on a turn of the system"),
    ("a tag that does not close", "}}?", "?", 2, "a tag that does not open or close"),
    ("a tag that does not open", "Hvor er", "Hvor}} er", 3, "a tag that does not open or close"),
    ("a tag in a tag", "{{greeting|Goddag", "{{greeting|{{sigh|Puh}} Goddag", 2, "open or close"),
    ("an empty span", "greeting|Goddag, hvad kan jeg hjælpe med", "greeting|", 2, "is empty"),
    ("a span with a blank", "greeting|Goddag", "greeting| Goddag", 2, "ends with a blank"),
    ("a band that does not exist", "band: kasper", "band: hero", 1, "found 'hero'"),
    ("a style that does not exist", "style: clean", "style: neat", 1, "one of clean, asr"),
    ("neither yes nor no", "resolved: yes", "resolved: maybe", 1, "one of yes, no"),
    ("a failure of no kind", "failure: no", "failure: 1", 1, "one of yes, no"),
    ("a step that does not exist", "recovery: 0", "recovery: 4", 1, "one of 0, 1, 2, 3"),
    ("transfers in words", "transfers: 0", "transfers: none", 1, "must be a number, found 'none'"),
    ("a missing field", "domain: bank | ", "", 1, "expected the fields domain, style"),
    ("one field too many", "domain: bank", "domain: bank | mood: sad", 1, "expected the fields"),
    ("a field without a colon", "domain: bank", "domain bank", 1, "expected `key: value`"),
    ("an id of another language", "da-a-001", "de-a-001", 1, "found 'de-a-001'"),
    ("an id of one part", "da-a-001", "da", 1, "expected an id such as da-a-001"),
    ("a field twice", "domain: bank", "domain: bank | domain: gym", 1, "domain stands twice"),
    ("a field without a value", "domain: bank", "domain:", 1, "expected `key: value`"),
    ("transfers in small print", "transfers: 0", "transfers: ²", 1, "must be a number, found '²'"),
    ("recovery of nothing", "recovery: 0", "recovery: 2", 1, "without a failure, recovery is 0"),
    ("a label twice", "apology+resolution", "apology+apology", 5, "stands twice"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line", "message"), [case[1:] for case in MISTAKES], ids=[c[0] for c in MISTAKES]
)
def test_a_mistake_is_named_with_its_file_and_line(
    write: Write, old: str, new: str, line: int, message: str
) -> None:
    assert CALL.count(old) == 1

    with pytest.raises(DatasetError) as caught:
        parse(write(CALL.replace(old, new)))

    assert str(caught.value).startswith(f"da-a.calls.txt:{line}: ")
    assert message in str(caught.value)


def test_a_turn_before_the_first_header_is_a_mistake(write: Write) -> None:
    with pytest.raises(DatasetError, match=r"^da-a\.calls\.txt:1: a turn before the first header"):
        parse(write("A: hej\n" + CALL))


@pytest.mark.parametrize("text", [HEADER, f"{HEADER}\n\n{CALL.replace('001', '002')}"])
def test_a_call_without_turns_is_a_mistake(write: Write, text: str) -> None:
    with pytest.raises(DatasetError, match=r"^da-a\.calls\.txt:.*da-a-001 has no turns"):
        parse(write(text))


# --- folders


def test_a_folder_is_loaded_with_its_subfolders(write: Write, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    write(CALL)
    write(CALL.replace("da-a-001", "da-b-001"), "more/da-b.calls.txt")

    assert [call.conversation.id for call in load(tmp_path)] == ["da-a-001", "da-b-001"]


def parallel(to: str, own: str, text: str = CALL) -> str:
    return text.replace("da-a-001", own).replace(
        "transfers: 0", f"transfers: 0 | parallel_id: {to}"
    )


ORIGINAL = parallel("da-a-001", "da-a-001")


def test_a_rewriting_in_another_language_names_its_original(write: Write, tmp_path: Path) -> None:
    write(ORIGINAL)
    write(parallel("da-a-001", "sv-b-001"), "sv-b.calls.txt")

    assert [call.parallel_id for call in load(tmp_path)] == ["da-a-001", "da-a-001"]


@pytest.mark.parametrize(
    ("original", "own", "rewriting", "message"),
    [
        (CALL, "sv-b-001", CALL, "sv-b-001: da-a-001 does not name itself"),
        (CALL.replace("001", "002"), "sv-b-001", CALL, "sv-b-001: da-a-001 does not name itself"),
        (ORIGINAL, "sv-c-001", CALL, "sv-c-001 is for test, its original for train"),
        (
            ORIGINAL,
            "sv-b-001",
            CALL.replace("C: Hvor", "A: Hvor"),
            "sv-b-001: its speakers are not those of da-a-001",
        ),
    ],
)
def test_a_rewriting_goes_turn_by_turn_within_one_split(
    write: Write, tmp_path: Path, original: str, own: str, rewriting: str, message: str
) -> None:
    write(original)
    write(parallel("da-a-001", own, rewriting), f"{own[:4]}.calls.txt")

    with pytest.raises(DatasetError, match=message):
        load(tmp_path)


def test_a_voice_of_ones_own_has_a_name_of_ones_own(write: Write, tmp_path: Path) -> None:
    write(CALL.replace("da-a-001", "da-mine-001"), "da-mine.calls.txt")

    (call,) = load(tmp_path)

    assert (call.voice, call.split) == ("mine", "train")


@pytest.mark.parametrize(
    ("own", "name"),
    [
        ("da-a-001", "da-b.calls.txt"),  # a voice in another's file
        ("da-C-001", "da-C.calls.txt"),  # no voice that a split could know
        ("da-a-t001", "da-a.calls.txt"),  # a fragment among the calls
        ("da-1", "da.calls.txt"),
    ],
)
def test_an_id_says_what_its_file_says(write: Write, tmp_path: Path, own: str, name: str) -> None:
    write(CALL.replace("da-a-001", own), name)

    with pytest.raises(DatasetError, match=f"the id {own} does not belong into this file"):
        load(tmp_path)


@pytest.mark.parametrize("command", ["check", "stats"])
def test_a_folder_without_calls_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, str(tmp_path / "nowhere")]) == 1
    assert "no files of labelled calls" in capsys.readouterr().out


def test_an_id_used_twice_is_a_mistake(write: Write, tmp_path: Path) -> None:
    write(f"{CALL}\n{CALL}")

    with pytest.raises(DatasetError, match="the id da-a-001 stands 2 times"):
        load(tmp_path)


def test_the_first_mistake_of_every_file_is_found(write: Write, tmp_path: Path) -> None:
    write(CALL.replace("band: kasper", "band: hero"))
    write(CALL.replace("C: Hvor", "B: Hvor"), "da-b.calls.txt")
    write(CALL.replace("001", "003"), "da-c.calls.txt")

    found = [error.split(": ")[0] for error in errors(tmp_path)]

    assert found == ["da-a.calls.txt:1", "da-b.calls.txt:3"]


def test_a_mistake_across_files_is_found_when_each_is_right(write: Write, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    write(CALL)
    write(CALL, "more/da-a.calls.txt")

    assert [error.split(": ")[1] for error in errors(tmp_path)] == [
        "the id da-a-001 stands 2 times"
    ]


# --- the command


def test_check_says_how_many_calls_are_right(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(CALL)

    assert main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 calls and fragments, no errors\n"


@pytest.mark.parametrize("command", ["check", "stats"])
def test_a_mistake_is_shown_and_fails_the_command(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    write(CALL.replace("band: kasper", "band: hero"))

    assert main([command, str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith("da-a.calls.txt:1: ")


def test_stats_count_calls_turns_and_labels(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(CALL)

    assert main(["stats", str(tmp_path)]) == 0

    out = capsys.readouterr().out
    rows = {row.split("|")[1].strip(): row for row in out.splitlines() if row.startswith("|")}
    assert rows["whole calls"] == "| whole calls | 1 | 1 |"
    assert rows["turns"] == "| turns | 4 | 4 |"
    assert rows["spoken turns without a label"].endswith("| 33% | 33% |")
    assert rows["`apology`"].endswith("| 1 | 1 |") and rows["`blame`"].endswith("| 0 | 0 |")
    assert "1 trades" in out and "bank 1" in out


def test_stats_are_written_into_the_card(write: Write, tmp_path: Path) -> None:
    write(CALL)
    card = tmp_path / "README.md"
    card.write_text(
        "# Card\n<!-- figures: python -m models.dataset stats --write -->\nold\n"
        "<!-- end of figures -->\nThe rest.\n"
    )

    main(["stats", str(tmp_path), "--write"])

    text = card.read_text("utf-8")
    assert "| whole calls | 1 | 1 |" in text and "old" not in text
    assert text.startswith("# Card\n") and text.endswith("\nThe rest.\n")


# --- the training data itself


@pytest.fixture(scope="module")
def published() -> list[LabelledCall]:
    return load()


def test_the_training_data_has_no_mistakes() -> None:
    assert list(errors(DATA)) == []


def test_every_label_is_taught_in_every_language(published: list[LabelledCall]) -> None:
    taught = {
        (call.conversation.language, span.label)
        for call in published
        for spans in call.spans
        for span in spans
        if call.split == "train"
    }

    languages = [language for language in LANGUAGES if language != "nn"]  # by Bokmål and Danish
    assert taught >= {(language, label) for language in languages for label in LABELS}


def test_every_split_has_calls_of_every_band(published: list[LabelledCall]) -> None:
    assert {(call.split, call.band) for call in published if not call.is_fragment} == {
        (split, band)
        for split in ("train", "validation", "test")
        for band in ("rasmus", "kasper", "star")
    }


def test_every_voice_that_is_kept_from_training_exists(published: list[LabelledCall]) -> None:
    languages = {call.conversation.language for call in published}
    heard = {(call.conversation.language, call.voice) for call in published}

    assert heard >= {(language, voice) for language in languages for voice in SPLIT_OF_VOICE}


def test_the_card_holds_the_figures_of_the_data(published: list[LabelledCall]) -> None:
    card = (DATA / "README.md").read_text("utf-8")

    assert "\n".join(statistics(published)) in card
