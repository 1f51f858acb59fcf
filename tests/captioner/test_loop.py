"""The whole loop by its commands, with the encoder that a user without a GPU has."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from mic21.captioner.decoding import Search
from mic21.captioner.generate import generate
from mic21.captioner.run import open_run
from mic21.captioner.settings import Settings
from mic21.captioner.training import train
from mic21.cli import run
from mic21.corpus.changes import change
from mic21.corpus.store import Corpus
from mic21.drafts.caption import caption
from mic21.drafts.captioners import load_captioner
from mic21.errors import BackendError, CaptionerError
from mic21.release.reader import Release

from .conftest import make_release

pytest.importorskip("timm")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, a release, features and a run that has seen little."""
    folder = tmp_path_factory.mktemp("loop") / "made"
    make_release(folder, 16)
    release = str(folder / "release")
    assert run(["features", release, "--encoder", "lite0", "--out", str(folder / "features")]) == 0
    train = ["train", release, "--features", str(folder / "features"), "--preset", "tiny", "--out", str(folder / "run")]
    train += ["--evaluate-every", "10"]
    assert run([*train, "--max-steps", "10"]) == 0
    assert run([*train, "--max-steps", "40", "--resume"]) == 0
    return folder


def test_generate_writes_a_line_for_each_image_language_and_kind(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "predictions.jsonl"
    assert run(["generate", str(made / "run"), str(made / "release"), "--split", "train", "--out", str(out)]) == 0
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    ids = Release(made / "release").images(split="train")["id"].to_pylist()
    texts = [("bg", "title"), ("en", "description"), ("en", "title")]
    assert [(line["language"], line["kind"], line["image_id"]) for line in lines] == [
        (*text, id) for text in texts for id in sorted(ids)
    ]
    assert all(line.keys() == {"image_id", "language", "kind", "caption"} for line in lines)
    assert run(["evaluate", "captions", str(out), str(made / "release"), "--split", "train"]) == 0


def test_without_features_the_photographs_are_encoded_anew(made: Path, tmp_path: Path) -> None:
    release, model = Release(made / "release"), open_run(made / "run")
    cached = list(generate(model, release, "train", languages=["en"], search=Search(2)))
    shutil.copytree(made / "run", tmp_path / "deep" / "er" / "run", symlinks=True)  # the way to the features is lost
    moved = open_run(tmp_path / "deep" / "er" / "run")
    assert list(generate(moved, release, "train", languages=["en"], search=Search(2), batch_size=3)) == cached


def test_words_are_kept_out(made: Path) -> None:
    release, model = Release(made / "release"), open_run(made / "run")
    said = " ".join(one.caption for one in generate(model, release, "train", languages=["en"]))
    word = next(word for word in ("dog", "cat", "horse") if word in said)
    avoiding = [one.caption for one in generate(model, release, "train", languages=["en"], avoid=[word])]
    assert not any(word in caption.split() for caption in avoiding)
    keys = {row["image_id"]: set() for row in release.annotations(split="train").to_pylist()}
    for row in release.annotations(split="train").to_pylist():
        keys[row["image_id"]].add(row["category"])
    for one in generate(model, release, "train", languages=["en"], only_annotated=True):
        assert {"dog", "cat", "horse"} & set(one.caption.split()) <= keys[one.image_id]


def test_an_unknown_language_and_strange_features_are_refused(made: Path, features: Path, release: Release) -> None:
    model = open_run(made / "run")
    with pytest.raises(CaptionerError, match="language: expected one of bg, en, found fr"):
        list(generate(model, release, "test", languages=["fr"]))
    with pytest.raises(CaptionerError, match=r"expected features of lite0 .*, found colour 1"):
        list(generate(model, release, "test", features=features))


def test_a_trained_run_drafts_captions(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "corpus", tmp_path / "corpus")
    corpus = Corpus(tmp_path / "corpus")
    with corpus.writing() as connection:
        started = corpus.insert_run(connection, "test", {})
        ids = corpus.captions()["id"].to_pylist()
        change(connection, started, "captions", {id: {"status": "rejected"} for id in ids})
    command = ["caption", "-C", str(corpus.path), "--backend", "captioner", "--weights", str(made / "run")]
    status = run([*command, "--language", "en", "--language", "bg"])
    # A run of few steps may write what is in no language: that is kept as a failure, not as a draft.
    rejected = corpus.captions(status="rejected").to_pylist()
    failed = {(row["image_id"], row["language"]) for row in rejected if "failure" in (row["attributes"] or "")}
    assert (status, len(failed) < 8) == (int(bool(failed)), True)
    drafted = {
        (row["image_id"], row["language"], row["kind"]): row["text"]
        for row in corpus.captions(status="draft").to_pylist()
    }
    release, model = Release(made / "release"), open_run(made / "run")
    expected = {
        (one.image_id, one.language, one.kind): one.caption
        for split in ("train", "val", "test")
        for one in generate(model, release, split, search=Search(5))
        if one.caption and (one.image_id, one.language) not in failed
    }
    assert drafted == expected
    assert run([*command, "--language", "fr"]) == 1


def test_what_befalls_one_image_is_its_own_failure(made: Path, tmp_path: Path) -> None:
    """A photograph that is missing, objects that somebody rejects meanwhile, and a model that has nothing to say."""
    shutil.copytree(made / "corpus", tmp_path / "corpus")
    corpus = Corpus(tmp_path / "corpus")
    captioner = load_captioner("captioner", corpus.ontology, weights=str(made / "run"))
    first, *rest = corpus.images().to_pylist()
    corpus.files.path(first["sha256"], first["extension"]).unlink()
    with corpus.writing() as connection:
        connection.exec_driver_sql("UPDATE captions SET status = 'rejected'")

    def reject_objects(done: int, total: int) -> None:
        with corpus.writing() as connection:
            connection.exec_driver_sql(f"UPDATE annotations SET status = 'rejected' WHERE image_id = {rest[1]['id']}")

    ids = [first["id"], rest[0]["id"], rest[1]["id"]]
    report = caption(corpus, captioner, kinds=["title"], images=ids, batch_size=2, on_progress=reject_objects)
    assert report.images == 3
    assert [(id, "the stored photograph is missing" in reason) for id, reason in report.failed] == [(ids[0], True)]
    assert report.drafts == 2
    with torch.no_grad():
        captioner._run.model.output.bias[captioner._run.tokenizer.eos] = 1000
    silent = caption(corpus, captioner, kinds=["title"], images=[rest[2]["id"]])
    assert (silent.drafts, silent.failed) == (0, [(rest[2]["id"], "en: empty title")])


def test_the_backend_asks_for_a_run(made: Path, tmp_path: Path) -> None:
    ontology = Release(made / "release").ontology
    with pytest.raises(BackendError, match="expected --weights RUN"):
        load_captioner("captioner", ontology)
    with pytest.raises(CaptionerError, match=r"found no run.json"):
        load_captioner("captioner", ontology, weights=str(tmp_path))


def test_settings_that_cannot_be_are_bad_usage(made: Path, tmp_path: Path) -> None:
    command = ["train", str(made / "release"), "--features", str(made / "features"), "--out", str(tmp_path / "run")]
    assert run([*command, "--preset", "huge"]) == 2
    assert run([*command, "--streams", "grid,sound"]) == 2
    assert not (tmp_path / "run").exists()


def test_a_run_on_a_pretrained_embedding_and_with_tensorboard(made: Path, tmp_path: Path) -> None:
    from mic21.captioner.embedding import ppmi_svd
    from mic21.captioner.tokenizer import Tokenizer

    pytest.importorskip("tensorboard")
    from safetensors.numpy import save_file

    texts = Release(made / "release").captions()["text"].to_pylist()
    tokenizer = Tokenizer.train(texts, languages=[], size=320)
    vectors = ppmi_svd([tokenizer.encode_text(text) for text in texts], len(tokenizer), 24)
    (tmp_path / "text").mkdir()
    tokenizer.save(tmp_path / "text" / "tokenizer.json")
    save_file({"model.embed_tokens.weight": vectors}, tmp_path / "text" / "model.safetensors")
    settings = Settings.of("tiny", text=str(tmp_path / "text"), streams=("names",), epochs=1)
    train(Release(made / "release"), made / "features", tmp_path / "run", settings, tensorboard=True)
    opened = open_run(tmp_path / "run")
    assert (opened.embedding[: tokenizer.text_size].numpy() == vectors[: tokenizer.text_size]).all()
    assert list((tmp_path / "run" / "tensorboard").glob("events*"))
