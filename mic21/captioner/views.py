"""Augmented views of a photograph, its objects moved along.

Features are made once, so augmentation has to happen before: each photograph is encoded as it is and in `count - 1`
other views, and training takes one at random. A view never loses an object, because the captions may name it; and it is
mirrored only if that is asked for, because captions may say left and right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mic21.captioner.encoders import Mask, Pixels

_SMALLEST = 0.6  # of the photograph's area
_LEAST = 0.7  # of each object's area must stay in sight
_TRIES = 10


@dataclass(frozen=True, slots=True)
class View:
    """A rectangle of a photograph, in pixels, perhaps mirrored."""

    left: int
    top: int
    right: int
    bottom: int
    is_mirrored: bool = False

    def of(self, pixels: Pixels) -> Pixels:
        """An image or a mask, h×w or h×w×c, as this view shows it."""
        cut = pixels[self.top : self.bottom, self.left : self.right]
        return np.ascontiguousarray(cut[:, ::-1] if self.is_mirrored else cut)


def make_views(sha256: str, shape: tuple[int, int], masks: Sequence[Mask], count: int, *, mirror: bool) -> list[View]:
    """The whole photograph and `count - 1` views of it, the same for the same photograph and masks.

    Args:
        sha256: of the photograph's file; the random numbers come from it.
        shape: height and width in pixels.
        masks: of its objects.
        count: of views, the whole photograph included.
        mirror: whether a view may be mirrored.

    >>> make_views("00", (40, 60), [], 1, mirror=False)
    [View(left=0, top=0, right=60, bottom=40, is_mirrored=False)]
    """
    random = np.random.default_rng(int(sha256[:16], 16))
    whole = View(0, 0, shape[1], shape[0])
    return [whole, *(_crop(random, whole, masks, mirror) for _ in range(count - 1))]


def _crop(random: np.random.Generator, whole: View, masks: Sequence[Mask], mirror: bool) -> View:
    is_mirrored = mirror and bool(random.integers(2))
    for _ in range(_TRIES):
        scale = np.sqrt(random.uniform(_SMALLEST, 1))
        stretch = np.sqrt(random.uniform(3 / 4, 4 / 3))
        width = min(whole.right, max(1, round(whole.right * scale * stretch)))
        height = min(whole.bottom, max(1, round(whole.bottom * scale / stretch)))
        left = int(random.integers(whole.right - width + 1))
        top = int(random.integers(whole.bottom - height + 1))
        view = View(left, top, left + width, top + height, is_mirrored)
        if all(view.of(mask).sum(dtype=np.int64) >= _LEAST * mask.sum(dtype=np.int64) for mask in masks):
            return view
    return View(0, 0, whole.right, whole.bottom, is_mirrored)
