"""Names by language, read when a language is first asked for.

25 languages of 850 names take far longer to read than everything else in the ontology together, and a command needs
one or two of them.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from mic21.errors import OntologyError
from mic21.ontology.rows import NAMES_COLUMNS, Row, read_rows

# The languages MIC21 is named in (BCP 47). Asking for one that has no file yet gives None; any other tag is a mistake.
LANGUAGES = (
    *("en", "bg", "sq", "eu", "ca", "hr", "da", "nl", "de", "el", "fi", "fr", "gl"),
    *("is", "it", "lt", "pl", "pt", "ro", "ru", "sr", "sk", "sl", "es", "sv"),
)

_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")


class Name(NamedTuple):
    """What one file says about one domain, subdomain, category or predicate."""

    kind: str
    key: str
    name: str | None
    synonyms: tuple[str, ...]
    gender: str | None
    plural: str | None
    source: str
    reviewed: bool


class Names:
    """The name files of an ontology, one per language, read when first asked for."""

    def __init__(self, folders: Iterable[Path], keys: Mapping[str, Iterable[str]]) -> None:
        """Find the files; `keys` says which keys there are of each kind."""
        self._keys = {kind: frozenset(of_kind) for kind, of_kind in keys.items()}
        self._files: dict[str, list[Path]] = {}
        for folder in folders:
            for path in sorted((folder / "names").glob("*.tsv")):
                self._files.setdefault(path.stem, []).append(path)
        self._tables: dict[str, dict[tuple[str, str], Name]] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that have a file: those of `LANGUAGES` in that order, then the others."""
        known = [language for language in LANGUAGES if language in self._files]
        return (*known, *sorted(set(self._files) - set(known)))

    def entry(self, kind: str, key: str, language: str) -> Name | None:
        """The entry of one thing in a language, or None.

        Raises:
            OntologyError: the language is not one of `LANGUAGES` and has no file, or its file breaks the format.
        """
        try:
            return self._tables[language].get((kind, key))
        except KeyError:
            return self.table(language).get((kind, key))

    def table(self, language: str) -> Mapping[tuple[str, str], Name]:
        """Every entry of a language by kind and key, in the order of its files."""
        if language not in self._tables:
            if language not in self._files and language not in LANGUAGES:
                raise unknown("language", language, {*self._files, *LANGUAGES})
            problems: list[str] = []
            table = self._read(self._files.get(language, []), problems)
            raise_problems(problems)
            self._tables[language] = table
        return self._tables[language]

    def check(self, folder: Path) -> list[str]:
        """The problems of the languages that a folder has a file of."""
        problems: list[str] = []
        for language, files in self._files.items():
            if any(folder in path.parents for path in files):
                if not _TAG.fullmatch(language):
                    problems.append(f"{files[-1]}: expected a file named by a BCP 47 tag such as bg.tsv or sr-Latn.tsv")
                self._read(files, problems)
        return problems

    def _read(self, files: list[Path], problems: list[str]) -> dict[tuple[str, str], Name]:
        table: dict[tuple[str, str], Name] = {}
        places: dict[tuple[str, str], Row] = {}
        for path in files:
            for row in read_rows(path, "names", NAMES_COLUMNS, problems):
                kind, key, name, synonyms, gender, plural, source, reviewed = row.fields.values()
                if kind not in self._keys:
                    continue
                if key not in self._keys[kind]:
                    problems.append(row.problem("key", f"the key of a {kind}"))
                elif (first := places.setdefault((kind, key), row)) is not row:
                    problems.append(row.problem("key", f"one name a {kind}, the first is in {first.path}:{first.line}"))
                else:
                    others = tuple(synonyms.split("|")) if synonyms else ()
                    if not all(other and other == other.strip() for other in others):
                        problems.append(row.problem("synonyms", "names separated by |"))
                    table[kind, key] = Name(
                        kind, key, name or None, others, gender or None, plural or None, source, reviewed == "yes"
                    )
        return table


def unknown(what: str, found: object, known: Iterable[str]) -> OntologyError:
    """The error for a key, synset, subdomain or language that there is not, with the nearest that there are."""
    known = sorted(known)
    nearest = difflib.get_close_matches(str(found), known, n=3)
    advice = f"; nearest: {', '.join(nearest)}" if nearest else ""
    if not nearest and len(known) <= 40:
        advice = f"; expected one of {', '.join(known)}"
    return OntologyError(f"unknown {what} {found!r}{advice}")


def raise_problems(problems: list[str]) -> None:
    """Raise the problems of the ontology's files together, if there are any.

    Raises:
        OntologyError: there are some.
    """
    if not problems:
        return
    shown = "\n".join(problems[:50])
    more = f"\n… and {len(problems) - 50} more" if len(problems) > 50 else ""
    raise OntologyError(f"ontology: {len(problems)} problem(s) in its files:\n{shown}{more}")
