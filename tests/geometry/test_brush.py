"""Label Studio's brush strokes: byte for byte what its SDK writes, and all that it and the browser write is read."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from label_studio_sdk.converter.brush import decode_rle, encode_rle, mask2rle

from mic21.errors import GeometryError
from mic21.geometry import brush_to_rle, mask_to_rle, rle_to_brush, rle_to_mask
from tests.geometry.masks import Mask, masks, twelve_megapixels


def sdk_encode(mask: Mask) -> list[int]:
    return mask2rle(mask.astype(np.uint8) * 255)


def sdk_decode(brush: list[int], height: int, width: int) -> Mask:
    return decode_rle(brush).reshape(height, width, 4)[:, :, 3] > 0


@st.composite
def rle_packs(draw: st.DrawFn) -> tuple[list[int], int, int]:
    """An image of colours and alphas as rle-pack may write it: any sizes, any cut into runs and single values."""
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    palette = draw(hnp.arrays(np.uint8, (3, 4)))
    values = palette[draw(hnp.arrays(np.uint8, height * width, elements=st.integers(0, 2)))].ravel().tolist()
    sizes = draw(st.lists(st.integers(1, 16), min_size=4, max_size=4))
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in sizes)
    place = 0
    while place < len(values):
        kind = draw(st.integers(0, 3))
        length = draw(st.integers(1, min(2 ** sizes[kind], len(values) - place)))
        piece = values[place : place + length]
        is_run = len(set(piece)) == 1 and draw(st.booleans())
        bits += f"{is_run:d}{kind:02b}{length - 1:0{sizes[kind]}b}"
        bits += "".join(f"{value:08b}" for value in (piece[:1] if is_run else piece))
        place += length
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)], height, width


@given(masks())
def test_bytes_are_those_of_the_sdk(mask: Mask) -> None:
    assert rle_to_brush(mask_to_rle(mask)) == sdk_encode(mask)


@pytest.mark.parametrize("pixels", [1, 2, 3, 4, 5, 63, 64, 65, 16383, 16384, 16385, 32768, 32769, 49152, 50000])
@pytest.mark.parametrize("first", [False, True])
def test_runs_of_every_size_are_those_of_the_sdk(pixels: int, first: bool) -> None:
    mask = np.array([[first] * pixels + [not first] * 2 + [first] * pixels])
    brush = rle_to_brush(mask_to_rle(mask))
    assert brush == sdk_encode(mask)
    np.testing.assert_array_equal(rle_to_mask(brush_to_rle(brush, *mask.shape)), mask)


@given(masks())
def test_mask_survives(mask: Mask) -> None:
    rle = mask_to_rle(mask)
    brush = rle_to_brush(rle)
    assert brush_to_rle(brush, *mask.shape) == rle
    assert brush_to_rle(bytes(brush), *mask.shape) == rle


@given(rle_packs())
def test_single_values_colours_and_other_sizes_are_read(pack: tuple[list[int], int, int]) -> None:
    brush, height, width = pack
    np.testing.assert_array_equal(rle_to_mask(brush_to_rle(brush, height, width)), sdk_decode(brush, height, width))


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4))))
def test_any_alpha_but_nought_is_object(pixels: npt.NDArray[np.uint8]) -> None:
    brush = encode_rle(pixels.ravel())
    np.testing.assert_array_equal(rle_to_mask(brush_to_rle(brush, *pixels.shape[:2])), pixels[:, :, 3] > 0)


def test_long_pieces_of_single_values_are_read() -> None:
    pixels = np.tile(np.array([209, 41, 90, 255], np.uint8), (100, 700, 1))
    pixels[20:30, 5:300, 3] = 0
    values = pixels.ravel().tolist()
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    for place in range(0, len(values), 2**16):
        piece = values[place : place + 2**16]
        bits += f"011{len(piece) - 1:016b}" + "".join(f"{value:08b}" for value in piece)
    bits += "0" * (-len(bits) % 8)
    brush = int(bits, 2).to_bytes(len(bits) // 8, "big")
    np.testing.assert_array_equal(rle_to_mask(brush_to_rle(brush, 100, 700)), pixels[:, :, 3] > 0)


def test_twelve_megapixels() -> None:
    mask = twelve_megapixels()
    brush = rle_to_brush(mask_to_rle(mask))
    assert brush == sdk_encode(mask)
    np.testing.assert_array_equal(rle_to_mask(brush_to_rle(brush, *mask.shape)), mask)


@given(masks(), st.data())
def test_damaged_bytes_give_a_mask_or_an_error(mask: Mask, data: st.DataObject) -> None:
    brush = rle_to_brush(mask_to_rle(mask))
    place = data.draw(st.integers(0, len(brush) - 1))
    brush[place] = data.draw(st.integers(0, 255))
    try:
        assert brush_to_rle(brush[: data.draw(st.integers(0, len(brush)))], *mask.shape).size == mask.shape
    except GeometryError as error:
        assert str(error).startswith("brush: ")


@given(masks(), st.data())
def test_every_cut_is_noticed(mask: Mask, data: st.DataObject) -> None:
    brush = rle_to_brush(mask_to_rle(mask))
    with pytest.raises(GeometryError, match=r"brush: (ends after|expected at least 7 bytes)"):
        brush_to_rle(brush[: data.draw(st.integers(0, len(brush) - 2))], *mask.shape)


HEAD = [0, 0, 0, 12, 57, 27, 252]


@pytest.mark.parametrize(
    ("brush", "message"),
    [
        ([], "brush: expected at least 7 bytes, found 0"),
        ([*HEAD, 256], "brush: expected integers from 0 to 255, found others (bytes must be in range(0, 256))"),
        ([0, 0, 0, 16, *HEAD[4:], 0], "brush: expected 12 values, four for each pixel of the image, found 16"),
        ([0, 0, 0, 12, 249, 27, 252, 0], "brush: expected values of 8 bits, found 32"),
        (HEAD, "brush: ends after 0 of 12 values"),
        ([*HEAD[:6], 253, 0xF0, 0], "brush: expected 12 values, found 16 or more"),
    ],
)
def test_bad_strokes_are_refused(brush: list[int], message: str) -> None:
    with pytest.raises(GeometryError) as raised:
        brush_to_rle(brush, 1, 3)
    assert str(raised.value) == message


@pytest.mark.parametrize("brush", [[*HEAD, "0"], [*HEAD, 1.5], [*HEAD, None], None, 7, "text"])
def test_what_is_no_bytes_is_refused(brush: list[int]) -> None:
    with pytest.raises(GeometryError, match="brush: expected integers from 0 to 255"):
        brush_to_rle(brush, 1, 3)
