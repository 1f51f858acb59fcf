"""`mic21 review`: people correct the drafts in Label Studio."""

import os
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from mic21.cli.options import CorpusFolder, Device, Json, Limit, SubdomainKey, Weights
from mic21.cli.output import progress, show_json, show_rows, warn
from mic21.corpus.store import Corpus
from mic21.drafts.captioners import load_captioner
from mic21.drafts.segmenters import load_segmenter
from mic21.errors import Mic21Error

app = typer.Typer(no_args_is_help=True, help="Let people correct the drafts in Label Studio.")

Url = Annotated[str, typer.Option("--url", envvar="LABEL_STUDIO_URL", help="The server's address.", show_envvar=True)]
LanguageTag = Annotated[str, typer.Option("--language", "-l", help="Of the annotators: labels, titles, descriptions.")]


@app.command()
def push(
    url: Url = "http://127.0.0.1:8080",
    subdomain: SubdomainKey = None,
    language: LanguageTag = "en",
    masks: Annotated[Literal["brush", "polygon"], typer.Option("--masks", help="The tool; brush is exact.")] = "brush",
    images: Annotated[
        str, typer.Option("--images", help="local (the server reads the corpus folder), upload, or an address.")
    ] = "local",
    root: Annotated[
        Path | None,
        typer.Option(
            "--document-root", envvar="LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT", help="The server's, for local."
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also images with nothing left to decide.")] = False,
    annotators: Annotated[int, typer.Option("--annotators", min=1, help="How many people answer each task.")] = 1,
    limit: Limit = None,
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Send images with their drafts; pushing again sends what is new and doubles nothing."""
    from mic21.review.photographs import photographs  # httpx takes long to import
    from mic21.review.push import push as push_corpus
    from mic21.review.server import KEY_VARIABLE, Server

    opened = Corpus(corpus)
    with Server(url, os.environ.get(KEY_VARIABLE, "")) as server, progress("push") as on_progress:
        report = push_corpus(
            opened,
            server,
            photographs(opened, images, root),
            subdomain=subdomain,
            language=language,
            masks=masks,
            everything=everything,
            annotators=annotators,
            limit=limit,
            on_progress=on_progress,
        )
    if as_json:
        show_json(asdict(report))
    else:
        warn([f"image {id}: {reason}" for id, reason in report.failed])
        typer.echo(
            f"{report.created} tasks created, {report.updated} predictions updated, {report.unchanged} unchanged, "
            f"{report.left} in people's hands, {report.removed} doubles removed, {len(report.failed)} images failed"
        )
        for project in report.projects:
            typer.echo(project)
    if report.failed:
        raise typer.Exit(1)


@app.command()
def pull(
    url: Url = "http://127.0.0.1:8080",
    subdomain: SubdomainKey = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Only projects of this language.")] = None,
    accept: Annotated[
        Literal["latest", "agreed"],
        typer.Option("--accept", help="Of several answers: the latest, or none before two agree."),
    ] = "latest",
    conflicts: Annotated[
        Literal["keep", "theirs", "ours"],
        typer.Option("--conflicts", help="keep both; or take the person's, or the corpus's, version now."),
    ] = "keep",
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Take over what people submitted since the last pull."""
    from mic21.review.pull import pull as pull_corpus  # httpx takes long to import
    from mic21.review.server import KEY_VARIABLE, Server

    prefer: dict[str, Literal["neither", "theirs", "ours"]] = {"keep": "neither", "theirs": "theirs", "ours": "ours"}
    opened = Corpus(corpus)
    with Server(url, os.environ.get(KEY_VARIABLE, "")) as server, progress("pull") as on_progress:
        report = pull_corpus(
            opened,
            server,
            subdomain=subdomain,
            language=language,
            accept=accept,
            prefer=prefer[conflicts],
            on_progress=on_progress,
        )
    if as_json:
        show_json(asdict(report))
    else:
        warn([f"image {id}: {conflict}" for id, conflict in report.conflicts])
        warn(report.problems)
        typer.echo(
            f"{report.tasks} tasks changed: {report.applied} answers applied, {report.skipped} skipped, "
            f"{report.waiting} waiting; {report.withdrawn} images rejected, {report.moved_images} moved"
        )
        typer.echo(
            f"{report.kept} drafts kept, {report.moved} masks changed, {report.relabelled} relabelled, "
            f"{report.deleted} deleted, {report.added} added, {report.rewritten} texts rewritten, "
            f"{len(report.conflicts)} conflicts, {len(report.problems)} problems"
        )
    if report.conflicts or report.problems:
        raise typer.Exit(1)


@app.command()
def status(
    subdomain: SubdomainKey = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Only projects of this language.")] = None,
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Where the review stands, how people agree, and how far they changed the drafts."""
    from mic21.review.status import draft_status, pair_status, project_status

    opened = Corpus(corpus)
    tables = {
        "projects": [asdict(line) for line in project_status(opened, subdomain=subdomain, language=language)],
        "agreement": [asdict(line) for line in pair_status(opened, subdomain=subdomain, language=language)],
        "drafts": [asdict(line) for line in draft_status(opened, subdomain=subdomain)],
    }
    if as_json:
        show_json(tables)
        return
    for name, rows in tables.items():
        if rows:
            typer.echo(f"# {name}")
            show_rows(rows, as_json=False)


@app.command()
def listen(
    url: Url = "http://127.0.0.1:8080",
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen at.")] = 9091,
    address: Annotated[
        str | None, typer.Option("--address", help="Where the server reaches this listener, if not http://HOST:PORT.")
    ] = None,
    every: Annotated[float, typer.Option("--every", min=1, help="Seconds after which to pull without a hint.")] = 600,
    corpus: CorpusFolder = Path(),
) -> None:
    """Pull soon after people submit, and every so often, until interrupted."""
    from mic21.review.listen import SECRET_VARIABLE  # starlette takes long to import
    from mic21.review.listen import listen as listen_for
    from mic21.review.pull import pull as pull_corpus
    from mic21.review.server import KEY_VARIABLE, Server

    opened = Corpus(corpus)
    secret = os.environ.get(SECRET_VARIABLE) or secrets.token_urlsafe(32)
    with Server(url, os.environ.get(KEY_VARIABLE, "")) as server:

        def pull_now() -> None:
            try:
                report = pull_corpus(opened, server)
            except Mic21Error as error:  # the server may be restarting; the next pull asks again
                typer.echo(f"pull: {error}", err=True)
                return
            warn([f"image {id}: {conflict}" for id, conflict in report.conflicts])
            warn(report.problems)
            if report.tasks:
                typer.echo(f"{report.tasks} tasks changed: {report.applied} answers applied, {report.skipped} skipped")

        listen_for(opened, server, pull_now, secret=secret, host=host, port=port, address=address, every=every)


@app.command()
def serve(
    url: Url = "http://127.0.0.1:8080",
    backend: Annotated[str, typer.Option("--backend", help="Segmenter, or none.")] = "embedded",
    captioner: Annotated[str, typer.Option("--captioner", help="Captioner, or none.")] = "none",
    weights: Weights = None,
    device: Device = "cpu",
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen at.")] = 9090,
    address: Annotated[
        str | None, typer.Option("--address", help="Where the server reaches this backend, if not http://HOST:PORT.")
    ] = None,
    corpus: CorpusFolder = Path(),
) -> None:
    """Draft on demand: Label Studio asks when a person opens a task without drafts; runs until interrupted."""
    from mic21.review.backend import PASSWORD_VARIABLE, Drafter, connect_backend, serve_drafts  # starlette is slow
    from mic21.review.server import KEY_VARIABLE, Server

    opened = Corpus(corpus)
    segmenter = None
    if backend != "none":
        segmenter = load_segmenter(backend, opened.ontology, weights=weights, device=device)
    describer = None if captioner == "none" else load_captioner(captioner, opened.ontology, weights=None, device=device)
    password = os.environ.get(PASSWORD_VARIABLE) or secrets.token_urlsafe(32)
    drafter = Drafter(opened, url, segmenter, describer, typer.echo)
    with Server(url, os.environ.get(KEY_VARIABLE, "")) as server:

        def connect() -> None:
            count = connect_backend(opened, server, address or f"http://{host}:{port}", password)
            typer.echo(f"{count} projects ask here for drafts")

        serve_drafts(drafter, password=password, host=host, port=port, beside=connect)
