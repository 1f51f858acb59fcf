"""Flat tables: every name a line, as the ontology's own files have them, or a category a line for a spreadsheet."""

import csv
import io
from collections.abc import Iterator

from mic21.ontology.ontology import Ontology
from mic21.ontology.rows import NAMES_COLUMNS


def to_tsv(ontology: Ontology) -> Iterator[str]:
    """Every name of every language: `language`, then the columns of the name files."""
    yield "\t".join(("language", *NAMES_COLUMNS)) + "\n"
    for language in ontology.languages():
        for entry in ontology.names(language):
            names = (entry.name or "", "|".join(entry.synonyms), entry.gender or "", entry.plural or "")
            reviewed = "yes" if entry.reviewed else "no"
            yield "\t".join((language, entry.kind, entry.key, *names, entry.source, reviewed)) + "\n"


def to_csv(ontology: Ontology) -> Iterator[str]:
    """A category a line: its passport, parents, definition, subdomains, and its name in each language."""
    languages = ontology.languages()
    fixed = ("id", "key", "synset", "sense_key", "ili", "parents", "definition", "note", "subdomains")
    yield _line((*fixed, *languages))
    for category in ontology:
        drawn = [key for key, role in ontology.roles(category.key).items() if role != "parent"]
        passport = (category.synset, category.sense_key, category.ili)
        texts = (" ".join(category.parents), category.definition, category.note, " ".join(drawn))
        yield _line((str(category.id), category.key, *passport, *texts, *map(category.name, languages)))


def _line(values: tuple[str | None, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(value or "" for value in values)
    return text.getvalue()
