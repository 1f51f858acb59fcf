"""The categories above a synset, by WordNet's hypernyms; what `build.py` writes and `verify.py` proves.

WordNet is read through nltk, whose `hypernyms()` changes its order from run to run: everything here is sorted.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mic21.ontology.rows import COLUMNS, LABELS_COLUMNS, Row, read_rows

Above = Callable[[str], list[str]]  # synset → the synsets right above it, sorted


def open_wordnet(root: Path | None) -> Any:  # nltk has no types
    """nltk's reader of WordNet 3.0, from `root`/corpora/wordnet or wherever nltk finds one."""
    import nltk
    from nltk.corpus import wordnet

    if root is not None:
        nltk.data.path.insert(0, str(root))
    try:
        wordnet.ensure_loaded()
    except LookupError as error:
        raise SystemExit('WordNet 3.0: not found; give --wordnet ROOT or run nltk.download("wordnet")') from error
    if wordnet.get_version() != "3.0":
        raise SystemExit(f"WordNet: expected version 3.0, found {wordnet.get_version()}")
    return wordnet


def hypernyms_of(wordnet: Any) -> Above:
    """The function that gives the hypernyms and instance hypernyms of a noun synset written as 09915834-n."""

    def above(synset: str) -> list[str]:
        found = wordnet.synset_from_pos_and_offset("n", int(synset[:8]))
        return sorted(f"{one.offset():08d}-n" for one in found.hypernyms() + found.instance_hypernyms())

    return above


def nearest_above(synset: str, above: Above, categories: Mapping[str, str]) -> list[str]:
    """Keys of the nearest categories above a synset, nearest first, then by key.

    Every path up ends at the first category on it. One that lies above another of those found is dropped: it is
    reached through that one.

    Args:
        synset: where to start; itself never in the result.
        above: the synsets right above one.
        categories: synset → key.
    """
    found: dict[str, int] = {}
    seen = {synset}
    level, distance = [synset], 1
    while level:
        fresh = sorted({parent for one in level for parent in above(one)} - seen)
        seen.update(fresh)
        found.update((one, distance) for one in fresh if one in categories)
        level = [one for one in fresh if one not in categories]
        distance += 1
    covered = set().union(*(_closure(one, above) for one in found))
    kept = [one for one in found if one not in covered]
    return [categories[one] for one in sorted(kept, key=lambda one: (found[one], categories[one]))]


def nearest_at_or_above(synset: str, above: Above, categories: Mapping[str, str]) -> str:
    """Key of the category of a synset, or else of the nearest above it; empty if there is none."""
    if synset in categories:
        return categories[synset]
    return next(iter(nearest_above(synset, above, categories)), "")


def read_data(data: Path) -> tuple[list[Row], dict[Path, list[Row]]]:
    """The rows of a data folder's categories and of each of its label files."""
    problems: list[str] = []
    categories = read_rows(data / "categories.tsv", "categories", COLUMNS["categories"], problems)
    labels = {
        path: read_rows(path, "labels", LABELS_COLUMNS, problems) for path in sorted((data / "labels").glob("*.tsv"))
    }
    if problems:
        raise SystemExit("\n".join(problems))
    return categories, labels


def _closure(synset: str, above: Above) -> set[str]:
    closure: set[str] = set()
    level = [synset]
    while level:
        level = [parent for one in level for parent in above(one) if parent not in closure]
        closure.update(level)
    return closure
