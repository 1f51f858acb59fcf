"""Drawing without half-covered pixels: figures are drawn at four times their size, and each pixel goes to one object.

A pixel belongs to the topmost object that covers at least half of it and has that object's colour alone, so that an
object's mask is exactly the pixels in which it is seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Color = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[float, float, float, float]

_FINE = 4  # drawn pixels along a pixel's side
_HALF = 128
_MARGIN = 2  # pixels around a figure
_THINNEST = 1.3  # pixels; a thinner line would have gaps


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a figure goes: it is mirrored, turned, scaled and moved, in this order.

    Attributes:
        x: of the figure's origin, in pixels.
        y: of the figure's origin, in pixels.
        scale: pixels of a unit of the figure.
        angle: degrees, clockwise as seen.
        mirrored: whether left and right are swapped.
    """

    x: float
    y: float
    scale: float
    angle: float = 0.0
    mirrored: bool = False

    def point(self, point: Point) -> Point:
        """Where a point of the figure lies, in pixels.

        >>> Placement(10, 20, 100, mirrored=True).point((0.5, -0.1))
        (-40.0, 10.0)
        """
        x, y = point
        x = -x if self.mirrored else x
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        return self.x + self.scale * (x * cos - y * sin), self.y + self.scale * (x * sin + y * cos)

    def part(self, at: Point, scale: float = 1.0, angle: float = 0.0) -> "Placement":
        """The placement of a part that is fixed to a point of the figure."""
        x, y = self.point(at)
        return Placement(x, y, self.scale * scale, self.angle + (-angle if self.mirrored else angle), self.mirrored)


class Pen:
    """Draws in the units of a figure on a transparent patch; a colour of None cuts a hole."""

    def __init__(self, image: Image.Image, placement: Placement, left: int, top: int) -> None:
        self._draw = ImageDraw.Draw(image)
        self._placement = placement
        self._left = left
        self._top = top

    def polygon(self, points: Sequence[Point], color: Color | None) -> None:
        """A filled polygon."""
        self._draw.polygon([self._point(point) for point in points], fill=_fill(color))

    def box(self, x0: float, y0: float, x1: float, y1: float, color: Color | None) -> None:
        """A filled rectangle."""
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], color)

    def oval(
        self, x: float, y: float, rx: float, ry: float, color: Color | None, start: float = 0, end: float = 360
    ) -> None:
        """A filled ellipse, or the part between two angles in degrees: 0 is right, 90 is down."""
        steps = 40
        angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
        self.polygon([(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles], color)

    def line(self, points: Sequence[Point], width: float, color: Color | None) -> None:
        """A line with round ends and joints."""
        wide = max(width * self._placement.scale, _THINNEST) * _FINE
        ends = [self._point(point) for point in points]
        self._draw.line(ends, fill=_fill(color), width=round(wide), joint="curve")
        for x, y in ends:
            self._draw.ellipse((x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2), fill=_fill(color))

    def ring(self, x: float, y: float, radius: float, width: float, color: Color) -> None:
        """A circle's outline; what was inside stays."""
        angles = [math.radians(angle) for angle in range(0, 361, 9)]
        self.line([(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles], width, color)

    def _point(self, point: Point) -> Point:
        x, y = self._placement.point(point)
        return (x - self._left) * _FINE, (y - self._top) * _FINE


def _fill(color: Color | None) -> tuple[int, int, int, int]:
    return (0, 0, 0, 0) if color is None else (*color, 255)


class Canvas:
    """A picture that remembers which object each of its pixels shows.

    Attributes:
        pixels: height × width × 3, uint8.
        owners: height × width, the number of the object drawn there, −1 for the background.
    """

    def __init__(self, background: npt.NDArray[np.uint8]) -> None:
        self.pixels = background.copy()
        self.owners = np.full(background.shape[:2], -1, dtype=np.int16)

    def patch(self, box: Box, placement: Placement) -> "tuple[Image.Image, Pen, int, int] | None":
        """A transparent patch for a figure whose units lie in `box`, a pen on it, and where it lies; None outside."""
        corners = [placement.point((x, y)) for x in (box[0], box[2]) for y in (box[1], box[3])]
        height, width = self.owners.shape
        left = max(0, math.floor(min(x for x, _ in corners)) - _MARGIN)
        top = max(0, math.floor(min(y for _, y in corners)) - _MARGIN)
        right = min(width, math.ceil(max(x for x, _ in corners)) + _MARGIN)
        bottom = min(height, math.ceil(max(y for _, y in corners)) + _MARGIN)
        if left >= right or top >= bottom:
            return None
        image = Image.new("RGBA", ((right - left) * _FINE, (bottom - top) * _FINE))
        return image, Pen(image, placement, left, top), left, top

    def settle(self, image: Image.Image, left: int, top: int, owner: int) -> None:
        """Give the pixels that a patch covers at least half to an object."""
        width, height = image.width // _FINE, image.height // _FINE
        small = np.asarray(image.resize((width, height), Image.Resampling.BOX))
        covered = small[..., 3] >= _HALF
        region = slice(top, top + height), slice(left, left + width)
        self.pixels[region][covered] = small[covered][:, :3]
        self.owners[region][covered] = owner

    def mask(self, owner: int) -> npt.NDArray[np.bool_]:
        """The pixels in which an object is seen, height × width."""
        mask: npt.NDArray[np.bool_] = self.owners == owner
        return mask
