"""Agreement between two answers: objects, classes by distance in the ontology, texts."""

import numpy as np
import pytest

from mic21.geometry import mask_to_rle
from mic21.ontology import Ontology
from mic21.review.agreement import agreement, answers_agree, category_agreement, edit_distance, match_regions
from mic21.review.answers import Answer, AnswerRegion

HEIGHT, WIDTH = 20, 30


def _region(category: int, left: int, right: int) -> AnswerRegion:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[2:12, left:right] = True
    return AnswerRegion(category, mask_to_rle(mask).to_coco(), f"{left}-{right}")


def test_equal_answers_agree_wholly() -> None:
    answer = Answer({"a1": _region(21001, 0, 10)}, texts={"title-en": ["Chess"]})
    found = agreement(Ontology.load(), answer, answer, HEIGHT, WIDTH)
    assert (found.objects, found.matched, found.mask_iou, found.class_agreement, found.text_distance) == (1, 1, 1, 1, 0)
    assert answers_agree(answer, answer, HEIGHT, WIDTH)


def test_each_region_is_matched_once_and_best_first() -> None:
    masks = [_region(1, left, right) for left, right in ((0, 10), (0, 9), (20, 30))]
    one = Answer({"a": masks[0], "b": masks[1]})
    other = Answer({"c": masks[0], "d": masks[2]})
    found = agreement(Ontology.load(), one, other, HEIGHT, WIDTH)
    assert (found.objects, found.matched, found.mask_iou) == (3, 1, 1)
    assert match_regions({}, {}) == []


def test_a_mask_just_below_the_threshold_is_no_agreement() -> None:
    one, other = (Answer({"a": _region(21001, 0, right)}) for right in (10, 8))
    assert not answers_agree(one, other, HEIGHT, WIDTH)
    assert not answers_agree(one, Answer({"a": _region(21002, 0, 10)}), HEIGHT, WIDTH)
    assert not answers_agree(one, Answer(one.regions, verdict="reject"), HEIGHT, WIDTH)


def test_near_classes_agree_more_than_far_ones() -> None:
    ontology = Ontology.load()
    violin, cello, car = (ontology[key].id for key in ("violin", "cello", "car"))
    near, far = category_agreement(ontology, violin, cello), category_agreement(ontology, violin, car)
    assert 1 > near > far >= 0
    assert category_agreement(ontology, violin, violin) == 1
    assert category_agreement(ontology, violin, 5) == 0  # an imported category that the ontology does not know


@pytest.mark.parametrize(
    ("a", "b", "expected"), [("", "", 0), ("", "ab", 1), ("котка", "котки", 1 / 5), ("kitten", "sitting", 3 / 7)]
)
def test_edit_distance(a: str, b: str, expected: float) -> None:
    assert edit_distance(a, b) == edit_distance(b, a) == pytest.approx(expected)
