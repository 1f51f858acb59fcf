"""Colours that people tell apart and name."""

import numpy as np

from mic21.synth.canvas import Color

COLORS: dict[str, Color] = {
    "red": (205, 40, 40),
    "orange": (243, 140, 30),
    "yellow": (246, 212, 55),
    "green": (48, 150, 70),
    "blue": (45, 95, 205),
    "violet": (130, 70, 175),
    "white": (242, 242, 240),
    "black": (38, 38, 44),
    "grey": (142, 142, 148),
    "brown": (128, 80, 44),
}
SKIN: tuple[Color, ...] = ((255, 219, 186), (241, 194, 150), (198, 134, 90), (141, 85, 54), (94, 58, 40))
HAIR: tuple[Color, ...] = ((40, 30, 25), (95, 60, 30), (170, 120, 60), (220, 190, 120), (120, 120, 125))
_JITTER = 10


def vary(color: Color, random: np.random.Generator) -> Color:
    """A colour near another one that has the same name."""
    red, green, blue = (min(255, max(0, part + int(random.integers(-_JITTER, _JITTER + 1)))) for part in color)
    return red, green, blue


def shade(color: Color, factor: float) -> Color:
    """A colour made darker (below 1) or lighter.

    >>> shade((100, 200, 50), 0.5), shade((100, 200, 50), 2)
    ((50, 100, 25), (200, 255, 100))
    """
    red, green, blue = (int(min(255, part * factor)) for part in color)
    return red, green, blue
