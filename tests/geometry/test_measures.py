"""Areas, boxes, overlaps and unions are those of the pixels, and of pycocotools."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from mic21.errors import GeometryError
from mic21.geometry import Rle, area, bbox, intersection, iou, is_empty, mask_to_rle, merge, rle_to_mask
from tests.geometry.masks import Mask, masks, pairs_of_masks, twelve_megapixels


@given(masks())
def test_area_and_emptiness_are_those_of_the_pixels(mask: Mask) -> None:
    rle = mask_to_rle(mask)
    assert area(rle) == mask.sum()
    assert is_empty(rle) == (not mask.any())


@given(masks())
def test_box_fits_tightly(mask: Mask) -> None:
    box = (0.0, 0.0, 0.0, 0.0)
    if mask.any():
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
    assert bbox(mask_to_rle(mask)) == box


@given(pairs_of_masks())
def test_union_and_intersection_are_those_of_the_pixels(pair: tuple[Mask, Mask]) -> None:
    a, b = pair
    both = [mask_to_rle(a), mask_to_rle(b)]
    assert merge(both) == mask_to_rle(a | b)
    assert intersection(both) == mask_to_rle(a & b)
    assert merge(both[:1]) == intersection(both[:1]) == both[0]


@given(pairs_of_masks(), st.booleans())
def test_iou_is_that_of_the_pixels(pair: tuple[Mask, Mask], crowd: bool) -> None:
    a, b = pair
    whole = a.sum() if crowd else (a | b).sum()
    expected = (a & b).sum() / whole if whole else 0
    result = iou([mask_to_rle(a)], [mask_to_rle(b)] * 3, iscrowd=[crowd] * 3)
    np.testing.assert_allclose(result, [[expected] * 3], rtol=1e-12)


@given(hnp.arrays(bool, (5, 6, 7)), st.lists(st.booleans(), min_size=3, max_size=3))
def test_iou_is_that_of_pycocotools(stack: Mask, iscrowd: list[bool]) -> None:
    rles = [mask_to_rle(mask) for mask in stack]
    coded = [{"size": list(rle.size), "counts": rle.counts} for rle in rles]
    expected = coco.iou(coded[:2], coded[2:], [int(crowd) for crowd in iscrowd])
    np.testing.assert_array_equal(iou(rles[:2], rles[2:], iscrowd=iscrowd), expected)


def test_iou_with_nothing_keeps_its_shape() -> None:
    rle = Rle(4, 4, b"637")
    assert iou([], [rle, rle]).shape == (0, 2)
    assert iou([rle], []).shape == (1, 0)
    assert iou([], []).shape == (0, 0)


def test_twelve_megapixels() -> None:
    mask = twelve_megapixels()
    rle, flipped = mask_to_rle(mask), mask_to_rle(mask[::-1])
    assert area(rle) == mask.sum()
    np.testing.assert_array_equal(rle_to_mask(merge([rle, flipped])), mask | mask[::-1])
    np.testing.assert_array_equal(rle_to_mask(intersection([rle, flipped])), mask & mask[::-1])
    assert iou([rle], [flipped])[0, 0] == (mask & mask[::-1]).sum() / (mask | mask[::-1]).sum()


def test_masks_of_different_images_are_refused() -> None:
    a, b = Rle(4, 4, b"637"), Rle(2, 8, b"637")
    for combine in (lambda: merge([a, b]), lambda: intersection([a, b]), lambda: iou([a], [b])):
        with pytest.raises(GeometryError, match="masks: expected one image size, found 2 × 8 and 4 × 4"):
            combine()


def test_no_masks_have_no_union() -> None:
    for combine in (merge, intersection):
        with pytest.raises(GeometryError, match="masks: expected at least one, found none"):
            combine([])


def test_crowds_must_be_as_many_as_masks() -> None:
    with pytest.raises(GeometryError, match="iscrowd: expected 1 values, one for each mask of b, found 2"):
        iou([], [Rle(4, 4, b"637")], iscrowd=[True, False])
