from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest

from analyzer.conversation import Conversation
from analyzer.language import LANGUAGES, detect, language_of, normalise

Call = Callable[..., Conversation]

TEXTS = {
    "da": [
        "Goddag, du taler med Bodil fra Havnens Cykler, hvad kan jeg hjælpe med?",
        "Jeg har ventet på min ladcykel i tre uger, og ingen ved, hvor den er henne.",
    ],
    "nb": [
        "God dag, du snakker med Ingunn på fergekontoret, hva kan jeg hjelpe deg med?",
        "Jeg skulle hatt billetten i går, men det har ikke kommet noe på e-posten min ennå.",
    ],
    "nn": [
        "God dag, du snakkar med Oddveig på ferjekontoret, kva kan eg hjelpe deg med?",
        "Eg skulle hatt billetten i går, men det har ikkje kome noko på e-posten min enno.",
    ],
    "sv": [
        "God dag, du talar med Gunilla på båtkontoret, vad kan jag hjälpa dig med?",
        "Jag skulle ha fått biljetten i går, men det har inte kommit något till min e-post än.",
    ],
    "en": [
        "Good afternoon, you are through to Maureen at the ferry office, how can I help you?",
        "I should have had the ticket yesterday, but nothing has arrived in my inbox so far.",
    ],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_is_told_from_the_others(language: str) -> None:
    assert detect(TEXTS[language]) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_speech_recognition_without_marks_or_capitals_is_told_as_well(language: str) -> None:
    bare = ["".join(c for c in text.lower() if c.isalnum() or c == " ") for text in TEXTS[language]]

    assert detect(bare) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_capitals_alone_are_told_as_well(language: str) -> None:
    assert detect([text.upper() for text in TEXTS[language]]) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Guten Tag, ich warte seit drei Wochen auf meine Bestellung und niemand hilft mir.", "de"),
        ("Bonjour, j'attends ma commande depuis trois semaines et personne ne m'aide.", "fr"),
        ("Goedemiddag, ik wacht al drie weken op mijn bestelling en niemand helpt mij.", "nl"),
        ("Hyvää päivää, olen odottanut tilaustani kolme viikkoa eikä kukaan auta minua.", "fi"),
    ],
)
def test_another_language_is_named(text: str, language: str) -> None:
    assert detect([text]) == language


@pytest.mark.parametrize("texts", [[], [""], ["ja"], ["ok", "tak", "hej"], ["12 34 56 78 90 12"]])
def test_too_little_text_has_no_language(texts: list[str]) -> None:
    assert detect(texts) is None


def test_letters_written_with_combining_marks_are_told_as_well() -> None:
    assert detect([unicodedata.normalize("NFD", text) for text in TEXTS["da"]]) == "da"


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("da", "da"),
        ("da-DK", "da"),
        ("da_DK", "da"),
        ("DAN", "da"),
        ("dansk", "da"),
        (" Danish ", "da"),
        ("no", "nb"),
        ("no-NO", "nb"),
        ("nb-NO", "nb"),
        ("Norwegian", "nb"),
        ("nn-NO", "nn"),
        ("nno", "nn"),
        ("Nynorsk", "nn"),
        ("sv-SE", "sv"),
        ("Svenska", "sv"),
        ("swe", "sv"),
        ("en-GB", "en"),
        ("en_US", "en"),
        ("eng", "en"),
    ],
)
def test_a_code_or_name_is_brought_to_one_form(code: str, language: str) -> None:
    assert normalise(code) == language


@pytest.mark.parametrize("code", ["de", "fr-FR", "", "klingon", "danisch"])
def test_a_code_of_no_analysed_language_has_no_form(code: str) -> None:
    assert normalise(code) is None


def test_what_the_file_says_goes_before_what_is_detected(call: Call) -> None:
    assert language_of(call("A: hello, how can I help you today?", language="da-DK")) == "da"


def test_a_stated_language_that_is_not_analysed_is_kept(call: Call) -> None:
    assert language_of(call("A: hej", language="fi-FI")) == "fi-FI"


@pytest.mark.parametrize("stated", ["no", "nb-NO", "nn-NO"])
@pytest.mark.parametrize("written", ["nb", "nn"])
def test_the_words_tell_bokmaal_from_nynorsk(call: Call, stated: str, written: str) -> None:
    lines = [f"A: {text}" for text in TEXTS[written]]

    assert language_of(call(*lines, language=stated)) == written


@pytest.mark.parametrize(("stated", "language"), [("nn-NO", "nn"), ("nb", "nb"), ("no", "nb")])
def test_a_stated_norwegian_stands_when_the_words_do_not_tell(
    call: Call, stated: str, language: str
) -> None:
    assert language_of(call("A: hallo", "C: hei", language=stated)) == language


def test_a_language_that_is_not_stated_is_detected(call: Call) -> None:
    assert language_of(call(*(f"A: {text}" for text in TEXTS["sv"]))) == "sv"


def test_events_say_nothing_of_the_language(call: Call) -> None:
    conversation = call("S: [all our lines are busy, please hold the line]", "A: hej", "C: ja")

    assert language_of(conversation) is None
