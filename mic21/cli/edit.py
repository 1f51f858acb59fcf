"""`mic21 edit`: bulk edits, each recorded, most reversible."""

from pathlib import Path
from typing import Annotated

import typer

from mic21.cli.options import CorpusFolder, Json, SubdomainKey
from mic21.cli.output import show_json, show_rows
from mic21.corpus import edit
from mic21.corpus.store import Corpus

app = typer.Typer(no_args_is_help=True, help="Edit in bulk; each edit is recorded and can be undone.")

Images = Annotated[list[int] | None, typer.Option("--image", help="Id of an image; may be given again.")]


@app.command()
def relabel(
    table: Annotated[Path, typer.Argument(help="CSV, TSV or Parquet: from, to, and if wanted subdomain.")],
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Give annotations another category, by a table."""
    _show(edit.relabel(Corpus(corpus), edit.read_relabels(table)), as_json)


@app.command()
def facts(
    table: Annotated[
        Path,
        typer.Argument(help="CSV, TSV or Parquet: id or file, and license, author, title, source_url, subdomain."),
    ],
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Give images a licence, author, title, source or subdomain, by a table; an empty cell changes nothing."""
    _show(edit.facts(Corpus(corpus), edit.read_facts(table)), as_json)


@app.command()
def move(
    to: Annotated[str, typer.Argument(help="The subdomain to move to.")],
    image: Images = None,
    subdomain: SubdomainKey = None,
    has: Annotated[str | None, typer.Option("--has", help="Only images with this category.")] = None,
    lacks: Annotated[str | None, typer.Option("--lacks", help="Only images without this category.")] = None,
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Move images, with all that is on them, to another subdomain."""
    _show(edit.move(Corpus(corpus), to, images=image, subdomain=subdomain, has=has, lacks=lacks), as_json)


@app.command()
def merge(
    subdomains: Annotated[list[str], typer.Argument(help="The subdomains to empty.")],
    to: Annotated[str, typer.Option("--to", help="The subdomain to fill.")],
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Merge subdomains into one, without doubling what is in several."""
    _show(edit.merge(Corpus(corpus), subdomains, to), as_json)


@app.command()
def withdraw(
    images: Annotated[list[int], typer.Argument(metavar="IMAGE...", help="Ids of images.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")],
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Withdraw images from queries and releases; their ids are never used again."""
    _show(edit.withdraw(Corpus(corpus), images, reason=reason), as_json)


@app.command()
def purge(corpus: CorpusFolder = Path()) -> None:
    """Delete the stored photographs of withdrawn images. This stands in the log and cannot be undone."""
    typer.echo(f"{edit.purge(Corpus(corpus))} photographs deleted")


@app.command()
def migrate(corpus: CorpusFolder = Path(), as_json: Json = False) -> None:
    """Follow the ontology where it has merged, split, renamed or retired categories."""
    _show(edit.migrate(Corpus(corpus)), as_json)


@app.command()
def undo(
    run: Annotated[int, typer.Argument(help="Number of the edit, see `mic21 edit log`.")],
    corpus: CorpusFolder = Path(),
    as_json: Json = False,
) -> None:
    """Take an edit back."""
    _show(edit.undo(Corpus(corpus), run), as_json)


@app.command()
def log(corpus: CorpusFolder = Path(), as_json: Json = False) -> None:
    """List the runs of the corpus, the latest first."""
    show_rows(edit.log(Corpus(corpus)), as_json)


def _show(report: edit.EditReport, as_json: bool) -> None:
    if as_json:
        show_json({"run": report.run_id, "changed": dict(report.changed)})
        return
    changed = ", ".join(f"{count} {record}" for record, count in report.changed.items() if count) or "nothing"
    typer.echo(f"run {report.run_id}: {changed} changed")
