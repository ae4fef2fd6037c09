"""A call that goes on: its messages, and what is known of it after each turn.

The client sends `start`, then `turn` after `turn`, then `end`, each a JSON object; docs/live.md
shows them with their answers. Nothing is stored before `end`, and then only if it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from analyzer.classifier import Classifier, GrowingCall, OnnxClassifier
from analyzer.conversation import Conversation, RoleDecision, Turn
from analyzer.evidence import Evidence, find_evidence
from analyzer.messages import Message
from analyzer.report import Report
from analyzer.scorecard import Scorecard
from analyzer.scoring import score
from api.problems import Problem, ProblemError
from api.schemas import Key, Text, TurnIn
from api.storage.tables import now

# More than any call has, and few enough for a session's memory.
MAX_TURNS = 2_000
MAX_MESSAGE = 64 * 2**10


class SignIn(BaseModel):
    """The first message of a client that cannot send a header, such as a browser."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["auth"]
    key: Annotated[str, Field(max_length=200)]


class Start(BaseModel):
    """A call begins."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["start"]
    id: Annotated[Text, Field(min_length=1, max_length=400)] = "live"
    language: Annotated[Text, Field(max_length=16)] | None = None
    started_at: datetime | None = None
    customer_id: Key | None = None
    agent_id: Key | None = None
    queue: Key | None = None
    case_id: Key | None = None
    product: Key | None = None


class Said(TurnIn):
    """Somebody has said something."""

    type: Literal["turn"]
    role: Literal["agent", "customer", "system"]
    text: Annotated[Text, Field(max_length=20_000)]


class End(BaseModel):
    """The call is over; `store` keeps it like an uploaded one."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["end"]
    store: bool = False


LiveMessage = SignIn | Start | Said | End
_MESSAGE: TypeAdapter[LiveMessage] = TypeAdapter(
    Annotated[LiveMessage, Field(discriminator="type")]
)


def read_message(text: str) -> LiveMessage:
    """The message that a text holds; raises `Problem` with what is wrong with it."""
    if len(text.encode("utf-8", "replace")) > MAX_MESSAGE:
        raise Problem(
            413, Message("A message has at most %(size)s KiB.", size=MAX_MESSAGE // 2**10)
        )
    try:
        return _MESSAGE.validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        mistakes = [
            # the first part of the place is the type of the message
            ProblemError(detail=item["msg"], pointer="".join(f"/{p}" for p in item["loc"][1:]))
            for item in found
        ]
        detail = "This is not a message of a live call; `errors` says why."
        raise Problem(422, detail, errors=mistakes) from None


class LiveCall:
    """The turns of a call so far, and the classifier that keeps what it has read of them."""

    def __init__(self, start: Start, classifier: Classifier, card: Scorecard) -> None:
        self._classifier = classifier
        if isinstance(classifier, OnnxClassifier):
            self._classifier = GrowingCall(classifier)
        self._card = card
        self._said: dict[int, list[str]] = {}
        self.conversation = Conversation(
            id=start.id,
            turns=(),
            language=start.language,
            started_at=(start.started_at or now()).isoformat(timespec="seconds"),
            customer_id=start.customer_id,
            agent_id=start.agent_id,
            queue=start.queue,
            case_id=start.case_id,
            product=start.product,
            source="live",
            format="live",
            roles=RoleDecision("given"),
        )

    def add(self, said: Said) -> dict[str, Any]:
        """What is known after this turn: its findings, and how the call stands."""
        turns = self.conversation.turns
        if len(turns) >= MAX_TURNS:
            raise Problem(
                409, Message("A live call has at most %(most)s turns; end it.", most=MAX_TURNS)
            )
        turn = Turn(**said.model_dump(exclude={"type"}))
        self.conversation = replace(self.conversation, turns=(*turns, turn))
        report = score(self.conversation, classifier=self._classifier, scorecard=self._card)
        sure, unsure = self._found(report)
        labels = _labels_by_turn(sure)
        new = len(turns)
        before, self._said = self._said, labels
        changed = {n for n in before.keys() | labels.keys() if before.get(n) != labels.get(n)}
        return {
            "type": "turn",
            "turn": new,
            "evidence": [asdict(item) for item in sure if item.turn == new],
            "uncertain": [asdict(item) for item in unsure if item.turn == new],
            # what was said later can change how a turn is understood
            "changed": [{"turn": n, "labels": labels.get(n, [])} for n in sorted(changed - {new})],
            "counts": _counts(sure),
            "flags": [asdict(flag) for flag in report.flags],
            "score": report.score,
            "score_range": report.score_range,
            "band": report.band,
            "unscored_because": report.unscored_because,
        }

    def _found(self, report: Report) -> tuple[Sequence[Evidence], Sequence[Evidence]]:
        """The findings; also while only one side has spoken, when there is no score yet."""
        if report.unscored_because != ("ONE_SIDE_ONLY",):
            return report.evidence, report.uncertain
        scores = self._classifier.classify(self.conversation)
        return find_evidence(self.conversation, scores, self._classifier.thresholds)


def _labels_by_turn(evidence: Sequence[Evidence]) -> dict[int, list[str]]:
    labels: dict[int, list[str]] = {}
    for item in evidence:
        labels.setdefault(item.turn, []).append(item.label)
    return labels


def _counts(evidence: Sequence[Evidence]) -> dict[str, int]:
    """In how many turns each label stands."""
    turns = {(item.label, item.turn) for item in evidence}
    labels = sorted({label for label, _ in turns})
    return {label: sum(own == label for own, _ in turns) for label in labels}
