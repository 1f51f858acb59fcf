"""What a caption says of a scene, before any language."""

from collections.abc import Sequence
from dataclasses import dataclass

from mic21.ontology import Category, Ontology
from mic21.synth.scenes import Scene, Thing

PREDICATES = ("plays", "rides", "holds", "wears", "uses", "stands_on", "sits_on")


@dataclass(frozen=True, slots=True)
class Noun:
    """Some objects of one category that are said in one breath.

    Attributes:
        category: what they are.
        count: how many.
        color: of all of them, None where nothing is said of it.
        size: `large` or `small`, None where nothing is said of it.
    """

    category: Category
    count: int
    color: str | None = None
    size: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is said of a scene.

    Attributes:
        subject: what it is about, without the colour of a person's clothes.
        clothes: colour of the person's clothes.
        actions: (predicate, what the subject does it with), the liveliest first.
        parts: what belongs to the subject.
        others: what stands at the subject without a predicate.
        left: what stands on the left.
        right: what stands on the right.
        place: of `mic21.synth.recipes.PLACES`.
        tone: colour of the sky or of the wall.
    """

    subject: Noun
    clothes: str | None
    actions: tuple[tuple[str, tuple[Noun, ...]], ...]
    parts: tuple[Noun, ...]
    others: tuple[Noun, ...]
    left: Noun | None
    right: Noun | None
    place: str
    tone: str


def facts_of(scene: Scene, ontology: Ontology) -> Facts:
    """What there is to say of a scene."""
    subjects = [thing for thing in scene.things if thing.subject is None and thing.side is None]
    is_person = any(above.key == "person" for above in ontology.ancestors(subjects[0].category))
    color = subjects[0].color
    subject = Noun(ontology[subjects[0].category], len(subjects), None if is_person else color, scene.size)
    fixed = [thing for thing in scene.things if thing.subject is not None]
    predicates = dict.fromkeys(thing.predicate for thing in fixed)
    said = {predicate: _nouns([t for t in fixed if t.predicate == predicate], ontology) for predicate in predicates}
    sides = {thing.side: _nouns([thing], ontology)[0] for thing in scene.things if thing.side is not None}
    return Facts(
        subject=subject,
        clothes=color if is_person else None,
        actions=tuple((predicate, said[predicate]) for predicate in PREDICATES if predicate in said),
        parts=said.get("part_of", ()),
        others=said.get(None, ()),
        left=sides.get("left"),
        right=sides.get("right"),
        place=scene.place,
        tone=scene.tone,
    )


def _nouns(things: Sequence[Thing], ontology: Ontology) -> tuple[Noun, ...]:
    groups: dict[str, list[Thing]] = {}
    for thing in things:
        groups.setdefault(thing.category, []).append(thing)
    return tuple(Noun(ontology[key], len(group), group[0].color) for key, group in groups.items())
