import math
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageChops

from mic21.explorer.contact_sheet import SheetImage, SheetObject, draw_contact_sheet, draw_masks
from mic21.explorer.lettering import font, wrap
from mic21.explorer.overlay import PALETTE, _placed_tags, _shapes, color_of
from mic21.geometry import mask_to_rle

Array = npt.NDArray[Any]

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
COLOR_VISION = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.04742], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def rectangle(size: tuple[int, int], left: int, top: int, right: int, bottom: int) -> Array:
    mask = np.zeros(size[::-1], dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def thing(mask: Array, name: str = "ракета", *, score: float | None = None, draft: bool = False) -> SheetObject:
    return SheetObject(mask_to_rle(mask), name, score, "draft" if draft else "accepted")


def photograph(size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A gradient in which every pixel has a colour of its own along each axis."""
    across, down = np.meshgrid(np.linspace(20, 235, size[0]), np.linspace(20, 235, size[1]))
    return Image.fromarray(np.stack([across, down, np.full_like(across, 128)], axis=-1).astype(np.uint8))


def changed(before: Image.Image, after: Image.Image) -> Array:
    return np.asarray(np.asarray(ImageChops.difference(before, after)).any(axis=-1))


def test_rows_fill_the_width_and_keep_aspect_ratios() -> None:
    red = [SheetImage(Image.new("RGB", size, (255, 0, 0))) for size in ((640, 480), (480, 640), (640, 360))]
    sheet = draw_contact_sheet(red, title="x", columns=3, tile_width=320)
    pixels = np.asarray(sheet)
    is_red = (pixels == (255, 0, 0)).all(axis=-1)
    middle = is_red[np.flatnonzero(is_red.any(axis=1))[is_red.any(axis=1).sum() // 2]]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], middle.astype(np.int8), [0]])))
    height = int(is_red.any(axis=1).sum())
    widths = (edges[1::2] - edges[::2]).tolist()
    assert sheet.width == 3 * 320 + 2 * 12 + 2 * 22
    assert (edges[0], edges[-1]) == (22, sheet.width - 22)
    assert [width / height for width in widths] == pytest.approx([4 / 3, 3 / 4, 16 / 9], rel=0.01)


def test_sheet_of_one_photograph_is_one_column_wide() -> None:
    assert draw_contact_sheet([SheetImage(photograph())], title="x", tile_width=640).width == 640 + 2 * 44


def test_panorama_and_tower_stay_within_their_tiles() -> None:
    images = [
        SheetImage(Image.new("RGB", size, (255, 0, 0)), "име " * 40, "x" * 200) for size in ((3000, 20), (5, 900))
    ]
    sheet = np.asarray(draw_contact_sheet(images, title="Заглавие " * 30, tile_width=160))
    assert sheet.shape[1] == 2 * 160 + 6 + 2 * 11
    for border in (sheet[:11], sheet[-11:], sheet[:, :11], sheet[:, -11:]):
        assert (border == sheet[0, 0]).all()
    assert (sheet == (255, 0, 0)).all(axis=-1).any()


def test_no_photographs_give_the_header_alone() -> None:
    empty = draw_contact_sheet([], title="Празен корпус", subtitle="0", tile_width=320)
    assert empty.width == 3 * 320 + 2 * 12 + 2 * 22
    assert empty.height < 160
    assert len(set(np.asarray(empty.convert("L")).ravel().tolist())) > 2


def test_photograph_without_objects_is_unchanged() -> None:
    empty_mask = thing(np.zeros((240, 320), dtype=bool))
    assert draw_masks(photograph(), []) == photograph()
    assert draw_masks(photograph(), [empty_mask]) == photograph()


def test_hole_keeps_the_colours_of_the_photograph() -> None:
    size = (320, 240)
    ring = rectangle(size, 40, 30, 280, 210) & ~rectangle(size, 100, 80, 220, 160)
    after = changed(photograph(), draw_masks(photograph(), [thing(ring, "о")]))
    hole = rectangle(size, 104, 84, 216, 156)
    assert not after[hole].any()
    assert after[ring].all()
    assert not after[~rectangle(size, 36, 26, 284, 214)].any()


@pytest.mark.parametrize("size", [(320, 240), (2400, 1800)])
def test_object_of_one_pixel_is_seen(size: tuple[int, int]) -> None:
    dot = rectangle(size, 200, 100, 201, 101)
    after = np.asarray(draw_masks(photograph(size), [thing(dot, "точка")]), dtype=int)
    assert (
        np.abs(after[99:102, 199:202] - np.asarray(photograph(size), dtype=int)[99:102, 199:202]).max(axis=-1).min()
        > 20
    )
    assert np.abs(after[100, 200] - color_of("точка")).max() < 40


def test_object_of_one_pixel_is_seen_on_a_photograph_ten_times_smaller() -> None:
    size = (3200, 2400)
    dot = thing(rectangle(size, 2000, 1000, 2001, 1001), "точка")
    after = np.asarray(draw_masks(Image.new("RGB", (320, 240), "white"), [dot]), dtype=int)
    assert np.abs(after[100, 200] - color_of("точка")).max() < 40


@pytest.mark.parametrize("name", ["много дълго име " * 20, "W" * 500, "", "щ"])
@pytest.mark.parametrize("size", [(1, 1), (9, 200), (200, 9), (120, 90), (640, 480)])
def test_tags_stay_within_the_photograph(size: tuple[int, int], name: str) -> None:
    objects = [thing(rectangle(size, left, 0, left + 1, size[1]), name) for left in (0, size[0] - 1)]
    for tag, (left, top) in _placed_tags(_shapes(objects, size, 1.0), size, 1.0):
        assert 0 <= left <= size[0] - tag.width
        assert 0 <= top <= size[1] - tag.height
    assert draw_masks(photograph(size), objects).size == size


def test_tags_of_a_crowd_do_not_overlap_and_name_every_category() -> None:
    size = (640, 480)
    corners = [(left, top) for left in range(20, 600, 48) for top in range(20, 440, 40)]
    objects = [
        thing(rectangle(size, left, top, left + 60, top + 44), f"вид {index % 7}", score=0.5, draft=True)
        for index, (left, top) in enumerate(corners)
    ]
    shapes = _shapes(objects, size, 1.0)
    boxes = [(x, y, x + tag.width, y + tag.height) for tag, (x, y) in _placed_tags(shapes, size, 1.0)]
    assert len(boxes) >= 7
    for one, other in combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_neighbours_of_one_category_differ_in_shade_and_a_lone_object_has_the_category_colour() -> None:
    size = (320, 240)
    spans = ((10, 100), (90, 180), (280, 310))
    shapes = _shapes([thing(rectangle(size, left, 20, right, 200)) for left, right in spans], size, 1.0)
    colors = {shape.box[0]: shape.color for shape in shapes}
    assert len(set(colors.values())) == 2
    assert colors[max(colors)] == color_of("ракета")


def test_draft_looks_different_from_accepted() -> None:
    mask = rectangle((320, 240), 40, 30, 280, 210)
    pictures = [draw_masks(photograph(), [thing(mask, draft=draft)]) for draft in (True, False)]
    assert changed(*pictures)[rectangle((320, 240), 50, 40, 270, 200)].mean() > 0.2


def test_same_input_gives_same_pixels() -> None:
    objects = tuple(thing(rectangle((320, 240), x, x, x + 60, x + 50), "чаша", draft=True) for x in (10, 50, 120))
    images = [SheetImage(photograph(), "Чаши", "чаша · CC0-1.0", objects), SheetImage(photograph((100, 200)))]
    first, second = (draw_contact_sheet(images, title="MIC21", tile_width=200).tobytes() for _ in range(2))
    assert first == second


def test_input_photograph_is_not_modified() -> None:
    before = photograph()
    draw_masks(before, [thing(rectangle((320, 240), 40, 30, 280, 210))])
    assert before == photograph()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK"])
def test_every_mode_of_photograph_is_drawn_in_rgb(mode: str) -> None:
    assert draw_masks(photograph().convert(mode), [thing(rectangle((320, 240), 9, 9, 90, 90))]).mode == "RGB"


def test_caption_breaks_into_lines_of_even_length() -> None:
    text = "снимка на ракета преди изстрелване вечерта"
    width = font(20).getlength(text)
    assert wrap(text, font(20), width) == [text]
    assert wrap(text, font(20), width - 1) == ["снимка на ракета преди", "изстрелване вечерта"]


def test_caption_too_long_for_two_lines_is_cut() -> None:
    lines = wrap("дума " * 50, font(20), 200)
    assert [line[-1] for line in lines] == ["а", "…"]
    assert all(font(20).getlength(line) <= 200 for line in lines)


@pytest.mark.parametrize("vision", COLOR_VISION)
def test_palette_is_told_apart_by_every_colour_vision(vision: str) -> None:
    seen = [cielab(np.array(COLOR_VISION[vision]) @ linear(color)) for color in PALETTE]
    assert min(math.dist(one, other) for one, other in combinations(seen, 2)) > 18


def linear(color: tuple[int, int, int]) -> Array:
    value = np.array(color) / 255
    return np.asarray(np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4))


def cielab(rgb: Array) -> tuple[float, float, float]:
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = matrix @ np.clip(rgb, 0, 1) / matrix.sum(axis=1)
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
