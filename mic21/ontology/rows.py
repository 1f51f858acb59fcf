"""The rows of the ontology's TSV files: which columns each has, and how one is read.

The files are UTF-8 in NFC, tab separated, without quoting, so that any editor, spreadsheet and diff shows them as they
are. Whatever is wrong is added to a list of problems with its file, line and column, and reading goes on.
"""

import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

PACKAGED = Path(__file__).parent / "data"

COLUMNS: dict[str, tuple[str, ...]] = {
    "domains": ("key",),
    "subdomains": ("key", "domain"),
    "categories": ("id", "key", "synset", "sense_key", "ili", "parents", "definition", "note", "reason"),
    "memberships": ("subdomain", "category", "role"),
    "predicates": ("key", "inverse", "domain", "range"),
    "relations": ("subject", "predicate", "object"),
}
NAMES_COLUMNS = ("kind", "key", "name", "synonyms", "gender", "plural", "source", "reviewed")
LABELS_COLUMNS = ("label", "synset", "category")
# Files that few questions need, read when one is asked.
UPKEEP_COLUMNS = {
    "inflections": ("language", "ending", "forms"),
    "loanwords": ("language", "kind", "key"),
    "mentions": ("language", "category", "words"),
    "migrations": ("version", "operation", "id", "key", "target", "subdomain", "note"),
}

_KEY = (re.compile(r"[a-z][a-z0-9_]*"), "lower-case ASCII words joined by _")
_PLACE_KEY = (re.compile(r"[a-z][a-z0-9_-]*"), "lower-case ASCII words joined by _ or -")
_KEYS = (re.compile(r"(?:[a-z][a-z0-9_]*(?: [a-z][a-z0-9_]*)*)?"), "keys separated by one space")
_SYNSET = (re.compile(r"(?:\d{8}-n)?"), "a WordNet 3.0 noun offset such as 09915834-n, or nothing")
_YES_NO = (re.compile("yes|no"), "yes or no")
_ANY = (re.compile(r"[^\t]*"), "text")
_SOME = (re.compile(r"[^\t]+"), "text")

FORMATS: dict[str, dict[str, tuple[re.Pattern[str], str]]] = {
    "domains": {"key": _PLACE_KEY},
    "subdomains": {"key": _PLACE_KEY, "domain": _PLACE_KEY},
    "categories": {
        "id": (re.compile(r"[1-9]\d{0,8}"), "a positive integer"),
        "key": _KEY,
        "synset": _SYNSET,
        "sense_key": (re.compile(r"(?:[^\s%]+%1:\d\d:\d\d::)?"), "a noun sense key such as pawn%1:06:00::, or nothing"),
        "ili": (re.compile(r"(?:i\d+)?"), "an ILI such as i88563, or nothing"),
        "parents": _KEYS,
        "definition": _SOME,
    },
    "memberships": {
        "subdomain": _PLACE_KEY,
        "category": _KEY,
        "role": (re.compile("dominant|attribute"), "dominant or attribute (parents are derived)"),
    },
    "predicates": {"key": _KEY, "domain": _KEYS, "range": _KEYS},
    "relations": {"subject": _KEY, "predicate": _KEY, "object": _KEY},
    "names": {
        "kind": (re.compile("category|subdomain|domain|predicate"), "category, subdomain, domain or predicate"),
        "key": _PLACE_KEY,
        "gender": (re.compile("[mfncp]?"), "m, f, n, c, p or nothing"),
        "reviewed": _YES_NO,
    },
    "inflections": {
        "ending": (re.compile(r"[^\W\d_]*"), "letters, or nothing for any word"),
        "forms": (
            re.compile(r"(?:-|=?[^\W\d_]+)(?: (?:-|=?[^\W\d_]+))*"),
            "endings separated by one space, - for none",
        ),
    },
    "loanwords": {"key": _PLACE_KEY},
    "mentions": {"category": _KEY, "words": _SOME},
    "migrations": {
        "version": _SOME,
        "operation": (re.compile("rename|merge|split|retire"), "rename, merge, split or retire"),
        "id": (re.compile(r"[1-9]\d{0,8}"), "a positive integer"),
        "key": _KEY,
        "target": (re.compile("(?:[a-z][a-z0-9_]*)?"), "a key or nothing"),
        "subdomain": (re.compile("(?:[a-z][a-z0-9_-]*)?"), "the key of a subdomain or nothing"),
    },
    "labels": {"label": _SOME, "synset": _SYNSET, "category": (re.compile("(?:[a-z][a-z0-9_]*)?"), "a key or nothing")},
}
_LOOSE = ("\t ", " \t", "\n ", " \n", "\xa0")  # where a field may begin or end with a space


class Row(NamedTuple):
    """One line of a file, with its place."""

    path: Path
    line: int
    fields: dict[str, str]
    is_local: bool  # a corpus added it

    def problem(self, column: str, expected: str) -> str:
        """One line for a person: the place, what was expected and what was found."""
        value = self.fields[column]
        found = repr(value) if unicodedata.is_normalized("NFC", value) else ascii(value)
        return f"{self.path}:{self.line}: {column}: expected {expected}, found {found}"


def read_rows(path: Path, table: str, columns: tuple[str, ...], problems: list[str]) -> list[Row]:
    """The rows of one file; what is wrong goes into `problems`.

    A row with a bad field is given all the same, so that the rows which refer to it are not reported in its stead.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        problems.append(f"{path}: expected UTF-8, found byte {error.object[error.start]:#04x} at offset {error.start}")
        return []
    if "\r" in text:
        problems.append(
            f"{path}:{text[: text.index(chr(13))].count(chr(10)) + 1}: expected lines that end in LF, found CR"
        )
        text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    if lines[-1]:
        problems.append(f"{path}:{len(lines)}: expected a newline at the end of the file, found none")
    else:
        lines.pop()
    if not lines or tuple(lines[0].split("\t")) != columns:
        found = ", ".join(lines[0].split("\t")) if lines else "nothing"
        problems.append(f"{path}:1: expected the columns {', '.join(columns)}, found {found}")
        return []
    # Nearly every row is good: one expression for the whole line says so, and only a bad row is looked at by column.
    good = re.compile("\t".join(f"(?:{FORMATS[table].get(column, _ANY)[0].pattern})" for column in columns))
    is_tidy = unicodedata.is_normalized("NFC", text) and not any(loose in text for loose in _LOOSE)
    is_local = PACKAGED not in path.parents
    rows = []
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) != len(columns):
            problems.append(f"{path}:{number}: expected {len(columns)} columns, found {len(fields)}")
            continue
        row = Row(path, number, dict(zip(columns, fields, strict=True)), is_local)
        if not (is_tidy and good.fullmatch(line)):
            problems.extend(_field_problems(row, table))
        rows.append(row)
    return rows


def _field_problems(row: Row, table: str) -> list[str]:
    problems = []
    formats = FORMATS[table]
    for column, value in row.fields.items():
        pattern, expected = formats.get(column, _ANY)
        if value != value.strip():
            problems.append(row.problem(column, "no space around the text"))
        elif not pattern.fullmatch(value):
            problems.append(row.problem(column, expected))
        elif not unicodedata.is_normalized("NFC", value):
            problems.append(row.problem(column, f"text in NFC, {unicodedata.normalize('NFC', value)!a}"))
    return problems
