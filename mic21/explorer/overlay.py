"""A photograph with its objects drawn over it: tinted masks, smooth outlines and name tags that do not overlap.

Outlines come from a blurred mask read as the distance to its edge: they are smooth at any scale, and an object of one
pixel still gets its dot.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from mic21.explorer.lettering import WHITE, Color, name_tag
from mic21.geometry import Rle, rle_to_mask

Box = tuple[int, int, int, int]
Field = npt.NDArray[np.float32]

# Found by a search that kept every pair apart for people with protanopia, deuteranopia or tritanopia (Machado 2009).
PALETTE: tuple[Color, ...] = (
    (212, 139, 2),
    (69, 170, 255),
    (22, 141, 87),
    (232, 218, 29),
    (50, 78, 243),
    (187, 57, 20),
    (255, 91, 180),
    (136, 46, 89),
    (84, 66, 152),
)
# How far neighbours of one colour move towards white (+) or black (-), so that they do not run together.
SHADES = (0.0, 0.32, -0.3, 0.55)


@dataclass(frozen=True, slots=True)
class SheetObject:
    """One object of a photograph; its mask is scaled to the photograph where their sizes differ.

    Attributes:
        rle: the mask.
        name: the category in the reader's language; it chooses the colour.
        score: the model's confidence in 0..1, shown after the name of a draft.
        status: `accepted`, or `draft`, which is hatched.
    """

    rle: Rle
    name: str
    score: float | None = None
    status: str = "accepted"


@dataclass(frozen=True, slots=True)
class _Shape:
    """An object as it is drawn: its coverage in 0..1 within `box` (left, top, right, bottom)."""

    source: SheetObject
    coverage: Field
    box: Box
    area: float
    shade: int = 0

    @property
    def color(self) -> Color:
        return _shaded(color_of(self.source.name), SHADES[self.shade])


def draw_masks(image: Image.Image, objects: Sequence[SheetObject]) -> Image.Image:
    """The photograph in RGB and its own size, with the objects and their names drawn over it; holes stay holes.

    >>> photograph = Image.new("RGB", (64, 48), "white")
    >>> draw_masks(photograph, []) == photograph
    True
    """
    return overlay(image, objects, image.size, max(0.5, max(image.size) / 640))


def color_of(name: str) -> Color:
    """The colour of a category, the same on every sheet.

    >>> color_of("violin") == color_of("violin")
    True
    """
    return PALETTE[hashlib.sha256(name.encode()).digest()[0] % len(PALETTE)]


def overlay(image: Image.Image, objects: Sequence[SheetObject], size: tuple[int, int], unit: float) -> Image.Image:
    """The photograph at that size with its objects, the smallest on top, so that none is hidden."""
    photograph = image.convert("RGB")
    if photograph.size != size:
        photograph = photograph.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    shapes = _shapes(objects, size, unit)
    if not shapes:
        return photograph
    picture = photograph.copy()
    for shape in shapes:
        # An object that fills the photograph is tinted less, so that the picture stays bright.
        _paint(picture, photograph, shape, 0.44 - 0.22 * shape.area / (size[0] * size[1]), unit)
    for tag, place in _placed_tags(shapes, size, unit):
        picture.paste(tag, place, tag)
    return picture


def _shapes(objects: Sequence[SheetObject], size: tuple[int, int], unit: float) -> list[_Shape]:
    """The objects that are not empty, largest first."""
    found: list[_Shape] = []
    for thing in objects:
        mask = rle_to_mask(thing.rle)
        if not mask.any():
            continue
        coverage, box = _cropped(_scaled(mask, size), round(5 * unit) + 2)
        found.append(_Shape(thing, coverage, box, float(coverage.sum())))
    found.sort(key=lambda shape: -shape.area)
    shaded: list[_Shape] = []
    for shape in found:
        near = [
            other.shade
            for other in shaded
            if color_of(other.source.name) == color_of(shape.source.name) and _meet(other.box, shape.box)
        ]
        shaded.append(replace(shape, shade=min(range(len(SHADES)), key=lambda shade: (near.count(shade), shade))))
    return shaded


def _scaled(mask: npt.NDArray[np.bool_], size: tuple[int, int]) -> Field:
    """How much of each pixel the mask covers at that size; an object too thin to fill any pixel is made stronger."""
    if mask.shape == size[::-1]:
        return mask.astype(np.float32)
    image = Image.fromarray(mask.astype(np.float32))
    shrinks = size[0] < mask.shape[1] or size[1] < mask.shape[0]
    scaled = image.resize(size, Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR)
    coverage: Field = np.sqrt(np.clip(np.asarray(scaled, dtype=np.float32), 0, 1))
    coverage /= coverage.max()
    return coverage


def _cropped(coverage: Field, margin: int) -> tuple[Field, Box]:
    rows, columns = np.flatnonzero(coverage.any(axis=1)), np.flatnonzero(coverage.any(axis=0))
    top, bottom = max(0, int(rows[0]) - margin), min(coverage.shape[0], int(rows[-1]) + 1 + margin)
    left, right = max(0, int(columns[0]) - margin), min(coverage.shape[1], int(columns[-1]) + 1 + margin)
    return coverage[top:bottom, left:right], (left, top, right, bottom)


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _paint(picture: Image.Image, photograph: Image.Image, shape: _Shape, strength: float, unit: float) -> None:
    """Tint and outline a shape; what was painted under the tint does not shine through."""
    tint = np.full_like(shape.coverage, strength)
    if shape.source.status == "draft":
        rows, columns = np.indices(shape.coverage.shape, dtype=np.float32)
        stripes = np.sin((rows + columns + shape.box[0] + shape.box[1]) * (2 * math.pi / (11 * unit)))
        tint *= 0.6 + 0.6 * np.clip(0.5 + 2.5 * unit * stripes, 0, 1)
    tinted = photograph.crop(shape.box)
    tinted.paste(shape.color, (0, 0, *tinted.size), _stencil(tint))
    picture.paste(tinted, shape.box, _stencil(shape.coverage))
    away = np.abs(_distance(shape.coverage, max(0.7, 0.9 * unit)))
    picture.paste(WHITE, shape.box, _stencil(np.clip(2.2 * unit + 0.5 - away, 0, 1)))
    picture.paste(shape.color, shape.box, _stencil(np.clip(1.2 * unit + 0.5 - away, 0, 1)))


def _stencil(opacity: Field) -> Image.Image:
    return Image.fromarray(np.round(opacity * 255).astype(np.uint8))


def _distance(coverage: Field, sigma: float) -> Field:
    """Signed distance to the edge in pixels, positive inside, true near the edge: a blurred edge is a normal curve."""
    if sigma > 3:  # wide lines on a large photograph need no finer distance than this
        factor = round(sigma / 1.5)
        height, width = coverage.shape
        small = Image.fromarray(_distance(np.asarray(Image.fromarray(coverage).reduce(factor)), sigma / factor))
        large = small.resize((width, height), Image.Resampling.BICUBIC, (0, 0, width / factor, height / factor))
        return np.asarray(large) * np.float32(factor)
    reach = math.ceil(3 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    blurred = coverage
    for _ in ("down", "across"):
        padded = np.pad(blurred, ((reach, reach), (0, 0)), mode="edge")
        parts = (np.float32(weight) * padded[at : at + len(blurred)] for at, weight in enumerate(kernel))
        blurred = sum(parts, start=np.zeros_like(blurred)).T
    # An object thinner than the blur never reaches one half; it is raised until it has an edge.
    blurred = np.clip(blurred * max(1.0, 0.6 / float(blurred.max())), 1e-6, 1 - 1e-6)
    # 1.702 makes the logistic curve the normal one to within 0.01.
    distance: Field = np.log(blurred / (1 - blurred)) * np.float32(sigma / 1.702)
    return distance


def _placed_tags(
    shapes: Sequence[_Shape], size: tuple[int, int], unit: float
) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
    """Tags with their top left corners: on or at their objects, apart from one another, within the photograph.

    The largest object of each category comes first; a further one goes without where its tag would hide too much.
    """
    step = max(1, round(4 * unit))
    columns, rows = math.ceil(size[0] / step), math.ceil(size[1] / step)
    covers = [_cells(shape, rows, columns, step) for shape in shapes]
    # Over a rectangle, `hidden` sums to how many objects' worth it hides, `busy` to the cells that objects cover.
    hidden = np.sum([cover / max(cover.sum(), 1e-3) for cover in covers], axis=0)
    busy = np.max(covers, axis=0)
    # The outermost cells, which may reach over the edge, stay free of tags.
    taken = np.ones((rows, columns), dtype=np.float32)
    taken[1:-1, 1:-1] = 0
    named: set[str] = set()
    firsts = [index for index, shape in enumerate(shapes) if not _seen(named, shape.source.name)]
    for index in firsts + [index for index in range(len(shapes)) if index not in firsts]:
        shape, cover = shapes[index], covers[index]
        tag = name_tag(_label(shape.source), shape.color, shape.source.status == "draft", size[0] - 4 * step, unit)
        high, wide = math.ceil(tag.height / step), math.ceil(tag.width / step)
        if high > rows or wide > columns or (index not in firsts and shape.area < tag.height * tag.width):
            continue
        own = _sums(cover, high, wide)
        near = _sums(np.pad(cover, 1), high + 2, wide + 2) > 1e-6
        total = max(float(cover.sum()), 1e-3)
        others = _sums(hidden, high, wide) - own / total
        free = near & (_sums(taken, high, wide) < 0.5)
        if index not in firsts:
            free &= others < 0.4
        if not free.any():
            continue
        middle = [float((cover.sum(axis=1 - axis) * np.arange(cover.shape[axis])).sum()) / total for axis in (0, 1)]
        away = [
            np.abs(np.arange(own.shape[axis]) + (high, wide)[axis] / 2 - middle[axis])
            / max((high, wide)[axis], np.ptp(np.flatnonzero(cover.any(axis=1 - axis))) + 1)
            for axis in (0, 1)
        ]
        cost = 2 * own / total + 3 * others + (_sums(busy, high, wide) - 2 * own) / (high * wide)
        cost += 0.8 * away[0][:, None] + 0.8 * away[1][None, :]
        row, column = np.unravel_index(np.argmin(np.where(free, cost, np.inf)), cost.shape)
        taken[max(0, row - 1) : row + high + 1, max(0, column - 1) : column + wide + 1] = 1
        yield tag, (int(column) * step, int(row) * step)


def _seen(names: set[str], name: str) -> bool:
    known = name in names
    names.add(name)
    return known


def _cells(shape: _Shape, rows: int, columns: int, step: int) -> Field:
    """The mean coverage in each cell of `step` pixels."""
    left, top, right, bottom = shape.box
    whole = np.zeros((max(bottom, rows * step), max(right, columns * step)), dtype=np.float32)
    whole[top:bottom, left:right] = shape.coverage
    cells: Field = whole[: rows * step, : columns * step].reshape(rows, step, columns, step).mean(axis=(1, 3))
    return cells


def _sums(values: Field, high: int, wide: int) -> npt.NDArray[np.float64]:
    """The sum over every rectangle of that size, by its top left corner."""
    table = np.pad(values.astype(np.float64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    sums: npt.NDArray[np.float64] = (
        table[high:, wide:] - table[:-high, wide:] - table[high:, :-wide] + table[:-high, :-wide]
    )
    return sums


def _label(thing: SheetObject) -> str:
    return f"{thing.name} {thing.score:.0%}" if thing.status == "draft" and thing.score is not None else thing.name


def _shaded(color: Color, shade: float) -> Color:
    goal = 255 if shade > 0 else 0
    red, green, blue = (round(value + abs(shade) * (goal - value)) for value in color)
    return red, green, blue
