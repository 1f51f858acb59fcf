"""The ontology's folders: the packaged data, and what a corpus adds to it in a folder of its own."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from mic21.ontology.checks import Tables, check
from mic21.ontology.names import Names, raise_problems
from mic21.ontology.rows import COLUMNS, LABELS_COLUMNS, PACKAGED, UPKEEP_COLUMNS, Row, read_rows

_TABLE_OF_KIND = {
    "category": "categories",
    "subdomain": "subdomains",
    "domain": "domains",
    "predicate": "predicates",
}


def read_folders(folders: Sequence[Path]) -> tuple[Tables, Names]:
    """The rows of the packaged folder and those that the other folders add, checked; names stay unread.

    Raises:
        OntologyError: every problem of the files.
    """
    problems: list[str] = []
    tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
    for folder in folders:
        problems += _stray_files(folder)
        for table, columns in COLUMNS.items():
            path = folder / f"{table}.tsv"
            if folder == PACKAGED or path.exists():
                tables[table] += read_rows(path, table, columns, problems)
    problems += check(tables)
    keys = {kind: [row.fields["key"] for row in tables[table]] for kind, table in _TABLE_OF_KIND.items()}
    names = Names(folders, keys)
    for folder in folders:
        if folder != PACKAGED:
            problems += names.check(folder)
    raise_problems(problems)
    return tables, names


def read_labels(files: Iterable[Path], categories: Iterable[str]) -> dict[str, str]:
    """Label → category key, for the labels that some category covers.

    Raises:
        OntologyError: every problem of the files.
    """
    problems: list[str] = []
    keys: dict[str, str] = {}
    known = frozenset(categories)
    for path in files:
        for row in read_rows(path, "labels", LABELS_COLUMNS, problems):
            label, _, category = row.fields.values()
            if label in keys:
                problems.append(row.problem("label", "each label once"))
            elif category and category not in known:
                problems.append(row.problem("category", "a key of categories.tsv"))
            keys[label] = category
    raise_problems(problems)
    return {label: category for label, category in keys.items() if category}


def read_upkeep(folders: Iterable[Path], table: str) -> list[Row]:
    """The rows of loanwords.tsv or migrations.tsv, in every folder that has one.

    Raises:
        OntologyError: every problem of the files.
    """
    problems: list[str] = []
    paths = [path for folder in folders if (path := folder / f"{table}.tsv").exists()]
    rows = [row for path in paths for row in read_rows(path, table, UPKEEP_COLUMNS[table], problems)]
    raise_problems(problems)
    return rows


def digest_of(folders: Sequence[Path]) -> str:
    """SHA-256, in hexadecimal, over the relative paths and the bytes of every file, in order."""
    digest = hashlib.sha256()
    for place, folder in zip(("packaged", "local"), folders, strict=False):
        files = [*folder.rglob("*.tsv"), *folder.glob("VERSION")]
        for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in files):
            content = path.read_bytes()
            digest.update(f"{place}/{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _stray_files(folder: Path) -> list[str]:
    """Files that nothing would read, a misspelt name most likely, or a folder that is not there."""
    if not folder.is_dir():
        return [f"{folder}: expected a folder with ontology files, found none"]
    tables = (*COLUMNS, *UPKEEP_COLUMNS)
    known = ", ".join(f"{table}.tsv" for table in tables)
    return [
        f"{path}: expected one of {known}, or a file in names/ or labels/"
        for path in sorted(folder.glob("*.tsv"))
        if path.stem not in tables
    ]
