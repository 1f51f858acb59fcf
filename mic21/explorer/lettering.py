"""Text in pictures: fonts that have Cyrillic, lines broken and cut to a width, rounded tags."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from PIL import Image, ImageDraw, ImageFont

Color = tuple[int, int, int]

PAPER: Color = (246, 244, 239)
INK: Color = (29, 33, 41)
GREY: Color = (104, 108, 117)
WHITE: Color = (255, 255, 255)
# All of them letter Bulgarian and the other languages of the ontology; Pillow's own font has no Cyrillic.
FONTS = {
    False: (
        "DejaVuSansCondensed.ttf",
        "DejaVuSans.ttf",
        "NotoSans-Regular.ttf",
        "LiberationSans-Regular.ttf",
        "Arial.ttf",
        "segoeui.ttf",
    ),
    True: (
        "DejaVuSansCondensed-Bold.ttf",
        "DejaVuSans-Bold.ttf",
        "NotoSans-Bold.ttf",
        "LiberationSans-Bold.ttf",
        "Arial Bold.ttf",
        "segoeuib.ttf",
    ),
}


@lru_cache(maxsize=64)
def font(size: float, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The first font of `FONTS` that this system has, else the one inside Pillow."""
    for name in FONTS[bold]:
        try:
            return ImageFont.truetype(name, max(6.0, size), layout_engine=ImageFont.Layout.BASIC)
        except OSError:
            continue
    return cast(ImageFont.FreeTypeFont, ImageFont.load_default(max(6.0, size)))


def fit(text: str, letters: ImageFont.FreeTypeFont, width: float) -> str:
    """The text, cut with an ellipsis where it is wider."""
    if letters.getlength(text) <= width:
        return text
    kept = bisect_right(range(len(text)), width, key=lambda count: letters.getlength(text[:count].rstrip() + "…")) - 1
    return text[: max(0, kept)].rstrip() + "…"


def wrap(text: str, letters: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """The text as one line, or two of even length, broken between words; what does not fit is cut."""
    words = text.split()
    if len(words) < 2 or letters.getlength(" ".join(words)) <= width:
        return [fit(" ".join(words), letters, width)] if words else []

    def length(words: list[str]) -> float:
        return letters.getlength(" ".join(words))

    breaks = range(1, len(words))
    at = min(breaks, key=lambda at: max(length(words[:at]), length(words[at:])))
    if length(words[at:]) > width:  # too long for two lines: the first is filled, the second cut
        at = max((at for at in breaks if length(words[:at]) <= width), default=1)
    return [fit(" ".join(line), letters, width) for line in (words[:at], words[at:])]


def text_block(lines: Sequence[tuple[str, ImageFont.FreeTypeFont, Color]], width: int, leading: int) -> Image.Image:
    """Lines of text, each in its font and colour, below one another on the paper."""
    heights = [sum(letters.getmetrics()) + leading for _, letters, _ in lines]
    block = Image.new("RGB", (width, max(1, sum(heights))), PAPER)
    pen = ImageDraw.Draw(block)
    top = 0
    for (line, letters, ink), height in zip(lines, heights, strict=True):
        pen.text((0, top + letters.getmetrics()[0]), line, font=letters, fill=ink, anchor="ls")
        top += height
    return block


def name_tag(text: str, color: Color, draft: bool, width: int, unit: float) -> Image.Image:
    """A rounded RGBA tag no wider than `width`: filled, or for a draft white with a coloured edge."""
    letters = font(18 * unit, bold=True)
    side, edge, height = round(8 * unit), max(1, round((2.5 if draft else 1.5) * unit)), round(29 * unit)
    text = fit(text, letters, width - 2 * side)
    size = (math.ceil(letters.getlength(text)) + 2 * side, height)
    fill, rim = (WHITE, color) if draft else (color, WHITE)
    tag = Image.new("RGB", size, rim)
    inner = (max(1, size[0] - 2 * edge), max(1, size[1] - 2 * edge))
    tag.paste(fill, (edge, edge), rounded(inner, 7 * unit - edge))
    capital = letters.getbbox("H", anchor="ls")[1]
    ink = INK if _luminance(fill) > 0.3 else WHITE
    ImageDraw.Draw(tag).text((side, round((height - capital) / 2)), text, font=letters, fill=ink, anchor="ls")
    tag.putalpha(rounded(size, 7 * unit))
    return tag


def rounded(size: tuple[int, int], radius: float) -> Image.Image:
    """An antialiased mask of a rectangle with round corners."""
    large = Image.new("L", (4 * size[0], 4 * size[1]))
    ImageDraw.Draw(large).rounded_rectangle((0, 0, large.width - 1, large.height - 1), max(0.0, 4 * radius), fill=255)
    return large.resize(size, Image.Resampling.BOX)


def _luminance(color: Color) -> float:
    """Relative luminance as WCAG 2 defines it, with the curve taken as a plain power."""
    red, green, blue = ((value / 255) ** 2.2 for value in color)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)
