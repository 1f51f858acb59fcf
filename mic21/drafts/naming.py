"""What the labels of a model mean: categories of the ontology, as the theme of a photograph has them.

In a photograph of a subdomain only the categories that are drawn there may be annotated, so that a label counts as the
nearest of them: COCO's `person` is the violinist in a photograph of violinists.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from mic21.ontology import Category, Ontology

Unmapped = Literal["keep", "drop"]


class Naming:
    """Finds the category of a label, in a theme or without one."""

    def __init__(self, ontology: Ontology, meanings: Mapping[str, str]) -> None:
        """Take what the labels mean.

        Models write the labels of a dataset as they like: case and underscores do not count.

        Args:
            ontology: whose categories they are.
            meanings: label → key of a category; `Ontology.label_map` gives such.
        """
        self._ontology = ontology
        self._meanings = {_plain(label): key for label, key in meanings.items()}
        self._found: dict[tuple[str, str | None], int | None] = {}

    def category_id(self, label: str, subdomain: str | None) -> int | None:
        """The id of the category that a label means, or None where it means none.

        In a subdomain this is the category itself or the nearest above it that is drawn there; else, of those below it
        that are drawn there, the dominant one or the only one; else the category itself, if it is one that the
        subdomain's are below.

        >>> onto = Ontology.load()
        >>> coco = Naming(onto, onto.label_map("coco-80"))
        >>> [onto.by_id(coco.category_id("person", theme)).key for theme in (None, "violinist")]
        ['person', 'violinist']
        >>> coco.category_id("giraffe", "violinist") is None
        True
        """
        if (label, subdomain) not in self._found:
            key = self._meanings.get(_plain(label))
            found = None if key is None else self._in_theme(self._ontology[key], subdomain)
            self._found[label, subdomain] = found.id if found else None
        return self._found[label, subdomain]

    def _in_theme(self, meant: Category, subdomain: str | None) -> Category | None:
        if subdomain is None:
            return meant
        drawn = self._ontology.categories(subdomain=subdomain)
        for category in (meant, *self._ontology.ancestors(meant.key)):
            if category in drawn:
                return category
        below = [category for category in drawn if category in self._ontology.under(meant.key)]
        if not below:
            return None
        return below[0] if len(below) == 1 or below[0] == self._ontology.dominant(subdomain) else meant


def meanings_by_name(ontology: Ontology, labels: Iterable[str]) -> Mapping[str, str]:
    """Label → key of the category whose key, or whose English name, it is.

    >>> meanings_by_name(Ontology.load(), ["chess_player", "Traffic light", "dragon"])
    {'chess_player': 'chess_player', 'Traffic light': 'traffic_light'}
    """
    found = {label: ontology.find(label) or ontology.find(label.replace("_", " ")) for label in labels}
    return {label: category.key for label, category in found.items() if category}


def _plain(label: str) -> str:
    return label.replace("_", " ").casefold()
