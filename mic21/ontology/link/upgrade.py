"""What became of the categories' synsets in another version of WordNet, by sense keys, which outlive versions."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mic21.errors import OntologyError
from mic21.ontology.ontology import Ontology

Fate = Literal["same", "moved", "split", "vanished"]


@dataclass(frozen=True, slots=True)
class Passport:
    """One category in the other version.

    Attributes:
        key: of the category.
        synset: its offset in WordNet 3.0.
        fate: `same` offset; `moved` to another; `split`, its words are in several now; `vanished`, none is left.
        synsets: the offsets in the other version: that of its sense key first.
        lost: sense keys of the synset that the other version does not have.
    """

    key: str
    synset: str
    fate: Fate
    synsets: tuple[str, ...]
    lost: tuple[str, ...]


def upgrade(ontology: Ontology, old: Path, new: Path) -> Iterator[Passport]:
    """The fate of each category's synset, by id.

    Args:
        ontology: whose passports are of WordNet 3.0.
        old: WordNet 3.0's `index.sense`, or the folder that holds it.
        new: the other version's.

    Raises:
        OntologyError: a file is missing or no index of senses, or the old one does not know a category's sense key.
    """
    before, after = _read_index(old), _read_index(new)
    keys: dict[str, list[str]] = {}
    for sense_key, offset in before.items():
        keys.setdefault(offset, []).append(sense_key)
    for category in ontology:
        if category.synset is None or category.sense_key is None:
            continue
        if before.get(category.sense_key) != category.synset:
            raise OntologyError(f"{old}: expected {category.sense_key} at {category.synset}: is it WordNet 3.0?")
        own = [category.sense_key, *sorted(set(keys[category.synset]) - {category.sense_key})]
        synsets = tuple(dict.fromkeys(after[key] for key in own if key in after))
        fate: Fate = "vanished" if not synsets else "split" if len(synsets) > 1 else "moved"
        if synsets == (category.synset,):
            fate = "same"
        yield Passport(category.key, category.synset, fate, synsets, tuple(key for key in own if key not in after))


def _read_index(path: Path) -> dict[str, str]:
    """Noun sense key → offset."""
    file = path / "index.sense" if path.is_dir() else path
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OntologyError(f"{file}: expected WordNet's index.sense, found: {error}") from error
    found = {}
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if len(fields) != 4 or "%" not in fields[0]:
            raise OntologyError(f"{file}:{number}: expected a sense key, offset, number and count, found {line[:40]!r}")
        if "%1:" in fields[0]:
            found[fields[0]] = f"{fields[1]}-n"
    return found
