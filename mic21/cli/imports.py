"""`mic21 import`: annotated photographs, from COCO and from the forms in which MIC21 was published."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.options import CorpusFolder, Json, SubdomainKey
from mic21.cli.output import progress, show_json, warn
from mic21.corpus.coco import ImportReport, import_coco
from mic21.corpus.foreign import FORMS, import_foreign
from mic21.corpus.published import import_hf_mic21, import_mic21, read_keys
from mic21.corpus.store import Corpus

app = typer.Typer(no_args_is_help=True, help="Bring annotated photographs in.")

Adopt = Annotated[bool, typer.Option("--adopt", help="Take the ontology's categories in place of linked ones.")]
AsDraft = Annotated[bool, typer.Option("--as-draft", help="Not accepted until somebody says so.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave records with problems out.")]
Renumber = Annotated[bool, typer.Option("--renumber", help="New ids where the corpus has them already.")]
Names = Annotated[
    Path | None, typer.Option("--names", help="CSV: name, key; what categories are whose names do not say.")
]


@app.command("coco")
def import_coco_(
    source: Annotated[Path, typer.Argument(help="JSON of instances, or of captions.")],
    images: Annotated[Path | None, typer.Option("--images", help="Folder of the photographs.")] = None,
    captions: Annotated[Path | None, typer.Option("--captions", help="A second file, of captions.")] = None,
    subdomain: SubdomainKey = None,
    language: Annotated[str, typer.Option("--language", help="Of captions that do not say.")] = "en",
    adopt: Adopt = False,
    as_draft: AsDraft = False,
    skip_bad: SkipBad = False,
    renumber: Renumber = False,
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Import COCO: ids, masks, licences, captions and unknown fields as they are."""
    with progress("photographs") as on_progress:
        report = import_coco(
            Corpus(corpus),
            source,
            images=images,
            captions=captions,
            subdomain=subdomain,
            language=language,
            adopt=adopt,
            as_draft=as_draft,
            skip_bad=skip_bad,
            renumber=renumber,
            on_progress=on_progress,
        )
    _show(report, as_json)


@app.command("mic21")
def import_mic21_(
    source: Annotated[Path, typer.Argument(help="Folder with <subdomain>_gt.json files and their data folders.")],
    metadata: Annotated[
        Path | None, typer.Option("--metadata", help="CSV or Parquet: file, license, author, source_url, title.")
    ] = None,
    names: Names = None,
    adopt: Adopt = False,
    as_draft: AsDraft = False,
    skip_bad: SkipBad = False,
    renumber: Renumber = False,
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Import MIC21 as its team publishes it: a folder a subdomain, with COCO ground truth."""
    with progress("photographs") as on_progress:
        report = import_mic21(
            Corpus(corpus),
            source,
            metadata=metadata,
            keys=read_keys(names) if names else None,
            adopt=adopt,
            as_draft=as_draft,
            skip_bad=skip_bad,
            renumber=renumber,
            on_progress=on_progress,
        )
    _show(report, as_json)


@app.command("hf-mic21")
def import_hf_mic21_(
    sources: Annotated[list[Path], typer.Argument(metavar="SOURCE...", help="Parquet files, or folders of them.")],
    names: Names = None,
    adopt: Adopt = False,
    as_draft: AsDraft = False,
    skip_bad: SkipBad = False,
    renumber: Renumber = False,
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Import the Parquet files of jkralev/mic21: photographs, titles, descriptions, boxes without masks."""
    with progress("photographs") as on_progress:
        report = import_hf_mic21(
            Corpus(corpus),
            sources,
            keys=read_keys(names) if names else None,
            adopt=adopt,
            as_draft=as_draft,
            skip_bad=skip_bad,
            renumber=renumber,
            on_progress=on_progress,
        )
    _show(report, as_json)


def _foreign(form: str, source: str) -> None:
    def command(
        source: Annotated[Path, typer.Argument(help=source)],
        images: Annotated[Path | None, typer.Option("--images", help="Folder of the photographs.")] = None,
        subdomain: SubdomainKey = None,
        adopt: Adopt = False,
        as_draft: AsDraft = False,
        skip_bad: SkipBad = False,
        renumber: Renumber = False,
        corpus: CorpusFolder = Path(),
        as_json: Json = False,
    ) -> None:
        with progress("photographs") as on_progress:
            report = import_foreign(
                Corpus(corpus),
                form,
                source,
                images=images,
                subdomain=subdomain,
                adopt=adopt,
                as_draft=as_draft,
                skip_bad=skip_bad,
                renumber=renumber,
                on_progress=on_progress,
            )
        _show(report, as_json)

    app.command(form, help=(FORMS[form].__doc__ or "").splitlines()[0])(command)


_foreign("lvis", "JSON of instances.")
_foreign("open-images", "Folder with the tables, and the pictures of the masks.")
_foreign("visual-genome", "Folder with image_data.json, objects.json, relationships.json.")
_foreign("labelstudio", "JSON that Label Studio exported.")


def _show(report: ImportReport, as_json: bool) -> None:
    if as_json:
        show_json(asdict(report))
        return
    warn([f"left out: {problem}" for problem in report.skipped])
    warn([f"left out: {count} {what}" for what, count in report.left_out.items()])
    typer.echo(
        f"{report.images} images, {report.annotations} annotations, {report.captions} captions, "
        f"{report.interactions} interactions, {report.categories} categories imported; "
        f"{len(report.linked)} categories linked to the ontology; "
        f"{report.unchanged} records were there already; {len(report.skipped)} problems"
    )
