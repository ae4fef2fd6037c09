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
since.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.classifier import CONFIG, TOKENIZER
from models.dataset import DATA, LabelledCall, load
from models.linear import LinearModel, fit, fit_outcome, out_of_fold
from models.restore import is_model, restored_linear

RUNS = Path(__file__).parents[1] / "runs"
LINEAR, TAGGER, ENCODER, ABOUT = "linear.npz", "tagger.safetensors", "encoder.json", "about.json"


def split(calls: Sequence[LabelledCall]) -> tuple[list[LabelledCall], list[LabelledCall]]:
    """The calls to learn from and those to choose by; those to measure with are in neither."""
    training = [call for call in calls if call.split == "train"]
    validation = [call for call in calls if call.split == "validation"]
    if not validation:
        held_out = [zlib.crc32(call.conversation.id.encode()) % 7 == 0 for call in training]
        pairs = list(zip(training, held_out, strict=True))
        training = [call for call, held in pairs if not held]
        validation = [call for call, held in pairs if held]
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
    """Learn from the calls and write the weights to `output`; without a base no tagger."""
    training, validation = split(calls)
    output.mkdir(parents=True, exist_ok=True)
    model = Path(base) if base is not None and is_model(Path(base)) else None
    linear = _linear(training, output, model)
    about: dict[str, Any] = {
        "calls": sum(not call.is_fragment for call in training),
        "fragments": sum(call.is_fragment for call in training),
        "turns": sum(len(call.spans) for call in training),
    }
    if model is None:
        about["outcome"] = fit_outcome(training)
    else:
        known = json.loads((model / CONFIG).read_text("utf-8"))
        about |= {name: known[name] for name in ("outcome", "calibration", "thresholds")}
    if base is not None:
        about |= {"base": Path(base).name, "passes": passes, "seed": seed}
        # a model has never heard these calls; one that was fitted here has to be asked fold by fold
        heard = None if model else _unheard(training, linear, output)
        _tagger(training, validation, linear, heard, base, output, passes, seed, device)
    (output / ABOUT).write_text(json.dumps(about, indent=1) + "\n", "utf-8")


def _linear(
    training: Sequence[LabelledCall], output: Path, model: Path | None = None
) -> LinearModel:
    kept = output / LINEAR
    if not kept.exists():
        # that of a model has learned from far more calls than are given here
        linear = restored_linear(model) if model else fit(training)
        np.savez_compressed(kept, idf=linear.idf, weights=linear.weights, bias=linear.bias)
    return load_linear(output)


def load_linear(folder: Path) -> LinearModel:
    """The linear model that `train` wrote."""
    with np.load(folder / LINEAR) as kept:
        return LinearModel(kept["idf"], kept["weights"], kept["bias"])


def _tagger(
    training: Sequence[LabelledCall],
    validation: Sequence[LabelledCall],
    linear: LinearModel,
    heard: dict[str, NDArray[np.float64]] | None,
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

    said = [heard[own.conversation.id] for own in training] if heard else linear.scores(training)
    learn = [prepare(call, own) for call, own in zip(training, said, strict=True)]
    pairs = zip(validation, linear.scores(validation), strict=True)
    choose = [prepare(call, own) for call, own in pairs]
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
        by_call: dict[str, Any] = {call.conversation.id: own for call, own in scores}
        np.savez_compressed(kept, **by_call)
    with np.load(kept) as file:
        heard = {name: file[name] for name in file.files}
    added = [call for call in training if call.conversation.id not in heard]
    new = zip(added, linear.scores(added), strict=True)
    return heard | {call.conversation.id: own for call, own in new}


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
