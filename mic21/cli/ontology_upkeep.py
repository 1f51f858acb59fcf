"""`mic21 ontology lint|link|export|diff`: look after the ontology, and take it elsewhere."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from mic21.cli.ontology import Corpus, load
from mic21.cli.options import Json
from mic21.cli.output import show_rows, warn
from mic21.errors import UsageError
from mic21.ontology import Ontology
from mic21.ontology.diff import diff
from mic21.ontology.lint import lint
from mic21.ontology.rows import PACKAGED

WordNet = Annotated[Path | None, typer.Option("--wordnet", metavar="ROOT", help="Folder with corpora/wordnet (3.0).")]
Format = Literal["json", "tsv", "csv", "skos", "lmf"]


def lint_(
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too.")] = False,
    wordnet: WordNet = None,
    corpus: Corpus = Path(),
    as_json: Json = False,
) -> None:
    """Check names, relations, themes and retired ids, with --wordnet the synsets too; exit 1 if there is an error."""
    findings = lint(load(corpus), synset_exists=_synset_exists(wordnet) if wordnet else None)
    rows: list[dict[str, object]] = [
        {"code": found.code, "key": found.key, "found": found.found, "message": found.message} for found in findings
    ]
    show_rows(rows, as_json)
    errors = sum(found.is_error for found in findings)
    warn([f"{errors} errors, {len(findings) - errors} warnings"])
    if errors or (strict and findings):
        raise typer.Exit(1)


def export(
    format: Annotated[Format, typer.Option("--format", help="json, tsv, csv, skos (Turtle) or lmf (WN-LMF).")] = "json",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A file; standard output without it.")] = None,
    ili: Annotated[
        Path | None, typer.Option("--ili", help="CILI's ili-map-pwn30.tab, for the interlingual index of each synset.")
    ] = None,
    corpus: Corpus = Path(),
) -> None:
    """Write the ontology in the format of others."""
    from mic21.ontology.export import FORMATS  # pydantic takes longer to import than most commands to run

    ontology = load(corpus)
    parts = FORMATS[format](ontology.with_ili(_ili(ontology, ili)) if ili else ontology)
    if out is None:
        for part in parts:
            sys.stdout.write(part)
        return
    with out.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)


def link(
    words: Annotated[list[str] | None, typer.Argument(help="English words to propose synsets for.")] = None,
    table: Annotated[Path | None, typer.Option("--words", help="A file of words, the first column of a TSV.")] = None,
    compare: Annotated[
        Path | None, typer.Option("--compare", help="OMW tab or WN-LMF files, or a folder of such: compare our names.")
    ] = None,
    names: Annotated[
        Path | None, typer.Option("--names", help="The same: show the names that they have for the proposed synsets.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", help="LVIS-like JSON, or a TSV of label and synset: make a label map.")
    ] = None,
    upgrade: Annotated[
        Path | None, typer.Option("--upgrade", help="Another WordNet's index.sense: what became of the synsets.")
    ] = None,
    ili: Annotated[
        Path | None, typer.Option("--ili", help="CILI's ili-map-pwn30.tab, to join WN-LMF files by.")
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Only counts, with --compare and --upgrade.")] = False,
    wordnet: WordNet = None,
    corpus: Corpus = Path(),
    as_json: Json = False,
) -> None:
    """Propose synsets for words, link labels, or compare with wordnets that you have."""
    if sum(bool(task) for task in (words or table, compare, labels, upgrade)) != 1:
        raise UsageError("ontology link: expected one of words (or --words), --compare, --labels, --upgrade")
    ontology = load(corpus)
    if compare is not None:
        show_rows(_compared(ontology, compare, ili, summary=summary), as_json)
    elif labels is not None:
        show_rows(_labelled(ontology, labels, wordnet), as_json)
    elif upgrade is not None:
        show_rows(_upgraded(ontology, wordnet, upgrade, summary=summary), as_json)
    else:
        lines = table.read_text(encoding="utf-8").splitlines() if table else []
        wanted = [*(words or []), *(line.split("\t")[0] for line in lines if line.strip())]
        show_rows(_proposed(ontology, wanted, wordnet, names, ili), as_json)


def diff_(
    old: Annotated[Path, typer.Argument(help="A folder of ontology files.")],
    new: Annotated[Path | None, typer.Argument(help="Another; the packaged ones without it.")] = None,
    as_json: Json = False,
) -> None:
    """List what changed between two states of the ontology's files, names, label maps and migrations among them."""
    changes = diff(old, new or PACKAGED)
    show_rows(
        [{"file": one.table, "key": one.key, "column": one.column, "old": one.old, "new": one.new} for one in changes],
        as_json,
    )


