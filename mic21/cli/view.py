"""`mic21 view`: look through a corpus or a release in a browser."""

from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.output import progress, warn
from mic21.errors import UsageError


def view(
    source: Annotated[Path, typer.Argument(metavar="RELEASE|CORPUS", help="The folder to look through.")],
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Of the page.  [default: 8021, or a free one]")
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; whoever reaches it sees everything.")
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    static: Annotated[
        Path | None, typer.Option("--static", metavar="DIR", help="Write the page as files for any web host instead.")
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option("--predictions", help="Masks of a model (COCO) beside the accepted ones.")
    ] = None,
    captions: Annotated[
        list[Path] | None, typer.Option("--captions", help="A captioner's texts (JSON lines) beside the references.")
    ] = None,
) -> None:
    """Look through photographs, masks, captions and the ontology in a browser."""
    from mic21.explorer.view import open_documents, write_site  # imports much that --help does not need

    with progress("compare") as on_progress:
        documents, problems = open_documents(
            source,
            predictions=predictions,
            captions=captions or (),
            is_static=static is not None,
            on_progress=on_progress,
        )
    warn(problems)
    if static is not None:
        with progress("site") as on_progress:
            count, problems = write_site(documents, static, on_progress=on_progress)
        warn(problems)
        typer.echo(f"{static}: {count} files; any web host serves them, such as `python -m http.server -d {static}`")
        return
    try:
        from mic21.explorer.server import serve  # starlette and uvicorn are not in the base install
    except ModuleNotFoundError as error:
        raise UsageError(f"view: expected the package {error.name}: pip install 'mic21[view]'") from error
    serve(
        documents,
        host=host,
        port=port,
        on_start=lambda address: typer.echo(f"{source}: {address}  (Ctrl+C ends it)"),
        opens_browser=browser,
    )
