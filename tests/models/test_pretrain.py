"""Pre-training with a teacher too small to teach much: it runs, learns, stops and goes on."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import zstandard
from tokenizers import Tokenizer
from transformers import AutoModel, BertConfig, BertModel, PreTrainedTokenizerFast

from models.dataset import load
from models.pretrain import dialogue_pairs, main, prepare, start_body, teacher_vectors
from models.tokenizer import main as make_tokenizer
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
    run(workshop, tmp_path, "--decay", "--minutes", "0.0000001")  # no time for a step
    assert torch.load(tmp_path / "checkpoint.pt")["step"] == first > 0
    run(workshop, tmp_path, "--decay")
    assert torch.load(tmp_path / "checkpoint.pt")["step"] > first


def test_a_sentence_that_was_edited_gets_a_vector_of_its_own(
    workshop: Path, tmp_path: Path
) -> None:
    shutil.copytree(workshop, tmp_path / "workshop")
    workshop = tmp_path / "workshop"
    run(workshop, tmp_path / "base")
    pairs = workshop / "parallel" / "en-da.tsv.zst"
    text = zstandard.ZstdDecompressor().decompress(pairs.read_bytes()).decode()
    text = text.replace("your card is blocked", "a card is blocked")  # now the first by the letter
    pairs.write_bytes(zstandard.ZstdCompressor().compress(text.encode()))
    options = argparse.Namespace(
        teacher=workshop / "teacher", parallel=workshop / "parallel", corpus=workshop / "corpus",
        data=workshop / "data", output=tmp_path / "base",
    )  # fmt: skip
    tokenizer = Tokenizer.from_file(str(workshop / "tokenizer.json"))
    found = prepare(options, tokenizer)
    english = sorted({line.split("\t")[1] for line in text.splitlines()})
    expected = teacher_vectors(options.teacher, english)
    assert english[0] == "a card is blocked"
    np.testing.assert_allclose(found["vectors"], expected, atol=1e-2)


def test_the_vocabulary_is_made_without_the_calls_that_measure(
    workshop: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    call = (workshop / "data" / "da-a.calls.txt").read_text("utf-8")
    header, *turns = call.strip().split("\n")
    for voice, word in (("a", "blåbærgrød"), ("c", "zebraquiz")):
        own = header.replace("da-a-001", f"da-{voice}-001")
        lines = [own, *turns, *[f"C: {word}"] * 9]
        (data / f"da-{voice}.calls.txt").write_text("\n".join(lines) + "\n", "utf-8")
    pieces = tmp_path / "tokenizer.json"
    options = {"corpus": workshop / "corpus", "parallel": workshop / "parallel", "data": data}
    command = [part for name, path in options.items() for part in (f"--{name}", str(path))]
    make_tokenizer([*command, "--output", str(pieces)])
    known = Tokenizer.from_file(str(pieces)).get_vocab()
    assert "blåbærgrød" in known and "zebraquiz" not in known


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
