"""The value of COCO's `segmentation`: polygons, or run lengths compressed or not."""

from collections.abc import Mapping, Sequence
from typing import Any

from mic21.errors import GeometryError
from mic21.geometry.polygons import polygons_to_rle
from mic21.geometry.rle import Rle, counts_to_rle


def segmentation_to_rle(segmentation: Sequence[Sequence[float]] | Mapping[str, Any], height: int, width: int) -> Rle:
    """The mask of a COCO segmentation in an image of `height` × `width` pixels.

    Args:
        segmentation: polygons, or `{"size": [height, width], "counts": …}` with counts as text, bytes or a list.
        height: of the image.
        width: of the image.

    Raises:
        GeometryError: it is malformed, or made for an image of another size.

    >>> segmentation_to_rle({"size": [2, 3], "counts": [2, 2, 2]}, 2, 3)
    Rle(height=2, width=3, counts=b'222')
    >>> segmentation_to_rle({"size": [2, 3], "counts": "222"}, 3, 2)
    Traceback (most recent call last):
    mic21.errors.GeometryError: size: expected [3, 2], as the image has, found [2, 3]
    """
    if isinstance(segmentation, Mapping):
        return _encoded_to_rle(segmentation, height, width)
    if not isinstance(segmentation, list | tuple):
        raise GeometryError(f"expected polygons or run lengths, found {type(segmentation).__name__}")
    if any(isinstance(polygon, int | float) for polygon in segmentation):
        raise GeometryError("expected a list of polygons, found a list of numbers; put it in a list of its own")
    return polygons_to_rle(segmentation, height, width)


def _encoded_to_rle(encoded: Mapping[str, Any], height: int, width: int) -> Rle:
    missing = {"size", "counts"} - encoded.keys()
    if missing:
        raise GeometryError(f"run lengths: expected size and counts, found no {' and no '.join(sorted(missing))}")
    size, counts = encoded["size"], encoded["counts"]
    if not isinstance(size, list | tuple) or list(size) != [height, width]:
        raise GeometryError(f"size: expected {[height, width]}, as the image has, found {size}")
    if isinstance(counts, bytes):
        return Rle(height, width, counts)
    if isinstance(counts, str):
        return Rle(height, width, _to_ascii(counts))
    if isinstance(counts, list | tuple):
        return counts_to_rle(counts, height, width)
    raise GeometryError(f"counts: expected text, bytes or a list, found {type(counts).__name__}")


def _to_ascii(counts: str) -> bytes:
    try:
        return counts.encode("ascii")
    except UnicodeEncodeError as error:
        found = counts[error.start]
        raise GeometryError(f"counts: expected characters from '0' to 'o', found {found!r} at {error.start}") from error
