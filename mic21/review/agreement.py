"""How far two people agree about an image: the objects they both marked, what they call them, what they wrote."""

from collections.abc import Mapping
from dataclasses import dataclass

from mic21.geometry import Rle, iou
from mic21.ontology import Ontology
from mic21.review.answers import Answer, region_rle

SAME_MASK = 0.9  # IoU from which two people are taken to have drawn the same
SAME_OBJECT = 0.5  # IoU from which two regions are taken to mean the same object


@dataclass(frozen=True, slots=True)
class Match:
    """Two regions of two answers that mean the same object.

    Attributes:
        a: region id in the first answer.
        b: region id in the second.
        iou: of their masks, 0..1.
    """

    a: str
    b: str
    iou: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two answers about one image beside each other.

    Attributes:
        objects: marked by either.
        matched: marked by both.
        mask_iou: mean over the matched, 0..1; None if there are none.
        class_agreement: mean over the matched: 1 for the same category, else 1 / (1 + links between the two in the
            ontology), 0 where nothing links them; None if there are none.
        text_distance: mean over the texts of both: edits over the longer one's length, 0 equal … 1; None without texts.
    """

    objects: int
    matched: int
    mask_iou: float | None
    class_agreement: float | None
    text_distance: float | None


def agreement(ontology: Ontology, a: Answer, b: Answer, height: int, width: int) -> Agreement:
    """How far two answers about an image of `height` × `width` pixels agree."""
    matches = match_regions(_masks(a, height, width), _masks(b, height, width))
    classes = [
        category_agreement(ontology, a.regions[match.a].category, b.regions[match.b].category) for match in matches
    ]
    texts = [
        edit_distance(" ".join(a.texts.get(control, [])), " ".join(b.texts.get(control, [])))
        for control in sorted(a.texts.keys() | b.texts.keys())
    ]
    return Agreement(
        len(a.regions) + len(b.regions) - len(matches),
        len(matches),
        _mean([match.iou for match in matches]),
        _mean(classes),
        _mean(texts),
    )


def answers_agree(a: Answer, b: Answer, height: int, width: int) -> bool:
    """Whether two people say the same: verdict, and objects one by one with category and mask (IoU of 0.9 or more)."""
    if (a.verdict, a.theme) != (b.verdict, b.theme) or len(a.regions) != len(b.regions):
        return False
    matches = match_regions(_masks(a, height, width), _masks(b, height, width), least=SAME_MASK)
    same = [match for match in matches if a.regions[match.a].category == b.regions[match.b].category]
    return len(same) == len(a.regions)


def match_regions(a: Mapping[str, Rle], b: Mapping[str, Rle], *, least: float = SAME_OBJECT) -> list[Match]:
    """Pairs one to one, the highest IoU first, none below `least`; equal ones by id."""
    if not a or not b:
        return []
    overlaps = iou(list(a.values()), list(b.values()))
    pairs = [Match(one, other, float(overlaps[i, j])) for i, one in enumerate(a) for j, other in enumerate(b)]
    taken: set[tuple[str, str]] = set()
    chosen: list[Match] = []
    for pair in sorted(pairs, key=lambda pair: (-pair.iou, pair.a, pair.b)):
        if pair.iou >= least and not {("a", pair.a), ("b", pair.b)} & taken:
            taken |= {("a", pair.a), ("b", pair.b)}
            chosen.append(pair)
    return chosen


def category_agreement(ontology: Ontology, a: int, b: int) -> float:
    """1 for the same category, 1 / (1 + links) for two that the ontology links, 0 for others.

    A dog taken for a poodle is nearer than one taken for a car.
    """
    if a == b:
        return 1.0
    first, second = (ontology.get_id(id) for id in (a, b))
    links = ontology.distance(first.key, second.key) if first and second else None
    return 0.0 if links is None else 1 / (1 + links)


def edit_distance(a: str, b: str) -> float:
    """Levenshtein's distance over the longer text's length: 0 for equal texts, 1 for texts without a common letter.

    >>> edit_distance("violin", "violins")
    0.14285714285714285
    """
    before = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != other)))
        before = row
    return before[-1] / max(len(a), len(b), 1)


def _masks(answer: Answer, height: int, width: int) -> dict[str, Rle]:
    return {id: region_rle(region, height, width) for id, region in sorted(answer.regions.items())}


def _mean(numbers: list[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None
