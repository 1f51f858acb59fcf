"""Training: each step is a function of the settings and its number, so that a killed run goes on to the same bits.

Order, views, dropout and learning rate come from seed, epoch and step; nothing that a checkpoint lacks is remembered.
The loss is the negative log-likelihood of each next token, `L = -Σ log p(w[t+1] | w[1..t], image)`, summed over
micro-batches and processes and divided once by all their tokens.
"""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from mic21.captioner.cache import Cache
from mic21.captioner.checkpoint import (
    Progress,
    load_optimizer,
    load_progress,
    load_tensors,
    load_weights,
    optimizer_tensors,
    save_checkpoint,
    trained,
)
from mic21.captioner.data import Batch, batches, caption_rows, collate, tokenize, view_of
from mic21.captioner.embedding import NameVectors
from mic21.captioner.log import Log
from mic21.captioner.parallel import Ranks, device_of, same_bits, seed_torch
from mic21.captioner.prepare import Prepared, prepare
from mic21.captioner.reports import EpochReport, StartReport, StepReport, TrainReport
from mic21.captioner.run import build_model, names_of_release, never
from mic21.captioner.settings import Settings
from mic21.captioner.tokenizer import PROMPT
from mic21.captioner.validation import Score, Validation
from mic21.errors import CaptionerError
from mic21.release.reader import Release

_FLOOR = 0.05  # of the highest learning rate, where it ends


def learning_rate(step: int, total: int, highest: float, warmup: float) -> float:
    """The learning rate of a step, from 0: it rises in a line and falls along a cosine to a twentieth, and stays there.

    >>> [round(learning_rate(step, 10, 1.0, 0.2), 3) for step in (0, 1, 2, 6, 10, 99)]
    [0.5, 1.0, 1.0, 0.525, 0.05, 0.05]
    """
    rising = max(1, round(total * warmup))
    if step < rising:
        return highest * (step + 1) / rising
    share = min(1.0, (step - rising) / max(1, total - rising))
    return highest * (_FLOOR + (1 - _FLOOR) * (1 + math.cos(math.pi * share)) / 2)


