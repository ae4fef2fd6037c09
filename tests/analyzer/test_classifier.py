from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.classifier import (
    DEFAULT_MODEL,
    OnnxClassifier,
    default_classifier,
    outcome_features,
)
from analyzer.conversation import Conversation, Role, Turn
from analyzer.errors import ModelError
from analyzer.tokens import tokenise
from analyzer.traits import LABELS, labels_of

Call = Callable[..., Conversation]

PUBLISHED = Path(__file__).parents[2] / "models" / DEFAULT_MODEL
TEXTS = [
    "Det er ikke mit område, det må du tage med butikken.",
    "ja",
    "Hvor er det dejligt, tusind tak for hjælpen!",
    "",
    "I'm so sorry you had to wait, that was our mistake. " * 20,
    "[sukker] Jeg stiller dig om til teknisk afdeling",
    "Det är tredje gången jag ringer om samma sak",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the published model that may be damaged."""
    return Path(shutil.copytree(PUBLISHED, tmp_path / "model"))


def change(folder: Path, **fields: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **fields}), "utf-8")


def agent_call(texts: list[str]) -> Conversation:
    return Conversation("c-1", tuple(Turn(text, "agent") for text in texts))


def test_an_untouched_copy_of_the_model_is_used(folder: Path) -> None:
    assert OnnxClassifier(folder).info == default_classifier().info


def test_the_model_says_which_weights_it_is(classifier: OnnxClassifier) -> None:
    files = json.loads((PUBLISHED / "config.json").read_text("utf-8"))["files"]
    sums = {name: hashlib.sha256((PUBLISHED / name).read_bytes()).hexdigest() for name in files}
    manifest = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))

    assert classifier.info.name == DEFAULT_MODEL
    assert classifier.info.sha256 == hashlib.sha256(manifest.encode()).hexdigest()


def test_published_weights_fit_into_forty_megabytes() -> None:
    assert sum(path.stat().st_size for path in PUBLISHED.iterdir()) < 40e6


def test_the_default_model_is_loaded_once() -> None:
    assert default_classifier() is default_classifier()


FILES = ["linear.onnx", "encoder.onnx", "conversation.onnx", "tokenizer.json"]


@pytest.mark.parametrize("name", FILES)
def test_damaged_weights_are_refused(folder: Path, name: str) -> None:
    weights = bytearray((folder / name).read_bytes())
    weights[len(weights) // 2] ^= 1
    (folder / name).write_bytes(weights)

    with pytest.raises(ModelError, match=rf"{name} is damaged .* fetch the model again\.$"):
        OnnxClassifier(folder)


def test_half_a_file_of_weights_is_refused(folder: Path) -> None:
    path = folder / "encoder.onnx"
    path.write_bytes(path.read_bytes()[:1000])

    with pytest.raises(ModelError, match="damaged"):
        OnnxClassifier(folder)


def test_missing_weights_are_named(folder: Path) -> None:
    (folder / "encoder.onnx").unlink()

    with pytest.raises(ModelError, match=r"encoder\.onnx cannot be read \(No such file"):
        OnnxClassifier(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere.config\.json cannot be used .*train the model"):
        OnnxClassifier(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "changed",
    [
        {"labels": ["politeness"]},
        {"labels": list(reversed(LABELS))},
        {"features_version": 0},
        {"traits_version": "0"},
    ],
    ids=str,
)
def test_a_model_for_other_labels_or_features_is_refused(
    folder: Path, changed: dict[str, object]
) -> None:
    change(folder, **changed)

    with pytest.raises(ModelError, match=r"made for other labels or features .* train again\.$"):
        OnnxClassifier(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"labels": []}'])
def test_a_damaged_configuration_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text, "utf-8")

    with pytest.raises(ModelError, match=r"config\.json cannot be used"):
        OnnxClassifier(folder)


@pytest.mark.parametrize("key", ["files", "thresholds", "calibration", "outcome", "name"])
def test_a_configuration_that_lacks_a_part_is_refused(folder: Path, key: str) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    del config[key]
    (folder / "config.json").write_text(json.dumps(config), "utf-8")

    with pytest.raises(ModelError, match=key):
        OnnxClassifier(folder)


def test_without_any_model_the_message_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.classifier._MODEL_FOLDERS", (tmp_path / "a", tmp_path / "b"))

    with pytest.raises(ModelError, match=r"^No model in .*a.kasper-tagger or .*b.*kasper train"):
        default_classifier.__wrapped__()


def test_a_call_without_turns_has_no_scores(classifier: OnnxClassifier) -> None:
    assert classifier.classify(Conversation("c-1", ())) == []


def test_every_turn_is_scored_in_its_place(classifier: OnnxClassifier) -> None:
    scores = classifier.classify(agent_call(TEXTS))

    words = [" ".join(token.form for token in score.tokens[:2]) for score in scores]
    assert words == ["det er", "ja", "hvor er", "", "i'm so", "<sigh> jeg", "det är"]


def test_the_scores_of_a_turn_have_one_row_per_word(classifier: OnnxClassifier) -> None:
    for score in classifier.classify(agent_call(TEXTS)):
        assert score.token_scores.shape == (len(score.tokens), len(LABELS))


def test_the_same_call_is_scored_alike_whatever_was_scored_before(
    classifier: OnnxClassifier,
) -> None:
    first = classifier.classify(agent_call(TEXTS))
    classifier.classify(agent_call([text + " altså" for text in TEXTS]))
    again = classifier.classify(agent_call(TEXTS))

    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
        np.testing.assert_array_equal(one.token_scores, other.token_scores)


def test_a_turn_on_its_own_does_not_depend_on_what_is_encoded_beside_it(
    classifier: OnnxClassifier,
) -> None:
    tokens = [tokenise(text) for text in TEXTS]
    networks = classifier._networks
    assert networks is not None
    together = networks.begin(tokens)()
    alone = [networks.begin([own])()[0] for own in tokens]

    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.vector, other.vector, atol=1e-4)
        np.testing.assert_allclose(one.words, other.words, atol=1e-4)


def test_what_was_said_before_counts(classifier: OnnxClassifier) -> None:
    def frustrated(*before: str) -> float:
        turns = [Turn(text, "agent" if n % 2 else "customer") for n, text in enumerate(before)]
        call = Conversation("c", (*turns, Turn("Ja, tak for ingenting.", "customer")))
        return float(classifier.classify(call)[-1].probabilities[LABELS.index("frustration")])

    trouble = ("Min pakke er stadig ikke kommet, det er fjerde gang.", "Det er ikke mit bord.")
    assert frustrated() != frustrated(*trouble)


def test_more_turns_than_one_batch_holds_are_all_scored(classifier: OnnxClassifier) -> None:
    texts = [f"{'ord ' * (number % 60)}nummer {number}" for number in range(400)]

    scores = classifier.classify(agent_call(texts))

    assert [score.tokens[-1].form for score in scores] == [str(n) for n in range(400)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["agent", "customer", "system"]), st.sampled_from(TEXTS)),
        max_size=8,
    )
)
def test_labels_of_another_role_are_never_asserted(turns: list[tuple[Role, str]]) -> None:
    model = default_classifier()
    conversation = Conversation("c-1", tuple(Turn(text, role) for role, text in turns))

    for turn, score in zip(conversation.turns, model.classify(conversation), strict=True):
        asserted = {LABELS[c] for c in np.flatnonzero(score.probabilities >= model.thresholds)}
        assert asserted <= set(labels_of(turn.role))


def test_a_turn_of_unknown_role_may_carry_any_label(call: Call, classifier: OnnxClassifier) -> None:
    (score,) = classifier.classify(call(f"?x: {TEXTS[0]}"))

    assert score.probabilities.all()


CLEAR = [
    ("A", "deflection", "Det er ikke mit område, det må du tage med butikken."),
    ("A", "deflection", "Det er ikke noe vi kan gjøre noe med, det må du ta med butikken."),
    ("A", "deflection", "Det är inget vi kan påverka, det får du ta med butiken."),
    ("A", "deflection", "That's not my department, you'll have to take it up with the shop."),
    ("A", "transfer", "Jeg stiller dig videre til teknisk afdeling."),
    ("A", "transfer", "Jag kopplar dig vidare till tekniska supporten."),
    ("A", "apology", "Jeg beklager rotet, det var vår feil."),
    ("A", "apology", "I'm so sorry about the mix-up, that was our mistake."),
    ("C", "repeat_contact", "Det er tredje gang jeg ringer om det samme."),
    ("C", "repeat_contact", "This is the third time I've called about this."),
    ("C", "satisfaction", "Åh, hvor er det dejligt, tusind tak, du er en engel!"),
    ("C", "satisfaction", "Oh that's wonderful, thank you so much, you've been brilliant!"),
]


@pytest.mark.parametrize(("side", "label", "text"), CLEAR)
def test_the_published_model_finds_what_nobody_could_miss(
    call: Call, classifier: OnnxClassifier, side: str, label: str, text: str
) -> None:
    (score,) = classifier.classify(call(f"{side}: {text}"))

    column = LABELS.index(label)
    assert score.probabilities[column] >= classifier.thresholds[column]


@pytest.mark.parametrize("text", ["Ja.", "Mm.", "Et øjeblik.", "Ordernumret är 4471.", "Okay."])
def test_the_published_model_finds_nothing_where_there_is_nothing(
    call: Call, classifier: OnnxClassifier, text: str
) -> None:
    (score,) = classifier.classify(call(f"A: {text}"))

    assert not (score.probabilities >= classifier.thresholds).any()


def test_the_words_of_an_agent_speak_for_the_agent(classifier: OnnxClassifier) -> None:
    agent, customer = classifier.agent_log_odds(
        ["Velkommen til kundeservice, hvad kan jeg hjælpe dig med?", "Hvor er min pakke henne?"]
    )

    assert agent > 0 > customer


def test_no_texts_have_no_log_odds(classifier: OnnxClassifier) -> None:
    assert classifier.agent_log_odds([]).shape == (0,)


def test_the_outcome_follows_what_was_found(classifier: OnnxClassifier) -> None:
    solved = [frozenset({"apology"}), frozenset({"resolution"}), frozenset({"satisfaction"})]
    stuck = [frozenset({"basic_error"}), frozenset({"deflection"}), frozenset({"frustration"})]

    assert classifier.outcome(solved)["resolved"] > 0.5 > classifier.outcome(stuck)["resolved"]


def test_an_apology_tells_of_a_failure(classifier: OnnxClassifier) -> None:
    found, nothing = [frozenset({"apology", "broken_promise"})], [frozenset({"greeting"})]

    assert classifier.outcome(found)["failure"] > 0.5 > classifier.outcome(nothing)["failure"]


def test_a_call_without_turns_has_an_outcome(classifier: OnnxClassifier) -> None:
    assert all(0 < chance < 1 for chance in classifier.outcome([]).values())


@pytest.mark.parametrize(
    ("found", "features"),
    [
        ([], set()),
        ([{"apology"}], {"apology", "late:apology"}),
        ([{"blame"}, set(), {"apology"}], {"blame", "apology", "late:apology"}),
        ([{"blame"}, {"apology"}] * 3, {"blame", "apology", "late:blame", "late:apology"}),
        ([{"blame"}] * 5 + [set()] * 3, {"blame"}),
    ],
)
def test_the_last_third_of_a_call_counts_on_its_own(
    found: list[set[str]], features: set[str]
) -> None:
    assert outcome_features([frozenset(labels) for labels in found]) == features
