"""`mic21 finetune`."""

from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.options import Device, Json
from mic21.cli.output import progress, show_json, show_rows, warn
from mic21.errors import BackendError
from mic21.release.reader import Release


def finetune(
    release: Annotated[Path, typer.Argument(help="The release to learn from.")],
    subdomain: Annotated[str, typer.Option("--subdomain", "-s", help="Key of the subdomain, such as chess.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to make, which `segment --weights` takes.")],
    backend: Annotated[str, typer.Option("--backend", help="torchvision or detectron2.")] = "torchvision",
    weights: Annotated[
        str | None, typer.Option("--weights", help="To start from, as `segment` takes them; those of COCO by default.")
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Start from random weights; --weights names the model alone.")
    ] = False,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="See each photograph so often, at most.")] = 20,
    max_steps: Annotated[int | None, typer.Option("--max-steps", min=1, help="Steps, in place of --epochs.")] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Photographs a step.")] = 2,
    learning_rate: Annotated[float, typer.Option("--lr", min=0, help="Learning rate of AdamW at its highest.")] = 1e-4,
    patience: Annotated[
        int, typer.Option("--patience", min=1, help="Stop when AP has not risen for so many epochs.")
    ] = 5,
    flip: Annotated[bool, typer.Option("--flip/--no-flip", help="Turn half of the photographs round.")] = True,
    seed: Annotated[int, typer.Option("--seed", help="Of whatever is random.")] = 0,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Train a detector of a subdomain on a release: learns from train, stops by val, reports AP on test."""
    try:
        from mic21.drafts.finetune.step import finetune as finetune_detector  # hotcoco is not in the base install
    except ImportError as error:
        raise BackendError(
            f"finetune needs a package that is missing ({error}): pip install 'mic21[finetune]'"
        ) from error

    with progress("finetune") as on_progress:
        report = finetune_detector(
            Release(release),
            subdomain,
            backend,
            out,
            weights=weights,
            from_scratch=from_scratch,
            epochs=epochs,
            max_steps=max_steps,
            batch_size=batch_size,
            learning_rate=learning_rate,
            patience=patience,
            flip=flip,
            seed=seed,
            device=device,
            on_progress=on_progress,
            on_evaluation=lambda one: warn([f"step {one.step}: loss {one.loss:.3f}, AP on val {one.ap:.3f}"]),
        )
    if as_json:
        show_json(report.model_dump())
        return
    if report.unlearnt:
        rare = ", ".join(f"{key} {count}" for key, count in report.unlearnt.items())
        warn([f"not in train, and so not learnt: {rare}"])
    rows = [{"of": split, "photographs": n, "objects": report.objects[split]} for split, n in report.images.items()]
    show_rows(rows, as_json=False)
    show_rows([{"best step": report.best_step, **report.test}], as_json=False)
