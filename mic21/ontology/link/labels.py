"""Label maps for models and datasets whose labels carry WordNet synsets, such as LVIS and ImageNet."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nltk.corpus.reader.wordnet import WordNetError

from mic21.errors import OntologyError
from mic21.ontology.link.nearest import nearest_at_or_above
from mic21.ontology.link.wordnet import hypernyms_of, offset_of
from mic21.ontology.ontology import Ontology

_OFFSET = re.compile(r"(?:eng-30-)?(\d{8})-n|n(\d{8})")


@dataclass(frozen=True, slots=True)
class LabelLink:
    """What a label means.

    Attributes:
        label: as the model or dataset has it.
        synset: WordNet 3.0 offset, or None if WordNet has no such synset.
        category: key of the category of that synset, or of the nearest above it, or of the label's own name; or None.
    """

    label: str
    synset: str | None
    category: str | None


def link_labels(ontology: Ontology, path: Path, wordnet: Any) -> Iterator[LabelLink]:
    """The category of every label of a file, in its order.

    Args:
        ontology: where to.
        path: a COCO-like JSON file whose categories have `name` and `synset` (LVIS), or a TSV of label and synset.
            A synset is written `10084635-n`, `n10084635` or `football_player.n.01`.
        wordnet: of `open_wordnet`.

    Raises:
        OntologyError: a file of neither form, or with a line or category that lacks one of the two.
    """
    above = hypernyms_of(wordnet)
    categories = {found.synset: found.key for found in ontology if found.synset}
    for label, written in _labels(path):
        synset = _offset(written, wordnet)
        if synset:
            yield LabelLink(label, synset, nearest_at_or_above(synset, above, categories) or None)
        else:
            named = ontology.find(label.replace("_", " "))
            yield LabelLink(label, None, named.key if named else None)


def _offset(written: str, wordnet: Any) -> str | None:
    try:
        if found := _OFFSET.fullmatch(written):
            return offset_of(wordnet.synset_from_pos_and_offset("n", int(found[1] or found[2])))
        return offset_of(wordnet.synset(written)) if written.endswith(tuple("0123456789")) else None
    except (WordNetError, ValueError):
        return None  # LVIS numbers synsets of its own where WordNet has none


def _labels(path: Path) -> Iterator[tuple[str, str]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        try:
            rows = [(one["name"], one["synset"]) for one in json.loads(text)["categories"]]
        except (ValueError, KeyError, TypeError) as error:
            raise OntologyError(f"{path}: expected JSON with categories of name and synset, as LVIS has") from error
        yield from rows
        return
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split("\t")
        if len(fields) < 2:
            raise OntologyError(f"{path}:{number}: expected label and synset with a tab between, found {line!r}")
        if (number, fields[:2]) != (1, ["label", "synset"]):
            yield fields[0], fields[1]
