"""Which category of the ontology a foreign category is."""

import re
from collections.abc import Collection

from mic21.ontology import Ontology

_SYNSET = re.compile(r"(?:eng-30-)?\d{8}-n")


def link_category(
    ontology: Ontology, name: str, *, key: str | None, synset: str | None, names_of_file: Collection[str]
) -> str | None:
    """The key of the ontology category that a foreign one is, or None.

    Its own key or synset decides; then its name. Names of a file whose every category is one of COCO's 80 are read as
    COCO means them ("mouse" is the device), others by the ontology's English names.
    """
    if key is not None and (found := ontology.get(key)):
        return found.key
    if synset is not None and _SYNSET.fullmatch(synset) and (found := ontology.find(synset)):
        return found.key
    coco = ontology.label_map("coco-80")
    if coco.keys() >= set(names_of_file):
        return coco[name]
    plain = name.strip().casefold()
    found = ontology.find(plain.replace(" ", "_")) or ontology.find(plain)
    return found.key if found else None
