"""`mic21 evaluate`: how good drafts are."""

from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.ontology import Corpus, load
from mic21.cli.options import Json
from mic21.cli.output import show_json, show_rows, warn

app = typer.Typer(no_args_is_help=True, help="Measure drafts against what people made.")


@app.callback()
def _group() -> None:
    """Keep `masks` a command of its own while it is the only one."""


@app.command()
def masks(
    predictions: Annotated[Path, typer.Argument(help="COCO results, or a COCO file whose annotations have scores.")],
    ground_truth: Annotated[Path, typer.Argument(help="A COCO file.")],
    iou: Annotated[str, typer.Option("--iou", help="segm or bbox.")] = "segm",
    classless: Annotated[
        bool, typer.Option("--classless", help="Classes do not count, only where things are.")
    ] = False,
    per: Annotated[str | None, typer.Option("--per", help="Also by category, subdomain or domain.")] = None,
    roll_up: Annotated[
        list[str] | None, typer.Option("--roll-up", help="Whatever is below this category counts as it.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write the report there, as JSON.")] = None,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", help="Folder for precision-recall.png and, with --images, worst.png.")
    ] = None,
    images: Annotated[Path | None, typer.Option("--images", help="Folder of the photographs.")] = None,
    worst: Annotated[int, typer.Option("--worst", min=0, help="Name so many of the images that did worst.")] = 12,
    corpus: Corpus = Path(),
    as_json: Json = False,
) -> None:
    """Average precision and recall of masks, by COCO's protocol."""
    # hotcoco and matplotlib are not in the base install.
    from mic21.evaluation.curves import draw_precision_recall
    from mic21.evaluation.masks import evaluate_masks, write_report
    from mic21.explorer.worst import draw_worst

    report = evaluate_masks(
        predictions,
        ground_truth,
        load(corpus),
        iou=iou,
        classless=classless,
        per=per,
        roll_up=roll_up or (),
        worst=worst,
    )
    if out is not None:
        write_report(report, out)
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        draw_precision_recall(report, pictures / "precision-recall.png")
        if images is not None:
            draw_worst(report, images).save(pictures / "worst.png")
    if as_json:
        show_json(report.to_json())
        return
    figures = {"": report.figures} | report.per
    show_rows([{"of": name or "all", **values} for name, values in figures.items()], as_json=False)
    if report.foreign:
        warn([f"{report.foreign} predictions left out: the ground truth lacks their image or category"])