def _synset_exists(wordnet: Path) -> Callable[[str], bool]:
    from mic21.ontology.link.wordnet import exists_in, open_wordnet  # nltk is not in the base install

    return exists_in(open_wordnet(wordnet))


def _compared(ontology: Ontology, path: Path, ili: Path | None, *, summary: bool) -> list[dict[str, object]]:
    from mic21.ontology.link.compare import compare
    from mic21.ontology.link.readers import read_wordnets

    found = list(compare(ontology, read_wordnets(path, _ili(ontology, ili))))
    if not summary:
        return [
            {
                "language": one.language,
                "key": one.key,
                "name": one.name,
                "theirs": list(one.theirs),
                "verdict": one.verdict,
            }
            for one in found
            if one.verdict != "name"
        ]
    counts = Counter((one.language, one.verdict) for one in found)
    rows: list[dict[str, object]] = []
    for language in dict.fromkeys(one.language for one in found):
        own = {verdict: counts[language, verdict] for verdict in ("name", "synonym", "differs", "missing")}
        agree = 100 * own["name"] / sum(own.values())
        rows.append({"language": language, "compared": sum(own.values()), **own, "percent": round(agree, 1)})
    return rows


def _labelled(ontology: Ontology, path: Path, wordnet: Path | None) -> list[dict[str, object]]:
    from mic21.ontology.link.labels import link_labels
    from mic21.ontology.link.wordnet import open_wordnet

    found = list(link_labels(ontology, path, open_wordnet(wordnet)))
    warn([f"{one.label}: no category" for one in found if not one.category])
    return [{"label": one.label, "synset": one.synset, "category": one.category} for one in found]


def _upgraded(ontology: Ontology, wordnet: Path | None, new: Path, *, summary: bool) -> list[dict[str, object]]:
    from mic21.ontology.link.upgrade import upgrade

    if wordnet is None:
        raise UsageError("ontology link: --upgrade needs --wordnet ROOT, where WordNet 3.0's index.sense is")
    found = list(upgrade(ontology, wordnet / "corpora" / "wordnet", new))
    if summary:
        return [
            {"fate": fate, "categories": count} for fate, count in sorted(Counter(one.fate for one in found).items())
        ]
    return [
        {"key": one.key, "synset": one.synset, "fate": one.fate, "now": list(one.synsets), "lost": list(one.lost)}
        for one in found
    ]


def _proposed(
    ontology: Ontology, words: list[str], wordnet: Path | None, names: Path | None, ili: Path | None
) -> list[dict[str, object]]:
    from mic21.ontology.link.propose import propose
    from mic21.ontology.link.readers import read_wordnets
    from mic21.ontology.link.wordnet import open_wordnet

    wordnets = read_wordnets(names, _ili(ontology, ili)) if names else {}
    rows: list[dict[str, object]] = []
    for one in propose(ontology, words, open_wordnet(wordnet)):
        row: dict[str, object] = {
            "word": one.word,
            "rank": one.rank,
            "synset": one.synset,
            "sense_key": one.sense_key,
            "category": one.category,
            "parents": list(one.parents),
            "gloss": one.gloss,
        }
        for language, theirs in wordnets.items():
            row[language] = theirs.get(one.synset, [])
        rows.append(row)
    missing = dict.fromkeys(word for word in words if word not in {row["word"] for row in rows})
    warn([f"{word}: WordNet 3.0 has no such noun" for word in missing])
    return rows


def _ili(ontology: Ontology, path: Path | None) -> dict[str, str]:
    from mic21.ontology.link.readers import read_ili

    own = {category.ili: category.synset for category in ontology if category.ili and category.synset}
    return own | (read_ili(path) if path else {})
