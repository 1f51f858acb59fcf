"""What is behind the objects: a sky over some ground, or a wall over a floor."""

import numpy as np
import numpy.typing as npt

from mic21.synth.canvas import Canvas, Color, Placement
from mic21.synth.colors import COLORS, shade, vary

Pixels = npt.NDArray[np.uint8]

SKIES: dict[str, tuple[Color, Color]] = {  # above and at the horizon
    "blue": ((110, 170, 235), (200, 228, 248)),
    "grey": ((150, 155, 162), (205, 208, 212)),
    "orange": ((235, 130, 70), (252, 208, 130)),
    "black": ((14, 16, 34), (40, 44, 72)),
}
WALLS = ("yellow", "green", "blue", "violet", "grey", "orange")
_GROUNDS: dict[str, tuple[Color, Color]] = {  # far and near
    "grass": ((130, 178, 92), (88, 142, 62)),
    "sand": ((232, 208, 150), (214, 184, 118)),
    "snow": ((236, 242, 250), (214, 226, 240)),
    "asphalt": ((120, 122, 126), (92, 94, 98)),
    "water": ((70, 140, 185), (32, 96, 150)),
    "air": ((200, 228, 248), (200, 228, 248)),
}
_NIGHT = 0.45  # how bright the ground is under a black sky


def draw_background(place: str, tone: str, width: int, height: int, random: np.random.Generator) -> tuple[Pixels, int]:
    """A background, and the row of its horizon or the foot of its wall.

    Args:
        place: of `mic21.synth.recipes.PLACES`.
        tone: of `SKIES`, or of `WALLS` in a room.
        width: pixels.
        height: pixels.
        random: where its details come from.
    """
    horizon = height if place == "air" else int(height * random.uniform(0.5, 0.68))
    if place == "room":
        return _room(tone, width, height, horizon, random), horizon
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    pixels[:horizon] = _gradient(*SKIES[tone], horizon, width)
    light = _NIGHT if tone == "black" else 1.0
    far, near = (np.asarray(color) * light for color in _GROUNDS[place])
    pixels[horizon:] = _gradient(far, near, height - horizon, width)
    canvas = Canvas(pixels)
    if tone == "black":
        _stars(canvas, horizon, random)
    else:
        _clouds(canvas, horizon, SKIES[tone][1], random)
    if place in ("grass", "sand", "snow"):
        _hills(canvas, horizon, pixels[min(horizon + 2, height - 1), 0], random)
    if place in ("water", "asphalt"):
        _strokes(canvas, place, horizon, light, random)
    return canvas.pixels, horizon


def _gradient(start: object, end: object, rows: int, columns: int) -> Pixels:
    along = np.linspace(0, 1, max(rows, 1))[:rows, None]
    colors = (1 - along) * np.asarray(start) + along * np.asarray(end)
    return np.repeat(colors[:, None, :], columns, axis=1).astype(np.uint8)


def _room(tone: str, width: int, height: int, horizon: int, random: np.random.Generator) -> Pixels:
    wall = np.asarray(vary(COLORS[tone], random)) * 0.7 + 255 * 0.3
    floor = np.asarray(vary((168, 128, 92), random))
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    pixels[:horizon] = _gradient(wall, wall * 0.92, horizon, width)
    pixels[horizon:] = _gradient(floor * 0.85, floor, height - horizon, width)
    pixels[horizon : horizon + 3] = (245, 242, 236)
    return pixels


def _clouds(canvas: Canvas, horizon: int, color: Color, random: np.random.Generator) -> None:
    width = canvas.owners.shape[1]
    bright = shade(color, 1.12)
    for _ in range(random.integers(1, 5)):
        place = Placement(random.uniform(0, width), random.uniform(0.05, 0.75) * horizon, random.uniform(14, 40))
        patch = canvas.patch((-1.2, -0.6, 1.2, 0.4), place)
        if patch:
            image, pen, left, top = patch
            for x, y, radius in ((-0.6, 0.05, 0.35), (0, -0.1, 0.5), (0.6, 0.05, 0.38)):
                pen.oval(x, y, radius * 1.3, radius * 0.75, bright)
            canvas.settle(image, left, top, -1)


def _stars(canvas: Canvas, horizon: int, random: np.random.Generator) -> None:
    for _ in range(30):
        row, column = int(random.integers(horizon)), int(random.integers(canvas.owners.shape[1]))
        canvas.pixels[row, column] = (235, 235, 215)


def _hills(canvas: Canvas, horizon: int, color: object, random: np.random.Generator) -> None:
    height, width = canvas.owners.shape
    columns = np.arange(width)
    tops = np.zeros(width)
    for _ in range(3):
        tops += random.uniform(1, 7) * (1 + np.sin(columns / random.uniform(18, 60) + random.uniform(0, 6.3)))
    rows = np.arange(height)[:, None]
    canvas.pixels[(rows >= horizon - tops) & (rows < horizon)] = (np.asarray(color) * 0.86).astype(np.uint8)


def _strokes(canvas: Canvas, place: str, horizon: int, light: float, random: np.random.Generator) -> None:
    """Waves on water, the dashed line of a road."""
    height, width = canvas.owners.shape
    if place == "asphalt":
        row = int(horizon + (height - horizon) * 0.82)
        start = int(random.integers(40))
        for column in range(-start, width, 56):
            canvas.pixels[row : row + 4, max(column, 0) : max(column + 30, 0)] = int(225 * light)
        return
    for _ in range(26):
        row = int(random.integers(horizon + 2, height - 1))
        length = int((row - horizon) * 0.35) + 5
        column = int(random.integers(width))
        canvas.pixels[row, column : column + length] = (np.asarray((170, 210, 232)) * light).astype(np.uint8)
