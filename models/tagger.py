"""The network behind the tagger: turn encoder, conversation encoder, heads.

Each turn is encoded on its own; every word gets a score for every label, and the turn a vector. A
small transformer over the turns of a call, which also sees what the linear model says of each, adds
what the context and the turn as a whole say. A turn's log-odds are a smooth maximum over its words,
so the words that carry a label are found in the same pass.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from safetensors.torch import load_model
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedModel

from analyzer.tagger import ROLES
from analyzer.traits import LABELS

# Places are counted from the start of the call; turns from here on share the last one.
PLACES = 96
# Resolved, failure, and recovery of at least 1, 2 and 3.
CALL_FIELDS = 5
# The linear model's log-odds are cut here: beyond it, more says nothing.
_CERTAIN = 6.0


class Layer(nn.Module):
    """A transformer layer, normalised first: in plain steps, so that ONNX keeps them."""

    def __init__(self, width: int, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask = nn.Linear(width, 3 * width)
        self.answer = nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, filled: Tensor) -> Tensor:
        """`x` (calls, turns, width) after attention over the `filled` (calls, turns) turns."""
        calls, turns, width = x.shape
        parts = self.ask(self.before(x)).view(calls, turns, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        match = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5
        match = match.masked_fill(filled[:, None, None, :] == 0, -1e4)
        seen = self.dropout(match.softmax(-1)) @ value
        x = x + self.dropout(self.answer(seen.transpose(1, 2).reshape(calls, turns, width)))
        wide = functional.gelu(self.widen(self.between(x)))
        out: Tensor = x + self.dropout(self.narrow(wide))
        return out


class Tagger(nn.Module):
    """`encode` reads turns one by one, `converse` reads calls of encoded turns."""

    def __init__(self, encoder: PreTrainedModel, width: int = 256, layers: int = 2) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        self.encoder = encoder
        self.word = nn.Linear(hidden, len(LABELS))
        self.enter = nn.Linear(hidden + 2 * len(LABELS), width)
        self.role = nn.Embedding(len(ROLES), width)
        self.place = nn.Embedding(PLACES, width)
        self.conversation = nn.ModuleList(Layer(width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(0.1)
        self.context = nn.Linear(width, len(LABELS))
        self.whole = nn.Linear(hidden, len(LABELS))
        self.mix = nn.Parameter(torch.full((len(LABELS),), 0.5))
        self.agent = nn.Linear(width, 1)
        self.call = nn.Linear(width, CALL_FIELDS)
        # A label stands on one turn in forty or so; starting there saves the first steps.
        nn.init.constant_(self.word.bias, -4.0)

    def encode(
        self, ids: Tensor, mask: Tensor, first: Tensor, words: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The turn vectors (turns, hidden), the words' scores (turns, words, labels), and these
        pooled over the words (turns, labels). Inputs are those of `analyzer.pieces.Rows`."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        own = mask.unsqueeze(-1).to(hidden.dtype)
        vector = (hidden * own).sum(1) / own.sum(1)
        places = first.unsqueeze(-1).expand(-1, -1, hidden.shape[-1])
        scores = self.word(self.dropout(hidden.gather(1, places)))
        scores = scores.masked_fill(words.unsqueeze(-1) == 0, -30.0)
        return vector, scores, pool(scores, words.sum(1))

    def converse(
        self, vector: Tensor, pooled: Tensor, linear: Tensor, role: Tensor, filled: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What the call adds to every word of a turn (calls, turns, labels), the log-odds that an
        agent speaks (calls, turns), and the call's fields (calls, `CALL_FIELDS`).

        `vector` (calls, turns, hidden) and `pooled` (calls, turns, labels) are `encode`'s, `linear`
        (calls, turns, labels) the linear model's log-odds, `role` (calls, turns) indexes `ROLES`,
        and `filled` (calls, turns) is 1 where the call has a turn.
        """
        certain = linear.clamp(-_CERTAIN, _CERTAIN)
        place = torch.arange(vector.shape[1], device=vector.device).clamp(max=PLACES - 1)
        seen = torch.cat([vector, pooled.clamp(-_CERTAIN, _CERTAIN) / 4, certain / 4], -1)
        context = self.enter(seen) + self.role(role) + self.place(place)
        for layer in self.conversation:
            context = layer(context, filled)
        context = self.norm(context)
        added = (
            self.context(self.dropout(context))
            + self.whole(self.dropout(vector))
            + self.mix * certain
        )
        own = filled.unsqueeze(-1).to(context.dtype)
        call = self.call((context * own).sum(1) / own.sum(1))
        return added, self.agent(context).squeeze(-1), call


