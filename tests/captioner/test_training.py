import json
import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mic21.captioner.cache import Cache
from mic21.captioner.data import batches, caption_rows, collate, tokenize
from mic21.captioner.dry_run import dry_run
from mic21.captioner.embedding import NameVectors
from mic21.captioner.generate import generate
from mic21.captioner.log import read_log
from mic21.captioner.parallel import Ranks
from mic21.captioner.prepare import prepare
from mic21.captioner.reports import EpochReport, StepReport
from mic21.captioner.run import build_model, names_of_release, open_run, read_embedding, read_record
from mic21.captioner.settings import Settings
from mic21.captioner.tokenizer import PROMPT
from mic21.captioner.training import _Training, train
from mic21.errors import CaptionerError, UsageError
from mic21.release.reader import Release

ROOT = Path(__file__).parents[2]
# Some ten steps an epoch; dropout and a moving average, because both have a state to lose.
SETTINGS = Settings.of("tiny", batch_size=16, epochs=4, dropout=0.1, ema=0.9, val_images=3)


def _bits(run: Path, checkpoint: str = "last") -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((run / checkpoint).glob("*"))}


@pytest.fixture(scope="module")
def straight(release: Release, features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 21 steps that nothing disturbed."""
    run = tmp_path_factory.mktemp("straight") / "run"
    train(release, features, run, SETTINGS, max_steps=21)
    return run


_TRAIN = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from mic21.captioner.training import train
from mic21.release.reader import Release
from tests.captioner.test_training import SETTINGS
release, features, run, accumulate, last, kill_at = sys.argv[2:]
def kill(report):
    if report.step == int(kill_at) and os.environ.get("RANK", "0") == "0":
        os.kill(os.getpid(), signal.SIGKILL)
settings = SETTINGS.model_copy(update={"accumulate": int(accumulate)})
train(Release(release), Path(features), Path(run), settings,
      resume=True, max_steps=int(last), save_every=4, on_step=kill)
"""


def _arguments(release: Release, features: Path, run: Path, accumulate: int, last: int, kill_at: int) -> list[str]:
    return [str(value) for value in (ROOT, release.path, features, run, accumulate, last, kill_at)]


def test_killed_runs_go_on_to_the_same_bits(release: Release, features: Path, straight: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    kill_at = math.ceil(read_record(straight).train_captions / 16)  # an epoch's last step, before its evaluation
    done = subprocess.run([sys.executable, "-c", _TRAIN, *_arguments(release, features, run, 1, 21, kill_at)])
    assert done.returncode == -signal.SIGKILL
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)  # the run goes on with those it was started with
    report = train(release, features, run, SETTINGS, resume=True, max_steps=21)
    assert torch.get_num_threads() == threads + 1
    torch.set_num_threads(threads)
    assert (report.step, report.reason) == (21, "max_steps")
    assert _bits(run) == _bits(straight)
    assert _bits(run, "best") == _bits(straight, "best")
    assert [line["step"] for line in read_log(run) if line["type"] == "step"] == list(range(1, 22))
    losses = [[line["loss"] for line in read_log(one)] for one in (run, straight)]
    assert losses[0] == losses[1]


def test_two_processes_are_one_with_two_micro_batches_and_survive_a_kill(
    release: Release, features: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(_TRAIN)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    threads = os.environ | {"OMP_NUM_THREADS": "1"}  # what torchrun gives each of its processes

    def start(command: list[str], run: str, accumulate: int, kill_at: int) -> None:
        arguments = _arguments(release, features, tmp_path / run, accumulate, 12, kill_at)
        done = subprocess.run([*command, str(script), *arguments], capture_output=True, text=True, env=threads)
        assert (done.returncode == 0) == (kill_at == 0), done.stderr

    start([sys.executable], "alone", accumulate=2, kill_at=0)
    start(torchrun, "two", accumulate=1, kill_at=7)
    start(torchrun, "two", accumulate=1, kill_at=0)
    for name in ("model", "optimizer", "ema"):
        one, two = (load_file(tmp_path / run / "last" / f"{name}.safetensors") for run in ("alone", "two"))
        assert [key for key in one if not torch.equal(one[key], two[key])] == []


def test_micro_batches_give_the_gradient_of_the_whole_batch(release: Release, features: Path, tmp_path: Path) -> None:
    norms = []
    for accumulate in (1, 3):
        reports: list[StepReport] = []
        settings = Settings.of("tiny", batch_size=15, accumulate=accumulate)
        train(release, features, tmp_path / str(accumulate), settings, max_steps=3, on_step=reports.append)
        norms.append([(report.loss, report.gradient_norm, report.tokens) for report in reports])
    for one, two in zip(*norms, strict=True):
        assert one == pytest.approx(two, rel=1e-4)


def test_the_loss_is_the_mean_over_the_tokens_after_the_prompt(
    release: Release, features: Path, straight: Path
) -> None:
    run = open_run(straight, checkpoint="last")
    captions = tokenize(caption_rows(release, "train", None, ("title",)), run.tokenizer, 64)[:5]
    assert all(caption.tokens[-1] == run.tokenizer.eos for caption in captions)
    names = NameVectors(run.embedding, run.tokenizer, names_of_release(release))
    split = Cache(features, release).split("train")
    together = collate(captions, [0] * 5, split, names, run.tokenizer)
    assert together.targets == sum(len(caption.tokens) - PROMPT for caption in captions)
    with torch.no_grad():
        padded = run.model(together.seen, together.tokens[:, :-1], start=PROMPT - 1)
        for row, caption in enumerate(captions):
            alone = collate([caption], [0], split, names, run.tokenizer)
            logits = run.model(alone.seen, alone.tokens[:, :-1], start=PROMPT - 1)
            assert torch.allclose(padded[row, : logits.shape[1]], logits[0], atol=1e-5)  # padding changes nothing


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_the_cross_entropy_of_torch(
    release: Release, features: Path, straight: Path, tmp_path: Path, smoothing: float
) -> None:
    settings = SETTINGS.model_copy(update={"label_smoothing": smoothing, "dropout": 0.0})
    ranks, cache, device = Ranks(torch.device("cpu")), Cache(features, release), torch.device("cpu")
    prepared = prepare(release, cache, features, tmp_path / "run", settings, ranks, resume=False)
    training = _Training(release, cache, tmp_path / "run", prepared, ranks, device, None)
    (batch,) = training._parts(0)
    assert batch is not None and len({*(batch.tokens == prepared.tokenizer.pad).sum(dim=1).tolist()}) > 1
    loss, plain = training._loss(batch)
    logits = training.model(batch.seen, batch.tokens[:, :-1], start=PROMPT - 1).flatten(0, 1)
    wanted, ignored = batch.tokens[:, PROMPT:].flatten(), prepared.tokenizer.pad

    def expected(label_smoothing: float) -> float:
        options = {"ignore_index": ignored, "reduction": "sum", "label_smoothing": label_smoothing}
        return torch.nn.functional.cross_entropy(logits, wanted, **options).item()

    assert loss.item() == pytest.approx(expected(smoothing), rel=1e-5)
    assert plain == pytest.approx(expected(0.0), rel=1e-5)


def test_the_end_is_learnt(release: Release, features: Path, tmp_path: Path) -> None:
    settings = Settings.of("tiny", batch_size=8, epochs=150, evaluate_every=50, overfit_batch=True)
    report = train(release, features, tmp_path / "run", settings)
    loss = [line["loss"] for line in read_log(tmp_path / "run") if line["type"] == "step"][-1]
    assert loss < 0.05, report
    run = open_run(tmp_path / "run")
    captions = tokenize(caption_rows(release, "train", None, ("title", "description")), run.tokenizer, 64)[:8]
    written = {(one.image_id, one.language, one.kind): one.caption for one in generate(run, release, "train")}
    assert [written[one.image_id, one.language, one.kind] for one in captions] == [one.text for one in captions]


def test_what_is_frozen_stays_and_all_else_moves(release: Release, straight: Path) -> None:
    record = read_record(straight)
    embedding = read_embedding(straight, record)  # its digest is checked against the record of the start
    run = open_run(straight, checkpoint="last")
    assert torch.equal(run.model.embedding, embedding)
    assert not run.model.embedding.requires_grad
    torch.manual_seed(0)
    moments = load_file(straight / "last" / "optimizer.safetensors")
    names = sorted(load_file(straight / "last" / "model.safetensors"))
    assert "embedding" not in names
    assert len(names) == len(list(build_model(record, embedding).parameters()))
    assert len([name for name in moments if name.endswith("exp_avg")]) == len(names)
    assert all(bool(value.any()) for name, value in moments.items() if name.endswith("exp_avg_sq"))


def test_order_depends_on_seed_and_epoch_alone_and_wastes_little() -> None:
    lengths = [5 + (index * 7919) % 40 for index in range(4_000)]
    first, again, other = (
        [batch.tolist() for batch in batches(lengths, 64, seed=1, epoch=epoch)] for epoch in (3, 3, 4)
    )
    assert first == again != other
    assert sorted(index for batch in first for index in batch) == list(range(4_000))
    padded = sum(len(batch) * max(lengths[index] for index in batch) for batch in first)
    assert padded / sum(lengths) < 1.05


def test_a_loss_that_is_no_number_stops_and_names_the_batch(release: Release, features: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(features, broken)
    path = broken / "train-00000.safetensors"
    tensors = load_file(path)
    tensors["grid"][:, 0, 0] = float("inf")
    save_file(tensors, path)
    with pytest.raises(CaptionerError, match=r"step 1: expected a number, found a loss of nan .* captions \d+, \d+"):
        train(release, broken, tmp_path / "run", Settings.of("tiny", batch_size=8))


def test_training_ends_when_the_score_no_longer_rises(release: Release, features: Path, tmp_path: Path) -> None:
    epochs: list[EpochReport] = []
    settings = Settings.of("tiny", batch_size=64, epochs=9, patience=2)
    scores = {"bg": iter([0.0, 0.4, 0.3, 0.4, 0.8]), "en": iter([0.15, 0.15, 0.55, 0.55, 0.45, 0.45, 0.55, 0.55])}
    report = train(
        release,
        features,
        tmp_path / "run",
        settings,
        score=lambda language, kind, texts, references: next(scores[language]),  # a title in bg; en has both kinds
        on_epoch=epochs.append,
    )
    assert (report.reason, report.best, len(epochs)) == ("no better score", pytest.approx(0.5), 4)
    assert [epoch.is_best for epoch in epochs] == [True, True, False, False]
    steps = [json.loads((tmp_path / "run" / name / "state.json").read_text())["step"] for name in ("best", "last")]
    assert steps == [epochs[1].step, epochs[3].step]
    again = train(release, features, tmp_path / "run", settings, resume=True)
    assert (again.step, again.reason) == (report.step, "no better score")


def test_until_something_is_evaluated_the_last_checkpoint_is_the_best(
    release: Release, features: Path, tmp_path: Path
) -> None:
    settings = Settings.of("tiny", batch_size=16, evaluate_every=9, val_images=3)
    train(release, features, tmp_path / "run", settings, max_steps=6, save_every=2)
    steps = [json.loads((tmp_path / "run" / name / "state.json").read_text())["step"] for name in ("best", "last")]
    assert steps == [6, 6]


def test_an_interrupted_training_leaves_a_checkpoint(release: Release, features: Path, tmp_path: Path) -> None:
    asked = iter([False, False, True])
    report = train(release, features, tmp_path / "run", SETTINGS, should_stop=lambda: next(asked))
    assert (report.step, report.reason) == (3, "interrupted")
    assert json.loads((tmp_path / "run" / "last" / "state.json").read_text())["step"] == 3


def test_a_run_is_not_overwritten_nor_gone_on_with_otherwise(release: Release, features: Path, straight: Path) -> None:
    with pytest.raises(CaptionerError, match="a run is there already; go on with --resume"):
        train(release, features, straight, SETTINGS)
    other = SETTINGS.model_copy(update={"seed": 22, "layers": 2})
    with pytest.raises(UsageError, match="was started with layers 1, seed 21; go on with the same"):
        train(release, features, straight, other, resume=True)


def test_a_checkpoint_of_another_model_is_refused(straight: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(straight, copy, symlinks=True)
    path = copy / "best" / "ema.safetensors"
    tensors = load_file(path)
    save_file(tensors | {"position": tensors["position"][:3].clone()}, path)
    with pytest.raises(CaptionerError, match="expected the weights of this model, found others: position"):
        open_run(copy)
    path.write_bytes(b"no tensors")
    with pytest.raises(CaptionerError, match="expected tensors of a checkpoint"):
        open_run(copy)
    with pytest.raises(CaptionerError, match=r"expected a run, found no run.json"):
        open_run(tmp_path)


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(release: Release, features: Path, straight: Path) -> None:
    before = sorted(path for path in features.parent.rglob("*"))
    figures = dry_run(release, features, Settings.of("tiny", epochs=3, max_tokens=12))
    tokenizer = open_run(straight).tokenizer
    rows = caption_rows(release, "train", None, ("title", "description"))
    cut = sum(len(tokenizer.encode(row["text"], row["language"], row["kind"])) > 12 for row in rows)
    assert 0 < cut < len(rows)
    assert (figures["captions"], figures["captions cut off"]) == (len(rows), cut)
    assert figures["parameters trained"] > 50_000  # type: ignore[operator]
    assert figures["grid"] == "4 × 4"
    assert sorted(path for path in features.parent.rglob("*")) == before


def test_the_curve_is_a_picture(straight: Path) -> None:
    from PIL import Image

    picture = Image.open(straight / "curve.png").convert("L")
    assert picture.size == (770, 440)
    assert len(set(picture.tobytes())) > 10
