"""Calls with planted personal data, to measure how much of it the redaction finds.

    python tests/analyzer/redaction/generated.py

prints the recall per kind and language. Names, addresses and numbers come from Faker's locales;
numbers with check digits are made here, so that they are right (or, for half of the CPR numbers,
wrong, as real ones since 2007 may be). The sentences that carry them are written for the purpose.
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from faker import Faker
from stdnum import luhn
from stdnum.no import fodselsnummer

from analyzer.conversation import Conversation, Turn
from analyzer.redaction import redact

LOCALES = {"da": "da_DK", "nb": "no_NO", "sv": "sv_SE", "en": "en_GB"}
# What a call begins with: a question that the planted turn answers, or nothing of the kind.
_SMALL_TALK = {
    "da": "Goddag, hvad kan jeg hjælpe med?",
    "nb": "God dag, hva kan jeg hjelpe med?",
    "sv": "God dag, vad kan jag hjälpa till med?",
    "en": "Good morning, what can I do for you?",
}
# kind -> language -> (question, answer): `{}` is the planted value.
_CARRIERS: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "PERSON": {
        "da": (
            ("", "Goddag, mit navn er {}, og jeg ringer om en regning."),
            ("Hvem taler jeg med?", "Det er {}."),
            ("", "Jeg talte i går med {}, som lovede at ringe."),
            ("", "Det er fra {} at pakken skulle komme."),
        ),
        "nb": (
            ("", "Hei, jeg heter {} og ringer om en faktura."),
            ("Hva heter du?", "{}."),
            ("", "Jeg snakket med {} i går, og ingenting har skjedd."),
            ("", "Avtalen står på {} og ikke på meg."),
        ),
        "sv": (
            ("", "Hej, jag heter {} och ringer om en räkning."),
            ("Vad heter du?", "{} heter jag."),
            ("", "Jag pratade med {} i går och fick ett löfte."),
            ("", "Avtalet står på {} och inte på mig."),
        ),
        "en": (
            ("", "Hello, my name is {} and I'm calling about a bill."),
            ("Who am I speaking to?", "It's {}."),
            ("", "I spoke to {} yesterday and was promised a call."),
            ("", "The contract is in the name of {} and not in mine."),
        ),
    },
    "IDENTITY": {
        "da": (("Hvad er dit CPR-nummer?", "Det er {}."), ("", "Mit CPR er {}, hvis det hjælper.")),
        "nb": (
            ("Kan jeg få fødselsnummeret?", "Ja, det er {}."),
            ("", "Fødselsnummeret mitt er {}, om det hjelper."),
        ),
        "sv": (
            ("Kan jag få ditt personnummer?", "Ja, {}."),
            ("", "Mitt personnummer är {}, om det hjälper."),
        ),
        "en": (
            ("And your National Insurance number?", "It's {}."),
            ("", "My National Insurance number is {}, if it helps."),
        ),
    },
    "PHONE": {
        "da": (
            ("Hvad er dit telefonnummer?", "Det er {}."),
            ("", "I kan ringe til mig på {}, efter fire."),
        ),
        "nb": (
            ("Hva er telefonnummeret ditt?", "Det er {}."),
            ("", "Dere kan nå meg på {}, etter fire."),
        ),
        "sv": (("Vad är ditt telefonnummer?", "Det är {}."), ("", "Ni når mig på {}, efter fyra.")),
        "en": (
            ("What's your phone number?", "It's {}."),
            ("", "You can reach me on {}, after four."),
        ),
    },
    "CARD": {
        "da": (
            ("Hvad er kortnummeret?", "Det er {}."),
            ("", "Jeg betalte med {}, det er et Visakort."),
        ),
        "nb": (
            ("Hva er kortnummeret?", "Det er {}."),
            ("", "Jeg betalte med {}, det er et Visakort."),
        ),
        "sv": (
            ("Vad är kortnumret?", "Det är {}."),
            ("", "Jag betalade med {}, det är ett Visakort."),
        ),
        "en": (("What's the card number?", "It's {}."), ("", "I paid with {}, it's a Visa.")),
    },
    "ACCOUNT": {
        "da": (("Og kontonummeret?", "Det er {}."), ("", "Pengene skal ind på konto {}, tak.")),
        "nb": (("Og kontonummeret?", "Det er {}."), ("", "Pengene skal inn på konto {}, takk.")),
        "sv": (("Och kontonumret?", "Det är {}."), ("", "Pengarna ska in på konto {}, tack.")),
        "en": (("And the account number?", "It's {}."), ("", "Pay it into account {}, please.")),
    },
    "REFERENCE": {
        "da": (
            ("Hvad er dit kundenummer?", "Øh, {}."),
            ("", "Det gælder ordrenummer {}, en støvsuger."),
        ),
        "nb": (
            ("Hva er kundenummeret?", "Eh, {}."),
            ("", "Det gjelder ordrenummer {}, en støvsuger."),
        ),
        "sv": (
            ("Vad är kundnumret?", "Eh, {}."),
            ("", "Det gäller ordernummer {}, en dammsugare."),
        ),
        "en": (
            ("What's your customer number?", "Um, {}."),
            ("", "It's about order number {}, a vacuum cleaner."),
        ),
    },
    "EMAIL": {
        "da": (("Hvad er din mail?", "Den er {}."), ("", "Skriv til {}, så ser jeg det.")),
        "nb": (("Hva er e-posten din?", "Den er {}."), ("", "Skriv til {}, så ser jeg det.")),
        "sv": (("Vad är din mejl?", "Den är {}."), ("", "Skriv till {}, så ser jag det.")),
        "en": (("What's your email?", "It's {}."), ("", "Write to {}, and I'll see it.")),
    },
    "ADDRESS": {
        "da": (("Hvad er adressen?", "Det er {}."), ("", "Jeg bor på {}, og her er ingen strøm.")),
        "nb": (("Hva er adressen?", "Det er {}."), ("", "Jeg bor i {}, og her er det ikke strøm.")),
        "sv": (("Vad är adressen?", "Det är {}."), ("", "Jag bor på {}, och här är ingen ström.")),
        "en": (("What's the address?", "It's {}."), ("", "I live at {}, and the power is out.")),
    },
}
_DIGITS = {
    "da": "nul en to tre fire fem seks syv otte ni".split(),
    "nb": "null en to tre fire fem seks sju åtte ni".split(),
    "sv": "noll ett två tre fyra fem sex sju åtta nio".split(),
    "en": "zero one two three four five six seven eight nine".split(),
}
_AT_DOT = {
    "da": ("snabel-a", "punktum"),
    "nb": ("krøllalfa", "punktum"),
    "sv": ("snabel-a", "punkt"),
    "en": ("at", "dot"),
}
_STREETS = {
    "da": ("Mosevej", "Nørre Allé", "Hasselgade", "Skolestræde"),
    "nb": ("Myrveien", "Storgata", "Skolegata", "Bakkevegen"),
    "sv": ("Kvarnvägen", "Storgatan", "Skolgränd", "Björkallén"),
    "en": ("Mill Lane", "Station Road", "Chapel Street", "Rowan Close"),
}


@dataclass(frozen=True)
class Planted:
    """A call with one piece of personal data: `value` is how it stands in the last turn."""

    kind: str
    language: str
    style: str
    conversation: Conversation
    value: str


def generate(count: int = 40, seed: int = 7) -> Iterator[Planted]:
    """For every kind and language `count` calls as they are written, and as many as they are said.

    The spoken ones are in lower case and without marks, as speech recognition gives them.
    """
    rng = random.Random(seed)
    fakers = {language: Faker(locale) for language, locale in LOCALES.items()}
    for faker in fakers.values():
        faker.seed_instance(seed)
    for kind, languages in _CARRIERS.items():
        for language, carriers in languages.items():
            for index in range(2 * count):
                value = _VALUES[kind](rng, fakers[language], language)
                spoken = index % 2 == 1
                if spoken:
                    value = _said(kind, value, language)
                question, answer = carriers[index // 2 % len(carriers)]
                yield _planted(kind, language, question, answer, value, spoken=spoken)


def _planted(
    kind: str, language: str, question: str, answer: str, value: str, *, spoken: bool
) -> Planted:
    lines = [question or _SMALL_TALK[language], answer.format(value)]
    if spoken:
        lines = [line.lower().translate(str.maketrans("", "", ".,?")) for line in lines]
        value = value.lower().translate(str.maketrans("", "", ".,?"))
    turns = (Turn(lines[0], "agent"), Turn(lines[1], "customer"))
    conversation = Conversation("planted", turns, language=language)
    return Planted(kind, language, "spoken" if spoken else "written", conversation, value)


def _said(kind: str, value: str, language: str) -> str:
    if kind in ("PERSON", "ADDRESS"):
        return value
    if kind == "EMAIL":
        at, dot = _AT_DOT[language]
        return value.replace("@", f" {at} ").replace(".", f" {dot} ")
    names = _DIGITS[language]
    return " ".join(names[int(c)] if c.isdigit() else c for c in value if c.isalnum())


def found(planted: Planted) -> bool:
    """Whether nothing of the value is left: every word of it was replaced."""
    text = redact(planted.conversation).conversation.turns[-1].text
    left = set(text.lower().replace(",", " ").replace(".", " ").split())
    before = planted.conversation.turns[-1].text.replace(planted.value, " ").lower()
    carrier = set(before.replace(",", " ").replace(".", " ").split())
    words = set(planted.value.lower().replace(",", " ").replace(".", " ").split())
    return not (words - carrier) & left


def recall(count: int = 40, seed: int = 7) -> dict[tuple[str, str, str], float]:
    """For each (kind, language, style) the share of planted values of which nothing is left."""
    results: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for planted in generate(count, seed):
        results[planted.kind, planted.language, planted.style].append(found(planted))
    return {key: sum(values) / len(values) for key, values in results.items()}


# --- values


def cpr(rng: random.Random, *, checked: bool) -> str:
    """A CPR number, DDMMYY-XXXX, with a check digit that is right, or one that is wrong."""
    while True:
        digits = f"{rng.randint(1, 28):02}{rng.randint(1, 12):02}{rng.randint(0, 99):02}"
        digits += f"{rng.randint(0, 9999):04}"
        weights = (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
        total = sum(w * int(d) for w, d in zip(weights, digits, strict=True))
        if (total % 11 == 0) == checked:
            return f"{digits[:6]}-{digits[6:]}"


def fodselsnummer_of(rng: random.Random, *, d_number: bool) -> str:
    """A valid Norwegian fødselsnummer, or a D-number, whose day is 40 higher."""
    while True:
        day = rng.randint(1, 28) + 40 * d_number
        digits = f"{day:02}{rng.randint(1, 12):02}{rng.randint(40, 99):02}{rng.randint(0, 499):03}"
        first = fodselsnummer.calc_check_digit1(digits)
        if first != "-":
            whole = digits + first + fodselsnummer.calc_check_digit2(digits + first)
            if fodselsnummer.is_valid(whole):
                return f"{whole[:6]} {whole[6:]}"


def personnummer_of(rng: random.Random, *, coordination: bool) -> str:
    """A valid Swedish personnummer, or a samordningsnummer, whose day is 60 higher."""
    day = rng.randint(1, 28) + 60 * coordination
    digits = f"{rng.randint(40, 99):02}{rng.randint(1, 12):02}{day:02}{rng.randint(1, 999):03}"
    return f"{digits[:6]}-{digits[6:]}{luhn.calc_check_digit(digits)}"


def nino(rng: random.Random) -> str:
    """A British National Insurance number."""
    return f"{rng.choice(('AB', 'CE', 'JM', 'PW'))} {_pairs(f'{rng.randint(0, 999999):06}')} C"


def _identity(rng: random.Random, faker: Faker, language: str) -> str:
    odd = rng.random() < 0.5
    if language == "da":
        return cpr(rng, checked=odd)
    if language == "nb":
        return fodselsnummer_of(rng, d_number=odd)
    if language == "sv":
        return personnummer_of(rng, coordination=odd)
    return nino(rng)


def _pairs(digits: str) -> str:
    return " ".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def _phone(rng: random.Random, faker: Faker, language: str) -> str:
    if language == "da":
        return _pairs(f"{rng.choice((20, 30, 40, 50, 60))}{rng.randint(0, 999999):06}")
    if language == "nb":
        return f"9{rng.randint(10, 99)} {rng.randint(10, 99)} {rng.randint(100, 999)}"
    if language == "sv":
        return f"070-{rng.randint(100, 999)} {rng.randint(10, 99)} {rng.randint(10, 99)}"
    return f"07700 900{rng.randint(100, 999)}"


def _card(rng: random.Random, faker: Faker, language: str) -> str:
    digits = f"4{rng.randint(0, 10**14 - 1):014}"
    digits += luhn.calc_check_digit(digits)
    return " ".join(digits[i : i + 4] for i in range(0, 16, 4))


def _account(rng: random.Random, faker: Faker, language: str) -> str:
    return f"{rng.randint(2000, 9999)} {rng.randint(10**6, 10**7 - 1)}"


def _reference(rng: random.Random, faker: Faker, language: str) -> str:
    return f"{rng.choice(('', 'ORD-', 'K'))}{rng.randint(10**4, 10**7)}"


def _email(rng: random.Random, faker: Faker, language: str) -> str:
    return f"{rng.choice(('mosegaard', 'k.lund', 'post77', 'havfruen'))}@example.com"


def _address(rng: random.Random, faker: Faker, language: str) -> str:
    street, number = rng.choice(_STREETS[language]), rng.randint(1, 150)
    if language == "en":
        return f"{number} {street}"
    return f"{street} {number}"


def _person(rng: random.Random, faker: Faker, language: str) -> str:
    if rng.random() < 0.5:
        return str(faker.first_name())
    return f"{faker.first_name()} {faker.last_name()}"


_VALUES: dict[str, Callable[[random.Random, Faker, str], str]] = {
    "PERSON": _person,
    "IDENTITY": _identity,
    "PHONE": _phone,
    "CARD": _card,
    "ACCOUNT": _account,
    "REFERENCE": _reference,
    "EMAIL": _email,
    "ADDRESS": _address,
}


def main() -> None:
    figures = recall(count=200)
    for style in ("written", "spoken"):
        sys.stdout.write(f"\n{style:<10}" + "".join(f"{lang:>7}" for lang in LOCALES) + "\n")
        for kind in _CARRIERS:
            row = "".join(f"{figures[kind, lang, style]:7.2f}" for lang in LOCALES)
            sys.stdout.write(f"{kind:<10}{row}\n")


if __name__ == "__main__":
    main()
