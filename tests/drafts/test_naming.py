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


@pytest.mark.parametrize("label", ["Ping-pong_ball", "ping-pong ball", "PING-PONG BALL"])
def test_case_and_underscores_of_a_label_do_not_count(label: str) -> None:
    id = Naming(ONTO, ONTO.label_map("lvis-1203")).category_id(label, None)
    assert id == ONTO["ball"].id


@pytest.mark.parametrize("label_set", ["coco-80", "imagenet-1k", "lvis-1203", "open-images"])
def test_no_two_labels_of_a_set_are_the_same_but_for_that(label_set: str) -> None:
    labels = [label.replace("_", " ").casefold() for label in ONTO.label_map(label_set)]
    assert len(set(labels)) == len(labels)
