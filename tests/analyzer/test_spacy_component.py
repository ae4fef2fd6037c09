from __future__ import annotations

from collections.abc import Callable

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from analyzer.classifier import Classifier
from analyzer.errors import TranscriptError
from analyzer.spacy_component import SPANS_KEY, KasperComponent

Phrases = Callable[..., Classifier]

FOUND = {
    "ikke mit bord": ("deflection", 0.93),
    "for dårligt": ("frustration", 0.7),
}


@pytest.fixture(scope="module")
def nlp() -> Language:
    pipeline = spacy.blank("da")
    pipeline.add_pipe("kasper")
    return pipeline


@pytest.fixture
def annotated(phrases: Phrases) -> Callable[[str], Doc]:
    """A text with the evidence of the phrases above."""
    blank = spacy.blank("da")
    component = KasperComponent(phrases(FOUND))
    return lambda text: component(blank(text))


def test_a_pipeline_finds_it_by_its_name(nlp: Language) -> None:
    doc = nlp(
        "Kunde: Hvor er min pakke?\n"
        "Medarbejder: Det er ikke mit område, det må du tage med butikken."
    )

    assert "deflection" in [span.label_ for span in doc.spans[SPANS_KEY]]


def test_a_span_is_the_words_that_prove_its_label(annotated: Callable[[str], Doc]) -> None:
    doc = annotated("Kunde: Det er for dårligt.\nMedarbejder: Nå, det er ikke mit bord.")

    assert [(span.label_, span.text) for span in doc.spans["kasper"]] == [
        ("frustration", "for dårligt"),
        ("deflection", "ikke mit bord"),
    ]


def test_a_span_holds_its_evidence(annotated: Callable[[str], Doc]) -> None:
    doc = annotated("Kunde: hej\nAgent: ikke mit bord")

    (span,) = doc.spans["kasper"]
    evidence = span._.kasper
    assert (evidence.turn, evidence.probability, evidence.role) == (1, 0.93, "agent")


def test_roles_that_are_not_named_are_decided_from_the_words(
    annotated: Callable[[str], Doc],
) -> None:
    doc = annotated("goddag velkommen, det er ikke mit bord\n\ndet er for dårligt")

    assert [span.label_ for span in doc.spans["kasper"]] == ["deflection", "frustration"]


def test_blank_lines_are_no_turns(annotated: Callable[[str], Doc]) -> None:
    doc = annotated("\n \nAgent: hej\n\n\nAgent: ikke mit bord\n")

    (span,) = doc.spans["kasper"]
    assert span._.kasper.turn == 1


@pytest.mark.parametrize("text", ["", "\n\n", "   "])
def test_a_text_without_turns_has_no_spans(annotated: Callable[[str], Doc], text: str) -> None:
    assert list(annotated(text).spans["kasper"]) == []


def test_a_colon_after_another_word_is_speech(annotated: Callable[[str], Doc]) -> None:
    doc = annotated("Agent: hej\nKunde: ja\nPris: det er for dårligt")

    (span,) = doc.spans["kasper"]
    assert (span._.kasper.turn, span._.kasper.start) == (2, 13)


def test_the_user_may_say_who_the_agent_is(phrases: Phrases) -> None:
    component = KasperComponent(phrases(FOUND), agent_speaker="Kunde")

    doc = component(spacy.blank("da")("Kunde: ikke mit bord\nAgent: det er for dårligt"))

    assert [span.label_ for span in doc.spans["kasper"]] == ["deflection", "frustration"]


def test_a_speaker_who_does_not_exist_is_named(phrases: Phrases) -> None:
    component = KasperComponent(phrases(FOUND), agent_speaker="Bo")

    with pytest.raises(TranscriptError, match="name one of its speakers: Agent"):
        component(spacy.blank("da")("Agent: hej"))


def test_the_agent_may_be_named_in_the_configuration() -> None:
    pipeline = spacy.blank("en")
    pipeline.add_pipe("kasper", config={"agent_speaker": "Customer"})

    doc = pipeline("Customer: That's not my department, you'll have to call the shop.\nAgent: ok")

    assert "deflection" in [span.label_ for span in doc.spans["kasper"]]


def test_many_texts_go_through_the_pipeline(nlp: Language) -> None:
    texts = ["Agent: hej", "Kunde: Det er tredje gang jeg ringer om det samme.\nAgent: nå"]

    first, second = nlp.pipe(texts)

    assert not first.spans["kasper"] and second.spans["kasper"]


def test_a_second_component_may_be_made(phrases: Phrases) -> None:
    KasperComponent(phrases({}))
    KasperComponent(phrases({}))

    assert Span.has_extension("kasper")
