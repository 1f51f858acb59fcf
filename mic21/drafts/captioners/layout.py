"""What a scene has to say, before any language: which things, how many, and how they stand to one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mic21.drafts.captioners import Scene, SceneObject
from mic21.ontology import Category, Ontology

Place = Literal["beside", "above", "below", "with"]
_MANY = 10  # more than these are not counted out
_APART = 0.2  # of the width: centres closer than this are on no side of one another
# What the boxes of a subject and an object can bear out: they overlap.
_SEEN = frozenset({"plays", "wears", "rides", "holds", "uses", "drives", "sits_on", "stands_on", "leads"})


@dataclass(frozen=True, slots=True)
class Thing:
    """All objects of one category in a scene.

    Attributes:
        category: of the ontology.
        count: how many; None for a crowd or more than ten.
        bbox: x, y, width, height of the largest, in pixels.
    """

    category: Category
    count: int | None
    bbox: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Bond:
    """How two things stand to each other: by a predicate that the ontology states of them, or by place alone."""

    subject: Thing
    object: Thing
    predicate: str | None
    place: Place


def things(scene: Scene, ontology: Ontology) -> list[Thing]:
    """What is in a scene, the dominant category first, then the largest; the same whatever the order of the objects."""
    by_category: dict[int, list[SceneObject]] = {}
    for found in scene.objects:
        if ontology.get_id(found.category_id):
            by_category.setdefault(found.category_id, []).append(found)
    dominant = ontology.dominant(scene.subdomain).id if scene.subdomain else None
    areas = {id: sum(found.area for found in group) for id, group in by_category.items()}
    order = sorted(by_category, key=lambda id: (id != dominant, -areas[id], id))
    return [_thing(ontology.by_id(id), by_category[id]) for id in order]


def _thing(category: Category, group: Sequence[SceneObject]) -> Thing:
    largest = max(group, key=lambda found: (found.area, found.bbox))
    uncounted = any(found.iscrowd for found in group) or len(group) > _MANY
    return Thing(category, None if uncounted else len(group), largest.bbox)


def bond(first: Thing, second: Thing, ontology: Ontology) -> Bond:
    """How two things stand to each other; a stated relation counts only between one and one whose boxes overlap."""
    if _overlap(first, second) and first.count == 1 and second.count == 1:
        for subject, object in ((first, second), (second, first)):
            predicate = _stated(subject.category, object.category, ontology)
            if predicate:
                return Bond(subject, object, predicate, "with")
    return Bond(first, second, None, _place(first, second))


def sides(found: Sequence[Thing], width: int) -> tuple[Thing, Thing] | None:
    """The single things farthest to the left and to the right, if they stand clearly apart."""
    single = sorted((thing for thing in found if thing.count == 1), key=_middle)
    if len(single) < 2 or _middle(single[-1]) - _middle(single[0]) < _APART * width:
        return None
    return single[0], single[-1]


def _stated(subject: Category, object: Category, ontology: Ontology) -> str | None:
    subjects = [subject.key, *(above.key for above in ontology.ancestors(subject.key))]
    objects = [object.key, *(above.key for above in ontology.ancestors(object.key))]
    for one in subjects:
        for relation in ontology.relations(subject=one):
            if relation.object in objects and relation.predicate in _SEEN:
                return relation.predicate
    return None


def _place(first: Thing, second: Thing) -> Place:
    if _overlap(first, second):
        return "with"
    x, y, width, height = first.bbox
    other_x, other_y, other_width, other_height = second.bbox
    shares_columns = x < other_x + other_width and other_x < x + width
    if shares_columns and y + height <= other_y:
        return "above"
    if shares_columns and other_y + other_height <= y:
        return "below"
    return "beside"


def _overlap(first: Thing, second: Thing) -> bool:
    x, y, width, height = first.bbox
    other_x, other_y, other_width, other_height = second.bbox
    return x < other_x + other_width and other_x < x + width and y < other_y + other_height and other_y < y + height


def _middle(thing: Thing) -> float:
    return thing.bbox[0] + thing.bbox[2] / 2
