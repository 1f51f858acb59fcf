"""What the labelling page says besides names of the ontology, in each of the 25 languages."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "phrases.tsv"


def phrases(language: str) -> Mapping[str, str]:
    """Key → phrase in a language; in English where we have no translation.

    >>> phrases("bg")["title"]
    'Заглавие'
    """
    table = _table()
    return table.get(language) or table.get(language.partition("-")[0]) or table["en"]


@cache
def _table() -> dict[str, dict[str, str]]:
    header, *lines = (line.split("\t") for line in _FILE.read_text(encoding="utf-8").splitlines())
    return {line[0]: dict(zip(header[1:], line[1:], strict=True)) for line in lines}
