from __future__ import annotations

from pathlib import Path

import pytest

from models.dataset import DATA, LabelledCall, load, parse
from models.similarity import copies, distinct_trigrams, main, nearest, whole

HEADER = (
    "# {} | domain: bank | style: clean | band: kasper | resolved: no | failure: no | "
    "recovery: 0 | transfers: 0{}\n"
)
LETTER = "Jeg har altså ventet på det brev fra jer siden pinse"
CASTLE = "Der bor to ugler oppe i det gamle tårn ved havnen nu"


def call(tmp_path: Path, call_id: str, *texts: str, more: str = "") -> LabelledCall:
    path = tmp_path / "x.txt"
    path.write_text(HEADER.format(call_id, more) + "".join(f"C: {t}\n" for t in texts), "utf-8")
    return parse(path)[0]


def places(first: list[LabelledCall], against: list[LabelledCall] | None = None) -> set[str]:
    found = copies(first, against)
    return {place for pair in found for place in (pair.first.place, pair.second.place)}


def test_a_turn_said_again_in_another_call_is_a_copy(tmp_path: Path) -> None:
    one = call(tmp_path, "da-a-001", CASTLE, LETTER)
    other = call(tmp_path, "da-b-001", "Hallo?", "Er der nogen?", LETTER.lower() + "!")

    assert places([one, other]) == {"da-a-001:1", "da-b-001:2"}


def test_a_turn_with_a_word_exchanged_is_a_near_copy(tmp_path: Path) -> None:
    one = call(tmp_path, "da-a-001", LETTER)
    other = call(tmp_path, "da-b-001", LETTER.replace("altså ", ""))

    assert "da-a-001:0" in places([one, other])


def test_what_everybody_says_is_no_copy(tmp_path: Path) -> None:
    calls = [call(tmp_path, f"da-{voice}-001", "Ja tak, hej hej") for voice in "ab"]

    assert places(calls) == set()


def test_a_copy_of_somebody_elses_call_is_found(tmp_path: Path) -> None:
    own = call(tmp_path, "da-a-001", LETTER, CASTLE)
    theirs = call(tmp_path, "da-a-001", "Hallo?", LETTER)  # of another data set, by chance so named

    assert places([own]) == set()
    assert places([own], [theirs]) == {"da-a-001:0", "da-a-001:1"}


@pytest.mark.parametrize(("second", "found"), [("da-a-t002", False), ("da-a-t009", True)])
def test_halves_of_a_minimal_pair_stand_together_and_may_share_a_turn(
    tmp_path: Path, second: str, found: bool
) -> None:
    calls = [call(tmp_path, "da-a-t001", LETTER), call(tmp_path, second, LETTER)]

    assert bool(places(calls)) is found


def test_parallel_calls_may_be_alike(tmp_path: Path) -> None:
    original = call(tmp_path, "da-a-001", LETTER, more=" | parallel_id: da-a-001")
    rewriting = call(tmp_path, "nb-a-001", LETTER, more=" | parallel_id: da-a-001")

    assert places([original, rewriting]) == set()


def test_the_nearest_call_is_the_most_similar_one(tmp_path: Path) -> None:
    calls = [
        call(tmp_path, "da-a-001", LETTER),
        call(tmp_path, "da-b-001", CASTLE),
        call(tmp_path, "da-b-002", LETTER, CASTLE),
    ]

    first = nearest(whole(calls))[0]

    assert first.second.place == "da-b-002" and 0 < first.cosine < 1


def test_repeating_oneself_lowers_the_share_of_distinct_trigrams(tmp_path: Path) -> None:
    one = [call(tmp_path, "da-a-001", " ".join(f"ord{n}" for n in range(3000)))]
    other = [call(tmp_path, "da-b-001", "det kan jeg godt forstå " * 600)]

    rates = [distinct_trigrams(calls) for calls in (one, other)]

    assert rates == [pytest.approx(2998 / 3), pytest.approx(5 / 3)]


def test_short_turns_are_as_varied_as_long_ones(tmp_path: Path) -> None:
    spoken = [f"ord{n}" for n in range(3000)]
    short = call(tmp_path, "da-a-001", *(" ".join(spoken[n : n + 2]) for n in range(0, 3000, 2)))
    long = call(tmp_path, "da-b-001", *(" ".join(spoken[n : n + 50]) for n in range(0, 3000, 50)))

    assert distinct_trigrams([short]) == distinct_trigrams([long])


def test_too_few_words_give_no_rate(tmp_path: Path) -> None:
    assert distinct_trigrams([call(tmp_path, "da-a-001", LETTER)]) is None


def test_training_never_hears_what_is_kept_for_measuring() -> None:
    calls = load(DATA)
    training = [call for call in calls if call.split == "train"]
    kept = [call for call in calls if call.split != "train"]

    found = copies(kept, training)

    assert [(pair.first.place, pair.second.place) for pair in found] == []


def test_the_command_names_copies_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for voice in "ab":
        text = HEADER.format(f"da-{voice}-001", "") + f"C: {LETTER}\n"
        (tmp_path / f"da-{voice}.calls.txt").write_text(text, "utf-8")

    assert main(["copies", str(tmp_path)]) == 1
    assert "1.00 da-b-001:0 (train) da-a-001:0 (train)" in capsys.readouterr().out
    (tmp_path / "da-b.calls.txt").unlink()
    assert main(["copies", str(tmp_path)]) == 0


def test_the_command_shows_diversity_by_language_and_voice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(name: str, call_id: str) -> Path:
        calls = (HEADER.format(f"{call_id}{n}", "") + f"C: {t}\n" for n, t in texts)
        (tmp_path / name).write_text("\n".join(calls), "utf-8")
        return tmp_path / name

    texts = ((1, LETTER), (2, CASTLE))
    write("da-a.calls.txt", "da-a-00")
    (tmp_path / "theirs").mkdir()
    theirs = write("theirs/any.md", "nb-00")

    main(["diversity", str(tmp_path), "--against", str(theirs)])

    out = capsys.readouterr().out
    assert "| da | 2 |" in out and "| da-a | 2 |" in out
    assert "| against | calls |" in out and "| nb | 2 |" in out
