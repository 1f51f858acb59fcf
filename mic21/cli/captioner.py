"""`mic21 features`, `mic21 train`, `mic21 generate`: a captioner, trained on a release."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mic21.cli.options import Device, Json, Limit
from mic21.cli.output import progress, show_json, warn
from mic21.release.reader import Release

ReleaseFolder = Annotated[Path, typer.Argument(metavar="RELEASE", help="A release folder.")]
Language = Annotated[list[str] | None, typer.Option("--language", "-l", help="BCP 47; all by default.")]
Kind = Annotated[list[str] | None, typer.Option("--kind", help="title, description; both by default.")]


def features(
    release: ReleaseFolder,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the features.")],
    encoder: Annotated[str, typer.Option("--encoder", help="lite0, torchvision, detectron2, timm, clip.")] = "lite0",
    weights: Annotated[str | None, typer.Option("--weights", help="Of the encoder; each says what it takes.")] = None,
    views: Annotated[int, typer.Option("--views", min=1, help="Of each photograph; the others are crops.")] = 1,
    mirror: Annotated[
        bool, typer.Option("--mirror", help="Mirror some views; not where captions say left and right.")
    ] = False,
    side: Annotated[int | None, typer.Option("--side", min=1, help="Cells along each side of the grid.")] = None,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Encode the photographs of a release once; again, it does what is missing or has changed."""
    from mic21.captioner.encoders import load_encoder
    from mic21.captioner.features import write_features  # torch takes long to import

    with progress("features") as on_progress:
        report = write_features(
            Release(release),
            load_encoder(encoder, weights=weights, device=device, side=side),
            out,
            weights=weights,
            views=views,
            mirror=mirror,
            on_progress=on_progress,
        )
    if as_json:
        show_json(asdict(report))
    else:
        typer.echo(f"{out}: {report.encoded} photographs encoded, {report.kept} were there")