def pool(scores: Tensor, count: Tensor) -> Tensor:
    """The smooth maximum of the words' scores (turns, words, labels), less the more words there
    are: by half the logarithm of their number, between a maximum and a mean."""
    return torch.logsumexp(scores, 1) - 0.5 * torch.log1p(count.float()).unsqueeze(-1)


def load_tagger(config: Path, weights: Path) -> Tagger:
    """The tagger with these weights; `config` is the encoder's, in the format of `transformers`."""
    settings = AutoConfig.for_model(**json.loads(config.read_text("utf-8")))
    encoder = AutoModel.from_config(  # type: ignore[no-untyped-call]
        settings, attn_implementation="eager"
    )
    tagger = Tagger(encoder)
    load_model(tagger, str(weights))
    return tagger.eval()


def as_onnx(tagger: Tagger) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """`encode` and `converse` as graphs in 32 bits; every size but the widths may change.

    Of `converse` what scoring needs: speakers and the call's fields are learned along, for the sake
    of the turns' vectors; a report takes them from `analyzer.roles` and `analyzer.outcome`.
    """
    ids = torch.ones(2, 9, dtype=torch.long)
    words = torch.ones(2, 4, dtype=torch.long)
    encoder = _graph(
        _Encode(tagger),
        {"ids": ids, "mask": ids, "first": words, "words": words},
        ["vector", "scores", "pooled"],
        ({0: "rows", 1: "pieces"},) * 2 + ({0: "rows", 1: "words"},) * 2,
    )
    labels, turns = torch.zeros(2, 7, len(LABELS)), torch.ones(2, 7, dtype=torch.long)
    vector = torch.zeros(2, 7, tagger.encoder.config.hidden_size)
    conversation = _graph(
        _Converse(tagger),
        {"vector": vector, "pooled": labels, "linear": labels, "role": turns, "filled": turns},
        ["added"],
        ({0: "calls", 1: "turns"},) * 5,
    )
    return encoder, conversation


class _Encode(nn.Module):
    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.tagger = tagger

    def forward(self, ids: Tensor, mask: Tensor, first: Tensor, words: Tensor) -> Any:
        return self.tagger.encode(ids, mask, first, words)


class _Converse(nn.Module):
    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.tagger = tagger

    def forward(
        self, vector: Tensor, pooled: Tensor, linear: Tensor, role: Tensor, filled: Tensor
    ) -> Any:
        return self.tagger.converse(vector, pooled, linear, role, filled)[0]


def _graph(
    module: nn.Module,
    inputs: dict[str, Tensor],
    outputs: list[str],
    sizes: tuple[dict[int, str], ...],
) -> onnx.ModelProto:
    # one tensor given twice would be taken for one input
    examples = tuple(tensor.clone() for tensor in inputs.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter speaks of its own workings
        program = torch.onnx.export(
            module.eval(),
            examples,
            dynamo=True,
            input_names=list(inputs),
            output_names=outputs,
            dynamic_shapes=sizes,
            opset_version=20,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    # the sizes noted for what lies between are those of the example, and quantisation trusts them
    del model.graph.value_info[:]
    return model
