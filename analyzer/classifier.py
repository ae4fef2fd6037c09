"""From turns to probabilities: the `Classifier` protocol and the ONNX models behind it.

A model folder holds a linear model over hashed pieces of words (`analyzer/tokens.py`) and, in the
published one, the two networks of the tagger (`analyzer/tagger.py`), which see what the linear
model says of each turn. Either way every word's score for every label is known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from analyzer.conversation import Conversation, Role
from analyzer.errors import ModelError
from analyzer.pieces import batches
from analyzer.tagger import EncodedTurn, Networks
from analyzer.tokens import FEATURES_VERSION, Token, encode, tokenise
from analyzer.traits import LABELS, TRAITS_VERSION, labels_of

FloatArray = NDArray[np.float32]
Forms = tuple[str, ...]

DEFAULT_MODEL = "kasper-tagger"
# In a wheel the published models lie inside the package, in a checkout beside it.
_MODEL_FOLDERS = (Path(__file__).parent / "weights", Path(__file__).parent.parent / "models")
# Words in a batch, padding included: enough to keep the matrix products busy, few enough for a
# laptop's cache and for flat memory.
_BATCH_WORDS = 4_096
# Log-odds of a word that clearly carries a label: of 1, 2 and 3 the one whose evidence overlapped
# most with that of the validation calls.
_CLEARLY = 3.0
# Turns of at most so many words are remembered, so many of them at a time.
_SHORT, _REMEMBERED = 4, 4_000
_CONFIG_KEYS = ("name", "version", "files", "thresholds", "calibration", "outcome")
LINEAR, ENCODER, CONVERSATION = "linear.onnx", "encoder.onnx", "conversation.onnx"
TOKENIZER, CONFIG = "tokenizer.json", "config.json"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which weights spoke: name, version and the SHA-256 over the SHA-256 of each file, by name."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class TurnScores:
    """What the classifier says of one turn.

    `probabilities` (labels) are calibrated; `token_scores` (tokens, labels) say how much each of
    `tokens` speaks for each label, in log-odds.
    """

    tokens: Sequence[Token]
    probabilities: FloatArray
    token_scores: FloatArray


@dataclass(frozen=True, slots=True)
class ReadTurn:
    """A turn on its own: the linear model's `logits` (labels) and `words` (words, labels), and what
    the turn encoder made of it, if there is one."""

    tokens: Sequence[Token]
    logits: FloatArray
    words: FloatArray
    encoded: EncodedTurn | None


class Classifier(Protocol):
    """What scoring needs of a model, so that another one can take its place.

    `thresholds` (labels) are the probabilities from which on a label is asserted.
    """

    info: ModelInfo
    thresholds: FloatArray

    def classify(self, conversation: Conversation) -> list[TurnScores]:
        """The scores of every turn, in order; labels that the turn's role cannot carry are 0."""
        ...

    def classify_many(self, conversations: Sequence[Conversation]) -> list[list[TurnScores]]:
        """The same scores for each of many calls, sooner than one by one."""
        ...

    def agent_log_odds(self, texts: Sequence[str]) -> FloatArray:
        """For each text, the log-odds that an agent rather than a customer said it."""
        ...

    def outcome(self, found: Sequence[frozenset[str]]) -> dict[str, float]:
        """Probabilities of `resolved` and `failure` from the labels found in each spoken turn."""
        ...


