"""Tokenizer, text embedding, names, and words that may not be said."""

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from mic21.captioner.embedding import NameVectors, ppmi_svd, pretrained_embedding
from mic21.captioner.tokenizer import PAD, SPECIAL, Tokenizer, clean
from mic21.captioner.words import WordBlocker
from mic21.errors import CaptionerError
from mic21.ontology import Ontology

TEXTS = ["A red dog beside a cat", "Червено куче до котка", "Ein Hund läuft", "Ένας σκύλος", "a cat and a dog"] * 3
TOKENIZER = Tokenizer.train(TEXTS, languages=["bg", "de", "el", "en"], size=400)


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    ids = TOKENIZER.encode(text, "bg", "title")
    assert TOKENIZER.decode(ids) == clean(text).replace("\ufffd", "").strip() or "\ufffd" in text
    assert ids[0] == TOKENIZER.bos and ids[-1] == TOKENIZER.eos


def test_special_tokens_are_four_and_no_text_makes_one() -> None:
    special = [TOKENIZER.pad, TOKENIZER.bos, TOKENIZER.eos, TOKENIZER.unk]
    assert len(set(special)) == 4
    text = f"{' '.join(SPECIAL)} <language:bg> <title>"
    assert not set(TOKENIZER.encode_text(text)) & {*special, *TOKENIZER.prompt("bg", "title")}
    assert TOKENIZER.decode(TOKENIZER.encode(text, "en", "title")) == text


def test_composed_and_decomposed_text_are_the_same_tokens() -> None:
    text = "läuft"
    assert TOKENIZER.encode_text(unicodedata.normalize("NFD", text)) == TOKENIZER.encode_text(text)


def test_a_saved_tokenizer_is_the_same(tmp_path: Path) -> None:
    TOKENIZER.save(tmp_path / "tokenizer.json")
    loaded = Tokenizer.load(tmp_path / "tokenizer.json")
    text = "A red <eos> куче"
    assert loaded.encode(text, "el", "description") == TOKENIZER.encode(text, "el", "description")
    assert (len(loaded), loaded.languages) == (len(TOKENIZER), ("bg", "de", "el", "en"))


def test_a_language_that_was_not_trained_is_refused() -> None:
    with pytest.raises(CaptionerError, match="fr/title: expected one of bg, de, el, en"):
        TOKENIZER.prompt("fr", "title")


_TRAIN = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from tests.captioner.test_text import TEXTS, TOKENIZER
from mic21.captioner.embedding import ppmi_svd
vectors = ppmi_svd([TOKENIZER.encode(text, "en", "title") for text in TEXTS], len(TOKENIZER), 16)
print(hashlib.sha256(TOKENIZER._inner.to_str().encode() + vectors.tobytes()).hexdigest())
"""


def test_the_same_texts_give_the_same_tokens_and_vectors_in_every_process() -> None:
    root = str(Path(__file__).parents[2])
    found = {
        subprocess.run(
            [sys.executable, "-c", _TRAIN, root],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_words_in_the_same_company_are_near() -> None:
    random = np.random.default_rng(3)
    colours, animals = [10, 11, 12, 13], [20, 21, 22, 23]
    texts = [[1, 5, int(random.choice(colours)), int(random.choice(animals)), 6, 2] for _ in range(400)]
    vectors = ppmi_svd(texts, 30, 8)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    same = vectors[colours] @ vectors[colours].T
    other = vectors[colours] @ vectors[animals].T
    assert same.min() > other.max()
    assert np.abs(same - np.eye(4)).max() < 0.999  # near, but not the same


def _pretrained(folder: Path) -> np.ndarray:
    folder.mkdir()
    theirs = Tokenizer.train(TEXTS, languages=[], size=300)
    theirs.save(folder / "tokenizer.json")
    matrix = np.random.default_rng(5).normal(size=(len(theirs), 12)).astype(np.float32)
    save_file({"model.embed_tokens.weight": matrix}, folder / "model.safetensors")
    return matrix


def test_a_pretrained_embedding_keeps_its_vectors(tmp_path: Path) -> None:
    matrix = _pretrained(tmp_path / "model")
    tokenizer = Tokenizer.pretrained(tmp_path / "model", languages=["bg", "en"])
    vectors = pretrained_embedding(tmp_path / "model", tokenizer)
    assert tokenizer.text_size == len(matrix) < len(tokenizer) == len(vectors)
    assert (vectors[: len(matrix)] == matrix).all()
    assert tokenizer.decode(tokenizer.encode("Червено куче", "bg", "title")) == "Червено куче"
    assert len({vector.tobytes() for vector in vectors[tokenizer.prompt("bg", "title")]}) == 3


def test_a_folder_without_an_embedding_is_refused(tmp_path: Path) -> None:
    _pretrained(tmp_path / "model")
    tokenizer = Tokenizer.pretrained(tmp_path / "model", languages=["en"])
    save_file({"other": np.zeros((2, 2), np.float32)}, tmp_path / "model" / "model.safetensors")
    with pytest.raises(CaptionerError, match=r"expected safetensors with one of embed_tokens.weight"):
        pretrained_embedding(tmp_path / "model", tokenizer)
    with pytest.raises(CaptionerError, match=r"tokenizer.json: expected a tokenizer"):
        Tokenizer.pretrained(tmp_path, languages=["en"])
    (tmp_path / "plain.json").write_text(TOKENIZER._inner.to_str().replace(PAD, "<other>"))
    with pytest.raises(CaptionerError, match="expected a tokenizer of mic21, found none of <pad>"):
        Tokenizer.load(tmp_path / "plain.json")


def test_categories_are_named_in_the_language_or_else_in_english() -> None:
    embedding = torch.eye(len(TOKENIZER))
    names = {(1, "bg"): "куче", (1, "en"): "dog", (2, "en"): "cat"}
    vectors = NameVectors(embedding, TOKENIZER, lambda id, language: names.get((id, language)))
    rows = [vectors.row(1, "bg"), vectors.row(2, "bg"), vectors.row(3, "bg"), vectors.row(1, "bg")]
    assert rows == [1, 2, 0, 1]
    assert vectors.table[1].nonzero().flatten().tolist() == sorted(set(TOKENIZER.encode_text("куче")))
    assert vectors.table[2].nonzero().flatten().tolist() == sorted(set(TOKENIZER.encode_text("cat")))
    assert not vectors.table[0].any()


def _is_blocked(text: str, blocked: dict[tuple[int, ...], frozenset[int]]) -> bool:
    ids = TOKENIZER.encode_text(text)
    return any(
        ids[place] in blocked.get(tuple(ids[first:place]), frozenset())
        for place in range(len(ids))
        for first in range(place + 1)
    )


def test_words_of_categories_are_blocked_and_others_are_not() -> None:
    onto = Ontology.load()
    english, bulgarian = WordBlocker(TOKENIZER, onto, "en"), WordBlocker(TOKENIZER, onto, "bg")
    against = english.against([onto["dog"].id])
    assert _is_blocked("a red dog", against) and _is_blocked("Dog", against)
    assert not _is_blocked("a red cat beside it", against)
    assert _is_blocked("червено куче", bulgarian.against([onto["dog"].id]))
    only = english.all_but([onto["dog"].id])
    assert _is_blocked("a red cat", only) and not _is_blocked("a red dog", only)
    below = onto.children("vehicle")[0]
    assert _is_blocked(str(below.name("en")), english.against([onto["vehicle"].id]))
