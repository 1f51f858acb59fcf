"""The categories above a synset, by WordNet's hypernyms."""

from collections.abc import Callable, Mapping

Above = Callable[[str], list[str]]  # synset → the synsets right above it, sorted


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


def _closure(synset: str, above: Above) -> set[str]:
    closure: set[str] = set()
    level = [synset]
    while level:
        level = [parent for one in level for parent in above(one) if parent not in closure]
        closure.update(level)
    return closure