def train(
    release: Release,
    features: Path,
    run: Path,
    settings: Settings,
    *,
    resume: bool = False,
    max_steps: int | None = None,
    save_every: int = 500,
    keep: int = 3,
    device: str = "cpu",
    score: Score | None = None,
    tensorboard: bool = False,
    should_stop: Callable[[], bool] | None = None,
    on_start: Callable[[StartReport], None] | None = None,
    on_step: Callable[[StepReport], None] | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> TrainReport:
    """Train a captioner on the split `train` of a release, or go on with a training.

    Args:
        release: to train on.
        features: folder of its features.
        run: folder of the run.
        settings: what to train, the same when it goes on.
        resume: go on with the run from its last checkpoint; a run that is not there is started.
        max_steps: end after this step, early or late; the learning rate follows `settings.epochs` all the same.
        save_every: steps between checkpoints; there is one after each evaluation too.
        keep: how many of the last checkpoints stay.
        device: a torch device; under torchrun `cuda` is the GPU of the process.
        score: what to choose the best checkpoint by, given a language, a kind, texts and the references of
            each; the mean over languages and kinds counts. The loss by default.
        tensorboard: also log for TensorBoard.
        should_stop: asked after each step; True ends the training with a checkpoint.
        on_start: called before the first step.
        on_step: called after each step.
        on_epoch: called after each evaluation.

    Raises:
        BackendError: there is no such device.
        CaptionerError: features or run do not fit the release, or the loss is no longer a number.
        UsageError: the run was started with other settings, or TensorBoard is not installed.
    """
    place = device_of(device)
    ranks = Ranks(place)
    log = Log(run, is_first=ranks.is_first, tensorboard=tensorboard)
    cache = Cache(features, release)
    prepared = prepare(release, cache, features, run, settings, ranks, resume=resume)
    if on_start:
        cut = sum(caption.is_cut for caption in prepared.captions)
        on_start(StartReport(len(prepared.captions), cut, settings.max_tokens))
    with same_bits(place, prepared.record.threads), log:
        training = _Training(release, cache, run, prepared, ranks, place, score)
        training.log, training.keep, training.save_every = log, keep, save_every
        return training.run(max_steps, should_stop, on_step, on_epoch)


class _Training:
    """A model in training, from one checkpoint to the next."""

    log: Log
    keep: int
    save_every: int

    def __init__(
        self,
        release: Release,
        cache: Cache,
        run: Path,
        prepared: Prepared,
        ranks: Ranks,
        device: torch.device,
        score: Score | None,
    ) -> None:
        self._run = run
        self._settings = settings = prepared.record.settings
        self._captions = prepared.captions
        self._tokenizer = prepared.tokenizer
        self._ranks = ranks
        self._device = device
        self._features = cache.split("train")
        self._names = NameVectors(prepared.embedding, prepared.tokenizer, names_of_release(release))
        self._lengths = [len(caption.tokens) for caption in self._captions]
        self.steps_per_epoch = math.ceil(len(self._captions) / settings.batch_size)
        self.total = settings.epochs * self.steps_per_epoch
        seed_torch(settings.seed)
        self.model = build_model(prepared.record, prepared.embedding).to(device)
        self._parameters = trained(self.model)
        self._optimizer = _optimizer(self._parameters, settings)
        self._ema = {name: one.detach().clone() for name, one in self._parameters.items()} if settings.ema else {}
        self._validation = self._make_validation(release, cache, prepared, score)
        self.progress = load_progress(run) or Progress()
        if self.progress.step:
            self._load(run / "last")
        self._epoch_batches: tuple[int, list[list[int]]] = (-1, [])

    def run(
        self,
        max_steps: int | None,
        should_stop: Callable[[], bool] | None,
        on_step: Callable[[StepReport], None] | None,
        on_epoch: Callable[[EpochReport], None] | None,
    ) -> TrainReport:
        """Take steps until the end, and say why it came."""
        end = self.total if max_steps is None else max_steps
        progress, is_saved = self.progress, True
        self.log.cut(progress.step)
        reason = "finished" if max_steps is None else "max_steps"
        with self._ahead(end) as coming:
            while progress.step < end and not progress.stopped:
                start = time.perf_counter()
                parts = next(coming)
                wait = time.perf_counter() - start
                report, is_asked = self._step(parts, start, wait, should_stop() if should_stop else False)
                is_saved = False
                self.log.step(report)
                if on_step:
                    on_step(report)
                is_best = False
                if progress.step % (self.steps_per_epoch * self._settings.evaluate_every) == 0:
                    epoch = self._evaluate(report.epoch)
                    is_best, is_saved = epoch.is_best, True
                    self.log.epoch(epoch)
                    if on_epoch:
                        on_epoch(epoch)
                if is_saved or progress.step % self.save_every == 0:
                    self._save(is_best)
                    is_saved = True
                if is_asked:
                    reason = "interrupted"
                    break
        if not is_saved:
            self._save(is_best=False)
        self._ranks.wait()
        return TrainReport(progress.step, self.total, progress.best, "no better score" if progress.stopped else reason)

    def _step(self, parts: list[Batch | None], start: float, wait: float, is_asked: bool) -> tuple[StepReport, bool]:
        settings, step = self._settings, self.progress.step
        self.model.train()
        for one in self._parameters.values():
            one.grad = torch.zeros_like(one) if one.grad is None else one.grad.zero_()
        sums = torch.zeros(3, dtype=torch.float64, device=self._device)  # loss, tokens, whether to stop
        sums[2] = is_asked
        for number, batch in enumerate(parts):
            if batch is not None:
                seed_torch(settings.seed, step, self._ranks.rank * settings.accumulate + number)
                loss, plain = self._loss(batch)
                loss.backward()  # type: ignore[no-untyped-call]
                sums[0] += plain
                sums[1] += batch.targets
        gradients = [one.grad for one in self._parameters.values() if one.grad is not None]
        self._ranks.sum(gradients)
        self._ranks.sum([sums])
        total, tokens, asked = sums.tolist()
        for gradient in gradients:
            gradient.div_(tokens)
        norm = float(nn.utils.clip_grad_norm_(self._parameters.values(), settings.clip))
        if not math.isfinite(total) or not math.isfinite(norm):
            raise CaptionerError(self._not_finite(parts, total / tokens, norm))
        rate = learning_rate(step, self.total, settings.learning_rate, settings.warmup)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._move_average()
        self.progress.step += 1
        self.progress.loss += total
        self.progress.tokens += int(tokens)
        epoch = step // self.steps_per_epoch
        seconds = time.perf_counter() - start
        report = StepReport(step + 1, self.total, epoch, total / tokens, rate, norm, int(tokens), seconds, wait)
        return report, bool(asked)

    def _loss(self, batch: Batch) -> tuple[Tensor, float]:
        """The sum over a batch's tokens, smoothed for learning and plain for reading."""
        tokens = batch.tokens.to(self._device)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._settings.precision == "bf16"):
            logits = self.model(batch.seen.to(self._device), tokens[:, :-1], start=PROMPT - 1)
        wanted = tokens[:, PROMPT:]
        counts = wanted != self._tokenizer.pad
        likely = logits.float().log_softmax(dim=-1)
        plain = -(likely.gather(-1, wanted[..., None])[..., 0] * counts).sum()
        smoothing = self._settings.label_smoothing
        even = -(likely.mean(dim=-1) * counts).sum() if smoothing else plain
        return (1 - smoothing) * plain + smoothing * even, plain.item()

    def _not_finite(self, parts: list[Batch | None], loss: float, norm: float) -> str:
        ids = [id for batch in parts if batch is not None for id in batch.caption_ids]
        images = sorted({id for batch in parts if batch is not None for id in batch.image_ids})
        return (
            f"step {self.progress.step + 1}: expected a number, found a loss of {loss} and a gradient of {norm}; "
            f"the batch: captions {_shown(ids)} of images {_shown(images)}; look at their features, or lower "
            "--learning-rate; the last checkpoint is from before"
        )

    @contextmanager
    def _ahead(self, end: int) -> Iterator[Iterator[list[Batch | None]]]:
        """The batches of the steps to come, each made while the step before is at work."""
        with ThreadPoolExecutor(1) as pool:

            def coming() -> Iterator[list[Batch | None]]:
                step = self.progress.step
                waiting = pool.submit(self._parts, step)
                while step < end:
                    found = waiting.result()
                    step += 1
                    if step < end:
                        waiting = pool.submit(self._parts, step)
                    yield found

            yield coming()

    def _parts(self, step: int) -> list[Batch | None]:
        """The micro-batches of this process in a step; None where there are fewer captions than parts."""
        settings = self._settings
        epoch, place = divmod(step, self.steps_per_epoch)
        if self._epoch_batches[0] != epoch:
            ordered = batches(self._lengths, settings.batch_size, seed=settings.seed, epoch=epoch)
            self._epoch_batches = (epoch, [batch.tolist() for batch in ordered])
        chosen = self._epoch_batches[1][place]
        first, count = self._ranks.rank * settings.accumulate, self._ranks.world * settings.accumulate
        return [self._batch(chosen[part::count], epoch) for part in range(first, first + settings.accumulate)]

    def _batch(self, indices: list[int], epoch: int) -> Batch | None:
        if not indices:
            return None
        count = 1 if self._settings.overfit_batch else self._features.views
        views = [view_of(index, count, seed=self._settings.seed, epoch=epoch) for index in indices]
        captions = [self._captions[index] for index in indices]
        return collate(captions, views, self._features, self._names, self._tokenizer)

    @torch.no_grad()
    def _move_average(self) -> None:
        if self._settings.ema:
            for name, average in self._ema.items():
                average.lerp_(self._parameters[name].detach(), 1 - self._settings.ema)

    def _evaluate(self, epoch: int) -> EpochReport:
        progress = self.progress
        loss = progress.loss / progress.tokens
        progress.loss, progress.tokens = 0.0, 0
        if self._validation is None:
            return EpochReport(epoch, progress.step, loss, None, is_best=True)
        self.model.eval()
        with self._averaged():
            validated = self._ranks.from_first(self._validation(self.model))
        is_best = progress.best is None or validated.score > progress.best
        progress.best = validated.score if is_best else progress.best
        progress.worse = 0 if is_best else progress.worse + 1
        progress.stopped = progress.worse >= self._settings.patience
        return EpochReport(epoch, progress.step, loss, validated, is_best)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Let the moving average stand in for the weights."""
        kept = {name: one.detach().clone() for name, one in self._parameters.items()} if self._ema else {}
        if self._ema:
            load_weights(self.model, self._ema, self._run)
        try:
            yield
        finally:
            if kept:
                load_weights(self.model, kept, self._run)

    def _save(self, is_best: bool) -> None:
        if not self._ranks.is_first:
            return
        tensors = {"model": dict(self._parameters), "optimizer": optimizer_tensors(self._optimizer)}
        if self._ema:
            tensors["ema"] = self._ema
        save_checkpoint(self._run, self.progress, tensors, keep=self.keep, is_best=is_best)  # type: ignore[arg-type]

    def _load(self, place: Path) -> None:
        load_weights(self.model, load_tensors(place, "model"), place)
        load_optimizer(self._optimizer, load_tensors(place, "optimizer"))
        if self._ema:
            self._ema = {name: one.to(self._device) for name, one in load_tensors(place, "ema").items()}

    def _make_validation(
        self, release: Release, cache: Cache, prepared: Prepared, score: Score | None
    ) -> Validation | None:
        settings = self._settings
        captions, features = self._captions, self._features
        if not settings.overfit_batch:
            rows = caption_rows(release, "val", prepared.tokenizer.languages, settings.kinds)
            chosen = set(sorted({row["image_id"] for row in rows})[: settings.val_images])  # type: ignore[type-var]
            captions = tokenize(
                [row for row in rows if row["image_id"] in chosen], self._tokenizer, settings.max_tokens
            )
            if not captions:
                return None
            features = cache.split("val")
        return Validation(
            captions,
            features,
            NameVectors(prepared.embedding, self._tokenizer, names_of_release(release)),
            self._tokenizer,
            never(self._tokenizer, prepared.record.shape.vocabulary).to(self._device),
            self._ranks,
            batch_size=settings.batch_size,
            max_tokens=settings.max_tokens,
            score=score,
        )


def _shown(ids: list[int]) -> str:
    return ", ".join(map(str, ids[:16])) + (" …" if len(ids) > 16 else "")


def _optimizer(parameters: dict[str, nn.Parameter], settings: Settings) -> torch.optim.Optimizer:
    """AdamW; only matrices decay, not norms, biases or single vectors."""
    matrices = [one for one in parameters.values() if one.ndim > 1]
    others = [one for one in parameters.values() if one.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98), fused=True)
