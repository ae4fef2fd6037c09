"""What the tests share: calls written in a short notation, and a classifier that knows phrases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import settings

from analyzer.classifier import (
    Classifier,
    FloatArray,
    ModelInfo,
    OnnxClassifier,
    TurnScores,
    default_classifier,
)
from analyzer.conversation import Conversation, Role, Turn
from analyzer.report import Report
from analyzer.scoring import score
from analyzer.tokens import tokenise
from analyzer.traits import LABELS, TRAIT

settings.register_profile("kasper", deadline=None, max_examples=60)
settings.load_profile("kasper")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names bytes by their argument: archives hold the time of day, and workers compare names."""
    return argname if isinstance(val, bytes) else None


_ROLES: dict[str, Role] = {"A": "agent", "C": "customer", "S": "system", "?": "unknown"}


@dataclass
class PhraseClassifier:
    """A classifier for tests: a phrase in a turn of the right role has a label and a probability.

    Words of `agent_words` speak for the agent, all others for the customer. `asked` keeps what
    the last call of `outcome` was given.
    """

    phrases: Mapping[str, tuple[str, float]]
    resolved: float = 0.9
    failure: float = 0.1
    agent_words: frozenset[str] = frozenset({"goddag", "hjælpe", "velkommen"})
    asked: list[frozenset[str]] = field(default_factory=list)
    info: ModelInfo = ModelInfo("phrases", "7", "0" * 64)
    thresholds: FloatArray = field(
        default_factory=lambda: np.full(len(LABELS), 0.5, dtype=np.float32)
    )

    def classify(self, conversation: Conversation) -> list[TurnScores]:
        """The scores of every turn."""
        return [self._turn(turn) for turn in conversation.turns]

    def classify_many(self, conversations: Sequence[Conversation]) -> list[list[TurnScores]]:
        """The scores of every turn of every call."""
        return [self.classify(conversation) for conversation in conversations]

    def _turn(self, turn: Turn) -> TurnScores:
        tokens = tokenise(turn.text)
        probabilities = np.zeros(len(LABELS), dtype=np.float32)
        gains = np.full((len(tokens), len(LABELS)), -1, dtype=np.float32)
        for phrase, (label, probability) in self.phrases.items():
            start = turn.text.find(phrase)
            if start < 0 or TRAIT[label].role != turn.role:
                continue
            column = LABELS.index(label)
            probabilities[column] = probability
            for row, token in enumerate(tokens):
                if start <= token.start < start + len(phrase):
                    gains[row, column] = 1
        return TurnScores(tokens, probabilities, gains)

    def agent_log_odds(self, texts: Sequence[str]) -> FloatArray:
        """2 for each word of an agent, otherwise -1."""
        found = [sum(word in self.agent_words for word in text.lower().split()) for text in texts]
        return np.array([2 * count if count else -1 for count in found], dtype=np.float32)

    def outcome(self, found: Sequence[frozenset[str]]) -> dict[str, float]:
        """The two probabilities that the classifier was made with."""
        self.asked = list(found)
        return {"resolved": self.resolved, "failure": self.failure}


@pytest.fixture(scope="session")
def phrases() -> Callable[..., PhraseClassifier]:
    """`phrases({"ikke mit bord": ("deflection", 0.9)}, failure=0.8)` makes a classifier."""
    return PhraseClassifier


@pytest.fixture(scope="session")
def classifier() -> OnnxClassifier:
    """The published model."""
    return default_classifier()


def _turn(line: str, times: tuple[float, float] | None) -> Turn:
    speaker, _, text = line.partition(": ")
    role = _ROLES[speaker[0]]
    label = None if role == "system" else speaker.ljust(2, "1").removeprefix("?")
    start, end = times or (None, None)
    return Turn(text, role, label, start, end)


@pytest.fixture(scope="session")
def call() -> Callable[..., Conversation]:
    """`call("A: hej", "C: hej", "S: [musik]", "A2: ja", times=[(0, 1), …])` makes a conversation.

    `?bo: hej` is said by a speaker of unknown role whom the file calls bo.
    """

    def make(
        *lines: str,
        id: str = "c-1",
        times: Sequence[tuple[float, float] | None] = (),
        **details: object,
    ) -> Conversation:
        known = [*times, *[None] * (len(lines) - len(times))]
        turns = tuple(_turn(line, at) for line, at in zip(lines, known, strict=True))
        return Conversation(id, turns, **details)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def scored(
    phrases: Callable[..., Classifier], call: Callable[..., Conversation]
) -> Callable[..., Report]:
    """`scored("A: …", "C: …", id="c-2")` reports on a call by the phrases below."""
    found = {
        "ikke mit bord": ("deflection", 0.93),
        "stiller dig om": ("transfer", 0.8),
        "læs vilkårene": ("blame", 0.55),
        "Det beklager jeg": ("apology", 0.9),
        "tredje gang": ("repeat_contact", 0.55),
        "simpelthen for dårligt": ("frustration", 0.7),
        "Hvor er det dejligt": ("satisfaction", 0.88),
    }

    def make(*lines: str, **details: object) -> Report:
        default = (
            "A: Kundeservice, hvad kan jeg hjælpe med?",
            "C: Det er tredje gang, jeg ringer. Det er simpelthen for dårligt.",
            "A: Det er desværre ikke mit bord.",
            "C: Nå.",
        )
        return score(call(*(lines or default), **details), classifier=phrases(found, 0.2, 0.9))

    return make
