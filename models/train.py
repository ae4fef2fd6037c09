"""From labelled calls to trained weights: the linear model, and the tagger upon it.

    kasper train --base runs/base/encoder                       # data/training -> runs/model
    kasper train --data mine --base runs/base/encoder --output runs/mine
    kasper train --data mine --base models/kasper-tagger --output runs/mine
    kasper train --data mine --output runs/mine                 # the linear model alone: minutes

`--base` is a model folder, whose weights learn on; or an encoder in the format of `transformers`,
in a folder with its `tokenizer.json` (that of `python -m models.pretrain`, or any other on this
disk), or the name of one on a model hub where one can be reached. `kasper export` makes of the
output what `kasper score` runs. Calls for validation stop the training and test calls are never
read; data that names neither has every seventh call held out for validation. A run that was stopped
goes on where it was; with more `--passes` it goes on from its end, also with calls that were added
since. A folder that holds a training with another `--base` or `--seed` is refused.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.classifier import CONFIG, TOKENIZER, manifest_sha256
from analyzer.errors import UsageError
from models.dataset import DATA, SPLIT_OF_VOICE, LabelledCall, load
from models.linear import LinearModel, fit, fit_outcome, out_of_fold
from models.restore import is_model, restored_linear

RUNS = Path(__file__).parents[1] / "runs"
LINEAR, TAGGER, ENCODER, ABOUT = "linear.npz", "tagger.safetensors", "encoder.json", "about.json"
BEGUN = "begun.json"


def split(calls: Sequence[LabelledCall]) -> tuple[list[LabelledCall], list[LabelledCall]]:
    """The calls to learn from and those to choose by; those to measure with are in neither.

    Where no voice is for validation, about every seventh call is, and at least one; a call that
    exists in several languages is on one side in all of them. `UsageError` if a side is empty.
    """
    training = [call for call in calls if call.split == "train"]
    validation = [call for call in calls if call.split == "validation"]
    if not validation:
        drawn = {call.origin: zlib.crc32(call.origin.encode()) for call in training}
        held_out = {origin for origin, number in drawn.items() if number % 7 == 0}
        if len(held_out) in (0, len(drawn)):
            held_out = set(sorted(drawn, key=drawn.__getitem__)[:1])
        validation = [call for call in training if call.origin in held_out]
        training = [call for call in training if call.origin not in held_out]
    if not training or not validation:
        raise UsageError(
            f"There are {len(training)} calls to learn from and {len(validation)} to choose "
            "thresholds by; give more calls, and of voices that are not for the test alone "
            f"({', '.join(voice for voice, side in SPLIT_OF_VOICE.items() if side == 'test')})."
        )
    return training, validation


def train(
    calls: Sequence[LabelledCall],
    output: Path,
    *,
    base: str | None = None,
    passes: int = 6,
    seed: int = 0,
    device: str = "cpu",
) -> None:
    """Learn from the calls and write the weights to `output`; without a base no tagger.

    `UsageError` if `output` holds a training that began from something else, or if a base that is
    a model has learned from one of the calls: what its linear model says of them is too good to
    learn from how far it can be trusted.
    """
    training, validation = split(calls)
    model = Path(base) if base is not None and is_model(Path(base)) else None
    about: dict[str, Any] = {
        "calls": sum(not call.is_fragment for call in training),
        "fragments": sum(call.is_fragment for call in training),
        "turns": sum(len(call.spans) for call in training),
    }
    about |= _known(model, training) if model else {"voices": _voices(training)}
    _begin(output, base, seed)
    linear = _linear(training, output, model)
    if model is None:
        about["outcome"] = fit_outcome(training)
    if base is not None:
        about |= {"base": Path(base).name, "passes": passes, "seed": seed}
        # one that was fitted here has to be asked fold by fold
        apart = None if model else _unheard(training, linear, output)
        _tagger(training, validation, linear, apart, base, output, passes, seed, device)
    (output / ABOUT).write_text(json.dumps(about, indent=1) + "\n", "utf-8")


def _voices(calls: Sequence[LabelledCall]) -> list[str]:
    return sorted({call.conversation.id.rpartition("-")[0] for call in calls})


def _known(model: Path, training: Sequence[LabelledCall]) -> dict[str, Any]:
    """What stays as it is of a model that learns on, and which voices its linear model heard."""
    config = json.loads((model / CONFIG).read_text("utf-8"))
    voices = config["trained"].get("voices", [])
    if heard := sorted({*voices} & {*_voices(training)}):
        raise UsageError(
            f"{model} has learned from {', '.join(heard[:5])} already. Give calls that are new to "
            "it, in files of another name, or begin from an encoder."
        )
    kept = {name: config[name] for name in ("outcome", "calibration", "thresholds")}
    return kept | {"voices": voices}


def _begin(output: Path, base: str | None, seed: int) -> None:
    """Keep what a training began from: what is found in `output` later must belong to it."""
    output.mkdir(parents=True, exist_ok=True)
    begun = {"base": base and _fingerprint(base), "seed": seed}
    kept = output / BEGUN
    if not kept.exists():
        kept.write_text(json.dumps(begun) + "\n", "utf-8")
    elif json.loads(kept.read_text("utf-8")) != begun:
        raise UsageError(
            f"{output} holds a training with another --base or --seed; choose another --output."
        )


def _fingerprint(base: str) -> str:
    """The SHA-256 of the weights; the name, where they are on a model hub."""
    folder = Path(base)
    if is_model(folder):
        return manifest_sha256(json.loads((folder / CONFIG).read_text("utf-8"))["files"])
    found = hashlib.sha256()
    weights = sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")])
    for path in weights:
        with path.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest() if weights else base


def _linear(
    training: Sequence[LabelledCall], output: Path, model: Path | None = None
) -> LinearModel:
    kept = output / LINEAR
    if not kept.exists():
        # that of a model has learned from far more calls than are given here
        linear = restored_linear(model) if model else fit(training)
        _save(kept, {"idf": linear.idf, "weights": linear.weights, "bias": linear.bias})
    return load_linear(output)


def _save(path: Path, arrays: Mapping[str, NDArray[np.float64]]) -> None:
    """Write the arrays so that whoever stops in between leaves no half of a file."""
    with path.with_suffix(".new").open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    path.with_suffix(".new").replace(path)


def load_linear(folder: Path) -> LinearModel:
    """The linear model that `train` wrote."""
    with np.load(folder / LINEAR) as kept:
        return LinearModel(kept["idf"], kept["weights"], kept["bias"])


def _tagger(
    training: Sequence[LabelledCall],
    validation: Sequence[LabelledCall],
    linear: LinearModel,
    apart: dict[str, NDArray[np.float64]] | None,
    base: str,
    output: Path,
    passes: int,
    seed: int,
    device: str,
) -> None:
    # torch and transformers take seconds to import; the linear model does without
    from safetensors.torch import save_model

    from models.collate import prepare
    from models.finetune import finetune

    said = [apart[own.conversation.id] for own in training] if apart else linear.scores(training)
    learn = [prepare(call, own) for call, own in zip(training, said, strict=True)]
    pairs = zip(validation, linear.scores(validation), strict=True)
    choose = [prepare(call, own) for call, own in pairs]
    _tell({"learns from": len(training), "chooses by": len(validation)})
    model, tokenizer = finetune(
        learn, choose, base, output, passes=passes, seed=seed, device=device, report=_tell
    )
    save_model(model.cpu(), str(output / TAGGER))
    tokenizer.save(str(output / TOKENIZER))
    (output / ENCODER).write_text(model.encoder.config.to_json_string(), "utf-8")


def _unheard(
    training: Sequence[LabelledCall], linear: LinearModel, output: Path
) -> dict[str, NDArray[np.float64]]:
    """By call, what a linear model says of it that never heard its voice: folds of voices; for
    calls added since `linear` was fitted, `linear` itself."""
    kept = output / "out_of_fold.npz"
    if not kept.exists():
        scores = zip(training, out_of_fold(training), strict=True)
        _save(kept, {_words(call): own for call, own in scores})
    with np.load(kept) as file:
        found = {name: file[name] for name in file.files}
    added = [call for call in training if _words(call) not in found]
    new = zip(added, linear.scores(added), strict=True)
    found |= {_words(call): own for call, own in new}
    return {call.conversation.id: found[_words(call)] for call in training}


def _words(call: LabelledCall) -> str:
    """The id and a checksum of the words: of an edited call other things are said."""
    text = "\n".join(f"{turn.role} {turn.text}" for turn in call.conversation.turns)
    return f"{call.conversation.id} {zlib.crc32(text.encode()):08x}"


def _tell(line: dict[str, Any]) -> None:
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="kasper train", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of labelled calls")
    parser.add_argument("--base", help="encoder to start from; none: linear alone")
    parser.add_argument("--output", type=Path, default=RUNS / "model")
    parser.add_argument("--passes", type=int, default=6, help="over the training calls")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    options = parser.parse_args(arguments)
    train(
        load(options.data),
        options.output,
        base=options.base,
        passes=options.passes,
        seed=options.seed,
        device=options.device,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
