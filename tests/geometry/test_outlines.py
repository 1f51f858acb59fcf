"""Outlines give back the mask, part by part."""

import numpy as np
from hypothesis import given

from mic21.geometry import Outline, area, largest_outline, mask_to_rle, outlines
from tests.geometry.masks import Mask, fill, masks, twelve_megapixels


def parts(mask: Mask) -> set[frozenset[tuple[int, int]]]:
    """The 4-connected parts of a mask, each as its pixels (y, x), found by flooding."""
    left = set(zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True))
    found = set()
    while left:
        part, border = set(), [left.pop()]
        while border:
            y, x = border.pop()
            part.add((y, x))
            neighbours = {(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)} & left
            left -= neighbours
            border += neighbours
        found.add(frozenset(part))
    return found


def signed_area(ring: list[tuple[int, int]]) -> float:
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return sum(x * other_y - other_x * y for (x, y), (other_x, other_y) in pairs) / 2


@given(masks())
def test_each_outline_is_one_part_of_the_mask(mask: Mask) -> None:
    filled = [fill([outline.exterior, *outline.holes], *mask.shape) for outline in outlines(mask_to_rle(mask))]
    pixels = [frozenset(zip(*(axis.tolist() for axis in np.nonzero(part)), strict=True)) for part in filled]
    assert len(pixels) == len(set(pixels))
    assert set(pixels) == parts(mask)
    assert [len(part) for part in pixels] == sorted(map(len, pixels), reverse=True)


@given(masks())
def test_exteriors_run_clockwise_and_holes_the_other_way(mask: Mask) -> None:
    for outline in outlines(mask_to_rle(mask)):
        assert signed_area(outline.exterior) > 0
        assert all(signed_area(hole) < 0 for hole in outline.holes)


@given(masks())
def test_rings_have_corners_only(mask: Mask) -> None:
    for outline in outlines(mask_to_rle(mask)):
        for ring in (outline.exterior, *outline.holes):
            for (x, y), (next_x, next_y), (last_x, last_y) in zip(ring, ring[1:], ring[2:], strict=False):
                assert (x == next_x) != (y == next_y)
                assert (x == next_x) != (next_x == last_x)
                assert (y == next_y) != (next_y == last_y)


def test_pixels_that_touch_at_a_corner_are_two_parts() -> None:
    for mask in (np.eye(2, dtype=bool), np.eye(2, dtype=bool)[::-1]):
        assert [len(outline.exterior) for outline in outlines(mask_to_rle(mask))] == [4, 4]


def test_part_within_a_hole_is_a_part_of_its_own() -> None:
    mask = np.ones((7, 7), bool)
    mask[1:6, 1:6] = False
    mask[3, 3] = True
    assert outlines(mask_to_rle(mask)) == [
        Outline([(0, 7), (0, 0), (7, 0), (7, 7)], [[(1, 1), (1, 6), (6, 6), (6, 1)]]),
        Outline([(3, 4), (3, 3), (4, 3), (4, 4)], []),
    ]


def test_largest_outline_is_the_part_with_the_most_pixels_and_not_the_largest_extent() -> None:
    mask = np.zeros((10, 20), bool)
    mask[:, :10] = True
    mask[1:9, 1:9] = False
    mask[:7, 12:19] = True
    assert largest_outline(mask_to_rle(mask)) == Outline([(12, 7), (12, 0), (19, 0), (19, 7)], [])


def test_empty_mask_has_no_outline() -> None:
    rle = mask_to_rle(np.zeros((3, 4), bool))
    assert outlines(rle) == []
    assert largest_outline(rle) is None


def test_twelve_megapixels() -> None:
    mask = twelve_megapixels()
    rle = mask_to_rle(mask)
    rings = [ring for outline in outlines(rle) for ring in (outline.exterior, *outline.holes)]
    assert sum(map(signed_area, rings)) == area(rle)
    # The even-odd fill of so many edges would take minutes pixel by pixel: flip the left end of each, then sum up rows.
    crossings = np.zeros((mask.shape[0], mask.shape[1] + 1), np.int64)
    for ring in rings:
        for (x, y), (other_x, other_y) in zip(ring, [*ring[1:], ring[0]], strict=True):
            if x == other_x:
                crossings[min(y, other_y) : max(y, other_y), x] += 1
    np.testing.assert_array_equal(np.cumsum(crossings, axis=1)[:, :-1] % 2 == 1, mask)