def train(
    release: ReleaseFolder,
    features: Annotated[Path, typer.Option("--features", help="Folder that `mic21 features` wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run.")],
    preset: Annotated[str, typer.Option("--preset", help="tiny, small, base.")] = "small",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    max_steps: Annotated[int | None, typer.Option("--max-steps", min=1, help="End after this step.")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="The learning rate falls over so many.")] = None,
    streams: Annotated[str | None, typer.Option("--streams", help="Of grid,objects,names.")] = None,
    decoder: Annotated[str | None, typer.Option("--decoder", help="hf:FOLDER, a frozen causal language model.")] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="Folder of a pretrained tokenizer and embedding, frozen.")
    ] = None,
    language: Language = None,
    kind: Kind = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", min=1, help="Captions a step.")] = None,
    accumulate: Annotated[int | None, typer.Option("--accumulate", min=1, help="Micro-batches a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", help="At its highest.")] = None,
    label_smoothing: Annotated[float | None, typer.Option("--label-smoothing", help="0 for none.")] = None,
    dropout: Annotated[float | None, typer.Option("--dropout", help="On residual paths.")] = None,
    ema: Annotated[float | None, typer.Option("--ema", help="Decay of a moving average of the weights.")] = None,
    patience: Annotated[int | None, typer.Option("--patience", help="Evaluations without a better score.")] = None,
    evaluate_every: Annotated[int | None, typer.Option("--evaluate-every", min=1, help="Epochs.")] = None,
    precision: Annotated[str | None, typer.Option("--precision", help="fp32, or bf16 on hardware that has it.")] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=8, help="Of a caption with prompt and end; more is cut off.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Other random numbers.")] = None,
    overfit_batch: Annotated[bool, typer.Option("--overfit-batch", help="Train on one batch, as a trial.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and write nothing.")] = False,
    save_every: Annotated[int, typer.Option("--save-every", min=1, help="Steps between checkpoints.")] = 500,
    keep: Annotated[int, typer.Option("--keep", min=1, help="Checkpoints to keep beside the best.")] = 3,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Log for TensorBoard too.")] = False,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Train a captioner; killed at any moment, it goes on with --resume to the same weights.

    On several GPUs: torchrun --nproc-per-node N --no-python mic21 train … --device cuda.
    """
    from mic21.captioner.dry_run import dry_run as try_out  # torch takes long to import
    from mic21.captioner.settings import Settings
    from mic21.captioner.training import train as train_captioner

    given: dict[str, Any] = {
        "epochs": epochs,
        "streams": None if streams is None else tuple(streams.split(",")),
        "decoder": decoder,
        "text": text,
        "languages": None if language is None else tuple(language),
        "kinds": None if kind is None else tuple(kind),
        "batch_size": batch_size,
        "accumulate": accumulate,
        "learning_rate": learning_rate,
        "label_smoothing": label_smoothing,
        "dropout": dropout,
        "ema": ema,
        "patience": patience,
        "evaluate_every": evaluate_every,
        "precision": precision,
        "max_tokens": max_tokens,
        "seed": seed,
        "overfit_batch": overfit_batch or None,
    }
    settings = Settings.of(preset, **{name: value for name, value in given.items() if value is not None})
    opened = Release(release)
    if dry_run:
        figures = try_out(opened, features, settings, device=device)
        if as_json:
            show_json(figures)
        else:
            for name, value in figures.items():
                typer.echo(f"{name}: {value}")
        return
    is_first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started

    def on_start(start: Any) -> None:  # of mic21.captioner.training, which imports torch
        if start.cut and is_first:
            warn([f"{start.cut} of {start.captions} captions are cut off after --max-tokens {start.max_tokens}"])

    with _bar(as_json or not is_first) as (on_step, on_epoch), _interruptible() as should_stop:
        report = train_captioner(
            opened,
            features,
            out,
            settings,
            resume=resume,
            max_steps=max_steps,
            save_every=save_every,
            keep=keep,
            device=device,
            score=_cider(opened),
            tensorboard=tensorboard,
            should_stop=should_stop,
            on_start=on_start,
            on_step=on_step,
            on_epoch=on_epoch,
        )
    if not is_first:
        return
    if as_json:
        show_json(asdict(report))
    else:
        best = "" if report.best is None else f", best score {report.best:.3f}"
        typer.echo(f"{out}: step {report.step} of {report.total}, {report.reason}{best}")


def generate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    release: ReleaseFolder,
    out: Annotated[Path, typer.Option("--out", "-o", help="File of JSON lines.")],
    split: Annotated[str, typer.Option("--split", help="train, val, test.")] = "test",
    features: Annotated[
        Path | None, typer.Option("--features", help="Folder of features; the run's own, or none at all.")
    ] = None,
    checkpoint: Annotated[Literal["best", "last"], typer.Option("--checkpoint", help="Of the run.")] = "best",
    language: Language = None,
    kind: Kind = None,
    beams: Annotated[int, typer.Option("--beams", min=1, help="1 is greedy.")] = 5,
    length_penalty: Annotated[
        float, typer.Option("--length-penalty", help="Rank by log-probability / length to this power.")
    ] = 0.7,
    no_repeat: Annotated[
        int, typer.Option("--no-repeat", min=0, help="No sequence of so many tokens comes twice; 0: may.")
    ] = 0,
    avoid: Annotated[
        list[str] | None, typer.Option("--avoid", help="A category whose words may not be said, nor of those below.")
    ] = None,
    only_annotated: Annotated[
        bool, typer.Option("--only-annotated", help="Of all categories' words only those of annotated ones.")
    ] = False,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Images at once.")] = 64,
    limit: Limit = None,
    device: Device = "cpu",
) -> None:
    """Caption the images of a split."""
    from mic21.captioner.decoding import Search  # torch takes long to import
    from mic21.captioner.generate import generate as generate_captions
    from mic21.captioner.generate import write_predictions
    from mic21.captioner.run import open_run

    with progress("generate") as on_progress:
        predictions = generate_captions(
            open_run(run, checkpoint=checkpoint, device=device),
            Release(release),
            split,
            features=features,
            languages=language,
            kinds=kind,
            search=Search(beams, length_penalty, no_repeat),
            batch_size=batch_size,
            avoid=avoid or (),
            only_annotated=only_annotated,
            limit=limit,
            on_progress=on_progress,
        )
        count = write_predictions(predictions, out)
    typer.echo(f"{out}: {count} captions")


def _cider(release: Release) -> Callable[[str, str, Sequence[str], Sequence[Sequence[str]]], float]:
    """CIDEr-D by the rarity of words in the split `train`, because `val` may have too few images to know any."""
    from mic21.evaluation import cider_d, tokenize
    from mic21.evaluation.captions import document_frequencies

    frequencies = cache(partial(document_frequencies, release, "train"))

    def score(language: str, kind: str, texts: Sequence[str], references: Sequence[Sequence[str]]) -> float:
        return cider_d(
            [tokenize(text, language) for text in texts],
            [[tokenize(one, language) for one in of_image] for of_image in references],
            frequencies=frequencies(language, kind),
        )

    return score


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and SIGTERM end a training after its step; the second Ctrl-C ends it at once."""
    asked = False

    def ask(number: int, _: object) -> None:
        nonlocal asked
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _bar(is_quiet: bool) -> Iterator[tuple[Callable[[Any], None], Callable[[Any], None]]]:
    """A progress bar on stderr with loss and speed, and after each evaluation its figures and some captions."""
    console = Console(stderr=True)
    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}  {task.fields[speed]:.0f} tokens/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=is_quiet or not console.is_terminal, transient=True) as bars:
        bar = bars.add_task("train", total=None, epoch=0, loss=0.0, speed=0.0)
        started = time.perf_counter()
        tokens = 0

        def on_step(report: Any) -> None:  # of mic21.captioner.training, which imports torch
            nonlocal tokens
            tokens += report.tokens
            speed = tokens / (time.perf_counter() - started)
            bars.update(
                bar, completed=report.step, total=report.total, epoch=report.epoch, loss=report.loss, speed=speed
            )

        def on_epoch(report: Any) -> None:
            if is_quiet:
                return
            line = f"epoch {report.epoch}, step {report.step}: loss {report.loss:.3f}"
            if report.validated:
                line += f", validation {report.validated.loss:.3f}, score {report.validated.score:.3f}"
            samples = report.validated.samples if report.validated else []
            shown = [f"  {one.image_id} {one.language} {one.kind}: {one.caption}" for one in samples]
            warn([line + (" (best)" if report.is_best else ""), *shown])

        yield on_step, on_epoch
