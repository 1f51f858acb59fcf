"""A picture of photographs with their masks, category names and captions, for a README, a paper or a quick look."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from mic21.explorer.lettering import GREY, INK, PAPER, fit, font, name_tag, rounded, text_block, wrap
from mic21.explorer.overlay import SheetObject, draw_masks, overlay

__all__ = ["SheetImage", "SheetObject", "draw_contact_sheet", "draw_masks"]

# Height of a row by the width of a tile, and the shapes (width by height) between which photographs keep their own.
ROW_HEIGHT = 0.72
SHAPES = (0.5, 6.0)


@dataclass(frozen=True, slots=True)
class SheetImage:
    """One photograph with its objects, and the two lines under it."""

    image: Image.Image
    title: str | None = None
    subtitle: str | None = None
    objects: tuple[SheetObject, ...] = ()


def draw_contact_sheet(
    images: Sequence[SheetImage], *, title: str, subtitle: str = "", columns: int = 3, tile_width: int = 640
) -> Image.Image:
    """An RGB picture of the photographs in order, in rows of one height under a header.

    Args:
        images: the photographs; none gives the header alone.
        title: the heading.
        subtitle: the line under it.
        columns: photographs of the shape 4:3 in a row; a row holds fewer panoramas and more upright ones.
        tile_width: pixels of width for each column; text and lines grow with it.
    """
    unit = tile_width / 640
    margin, gap = round(44 * unit), round(24 * unit)
    columns = max(1, min(columns, len(images) or columns))
    width = columns * tile_width + (columns - 1) * gap
    blocks = [_header(title, subtitle, _has_drafts(images), width, unit)]
    rows = _rows([_aspect(image.image) for image in images], width, gap, ROW_HEIGHT * tile_width)
    blocks += [_row([(images[index], size) for index, size in row], width, gap, unit) for row in rows]
    height = sum(block.height for block in blocks) + gap * (len(blocks) - 1)
    sheet = Image.new("RGB", (width + 2 * margin, height + 2 * margin), PAPER)
    top = margin
    for block in blocks:
        sheet.paste(block, (margin, top))
        top += block.height + gap
    return sheet


def _aspect(image: Image.Image) -> float:
    return min(max(image.width / image.height, SHAPES[0]), SHAPES[1])


def _rows(aspects: Sequence[float], width: int, gap: int, target: float) -> Iterator[list[tuple[int, tuple[int, int]]]]:
    """Rows of (index, (width, height)) that fill the width, broken where their heights come nearest to the target."""
    tallest = 1.4 * target

    def height(first: int, end: int) -> float:
        return max(1.0, (width - gap * (end - first - 1)) / sum(aspects[first:end]))

    costs, breaks = [0.0], [0]
    for end in range(1, len(aspects) + 1):
        cost, first = min(
            (costs[first] + math.log(height(first, end) / target) ** 2, first) for first in range(max(0, end - 24), end)
        )
        costs.append(cost)
        breaks.append(first)
    spans = []
    end = len(aspects)
    while end:
        spans.append((breaks[end], end))
        end = breaks[end]
    for first, end in reversed(spans):
        tall = min(height(first, end), tallest)
        edges = [round(tall * sum(aspects[first:index])) for index in range(first, end + 1)]
        yield [
            (index, (max(1, edges[index - first + 1] - edges[index - first]), round(tall)))
            for index in range(first, end)
        ]


def _has_drafts(images: Sequence[SheetImage]) -> bool:
    return any(thing.status == "draft" for image in images for thing in image.objects)


def _header(title: str, subtitle: str, drafts: bool, width: int, unit: float) -> Image.Image:
    """The heading, the line under it and, where there are drafts, the two kinds of tag explained."""
    names = ("accepted", "draft") if drafts else ()
    legend = [name_tag(name, GREY, name == "draft", width, 1.2 * unit) for name in names]
    space = round(10 * unit)
    room = width - sum(tag.width + space for tag in legend)
    large, small = font(52 * unit, bold=True), font(26 * unit)
    lines = [(line, large, INK) for line in wrap(title, large, room)]
    lines += [(line, small, GREY) for line in wrap(subtitle, small, room)]
    header = text_block(lines, width, space)
    left = room
    for tag in legend:
        header.paste(tag, (left + space, max(0, header.height - tag.height - space)), tag)
        left += space + tag.width
    return header


def _row(tiles: Sequence[tuple[SheetImage, tuple[int, int]]], width: int, gap: int, unit: float) -> Image.Image:
    """Photographs side by side, each with its caption below."""
    blocks = [_tile(image, size, unit) for image, size in tiles]
    row = Image.new("RGB", (width, max(block.height for block in blocks)), PAPER)
    left = 0
    for block in blocks:
        row.paste(block, (left, 0))
        left += block.width + gap
    return row


def _tile(tile: SheetImage, size: tuple[int, int], unit: float) -> Image.Image:
    """A photograph with its objects, rounded at the corners, and its caption below."""
    inner = size
    if not SHAPES[0] <= tile.image.width / tile.image.height <= SHAPES[1]:
        scale = min(size[0] / tile.image.width, size[1] / tile.image.height)
        inner = (max(1, round(tile.image.width * scale)), max(1, round(tile.image.height * scale)))
    large, small = font(24 * unit, bold=True), font(20 * unit)
    lines = [(line, large, INK) for line in wrap(tile.title or "", large, size[0])]
    lines += [(fit(tile.subtitle, small, size[0]), small, GREY)] if tile.subtitle else []
    caption = text_block(lines, size[0], round(4 * unit))
    space = round(12 * unit)
    block = Image.new("RGB", (size[0], size[1] + space + caption.height), PAPER)
    photograph = overlay(tile.image, tile.objects, inner, unit)
    block.paste(photograph, (0, size[1] - inner[1]), rounded(inner, 8 * unit))
    block.paste(caption, (0, size[1] + space))
    return block
