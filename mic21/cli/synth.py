"""`mic21 synth`: a corpus of generated scenes."""

from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.output import progress


def synth(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The corpus, made where it is missing.")],
    images: Annotated[int, typer.Option("--images", "-n", help="How many scenes.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same corpus.")] = 21,
    language: Annotated[
        list[str] | None, typer.Option("--language", "-l", help="Captions in this language only; may be repeated.")
    ] = None,
    subdomain: Annotated[
        list[str] | None, typer.Option("--subdomain", "-s", help="Scenes of this theme only; may be repeated.")
    ] = None,
) -> None:
    """Make a corpus of generated scenes with exact masks, interactions and captions in several languages."""
    from mic21.synth.synthesize import LANGUAGES, synthesize  # numpy and Pillow, which --help does not need

    with progress("synth") as on_progress:
        report = synthesize(
            folder,
            images=images,
            seed=seed,
            languages=language or LANGUAGES,
            subdomains=subdomain or (),
            on_progress=on_progress,
        )
    typer.echo(
        f"{report.images} images, {report.annotations} annotations, {report.captions} captions added"
        + (f"; {report.unchanged} images were there already" if report.unchanged else "")
    )
