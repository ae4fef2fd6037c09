from __future__ import annotations

import pytest

from analyzer.redaction.passage import Passage
from analyzer.redaction.persons import find_persons


def names(text: str, language: str, before: tuple[str, ...] = ()) -> set[str]:
    passage = Passage(text, language, before, cased=text != text.lower())
    return {text[d.start : d.end] for d in find_persons(passage)}


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        # a known first name, with what follows it
        ("da", "Tak, Karen, det var pænt.", "Karen"),
        ("da", "Goddag. Svend Åge Kjeldsen her.", "Svend Åge Kjeldsen"),
        ("sv", "Då tar Annika Lindqvist över.", "Annika Lindqvist"),
        ("da", "det er tak til karen", "karen"),
        ("nb", "god dag daniel johansen ringer", "daniel johansen"),
        # an ending of the genitive is no part of the name
        ("da", "Det er Annas konto.", "Anna"),
        ("da", "Det er Rasmus' konto.", "Rasmus"),
        ("en", "It's Karen's account.", "Karen"),
        # whatever stands behind a cue
        ("da", "jeg hedder torkvild og bor her", "torkvild"),
        ("nb", "Jeg heter Bo.", "Bo"),
        ("nn", "eg heiter torgjerd", "torgjerd"),
        ("sv", "Yxmar heter jag.", "Yxmar"),
        ("en", "my name is grace and i need help", "grace"),
        ("en", "Tarquil speaking.", "Tarquil"),
        ("en", "I'll ask Mrs Pettigrew.", "Pettigrew"),
        ("da", "Jeg talte med fru Havgard i går.", "Havgard"),
        ("en", "This is Torvin from billing.", "Torvin"),
        # on no list, between a cue and the end of the clause
        ("en", "Thanks, Fidelma.", "Fidelma"),
        ("en", "Ridge Housing, this is Marcy. How can I help?", "Marcy"),
        ("en", "You're speaking with Deepa, what can I do?", "Deepa"),
        ("en", "You have my word on that, Gwilym.", "Gwilym"),
        ("en", "It's Temisola Adewale, about the fence.", "Temisola Adewale"),
        ("da", "Spejlblank, du taler med Oluf, hvad kan jeg gøre?", "Oluf"),
        ("da", "Det er vi meget kede af, Thorkild.", "Thorkild"),
        ("sv", "Hej, det är Zeynep.", "Zeynep"),
        ("nb", "Takk, Hermod!", "Hermod"),
        # a word that is a name beside a last name
        ("da", "Spørg Bo Hansen om det.", "Bo Hansen"),
        ("sv", "det var björn andersson som svarade", "björn andersson"),
        # spelled
        ("en", "It's A, A, S, E, N.", "A, A, S, E, N"),
    ],
)
def test_a_name_is_found(language: str, text: str, name: str) -> None:
    assert name in names(text, language)


@pytest.mark.parametrize(
    ("question", "answer", "name"),
    [
        ("Hvad hedder du?", "Torkvild Vang.", "Torkvild Vang"),
        ("Who am I speaking to?", "it's tarquil", "tarquil"),
    ],
)
def test_the_answer_to_a_question_for_the_name_is_one(
    question: str, answer: str, name: str
) -> None:
    assert names(answer, "en", (question,)) == {name}


def test_who_is_greeted_later_is_a_person() -> None:
    before = ("Ridge Housing, how can I help?",)
    assert names("Hi Keyshawn! I have a bill here.", "en", before) == {"Keyshawn"}
    assert names("Hello, Beauregard. You have my key.", "en", before) == {"Beauregard"}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("da", "Per måned koster det 99 kroner, og jeg kan bo der."),
        ("nb", "Det var en god dag med sol og storm."),
        ("en", "Grace period? Will you mark it? I hope so, what a joy."),
        ("en", "In April and May it rose, in June it fell."),
        ("sv", "Björn är inte hemma i Norge i sommar."),
        ("da", "Du taler med kundeservice hos Norlys i Aarhus."),
        ("en", "Hi Amazon, I'm on Windows with my iPhone."),
        ("en", "It came from Belfast, and I think it's Exmouth next."),
        ("da", "Hej, Kassakraft."),
        ("nb", "Jeg tror det er Oppdal, og toget har kjørt."),
        ("sv", "Den är slut i Borås, Jönköping, Luleå."),
        ("en", "Go to Settings, Privacy, Trade PIN."),
        ("da", "jeg hedder det samme som før og er fra odense"),
        ("en", "THIS IS URGENT, CALL ME"),
    ],
)
def test_what_is_no_name_stays(language: str, text: str) -> None:
    assert names(text, language) == set()
