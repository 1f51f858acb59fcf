"""`mic21 segment` and `mic21 caption`."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from mic21.cli.options import Backend, CorpusFolder, Device, Json, Limit, SubdomainKey, Weights
from mic21.cli.output import progress, show_json, warn
from mic21.corpus.store import Corpus
from mic21.drafts.caption import caption as caption_corpus
from mic21.drafts.captioners import load_captioner
from mic21.drafts.naming import Unmapped
from mic21.drafts.segment import DraftReport
from mic21.drafts.segment import segment as segment_corpus
from mic21.drafts.segmenters import CLIP, load_segmenter
from mic21.engine import Name as EngineName
from mic21.engine import load_engine
from mic21.errors import BackendError, UsageError


def segment(
    backend: Backend = "embedded",
    weights: Weights = None,
    subdomain: SubdomainKey = None,
    limit: Limit = None,
    include_annotated: Annotated[
        bool, typer.Option("--include-annotated", help="Also images that have accepted annotations.")
    ] = False,
    min_score: Annotated[
        float | None, typer.Option("--min-score", min=0, max=1, help="Leave out what the model is less sure of.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", help="Label set of the ontology that says what the model's labels mean.")
    ] = None,
    open_vocabulary: Annotated[
        bool, typer.Option("--open-vocabulary", help="Name the masks with CLIP, whatever the model calls them.")
    ] = False,
    clip: Annotated[
        str | None,
        typer.Option(
            "--clip",
            help="With --open-vocabulary: a model of open_clip, MODEL:TAG or MODEL:FILE, or a folder.",
            show_default=CLIP,
        ),
    ] = None,
    unmapped: Annotated[
        Unmapped, typer.Option("--unmapped", help="Keep or drop what no category of the theme fits.")
    ] = "keep",
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Images at once.")] = 4,
    device: Device = "cpu",
    engine: Annotated[EngineName, typer.Option("--engine", help="Where the model runs: here, or on Ray.")] = "local",
    address: Annotated[
        str | None, typer.Option("--address", help="With --engine ray: of the cluster, HOST:PORT, or auto.")
    ] = None,
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Draft masks for the images that the backend has not done yet."""
    if clip and not open_vocabulary:
        raise UsageError("segment: --clip: expected --open-vocabulary beside it, found none")
    if address and engine != "ray":
        raise UsageError("segment: --address: expected --engine ray beside it, found none")
    opened = Corpus(corpus)
    given = {"min_score": min_score, "labels": labels}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}  # the backend's own
    load = partial(load_segmenter, backend, opened.ontology, weights=weights, device=device, **options)
    if open_vocabulary:
        load = partial(load, clip=clip or CLIP)
    runner = load_engine(engine, address=address, device=device)
    # What drives a cluster needs no GPU.
    segmenter = load(device="cpu") if engine == "ray" else load()
    with progress("segment") as on_progress:
        report = segment_corpus(
            opened,
            segmenter,
            subdomain=subdomain,
            limit=limit,
            batch_size=batch_size,
            include_annotated=include_annotated,
            unmapped=unmapped,
            engine=runner,
            on_worker=load if engine == "ray" else None,
            on_progress=on_progress,
        )
    _show(report, "masks", as_json)


def caption(
    backend: Backend = "template",
    weights: Weights = None,
    language: Annotated[list[str] | None, typer.Option("--language", "-l", help="BCP 47; en by default.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="title, description; both by default.")] = None,
    subdomain: SubdomainKey = None,
    limit: Limit = None,
    url: Annotated[str | None, typer.Option("--url", help="openai: the server, with /v1.")] = None,
    temperature: Annotated[float | None, typer.Option("--temperature", min=0, help="openai: 0 by default.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="openai: of the sampling.")] = None,
    concurrency: Annotated[int | None, typer.Option("--concurrency", min=1, help="openai: requests at once.")] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", min=1, help="openai: seconds for an answer.")] = None,
    retries: Annotated[int | None, typer.Option("--retries", min=0, help="openai: where the server is busy.")] = None,
    prompt_price: Annotated[float | None, typer.Option("--prompt-price", help="openai: of a million tokens.")] = None,
    completion_price: Annotated[
        float | None, typer.Option("--completion-price", help="openai: of a million tokens.")
    ] = None,
    beams: Annotated[int | None, typer.Option("--beams", min=1, help="transformers: 1, greedy, by default.")] = None,
    clip: Annotated[
        str | None, typer.Option("--clip", help="Score the drafts: a model of open_clip, MODEL:FILE or MODEL:TAG.")
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Images a transaction.")] = 16,
    device: Device = "cpu",
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Draft captions for the images whose objects the backend has not described as they are now."""
    opened = Corpus(corpus)
    given = {
        "url": url,
        "temperature": temperature,
        "seed": seed,
        "concurrency": concurrency,
        "timeout": timeout,
        "retries": retries,
        "prompt_price": prompt_price,
        "completion_price": completion_price,
        "beams": beams,
    }
    options = {name: value for name, value in given.items() if value is not None}
    captioner = load_captioner(backend, opened.ontology, weights=weights, device=device, **options)
    scorer = None
    if clip:
        try:
            from mic21.drafts.alignment import Alignment  # torch, where it is asked for
        except ImportError as error:
            raise BackendError(
                f"--clip: it needs a package that is missing ({error}): pip install 'mic21[clip]'"
            ) from error
        scorer = Alignment(clip, device=device)
    with progress("caption") as on_progress:
        report = caption_corpus(
            opened,
            captioner,
            languages=language or ["en"],
            kinds=kind or ["title", "description"],
            subdomain=subdomain,
            limit=limit,
            batch_size=batch_size,
            scorer=scorer,
            on_progress=on_progress,
        )
    _show(report, "captions", as_json)


def _show(report: DraftReport, what: str, as_json: bool) -> None:
    if as_json:
        show_json(asdict(report))
    else:
        warn([f"image {id}: {reason}" for id, reason in report.failed])
        if report.unmapped:
            counts = sorted(report.unmapped.items(), key=lambda item: (-item[1], item[0]))
            warn(["no category of the theme: " + ", ".join(f"{label} {count}" for label, count in counts)])
        typer.echo(
            f"{report.images} images, {report.drafts} {what} drafted, {report.superseded} earlier drafts superseded, "
            f"{len(report.failed)} images failed"
        )
        if report.usage:
            typer.echo(", ".join(f"{used:g} {name.replace('_', ' ')}" for name, used in report.usage.items()))
    if report.failed:
        raise typer.Exit(1)
