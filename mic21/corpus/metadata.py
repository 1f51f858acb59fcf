"""What is known of photographs beside their pixels: a table of it, in CSV or Parquet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mic21.corpus.licenses import UNKNOWN, parse_license
from mic21.corpus.sheet import read_sheet
from mic21.corpus.store import Corpus
from mic21.errors import ImportProblems, Mic21Error

FACTS = ("subdomain", "license", "author", "source_url", "title")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a photograph beside its pixels."""

    subdomain: str | None = None
    license: str = UNKNOWN
    author: str | None = None
    source_url: str | None = None
    title: str | None = None


def checked_facts(corpus: Corpus, facts: Facts) -> Facts:
    """The same facts, the licence in SPDX's spelling.

    Raises:
        OntologyError: the corpus knows no such subdomain.
        UsageError: the licence is no SPDX expression.
    """
    if facts.subdomain is not None:
        corpus.ontology.subdomain(facts.subdomain)
    return Facts(facts.subdomain, parse_license(facts.license), facts.author, facts.source_url, facts.title)


def read_metadata(corpus: Corpus, path: Path, files: Sequence[Path], facts: Facts) -> dict[Path, Facts]:
    """What a table says of photographs, by photograph; `facts` holds for what a row leaves open.

    Raises:
        CorpusError: the file is no table, or a row is too long.
        ImportProblems: it has bad rows, or rows whose file is none of the photographs.
    """
    rows = read_sheet(path, required=["file"], allowed=FACTS)
    problems = []
    places = _places(files, path.parent)
    known: dict[Path, Facts] = {}
    for number, row in enumerate(rows, 1):
        place = f"{path}: row {number}"
        file = row.pop("file")
        found = places.get(file, [])
        if len(found) != 1:
            what = "none of the sources" if not found else f"{len(found)} of the sources: give its path"
            problems.append(f"{place}: file: expected one of the photographs, found {file!r} in {what}")
            continue
        if found[0] in known:
            problems.append(f"{place}: file: expected each photograph once, found {file!r} again")
        given = {name: value.strip() for name, value in row.items() if value.strip()}
        try:
            known[found[0]] = checked_facts(corpus, _merge(facts, given))
        except Mic21Error as error:
            problems.append(f"{place}: {error}")
    if problems:
        raise ImportProblems(str(path), problems)
    return known


def _merge(facts: Facts, given: Mapping[str, str]) -> Facts:
    return Facts(
        given.get("subdomain", facts.subdomain),
        given.get("license", facts.license),
        given.get("author", facts.author),
        given.get("source_url", facts.source_url),
        given.get("title", facts.title),
    )


def _places(files: Sequence[Path], table_folder: Path) -> dict[str, list[Path]]:
    """Every way to write a file in the metadata: as given, relative to the table, any tail of its path."""
    places: dict[str, list[Path]] = {}
    for file in files:
        names = {str(file)}
        names |= {str(Path(*file.parts[-length:])) for length in range(1, len(file.parts))}
        if file.is_relative_to(table_folder):
            names.add(str(file.relative_to(table_folder)))
        for name in names:
            places.setdefault(name, []).append(file)
    return places
