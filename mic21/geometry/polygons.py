"""Polygons as COCO writes them, and the pixels they cover."""

import math
from collections.abc import Sequence

import numpy as np
from pycocotools import mask as coco

from mic21.errors import GeometryError
from mic21.geometry.rle import Rle, check_size, flips_to_rle, trusted_rle

_FARTHEST = 100_000  # pixels outside; pycocotools takes memory by the length of an edge, wherever it runs


def polygons_to_rle(polygons: Sequence[Sequence[float]], height: int, width: int) -> Rle:
    """The pixels that the polygons cover together, exactly those of pycocotools; no polygon, no pixel.

    Args:
        polygons: each `[x1, y1, x2, y2, …]` in pixels.
        height: of the image.
        width: of the image.

    Raises:
        GeometryError: an odd number of numbers, fewer than 6, or one that is not finite or over 100,000 pixels outside.

    >>> polygons_to_rle([[0, 0, 3, 0, 3, 2, 0, 2]], 3, 4)
    Rle(height=3, width=4, counts=b'0210003')
    >>> polygons_to_rle([[0, 0, 3, 0, 3]], 3, 4)
    Traceback (most recent call last):
    mic21.errors.GeometryError: polygon 0: expected an even number of numbers, found 5
    """
    check_size(height, width)
    limit = farthest(height, width)
    for index, polygon in enumerate(polygons):
        _check_polygon(polygon, index, limit)
    if not polygons:
        return flips_to_rle(np.empty(0, np.int64), height, width)
    encoded = coco.frPyObjects([list(polygon) for polygon in polygons], height, width)
    return trusted_rle(encoded[0] if len(encoded) == 1 else coco.merge(encoded))


def farthest(height: int, width: int) -> int:
    """How far from the corner of an image a coordinate of its polygons may be, in pixels.

    >>> farthest(480, 640)
    100640
    """
    return _FARTHEST + max(height, width)


def _check_polygon(polygon: Sequence[float], index: int, limit: int) -> None:
    place = f"polygon {index}"
    try:
        size = len(polygon)
        finite = math.isfinite(math.fsum(polygon))
    except (TypeError, ValueError, OverflowError) as error:  # fsum refuses infinities of both signs
        raise GeometryError(f"{place}: expected finite numbers, found {str(polygon)[:60]}") from error
    if size % 2:
        raise GeometryError(f"{place}: expected an even number of numbers, found {size}")
    if size < 6:
        raise GeometryError(f"{place}: expected at least 6 numbers (3 points), found {size}")
    if not finite:
        number = next(i for i, value in enumerate(polygon) if not math.isfinite(value))
        raise GeometryError(f"{place}: expected finite numbers, found {polygon[number]} at {number}")
    if min(polygon) < -limit or max(polygon) > limit:
        number = next(i for i, value in enumerate(polygon) if abs(value) > limit)
        raise GeometryError(
            f"{place}: expected coordinates within {limit} pixels, found {polygon[number]:g} at {number}"
        )
