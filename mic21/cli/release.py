"""`mic21 release`: build and verify."""

from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.options import CorpusFolder, Json
from mic21.cli.output import progress, show_json
from mic21.corpus.store import Corpus
from mic21.release.build import build_release
from mic21.release.verify import verify_release

app = typer.Typer(no_args_is_help=True, help="Build releases and verify them.")


@app.command()
def build(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    version: Annotated[str, typer.Option("--version", help="MAJOR.MINOR.PATCH, such as 1.0.0.")],
    status: Annotated[str, typer.Option("--status", help="accepted, or draft,accepted.")] = "accepted",
    allow_unknown_license: Annotated[
        bool, typer.Option("--allow-unknown-license", help="Let in images whose licence nobody knows.")
    ] = False,
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Build a release: the same corpus gives the same bytes."""
    with progress("release") as on_progress:
        manifest = build_release(
            Corpus(corpus),
            folder,
            version=version,
            statuses=status.split(","),
            allow_unknown_license=allow_unknown_license,
            on_progress=on_progress,
        )
    if as_json:
        show_json(manifest.model_dump(exclude={"files"}))
        return
    for split, counts in manifest.counts.items():
        typer.echo(f"{split}: {counts.images} images, {counts.annotations} annotations, {counts.captions} captions")
    for left in manifest.left_out:
        typer.echo(f"left out: {len(left.images)} images: {left.reason}")
    typer.echo(f"{folder}: release {manifest.version}, {len(manifest.files) + 1} files")


@app.command()
def verify(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The release.")], as_json: Json = False) -> None:
    """Name every file that is changed, missing or added; exit with 1 if there is one."""
    problems = verify_release(folder)
    if as_json:
        show_json({"good": not problems, "problems": problems})
    else:
        for problem in problems:
            typer.echo(problem)
        typer.echo(f"{folder}: {len(problems)} problems" if problems else f"{folder}: every byte is as it was released")
    if problems:
        raise typer.Exit(1)
