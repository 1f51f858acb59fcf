"""`mic21 ontology`: look categories, subdomains and domains up."""

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.table import Table

from mic21.cli.options import Json, SubdomainKey
from mic21.cli.output import show_json, show_rows
from mic21.errors import UsageError
from mic21.ontology import Category, Ontology, Role
from mic21.ontology.coverage import coverage
from mic21.ontology.query import CategoryRecord, describe, query

app = typer.Typer(no_args_is_help=True, help="Look categories, subdomains and domains up.")

Corpus = Annotated[
    Path, typer.Option("-C", "--corpus", envvar="MIC21_CORPUS", help="A corpus, whose own categories count too.")
]
DomainKey = Annotated[str | None, typer.Option("--domain", help="Of this domain: sport, transport, arts, security.")]
RoleName = Annotated[str | None, typer.Option("--role", help="dominant, attribute or parent.")]
Language = Annotated[str, typer.Option("--language", "-l", help="Names in this language (BCP 47).")]


@app.command("list")
def list_(
    subdomain: SubdomainKey = None,
    domain: DomainKey = None,
    role: RoleName = None,
    subdomains: Annotated[bool, typer.Option("--subdomains", help="List subdomains instead.")] = False,
    domains: Annotated[bool, typer.Option("--domains", help="List domains instead.")] = False,
    language: Language = "en",
    corpus: Corpus = Path(),
    as_json: Json = False,
) -> None:
    """List categories, or subdomains, or domains."""
    if domains and (subdomains or subdomain or domain or role):
        raise UsageError("ontology list: --domains takes no other condition")
    if subdomains and (subdomain or role):
        raise UsageError("ontology list: --subdomains goes with --domain only")
    ontology = load(corpus)
    if domains:
        show_rows(
            [
                {"key": found.key, "name": found.name(language), "subdomains": len(ontology.subdomains(found.key))}
                for found in ontology.domains()
            ],
            as_json,
        )
    elif subdomains:
        show_rows(
            [
                {
                    "key": found.key,
                    "domain": found.domain,
                    "name": found.name(language),
                    "dominant": ontology.dominant(found.key).key,
                    "attributes": len(ontology.categories(found.key, role="attribute")),
                }
                for found in ontology.subdomains(domain)
            ],
            as_json,
        )
    else:
        found = query(ontology, subdomain=subdomain, domain=domain, role=cast("Role | None", role))
        show_rows(_rows(ontology, found, subdomain, language), as_json)


@app.command()
def show(
    category: Annotated[str, typer.Argument(metavar="KEY_OR_SYNSET", help="chess_player, 09915834-n")],
    corpus: Corpus = Path(),
    as_json: Json = False,
) -> None:
    """Show all that is known of one category."""
    record = describe(load(corpus), category)
    if as_json:
        show_json(record)
    else:
        _print_passport(record)


@app.command("query")
def query_(
    subdomain: SubdomainKey = None,
    domain: DomainKey = None,
    under: Annotated[str | None, typer.Option("--under", help="Below this key or synset.")] = None,
    role: RoleName = None,
    search: Annotated[str | None, typer.Option("--search", help="With this text in a name or the definition.")] = None,
    language: Language = "en",
    corpus: Corpus = Path(),
    as_json: Json = False,
) -> None:
    """List the categories that meet every condition."""
    ontology = load(corpus)
    found = query(
        ontology,
        subdomain=subdomain,
        domain=domain,
        under=under,
        role=cast("Role | None", role),
        search=search,
        language=language,
    )
    show_rows(_rows(ontology, found, subdomain, language), as_json)


@app.command()
def search(
    word: Annotated[
        str, typer.Argument(help="A name or its beginning, in any language or script: велосипед, velosiped.")
    ],
    language: Annotated[str | None, typer.Option("--language", "-l", help="Only names of this language.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 20,
    corpus: Corpus = Path(),
    as_json: Json = False,
) -> None:
    """Find categories by a name in any language, best first; a wrong letter does not matter."""
    matches = load(corpus).search(word, language=language, limit=limit)
    rows = [
        {
            "key": match.key,
            "synset": match.category.synset,
            "name": match.name,
            "language": match.language,
            "match": match.how,
            "definition": match.category.definition,
        }
        for match in matches
    ]
    show_rows(rows, as_json)


@app.command("coverage")
def coverage_(
    missing: Annotated[bool, typer.Option("--missing", help="List what has no name.")] = False,
    corpus: Corpus = Path(),
    as_json: Json = False,
) -> None:
    """Show how much has a name in each language, and how much of it a native speaker has reviewed."""
    found = coverage(load(corpus))
    if missing:
        show_rows(
            [{"language": one.language, "kind": kind, "key": key} for one in found for kind, key in one.missing],
            as_json,
        )
        return
    rows = [
        {
            "language": one.language,
            "named": one.named,
            "of": one.wanted,
            "percent": math.floor(1000 * one.named / one.wanted) / 10,  # never 100 for a little less
            "synonyms": one.synonyms,
            "reviewed": one.reviewed,
        }
        for one in found
    ]
    show_rows(rows, as_json)


def load(corpus: Path) -> Ontology:
    """The packaged ontology, with the additions of a corpus or release if the folder is one."""
    local = corpus / "ontology"
    # A release has a folder of this name too, with an export in it.
    is_addition = local.is_dir() and not (local / "ontology.json").exists()
    return Ontology.load(local if is_addition else None)


def _rows(
    ontology: Ontology, categories: Iterable[Category], subdomain: str | None, language: str
) -> list[dict[str, object]]:
    rows = []
    for category in categories:
        row: dict[str, object] = {
            "id": category.id,
            "key": category.key,
            "synset": category.synset,
            "name": category.name(language),
            "synonyms": list(category.synonyms(language)),
        }
        if subdomain is not None:
            row["role"] = ontology.roles(category.key)[subdomain]
        rows.append(row)
    return rows


def _print_passport(record: CategoryRecord) -> None:
    facts = [
        ("key", record["key"]),
        ("id", str(record["id"])),
        ("synset", record["synset"]),
        ("sense key", record["sense_key"]),
        ("ili", record["ili"]),
        ("definition", record["definition"]),
        ("note", record["note"]),
        *(("path", " < ".join(path)) for path in record["paths"]),
    ]
    facts += [
        (f"{role} in", ", ".join(theme for theme, found in record["roles"].items() if found == role))
        for role in ("dominant", "attribute", "parent")
    ]
    facts += [("relation", " ".join(relation.values())) for relation in record["relations"]]
    for language, entry in record["names"].items():
        plural = f"plural {entry['plural']}" if entry["plural"] else ""
        details = [entry["name"], ", ".join(entry["synonyms"]), entry["gender"], plural]
        facts.append((language, "; ".join(detail for detail in details if detail)))
    facts = [(label, value) for label, value in facts if value]
    if sys.stdout.isatty():
        table = Table.grid(padding=(0, 2))
        for label, value in facts:
            table.add_row(label, value)
        Console().print(table)
        return
    width = max(len(label) for label, _ in facts)
    for label, value in facts:
        typer.echo(f"{label:<{width}}  {value}")
