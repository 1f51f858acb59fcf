"""Polygons and the other forms of COCO's `segmentation` cover the pixels that pycocotools says."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from mic21.errors import GeometryError
from mic21.geometry import Rle, mask_to_rle, polygons_to_rle, rle_to_counts, segmentation_to_rle
from tests.geometry.masks import Mask, masks

_COORDINATES = st.floats(-30, 90) | st.integers(-5, 65) | st.sampled_from([-900, 900])
_POLYGONS = st.lists(
    st.lists(st.tuples(_COORDINATES, _COORDINATES), min_size=3, max_size=9).map(lambda xy: [n for p in xy for n in p]),
    min_size=1,
    max_size=4,
)


@given(_POLYGONS, st.integers(1, 60), st.integers(1, 60))
def test_polygons_cover_the_pixels_of_pycocotools(polygons: list[list[float]], height: int, width: int) -> None:
    rle = polygons_to_rle(polygons, height, width)
    theirs = coco.merge(coco.frPyObjects(polygons, height, width))
    assert rle.to_coco() == {"size": [height, width], "counts": theirs["counts"].decode()}
    assert Rle(height, width, rle.counts).counts == rle.counts
    assert segmentation_to_rle(polygons, height, width) == rle


def test_polygon_may_reach_far_outside() -> None:
    polygon = [-1e5, 10, 1e5, 10, 1e5, 20, -1e5, 20]
    assert polygons_to_rle([polygon], 30, 40) == polygons_to_rle([[-1, 10, 41, 10, 41, 20, -1, 20]], 30, 40)


def test_no_polygon_covers_no_pixel() -> None:
    assert rle_to_counts(polygons_to_rle([], 3, 4)) == [12]
    assert segmentation_to_rle([], 3, 4) == polygons_to_rle([], 3, 4)


def test_polygon_of_twelve_megapixels() -> None:
    polygon = [n for i in range(500) for n in (2000 + 1800 * math.cos(i / 79.6), 1500 + 1400 * math.sin(i / 79.6))]
    theirs = coco.merge(coco.frPyObjects([polygon], 3000, 4000))
    assert polygons_to_rle([polygon], 3000, 4000).counts == theirs["counts"]


@pytest.mark.parametrize(
    ("polygon", "message"),
    [
        ([1, 2, 3, 4, 5, 6, 7], "polygon 1: expected an even number of numbers, found 7"),
        ([1, 2, 3, 4], "polygon 1: expected at least 6 numbers (3 points), found 4"),
        ([], "polygon 1: expected at least 6 numbers (3 points), found 0"),
        ([1, 2, math.nan, 4, 5, 6], "polygon 1: expected finite numbers, found nan at 2"),
        ([1, 2, 3, 4, 5, math.inf], "polygon 1: expected finite numbers, found inf at 5"),
        ([1, -math.inf, 3, 4, 5, math.inf], "polygon 1: expected finite numbers, found [1, -inf, 3, 4, 5, inf]"),
        ([1, "2", 3, 4, 5, 6], "polygon 1: expected finite numbers, found [1, '2', 3, 4, 5, 6]"),
        ([1, None, 3, 4, 5, 6], "polygon 1: expected finite numbers, found [1, None, 3, 4, 5, 6]"),
        ([[1, 2], [3, 4], [5, 6]], "polygon 1: expected finite numbers, found [[1, 2], [3, 4], [5, 6]]"),
        (None, "polygon 1: expected finite numbers, found None"),
        ([1, 2, 3, 4, 5, -1e9], "polygon 1: expected coordinates within 100040 pixels, found -1e+09 at 5"),
        ([1, 2, 3, 4, 2e5, 6], "polygon 1: expected coordinates within 100040 pixels, found 200000 at 4"),
    ],
)
def test_bad_polygons_are_refused(polygon: Any, message: str) -> None:
    with pytest.raises(GeometryError) as raised:
        segmentation_to_rle([[0, 0, 3, 0, 3, 3], polygon], 30, 40)
    assert str(raised.value) == message


@given(masks())
def test_every_form_of_run_lengths_is_read(mask: Mask) -> None:
    rle = mask_to_rle(mask)
    coded = rle.to_coco()
    assert segmentation_to_rle(coded, *mask.shape) == rle
    assert segmentation_to_rle(coded | {"counts": rle.counts}, *mask.shape) == rle
    assert segmentation_to_rle(coded | {"counts": rle_to_counts(rle)}, *mask.shape) == rle


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ({"size": [4, 2], "counts": "8"}, "size: expected [2, 4], as the image has, found [4, 2]"),
        ({"size": 8, "counts": "8"}, "size: expected [2, 4], as the image has, found 8"),
        ({"size": [2, 4]}, "run lengths: expected size and counts, found no counts"),
        ({}, "run lengths: expected size and counts, found no counts and no size"),
        ({"size": [2, 4], "counts": None}, "counts: expected text, bytes or a list, found NoneType"),
        ({"size": [2, 4], "counts": "8щ"}, "counts: expected characters from '0' to 'o', found 'щ' at 1"),
        ({"size": [2, 4], "counts": [3, 4]}, "counts: expected a sum of 8 (2 rows of 4 pixels), found 7"),
        ([0, 0, 3, 0, 3, 3], "expected a list of polygons, found a list of numbers; put it in a list of its own"),
        ("8", "expected polygons or run lengths, found str"),
        (None, "expected polygons or run lengths, found NoneType"),
    ],
)
def test_bad_segmentations_are_refused(segmentation: Any, message: str) -> None:
    with pytest.raises(GeometryError) as raised:
        segmentation_to_rle(segmentation, 2, 4)
    assert str(raised.value) == message
