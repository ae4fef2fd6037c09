"""Whether the agent's name makes a difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.classifier import DEFAULT_MODEL, OnnxClassifier, TurnScores
from analyzer.conversation import Conversation, Turn
from models.dataset import parse
from models.export import MODELS
from models.names import agent_name, by_name, renamed, sex_of


def call(*turns: str) -> Conversation:
    """A call of turns by the agent and the customer in turn."""
    return Conversation(
        "c",
        tuple(Turn(text, "customer" if i % 2 else "agent") for i, text in enumerate(turns)),
        language="en",
    )


@pytest.mark.parametrize(
    "greeting", ["God dag, Nettbanken.", "God helg og velkommen, hva kan jeg gjøre for deg?"]
)
def test_good_day_is_no_mans_name(greeting: str) -> None:
    assert agent_name(replace(call(greeting, "Hei."), language="nb")) is None


@pytest.mark.parametrize(
    ("name", "sex"), [("joan", "woman's"), ("Torben", "man's"), ("Kim", None), ("Dag", None)]
)
def test_sex_is_told_by_names_of_one_sex_that_are_no_words(name: str, sex: str | None) -> None:
    assert sex_of(name) == sex


def test_another_name_stands_wherever_the_agents_stood_and_nowhere_else() -> None:
    own = call(
        "Harbour Bank, this is Joan.",
        "Hi Joan, I am Peter. Joanna said you would call.",
        "Peter, this is Joan's work.",
    )
    named = agent_name(own)
    assert named and named.name == "Joan"
    assert [turn.text for turn in renamed(own, named, "Elif").turns] == [
        "Harbour Bank, this is Elif.",
        "Hi Elif, I am Peter. Joanna said you would call.",
        "Peter, this is Elif's work.",
    ]
    double = call("Hi Anna, this is Joan-Marie.", "Hi.")
    named = agent_name(double)
    assert named and named.name == "Joan-Marie"
    assert renamed(double, named, "Elif").turns[0].text == "Hi Anna, this is Elif."
    small = call("harbour bank this is joan", "hello")
    named = agent_name(small)
    assert named
    assert renamed(small, named, "Elif").turns[0].text == "harbour bank this is elif"


class Prejudiced(OnnxClassifier):
    """Hears a rebuke in what everybody says who is not called Joan."""

    def classify_many(self, conversations: Sequence[Conversation]) -> list[list[TurnScores]]:
        rebuke = Turn("That is your own fault, you should have read the terms.", "agent")
        heard = [
            own
            if "Joan" in own.turns[0].text
            else replace(own, turns=(*own.turns[:2], rebuke, *own.turns[3:]))
            for own in conversations
        ]
        return super().classify_many(heard)


def test_a_model_that_judges_by_the_name_is_found_out(call_file: Path) -> None:
    calls = parse(call_file)
    table = by_name(calls, Prejudiced(MODELS / DEFAULT_MODEL))
    assert table["as written"]["distance"] == 0
    for kind in ("redacted", "woman's", "Turkish man's"):
        assert table[kind]["distance"] < -1
        assert table[kind]["interval"][1] < 0
        assert table[kind]["other_band"] == 1
        assert table[kind]["micro_f1"] < table["as written"]["micro_f1"]


def test_calls_without_a_name_have_no_table(call_file: Path) -> None:
    text = call_file.read_text("utf-8").replace(", this is Joan", "")
    call_file.write_text(text, "utf-8")
    assert by_name(parse(call_file), OnnxClassifier(MODELS / DEFAULT_MODEL)) == {}
