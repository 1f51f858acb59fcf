"""Masks as paths of SVG, along the edges of their pixels: what is drawn is the mask, with its holes and parts."""

import numpy as np

from mic21.corpus.coco.document import segmentation_rle
from mic21.geometry import Rle, bbox, mask_to_rle, outlines, rle_to_mask


def mask_path(rle: Rle) -> str:
    """The `d` of an SVG path, to be filled by the rule `evenodd`; empty for an empty mask.

    >>> from mic21.geometry import counts_to_rle
    >>> mask_path(counts_to_rle([0, 4, 1, 4], 3, 3))
    'M0 3v-3h3v3zM1 1v1h1v-1z'
    """
    return "".join(_ring(ring) for part in outlines(rle) for ring in (part.exterior, *part.holes))


def _ring(points: list[tuple[int, int]]) -> str:
    x, y = points[0]
    steps = [f"M{x} {y}"]
    for next_x, next_y in points[1:]:
        steps.append(f"v{next_y - y}" if next_x == x else f"h{next_x - x}")
        x, y = next_x, next_y
    return "".join(steps) + "z"


def reduced(rle: Rle, step: int) -> Rle:
    """The mask at one `step`-th of its size: a pixel is set where half of what it stands for is.

    An object too small for that keeps every pixel that it touches, so that none vanishes.

    >>> from mic21.geometry import counts_to_rle
    >>> reduced(counts_to_rle([0, 1, 15], 4, 4), 2) == counts_to_rle([0, 1, 3], 2, 2)
    True
    """
    height, width = -(-rle.height // step), -(-rle.width // step)
    small = np.zeros((height, width), bool)
    left, top, wide, high = (int(value) for value in bbox(rle))
    if wide and high:
        # The box alone is reduced, from edge to edge of the larger pixels.
        first_row, first_column = top // step, left // step
        last_row, last_column = -(-(top + high) // step), -(-(left + wide) // step)
        part = rle_to_mask(rle)[first_row * step : last_row * step, first_column * step : last_column * step]
        padded = np.pad(part, [(0, -size % step) for size in part.shape])
        covered = np.zeros((last_row - first_row, last_column - first_column), np.int32)
        for row, column in np.ndindex(step, step):
            covered += padded[row::step, column::step]
        is_set = 2 * covered >= step * step
        small[first_row:last_row, first_column:last_column] = is_set if is_set.any() else covered > 0
    return mask_to_rle(small)


def segmentation_path(segmentation: str, height: int, width: int, step: int = 1) -> str:
    """The path of a stored segmentation, at one `step`-th of the size.

    Raises:
        GeometryError: the segmentation does not fit the image.
    """
    rle = segmentation_rle(segmentation, height, width)
    return mask_path(rle if step == 1 else reduced(rle, step))
