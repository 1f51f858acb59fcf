"""Masks to test with: Hypothesis strategies, one of twelve megapixels, and an even-odd fill to check outlines with."""

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

Mask = npt.NDArray[np.bool_]

_NOISE = hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))
_FLAT = st.builds(
    lambda height, width, value: np.full((height, width), value), st.integers(1, 12), st.integers(1, 12), st.booleans()
)


@st.composite
def _rectangles(draw: st.DrawFn) -> Mask:
    """Rectangles drawn and cut out one after the other: parts, holes, parts in holes, edges of the image."""
    height, width = draw(st.integers(1, 400)), draw(st.integers(1, 400))
    mask = np.zeros((height, width), bool)
    for index in range(draw(st.integers(0, 6))):
        top, bottom = sorted(draw(st.tuples(st.integers(0, height), st.integers(0, height))))
        left, right = sorted(draw(st.tuples(st.integers(0, width), st.integers(0, width))))
        mask[top:bottom, left:right] = index % 2 == 0
    return mask


def masks() -> st.SearchStrategy[Mask]:
    """Noise and flat masks of up to 12 × 12 pixels, and rectangles with holes of up to 400 × 400."""
    return st.one_of(_NOISE, _FLAT, _rectangles())


def pairs_of_masks() -> st.SearchStrategy[tuple[Mask, Mask]]:
    """Two masks of one size."""
    shapes = st.tuples(st.integers(1, 12), st.integers(1, 12))
    return shapes.flatmap(lambda shape: st.tuples(hnp.arrays(bool, shape), hnp.arrays(bool, shape)))


@cache
def twelve_megapixels() -> Mask:
    """Wavy rings at three places, one over the edge of the image, and a pixel of its own."""
    height, width = 3000, 4000
    y, x = np.ogrid[:height, :width]
    mask = np.zeros((height, width), bool)
    for centre_y, centre_x, radius in ((900, 1000, 600), (2000, 2700, 800), (2700, 300, 500)):
        distance = np.hypot(y - centre_y, x - centre_x)
        waves = 1 + 0.1 * np.sin(9 * np.arctan2(y - centre_y, x - centre_x))
        mask |= (distance < radius * waves) & (distance > radius / 3)
    mask[10, 3990] = True
    mask.flags.writeable = False  # all tests share it
    return mask


def fill(rings: Iterable[Sequence[tuple[int, int]]], height: int, width: int) -> Mask:
    """The pixels whose centre a ray to the left meets an odd number of edges from."""
    mask = np.zeros((height, width), bool)
    for ring in rings:
        for (x, y), (other_x, other_y) in zip(ring, [*ring[1:], ring[0]], strict=True):
            assert x == other_x or y == other_y, "an edge between pixels is vertical or horizontal"
            mask[min(y, other_y) : max(y, other_y), x:] ^= x == other_x
    return mask