class OnnxClassifier:
    """A trained model, run by ONNX Runtime on the CPU.

    `folder` holds `config.json` and the files that it names; `ModelError` if one is missing,
    damaged, or made for other labels or features than this version of Kasper has. `threads` run
    batches of turns side by side; as many as the machine has cores, unless said.
    """

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        self._config = _load_config(folder)
        files = {name: _load(folder / name, sha) for name, sha in self._config["files"].items()}
        self._linear = _session(files[LINEAR])
        self._networks = (
            Networks(
                _session(files[ENCODER]), _session(files[CONVERSATION]), files[TOKENIZER], threads
            )
            if ENCODER in files
            else None
        )
        sha256 = manifest_sha256(self._config["files"])
        self.info = ModelInfo(self._config["name"], self._config["version"], sha256)
        self.thresholds = np.array(self._config["thresholds"], dtype=np.float32)
        self._slope, self._offset = np.array(self._config["calibration"], dtype=np.float32).T
        self._allowed = {
            "agent": _mask(labels_of("agent")),
            "customer": _mask(labels_of("customer")),
            "unknown": _mask(LABELS),
            "system": _mask(()),
        }
        self._remembered: dict[Forms, ReadTurn] = {}

    def classify(self, conversation: Conversation) -> list[TurnScores]:
        """See `Classifier`."""
        return self.classify_many([conversation])[0]

    def classify_many(self, conversations: Sequence[Conversation]) -> list[list[TurnScores]]:
        """See `Classifier`."""
        turns = iter(self.read([tokenise(t.text) for c in conversations for t in c.turns]))
        return [self.classify_read(c, list(islice(turns, len(c.turns)))) for c in conversations]

    def classify_read(
        self, conversation: Conversation, turns: Sequence[ReadTurn]
    ) -> list[TurnScores]:
        """As `classify`, of a call whose turns have been read."""
        logits, words = self._together(turns, [turn.role for turn in conversation.turns])
        probabilities = _sigmoid(logits * self._slope + self._offset)
        return [
            TurnScores(own.tokens, row * self._allowed[turn.role], scores)
            for turn, own, row, scores in zip(
                conversation.turns, turns, probabilities, words, strict=True
            )
        ]

    def log_odds(
        self, tokens: Sequence[Sequence[Token]], roles: Sequence[Role]
    ) -> tuple[FloatArray, list[FloatArray]]:
        """The turns of one call before calibration: (turns, labels), and their words' scores
        (words, labels) turn by turn."""
        return self._together(self.read(tokens), roles)

    def read(self, turns: Sequence[Sequence[Token]]) -> list[ReadTurn]:
        """Each turn on its own: all that can be said before the others are looked at.

        Turns of the same words are read once, and short ones ("ja", "okay tak") are remembered.
        """
        forms = [tuple(token.form for token in tokens) for tokens in turns]
        remembered = self._remembered
        known = {form: remembered[form] for form in set(forms) if form in remembered}
        new = {f: tokens for f, tokens in zip(forms, turns, strict=True) if f not in known}
        known |= zip(new, self._read_new(list(new.values())), strict=True)
        if len(remembered) > _REMEMBERED:
            # a new one, since other threads may be reading the old one
            self._remembered = remembered = {}
        remembered |= {form: _copied(known[form]) for form in new if len(form) <= _SHORT}
        return [replace(known[f], tokens=tokens) for f, tokens in zip(forms, turns, strict=True)]

    def _read_new(self, turns: Sequence[Sequence[Token]]) -> list[ReadTurn]:
        if not turns:
            return []
        # the linear model reads on this thread while others encode
        ended = self._networks.begin(turns) if self._networks is not None else None
        linear: dict[int, tuple[FloatArray, FloatArray]] = {}
        for indices, token_scores, logits, _ in self._run(turns):
            for row, index in enumerate(indices):
                linear[index] = logits[row], token_scores[row, : len(turns[index])]
        encoded = ended() if ended is not None else [None] * len(turns)
        return [ReadTurn(turns[i], *linear[i], encoded[i]) for i in range(len(turns))]

    def _together(
        self, turns: Sequence[ReadTurn], roles: Sequence[Role]
    ) -> tuple[FloatArray, list[FloatArray]]:
        linear = np.zeros((len(turns), len(LABELS)), dtype=np.float32)
        for index, turn in enumerate(turns):
            linear[index] = turn.logits
        encoded = [turn.encoded for turn in turns if turn.encoded is not None]
        if self._networks is None or not turns:
            return linear, [turn.words for turn in turns]
        spoken = np.array([role != "system" for role in roles])
        added = self._networks.converse(encoded, linear * spoken[:, None], roles)
        logits = np.stack([turn.pooled for turn in encoded]) + added
        found = [_lifted(turn.words + own) for turn, own in zip(encoded, added, strict=True)]
        return logits, found

    def agent_log_odds(self, texts: Sequence[str]) -> FloatArray:
        """See `Classifier`."""
        log_odds = np.zeros(len(texts), dtype=np.float32)
        for indices, _, _, agent in self._run([tokenise(text) for text in texts]):
            log_odds[indices] = agent
        return log_odds

    def outcome(self, found: Sequence[frozenset[str]]) -> dict[str, float]:
        """See `Classifier`."""
        features = outcome_features(found)
        chances = {}
        for name, weights in self._config["outcome"].items():
            log_odds = weights["bias"] + sum(weights["weights"].get(f, 0.0) for f in features)
            chances[name] = float(_sigmoid(np.float32(log_odds)))
        return chances

    def _run(
        self, turns: Sequence[Sequence[Token]]
    ) -> Iterator[tuple[list[int], FloatArray, FloatArray, FloatArray]]:
        for indices in batches([len(tokens) for tokens in turns], _BATCH_WORDS):
            batch = encode([turns[index] for index in indices])
            inputs = {"forms": batch.forms, "words": batch.words, "phrases": batch.phrases}
            token_scores, logits, agent = self._linear.run(None, inputs)
            yield indices, token_scores, logits, agent


