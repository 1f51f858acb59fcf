"""Which categories to look for in a photograph, from what the network saw in the whole of it and from its theme.

Without a theme, every category that a label of the network means is possible. In a photograph of a subdomain only the
categories drawn there are: an annotator would have to delete any other. The dominant category, which is all but sure to
be in the photograph, also gets the benefit of the doubt.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mic21.ontology import Ontology

Floats = npt.NDArray[np.float32]

# Words that stand for what is around the things in a photograph, unless the theme draws them.
SURROUNDINGS = frozenset({"barrier", "building", "structure"})
# ImageNet labels whose photographs show a thing other than their synset: the cup around the espresso.
SHOWN_AS = {
    "n02917067": "train",  # bullet train
    "n04356056": "sunglasses",  # sunglass, in WordNet a burning lens
    "n04404412": "tv",  # television, in WordNet the system
    "n04592741": "airplane",  # wing
    "n06596364": "book",  # comic book
    "n07248320": "book",  # book jacket
    "n07892512": "wine_glass",  # red wine
    "n07920052": "cup",  # espresso
    "n07930864": "cup",  # the punch
    "n07932039": "cup",  # eggnog
}
# A category that so few others are below says enough for one of them to be drafted in its place.
_NARROW = 8
_DOMINANT_FAVOUR = 4.0


@dataclass(frozen=True, slots=True)
class Sought:
    """A category to look for.

    Attributes:
        category_id: its id.
        probability: how likely it is to be in the photograph, the theme's favour included; 0 to 1.
        class_weights: the probability of each of the network's classes that speak for it, 0 for all others.
    """

    category_id: int
    probability: float
    class_weights: Floats


class Meanings:
    """What the labels of a network mean in an ontology, for any theme."""

    def __init__(self, ontology: Ontology, label_set: str, labels: tuple[str, ...]) -> None:
        """Look the labels up; those that no category covers mean nothing."""
        shown_as = {label: key for label, key in SHOWN_AS.items() if key in ontology}
        meaning: Mapping[str, str] = {**ontology.label_map(label_set), **shown_as}
        self._ontology = ontology
        self._keys = [meaning.get(label) for label in labels]
        self._people = frozenset(ontology.under("person", include_self=True))
        self._is_thing = np.array([key is not None and key not in SURROUNDINGS for key in self._keys])
        self._found: dict[str | None, dict[str, npt.NDArray[np.bool_]]] = {None: self._without_theme()}

    def sought(self, probabilities: Floats, subdomain: str | None) -> list[Sought]:
        """The categories that some label speaks for, the likeliest first.

        Args:
            probabilities: of each label.
            subdomain: theme of the photograph, or None.
        """
        if subdomain not in self._found:
            self._found[subdomain] = self._with_theme(str(subdomain))
        found = []
        for key, is_meant in self._found[subdomain].items():
            class_weights = np.where(is_meant, probabilities, 0).astype(np.float32)
            probability = min(1.0, float(class_weights.sum()) * self._favour(key, subdomain))
            if probability > 0:
                found.append(Sought(self._ontology[key].id, probability, class_weights))
        return sorted(found, key=lambda one: (-one.probability, one.category_id))

    def main_thing(self, probabilities: Floats, subdomain: str) -> Sought | None:
        """The dominant category of a theme, to be looked for where the network sees any thing at all.

        A photograph of a subdomain shows its dominant category; where no label speaks for that, it is most likely the
        thing that the network sees best, whatever it takes it for.
        """
        class_weights = np.where(self._is_thing & (probabilities >= 0.02), probabilities, 0).astype(np.float32)
        if not class_weights.any():
            return None
        return Sought(self._ontology.dominant(subdomain).id, 0.25 * float(class_weights.sum()), class_weights)

    def person(self, subdomain: str | None) -> int | None:
        """The id of the category that a person gets in a theme; None where no person is drawn."""
        if subdomain is None:
            return self._ontology["person"].id
        drawn = self._ontology.categories(subdomain=subdomain)
        return next((category.id for category in drawn if category in self._people), None)

    def expects_person(self, subdomain: str | None) -> bool:
        """Whether the dominant category of a theme is a person."""
        return subdomain is not None and self._ontology.dominant(subdomain) in self._people

    def _favour(self, key: str, subdomain: str | None) -> float:
        is_dominant = subdomain is not None and self._ontology.dominant(subdomain).key == key
        return _DOMINANT_FAVOUR if is_dominant else 1.0

    def _without_theme(self) -> dict[str, npt.NDArray[np.bool_]]:
        keys = sorted({key for key in self._keys if key is not None} - SURROUNDINGS)
        return {key: np.array([found == key for found in self._keys]) for key in keys}

    def _with_theme(self, subdomain: str) -> dict[str, npt.NDArray[np.bool_]]:
        """The labels of each drawn category: those of it and below it, and those of a narrow category just above."""
        drawn = self._ontology.categories(subdomain=subdomain)
        result = {}
        for category in drawn:
            meant = {below.key for below in self._ontology.under(category.key, include_self=True)}
            meant |= {above for above in category.parents if len(self._ontology.under(above)) <= _NARROW}
            meant -= {other.key for other in drawn if other.key != category.key}
            result[category.key] = np.array([key in meant for key in self._keys])
        return result
