"""What changed between two states of the ontology's files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mic21.errors import OntologyError
from mic21.ontology.names import raise_problems
from mic21.ontology.rows import COLUMNS, LABELS_COLUMNS, NAMES_COLUMNS, UPKEEP_COLUMNS, Row, read_rows

_KEYS: Mapping[str, tuple[str, ...]] = {
    "domains": ("key",),
    "subdomains": ("key",),
    "categories": ("id",),  # a key may be renamed, an id is for ever
    "memberships": ("subdomain", "category"),
    "predicates": ("key",),
    "relations": ("subject", "predicate", "object"),
    "migrations": ("version", "operation", "id", "key", "subdomain"),
    "mentions": ("language", "category"),
    "inflections": ("language", "ending"),
    "loanwords": ("language", "kind", "key"),
}
_FOLDERS = {"names": (NAMES_COLUMNS, ("kind", "key")), "labels": (LABELS_COLUMNS, ("label",))}
# The columns that say more than the key of a row does.
_SAYING = ("name", "definition", "role", "target", "words", "forms", "category")


@dataclass(frozen=True, slots=True)
class Change:
    """One row that differs.

    Attributes:
        table: the file without its ending, `categories`, `names/bg` or `labels/coco-80`.
        key: what the row is of.
        column: what changed in it; None where the row is new or gone.
        old: the value before, None where the row is new.
        new: the value now, None where the row is gone.
    """

    table: str
    key: str
    column: str | None
    old: str | None
    new: str | None


def diff(old: Path, new: Path) -> list[Change]:
    """Every difference between the rows of two folders of ontology files, file by file, in the order of the rows.

    All files but VERSION are compared: tables, names, and label maps. Categories are compared by id, so that another
    key is a rename and no new category.

    Raises:
        OntologyError: a folder is missing, or a file breaks the format.
    """
    for folder in (old, new):
        if not (folder / "categories.tsv").is_file():
            raise OntologyError(f"{folder}: expected a folder with categories.tsv, found none")
    tables = {table: (table, (COLUMNS | UPKEEP_COLUMNS)[table], keys) for table, keys in _KEYS.items()}
    for table, (columns, keys) in _FOLDERS.items():
        for name in sorted({file.stem for folder in (old, new) for file in (folder / table).glob("*.tsv")}):
            tables[f"{table}/{name}"] = (table, columns, keys)
    return [change for name, table in tables.items() for change in _table(old, new, name, *table)]


def _table(
    old: Path, new: Path, name: str, table: str, columns: tuple[str, ...], keys: tuple[str, ...]
) -> Iterator[Change]:
    before, after = (_rows(folder / f"{name}.tsv", table, columns, keys) for folder in (old, new))
    for key, row in before.items():
        if key not in after:
            yield Change(name, _shown(row, keys), None, _value(row), None)
    for key, row in after.items():
        if key not in before:
            yield Change(name, _shown(row, keys), None, None, _value(row))
            continue
        for column in columns:
            was, now = before[key].fields[column], row.fields[column]
            if was != now:
                yield Change(name, _shown(before[key], keys), column, was, now)


def _rows(path: Path, table: str, columns: tuple[str, ...], keys: tuple[str, ...]) -> dict[tuple[str, ...], Row]:
    if not path.exists():
        return {}
    problems: list[str] = []
    rows = read_rows(path, table, columns, problems)
    raise_problems(problems)
    return {tuple(row.fields[key] for key in keys): row for row in rows}


def _shown(row: Row, keys: tuple[str, ...]) -> str:
    return row.fields["key"] if keys == ("id",) else " ".join(filter(None, (row.fields[key] for key in keys)))


def _value(row: Row) -> str:
    return next(filter(None, map(row.fields.get, _SAYING)), next(iter(row.fields.values())))
