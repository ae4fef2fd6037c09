"""Pre-training with a teacher too small to teach much: it runs, learns, stops and goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import zstandard
from tokenizers import Tokenizer
from transformers import AutoModel, BertConfig, BertModel, PreTrainedTokenizerFast

from models.dataset import load
from models.pretrain import dialogue_pairs, main, start_body
from models.tokenizer import train as train_tokenizer

ENGLISH = ["the parcel is late", "thank you for waiting", "your card is blocked", "who are you"]
DANISH = ["pakken er forsinket", "tak fordi du ventede", "dit kort er spærret", "hvem er du"]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher, a tokenizer, a corpus and pairs."""
    folder = tmp_path_factory.mktemp("workshop")
    tokenizer = train_tokenizer((ENGLISH + DANISH) * 20, 300)
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder / "teacher")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", mask_token="[MASK]"
    ).save_pretrained(folder / "teacher")
    (folder / "corpus").mkdir()
    (folder / "parallel").mkdir()
    squeeze = zstandard.ZstdCompressor().compress
    (folder / "corpus" / "da.txt.zst").write_bytes(squeeze("\n".join(DANISH * 30).encode()))
    lines = (f"tatoeba\t{en}\t{da}" for en, da in zip(ENGLISH * 30, DANISH * 30, strict=True))
    (folder / "parallel" / "en-da.tsv.zst").write_bytes(squeeze("\n".join(lines).encode()))
    data = folder / "data"
    data.mkdir()
    source = Path(__file__).parents[2] / "data" / "training" / "da-a.calls.txt"
    (data / "da-a.calls.txt").write_text(source.read_text("utf-8").split("\n\n")[0] + "\n", "utf-8")
    return folder


def run(workshop: Path, output: Path, *more: str) -> None:
    main(
        [
            "--tokenizer", str(workshop / "tokenizer.json"),
            "--teacher", str(workshop / "teacher"),
            "--corpus", str(workshop / "corpus"),
            "--parallel", str(workshop / "parallel"),
            "--data", str(workshop / "data"),
            "--output", str(output),
            "--minutes", "0.03",
            *more,
        ]
    )  # fmt: skip


def test_pretraining_goes_on_from_its_last_checkpoint(workshop: Path, tmp_path: Path) -> None:
    run(workshop, tmp_path)
    first = torch.load(tmp_path / "checkpoint.pt")["step"]
    run(workshop, tmp_path, "--decay")
    assert torch.load(tmp_path / "checkpoint.pt")["step"] > first > 0


def test_pretraining_leaves_an_encoder_that_any_program_loads(
    workshop: Path, tmp_path: Path
) -> None:
    run(workshop, tmp_path)
    body = AutoModel.from_pretrained(tmp_path / "encoder")
    tokenizer = Tokenizer.from_file(str(tmp_path / "encoder" / "tokenizer.json"))
    assert body.config.hidden_size == 32
    assert tokenizer.encode("pakken er forsinket").tokens[0] == "[CLS]"


def test_students_words_start_as_the_teachers(workshop: Path) -> None:
    tokenizer = Tokenizer.from_file(str(workshop / "tokenizer.json"))
    body = start_body(tokenizer, workshop / "teacher", "teacher")
    teacher = AutoModel.from_pretrained(workshop / "teacher")
    number = tokenizer.token_to_id("parcel")
    table = "embeddings.word_embeddings.weight"
    assert torch.equal(body.state_dict()[table][number], teacher.state_dict()[table][number])


def test_dialogues_told_in_two_languages_are_pairs_turn_by_turn() -> None:
    pairs = dialogue_pairs([call for call in load() if call.split == "train"])
    assert len(pairs) > 1000
    assert all(english and other for english, other in pairs)
