"""`mic21 init`, `ingest`, `export`, `check` and `query`."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.options import CorpusFolder, Json, SubdomainKey
from mic21.cli.output import progress, show_json, show_rows, warn
from mic21.corpus.check import CHECKS
from mic21.corpus.check import check as check_corpus
from mic21.corpus.coco import export_coco
from mic21.corpus.ingest import ingest as ingest_photographs
from mic21.corpus.metadata import Facts
from mic21.corpus.store import Corpus
from mic21.release.query import Records, query_records, write_result

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
                "filled": report.filled,
                "refused": [{"file": str(file), "reason": reason} for file, reason in report.refused],
                "grouped": report.grouped,
            }
        )
    else:
        warn([f"{file}: refused: {reason}" for file, reason in report.refused])
        near = f", {len(report.grouped)} near duplicates grouped" if report.grouped else ""
        filled = f", {len(report.filled)} of them given facts they lacked" if report.filled else ""
        counts = f"{len(report.added)} added{near}, {len(report.duplicates)} in the corpus already{filled}"
        typer.echo(f"{counts}, {len(report.refused)} refused")
    if report.refused:
        raise typer.Exit(1)


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
