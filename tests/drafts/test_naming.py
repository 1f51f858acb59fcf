"""Labels become the categories that a theme draws."""

import pytest

from mic21.drafts.naming import Naming
from mic21.ontology import Ontology

ONTO = Ontology.load()
COCO = Naming(ONTO, ONTO.label_map("coco-80"))


@pytest.mark.parametrize(
    ("label", "subdomain", "expected"),
    [
        ("dog", None, "dog"),
        ("book", "violinist", None),
        ("horse", "horse_racing", "racehorse"),  # the only kind of horse that is drawn there
        ("person", "horse_racing", "jockey"),
        ("person", "taxi", "person"),  # drivers and passengers are drawn, and neither is the main thing
        ("no such label", None, None),
    ],
)
def test_a_label_is_the_nearest_category_of_the_theme(label: str, subdomain: str | None, expected: str | None) -> None:
    id = COCO.category_id(label, subdomain)
    assert (ONTO.by_id(id).key if id else None) == expected


def test_what_is_above_a_label_stands_for_it() -> None:
    naming = Naming(ONTO, {"police dog": "police_dog", "cello": "cello"})
    theme = next(found.key for found in ONTO.subdomains() if ONTO["dog"] in ONTO.categories(found.key))
    assert naming.category_id("police dog", theme) == ONTO["dog"].id
    assert naming.category_id("cello", theme) is None