class GrowingCall:
    """A `Classifier` for one call while it goes on.

    It says of the call what `whole` says, but reads each turn once: for a new turn, only the turn
    itself passes the turn encoder, and the conversation encoder goes over what is kept.
    """

    def __init__(self, whole: OnnxClassifier) -> None:
        self._whole = whole
        self._read: dict[str, ReadTurn] = {}
        self.info, self.thresholds = whole.info, whole.thresholds
        self.agent_log_odds, self.outcome = whole.agent_log_odds, whole.outcome

    def classify(self, conversation: Conversation) -> list[TurnScores]:
        """See `Classifier`."""
        texts = [turn.text for turn in conversation.turns]
        new = [text for text in dict.fromkeys(texts) if text not in self._read]
        read = self._whole.read([tokenise(text) for text in new])
        self._read.update(zip(new, read, strict=True))
        return self._whole.classify_read(conversation, [self._read[text] for text in texts])

    def classify_many(self, conversations: Sequence[Conversation]) -> list[list[TurnScores]]:
        """See `Classifier`."""
        return [self.classify(conversation) for conversation in conversations]


def manifest_sha256(files: Mapping[str, str]) -> str:
    """The SHA-256 of a line `SHA-256  name` per file, by name: what `sha256sum` would print."""
    lines = "".join(f"{sha}  {name}\n" for name, sha in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _copied(turn: ReadTurn) -> ReadTurn:
    """The turn with figures of its own, where they were a part of its batch's."""
    encoded = turn.encoded and EncodedTurn(
        turn.encoded.vector.copy(), turn.encoded.words.copy(), turn.encoded.pooled.copy()
    )
    return ReadTurn(turn.tokens, turn.logits.copy(), turn.words.copy(), encoded)


def _lifted(words: FloatArray) -> FloatArray:
    """The words' scores (words, labels), with those of a label that no word clearly carries raised
    together: where a turn carries it by what was said before, the nearest words are shown."""
    if not len(words):
        return words
    lift = np.maximum(np.float32(0), np.float32(_CLEARLY) - words.max(0))
    return np.asarray(words + lift, np.float32)


def outcome_features(found: Sequence[frozenset[str]]) -> frozenset[str]:
    """The labels of a call, and those of its last third with `late:` before them."""
    late = found[-max(len(found) // 3, 1) :]
    labels = frozenset().union(*found) if found else frozenset()
    ending = frozenset().union(*late) if late else frozenset()
    return labels | {f"late:{label}" for label in ending}


@cache
def default_classifier() -> OnnxClassifier:
    """The published model, loaded once per process."""
    return OnnxClassifier(published_folder())


def published_folder() -> Path:
    """Where the published model lies, with its card and its figures."""
    for folder in _MODEL_FOLDERS:
        if (folder / DEFAULT_MODEL / CONFIG).exists():
            return folder / DEFAULT_MODEL
    searched = " or ".join(str(folder / DEFAULT_MODEL) for folder in _MODEL_FOLDERS)
    raise ModelError(f"No model in {searched}; make one with `kasper train`.")


def _load_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        config: dict[str, Any] = json.loads(path.read_text("utf-8"))
        versions = (config["features_version"], config["traits_version"], config["labels"])
        _ = [config[key] for key in _CONFIG_KEYS]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} cannot be used ({error!r}); fetch or train the model again."
        ) from None
    if versions != (FEATURES_VERSION, TRAITS_VERSION, list(LABELS)):
        raise ModelError(
            f"{path} was made for other labels or features than this version of Kasper has; "
            "use the weights that belong to it or train again."
        )
    return config


def _load(path: Path, expected: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}).") from None
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ModelError(
            f"{path} is damaged or not the published file: its SHA-256 is {found}, "
            f"expected {expected}; fetch the model again."
        )
    return content


def _session(weights: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Batches run side by side on the machine's cores, each on one.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def _mask(labels: Sequence[str]) -> FloatArray:
    return np.array([label in labels for label in LABELS], dtype=np.float32)


def _sigmoid(x: Any) -> Any:
    # `1 / (1 + exp(-x))` overflows in single precision from -88 down.
    return np.exp(-np.logaddexp(np.float32(0), -x))
