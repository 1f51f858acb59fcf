"""`mic21 init`, `ingest`, `import`, `export`, `check` and `query`."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.options import CorpusFolder, Json, SubdomainKey
from mic21.cli.output import progress, show_json, show_rows, warn
from mic21.corpus.check import CHECKS
from mic21.corpus.check import check as check_corpus
from mic21.corpus.coco import export_coco, import_coco
from mic21.corpus.ingest import Facts
from mic21.corpus.ingest import ingest as ingest_photographs
from mic21.corpus.store import Corpus
from mic21.release.query import Records, query_records, write_result

import_app = typer.Typer(no_args_is_help=True, help="Bring annotated photographs in.")
export_app = typer.Typer(no_args_is_help=True, help="Write a corpus in other forms.")


class Format(StrEnum):
    """Forms of a query's answer."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made where it is missing.")]) -> None:
    """Make a new corpus."""
    Corpus.create(folder)
    typer.echo(f"{folder}: a corpus")


def ingest(
    sources: Annotated[list[Path], typer.Argument(metavar="SOURCE...", help="Photographs, and folders of them.")],
    subdomain: Annotated[str | None, typer.Option("--subdomain", "-s", help="That they belong to.")] = None,
    license: Annotated[str, typer.Option("--license", help="SPDX, such as CC-BY-4.0.")] = "unknown",
    author: Annotated[str | None, typer.Option("--author", help="Who took them.")] = None,
    metadata: Annotated[
        Path | None,
        typer.Option("--metadata", help="CSV or Parquet: file, subdomain, license, author, source_url, title."),
    ] = None,
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Add photographs; what cannot be added is named with the reason and stops nothing."""
    facts = Facts(subdomain=subdomain, license=license, author=author)
    with progress("ingest") as on_progress:
        report = ingest_photographs(Corpus(corpus), sources, facts=facts, metadata=metadata, on_progress=on_progress)
    if as_json:
        show_json(
            {
                "added": report.added,
                "duplicates": [{"file": str(file), "image": id} for file, id in report.duplicates],
                "refused": [{"file": str(file), "reason": reason} for file, reason in report.refused],
                "grouped": report.grouped,
            }
        )
    else:
        warn([f"{file}: refused: {reason}" for file, reason in report.refused])
        near = f", {len(report.grouped)} near duplicates grouped" if report.grouped else ""
        counts = f"{len(report.added)} added{near}, {len(report.duplicates)} in the corpus already"
        typer.echo(f"{counts}, {len(report.refused)} refused")
    if report.refused:
        raise typer.Exit(1)


@import_app.callback()
def _import() -> None:
    """Keep `coco` a word of its own though it is the only form yet."""


@import_app.command("coco")
def import_coco_(
    source: Annotated[Path, typer.Argument(help="JSON of instances, or of captions.")],
    images: Annotated[Path | None, typer.Option("--images", help="Folder of the photographs.")] = None,
    captions: Annotated[Path | None, typer.Option("--captions", help="A second file, of captions.")] = None,
    subdomain: SubdomainKey = None,
    language: Annotated[str, typer.Option("--language", help="Of captions that do not say.")] = "en",
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take the ontology's categories in place of linked ones.")
    ] = False,
    as_draft: Annotated[bool, typer.Option("--as-draft", help="Not accepted until somebody says so.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave records with problems out.")] = False,
    renumber: Annotated[bool, typer.Option("--renumber", help="New ids where the corpus has them already.")] = False,
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
    if as_json:
        show_json(asdict(report))
        return
    warn([f"left out: {problem}" for problem in report.skipped])
    typer.echo(
        f"{report.images} images, {report.annotations} annotations, {report.captions} captions, "
        f"{report.categories} categories imported; {len(report.linked)} categories linked to the ontology; "
        f"{report.unchanged} records were there already; {len(report.skipped)} problems"
    )


@export_app.callback()
def _export() -> None:
    """Keep `coco` a word of its own though it is the only form yet."""


@export_app.command("coco")
def export_coco_(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="JSON of instances to write.")],
    captions: Annotated[Path | None, typer.Option("--captions", help="A second file, of captions.")] = None,
    subdomain: SubdomainKey = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="draft, accepted (both by default), rejected.")
    ] = None,
    corpus: CorpusFolder = Path(),
) -> None:
    """Export COCO; what was imported leaves as it came."""
    counts = export_coco(Corpus(corpus), path, captions=captions, subdomain=subdomain, status=status)
    typer.echo(f"{path}: {counts['images']} images, {counts['annotations']} annotations, {counts['captions']} captions")


def check(corpus: CorpusFolder = Path(), as_json: Json = False) -> None:
    """Name every problem of the corpus; exit with 1 if there is an error among them."""
    problems = check_corpus(Corpus(corpus))
    errors = sum(problem.is_error for problem in problems)
    if as_json:
        show_json([asdict(problem) for problem in problems])
    else:
        for record, checks in CHECKS.items():
            for code in checks:
                found = [problem for problem in problems if problem.code == code]
                if found:
                    typer.echo(f"{code} {found[0].message} ({len(found)})")
                    warn([f"  {record} {problem.id}: {problem.found}" for problem in found], most=5)
        typer.echo(f"{errors} errors, {len(problems) - errors} warnings")
    if errors:
        raise typer.Exit(1)


def query(
    of: Annotated[Records, typer.Option("--of", help="What to list.")] = Records.ANNOTATIONS,
    subdomain: Annotated[list[str] | None, typer.Option("--subdomain", "-s")] = None,
    domain: Annotated[list[str] | None, typer.Option("--domain")] = None,
    category: Annotated[list[str] | None, typer.Option("--category", help="Key, synset, name or id.")] = None,
    under: Annotated[list[str] | None, typer.Option("--under", help="A key or synset, and all below it.")] = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="draft, accepted (both by default), rejected.")
    ] = None,
    origin: Annotated[list[str] | None, typer.Option("--origin", help="model, human, import.")] = None,
    license: Annotated[list[str] | None, typer.Option("--license", help="SPDX, or unknown.")] = None,
    split: Annotated[str | None, typer.Option("--split", help="Of a release: train, val, test.")] = None,
    language: Annotated[str, typer.Option("--language", "-l", help="Of category names, and of captions.")] = "en",
    where: Annotated[str | None, typer.Option("--where", help="A condition on the columns: 'area > 1000'.")] = None,
    format: Annotated[Format, typer.Option("--format")] = Format.TABLE,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write there; Parquet must.")] = None,
    corpus: Annotated[
        Path, typer.Option("-C", "--corpus", envvar="MIC21_CORPUS", help="A corpus or a release.", show_envvar=True)
    ] = Path(),
    as_json: Json = False,
) -> None:
    """List images, annotations or captions of a corpus or a release."""
    table = query_records(
        corpus,
        of,
        language=language,
        where=where,
        split=split,
        subdomain=subdomain,
        domain=domain,
        category=category,
        under=under,
        status=status,
        origin=origin,
        license=license,
    )
    form = Format.JSON if as_json else format
    if out is not None or form in (Format.CSV, Format.PARQUET):
        write_result(table, form.value, out)
    else:
        show_rows(table.to_pylist(), form is Format.JSON)
