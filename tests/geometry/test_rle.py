"""COCO run lengths: bit-exact, equal to pycocotools, and never a crash on bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from mic21.errors import GeometryError
from mic21.geometry import Rle, counts_to_rle, mask_to_rle, rle_to_counts, rle_to_mask
from mic21.geometry.rle import flips_to_rle, rle_to_flips
from mic21.geometry.runs import transpose_flips
from tests.geometry.masks import Mask, masks, twelve_megapixels


@given(masks())
def test_mask_survives(mask: Mask) -> None:
    rle = mask_to_rle(mask)
    assert rle.size == mask.shape
    np.testing.assert_array_equal(rle_to_mask(rle), mask, strict=True)


@given(masks())
def test_run_lengths_are_those_of_pycocotools(mask: Mask) -> None:
    theirs = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    assert mask_to_rle(mask).to_coco() == {"size": list(mask.shape), "counts": theirs["counts"].decode()}


@given(masks(), st.sampled_from(["C", "F"]), st.sampled_from([np.uint8, np.int64, np.uint16]), st.integers(1, 255))
def test_every_layout_and_integer_type_gives_the_same(mask: Mask, order: str, dtype: type, value: int) -> None:
    assert mask_to_rle(np.asarray(mask * value, dtype=dtype, order=order)) == mask_to_rle(mask)
    assert mask_to_rle(mask[::-1, ::-1][::-1, ::-1]) == mask_to_rle(mask)


def test_values_of_one_object_may_differ() -> None:
    assert mask_to_rle(np.array([[0, 1, 255, 7]], np.uint8)) == mask_to_rle(np.array([[False, True, True, True]]))


@given(masks())
def test_counts_survive(mask: Mask) -> None:
    rle = mask_to_rle(mask)
    counts = rle_to_counts(rle)
    assert all(counts[1:])
    assert np.repeat(np.arange(len(counts)) % 2 == 1, counts).tolist() == mask.ravel(order="F").tolist()
    assert counts_to_rle(counts, *mask.shape) == rle


@given(masks())
def test_check_changes_nothing_that_we_wrote(mask: Mask) -> None:
    rle = mask_to_rle(mask)
    checked = Rle(rle.height, rle.width, rle.counts)
    assert checked == rle
    assert checked.counts == rle.counts


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20).filter(any))
def test_superfluous_runs_decode_to_the_same_mask(counts: list[int]) -> None:
    height, width = 1, sum(counts)
    mask = np.repeat(np.arange(len(counts)) % 2 == 1, counts)[None]
    compressed = coco.frPyObjects({"size": [height, width], "counts": counts}, height, width)["counts"]
    assert counts_to_rle(counts, height, width) == mask_to_rle(mask)
    assert Rle(height, width, compressed) == mask_to_rle(mask)


def test_numbers_longer_than_needed_decode_to_the_same_mask() -> None:
    assert Rle(4, 4, b"V0S0W0") == Rle(4, 4, b"637")


@given(masks())
def test_transposed_flips_are_those_of_the_transposed_mask(mask: Mask) -> None:
    flips = transpose_flips(rle_to_flips(mask_to_rle(mask)), *mask.shape)
    assert flips_to_rle(flips, *mask.T.shape) == mask_to_rle(mask.T)


def test_twelve_megapixels() -> None:
    mask = twelve_megapixels()
    rle = mask_to_rle(mask)
    assert rle.counts == coco.encode(np.asfortranarray(mask, dtype=np.uint8))["counts"]
    np.testing.assert_array_equal(rle_to_mask(rle), mask)
    assert counts_to_rle(rle_to_counts(rle), *mask.shape) == rle
    noise = np.random.default_rng(21).random(mask.shape) < 0.3
    np.testing.assert_array_equal(rle_to_mask(mask_to_rle(noise)), noise)


@given(st.binary(max_size=12) | st.text("0123456789:NOPQno", max_size=12).map(str.encode))
def test_bad_counts_never_reach_pycocotools(counts: bytes) -> None:
    try:
        rle = Rle(4, 4, counts)
    except GeometryError as error:
        assert str(error).startswith("counts")
    else:
        assert sum(rle_to_counts(rle)) == rle_to_mask(rle).size == 16


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (b"", "counts: expected run lengths, found nothing"),
        (b"6\x007", r"counts: expected characters from '0' to 'o', found '\x00' at 1"),
        (b"63p", "counts: expected characters from '0' to 'o', found 'p' at 2"),
        (b"63W", "counts: the last number is cut off"),
        (b"oooooooo0", "counts: expected at most 7 characters a number, found 9"),
        (b"6O;", "counts[1]: expected a length of 0 or more, found -1"),
        (b"63", "counts: expected a sum of 16 (4 rows of 4 pixels), found 9"),
        (b"6378", "counts: expected a sum of 16 (4 rows of 4 pixels), found 27"),
    ],
)
def test_bad_compressed_counts_are_refused(counts: bytes, message: str) -> None:
    with pytest.raises(GeometryError) as raised:
        Rle(4, 4, counts)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([], "counts: expected a list of integers, found (0,) of float64"),
        ([4.0], "counts: expected a list of integers, found (1,) of float64"),
        (["4"], "counts: expected a list of integers, found (1,) of <U1"),
        ([True] * 4, "counts: expected a list of integers, found (4,) of bool"),
        ([[4]], "counts: expected a list of integers, found (1, 1) of int64"),
        ([[4], 4], "counts: expected a list of integers"),
        ([2**70], "counts: expected a list of integers, found (1,) of object"),
        ([2**62, 2**62, 2**62, 2**62, 4], "counts: expected lengths of at most 4, found 4611686018427387904"),
        ([6, -2], "counts[1]: expected a length of 0 or more, found -2"),
        ([2, 3], "counts: expected a sum of 4 (2 rows of 2 pixels), found 5"),
    ],
)
def test_bad_counts_are_refused(counts: list[int], message: str) -> None:
    with pytest.raises(GeometryError) as raised:
        counts_to_rle(counts, 2, 2)
    assert str(raised.value) == message


@pytest.mark.parametrize("mask", [np.zeros((2, 2, 1), bool), np.zeros((2, 2)), np.array([["a"]])])
def test_what_is_no_mask_is_refused(mask: Mask) -> None:
    with pytest.raises(GeometryError, match="mask: expected two dimensions of bool or integers"):
        mask_to_rle(mask)


@pytest.mark.parametrize("size", [(0, 4), (4, 0), (-1, 4), (2**15, 2**14)])
def test_impossible_image_sizes_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(GeometryError, match="image size: expected"):
        counts_to_rle([size[0] * size[1]], *size)
