"""The whole loop by its commands, with the encoder that a user without a GPU has."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mic21.captioner.decoding import Search
from mic21.captioner.generate import capped, generate
from mic21.captioner.run import open_run
from mic21.captioner.settings import Settings
from mic21.captioner.training import train
from mic21.cli import run
from mic21.cli.captioner import _cider
from mic21.corpus.changes import change
from mic21.corpus.store import Corpus
from mic21.drafts.caption import caption
from mic21.drafts.captioners import load_captioner
from mic21.errors import BackendError, CaptionerError
from mic21.evaluation import cider_d, tokenize
from mic21.evaluation.captions import document_frequencies
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
    assert run([*command, "--streams", "grid,grid"]) == 2
    assert not (tmp_path / "run").exists()


def test_captions_longer_than_the_model_are_counted_and_longer_models_write_longer_ones(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", str(made / "release"), "--features", str(made / "features"), "--preset", "tiny"]
    command += ["--max-steps", "1", "--out"]
    assert run([*command, str(tmp_path / "short"), "--max-tokens", "8"]) == 0
    captions = Release(made / "release").captions(split="train").num_rows
    assert re.search(rf"^\d+ of {captions} captions are cut off after --max-tokens 8$", capsys.readouterr().err, re.M)
    assert run([*command, str(tmp_path / "long"), "--max-tokens", "90"]) == 0
    assert "are cut off" not in capsys.readouterr().err
    assert open_run(tmp_path / "long").record.shape.max_tokens == 90
    assert capped(Search(), 90).max_tokens == 87


def test_the_best_is_chosen_by_the_words_of_each_language_and_their_rarity_in_training(made: Path) -> None:
    release = Release(made / "release")
    texts, references = ["A dog can't sit"], [["A dog cannot sit", "A cat can't sit"]]
    for language in ("en", "bg"):
        expected = cider_d(
            [tokenize(texts[0], language)],
            [[tokenize(one, language) for one in references[0]]],
            frequencies=document_frequencies(release, "train", language, "title"),
        )
        assert _cider(release)(language, "title", texts, references) == expected > 0
    assert tokenize(texts[0], "en") != tokenize(texts[0], "bg")


def test_a_start_that_fails_leaves_no_run_and_says_why_in_one_line(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, less = tmp_path / "file", tmp_path / "features"
    file.touch()
    shutil.copytree(made / "features", less)
    (less / "val-00000.parquet").unlink()

    def error(*words: object) -> str:
        capsys.readouterr()
        assert run([str(word) for word in words]) in (1, 2)
        found = capsys.readouterr().err
        assert found.startswith("mic21: ") and found.count("\n") == 1
        return found

    release, out = made / "release", tmp_path / "run"
    train = ["train", release, "--preset", "tiny", "--max-steps", "1", "--features"]
    assert "device 'gpu0' cannot be used" in error(*train, made / "features", "--out", out, "--device", "gpu0")
    if not torch.cuda.is_available():
        assert "cannot be used" in error(*train, made / "features", "--out", out, "--device", "cuda")
    assert "the features of val-00000 are missing" in error(*train, less, "--out", out)
    assert not out.exists()
    assert f"{file}: expected a folder for the run" in error(*train, made / "features", "--out", file)
    assert f"{file}: expected a folder for the features" in error("features", release, "--out", file)
    generate = ["generate", made / "run", release, "--language", "bg", "--limit", "1", "--out"]
    assert f"{tmp_path}: expected a file for the captions" in error(*generate, tmp_path)
    assert "device 'gpu0' cannot be used" in error(*generate, tmp_path / "p.jsonl", "--device", "gpu0")
    assert run([str(word) for word in (*generate, tmp_path / "new" / "p.jsonl")]) == 0


_TORCHRUN = """
import torch
from mic21.captioner.parallel import Ranks
from mic21.cli import main
before, torch.cuda.is_available = torch.cuda.is_available, lambda: True  # GPUs that the processor does without
ranks = Ranks(torch.device("cpu"))
assert ranks.gather([ranks.rank]) == [0, 1]
torch.cuda.is_available = before
main()
"""


def test_two_processes_on_processors_say_once_what_came_of_it(made: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(_TORCHRUN)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "script.py"]
    command += ["train", str(made / "release"), "--features", str(made / "features"), "--preset", "tiny"]
    command += ["--out", "run", "--epochs", "1", "--max-steps", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("run: step 2 of 2, max_steps") and done.stdout.count("\n") == 1
    assert done.stderr.count("epoch 0, step 2: loss ") == 1


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
