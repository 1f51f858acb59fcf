"""Measures and set operations of masks, as pycocotools computes them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from mic21.errors import GeometryError
from mic21.geometry.boxes import Box
from mic21.geometry.rle import Rle, to_pycocotools, trusted_rle


def area(rle: Rle) -> int:
    """The number of pixels of the object.

    >>> area(Rle(4, 4, b"637"))
    3
    """
    return int(coco.area(to_pycocotools(rle)))


def is_empty(rle: Rle) -> bool:
    """Whether the object has no pixel.

    >>> is_empty(Rle(4, 4, b"637"))
    False
    """
    return area(rle) == 0


def bbox(rle: Rle) -> Box:
    """The smallest box around the object, COCO xywh in pixels; an empty mask has four zeros.

    >>> bbox(Rle(4, 4, b"637"))
    (1.0, 0.0, 2.0, 4.0)
    """
    x, y, width, height = coco.toBbox(to_pycocotools(rle)).tolist()
    return x, y, width, height


def iou(a: Sequence[Rle], b: Sequence[Rle], *, iscrowd: Sequence[bool] | None = None) -> npt.NDArray[np.float64]:
    """Intersection over union of each mask of `a` with each of `b`, len(a) × len(b); two empty masks have 0.

    Args:
        a: detections, where one of the two is.
        b: ground truth.
        iscrowd: for each of `b`, whether it is a crowd, of which any part may match: intersection over the area of `a`.

    Raises:
        GeometryError: masks of different images, or not one `iscrowd` for each of `b`.

    >>> iou([Rle(2, 3, b"222")], [Rle(2, 3, b"222"), Rle(2, 3, b"04" b"2")])
    array([[1. , 0.5]])
    """
    if iscrowd is not None and len(iscrowd) != len(b):
        raise GeometryError(f"iscrowd: expected {len(b)} values, one for each mask of b, found {len(iscrowd)}")
    if not a or not b:
        return np.zeros((len(a), len(b)))
    _check_same_size([*a, *b])
    crowd = [0] * len(b) if iscrowd is None else [int(value) for value in iscrowd]
    return np.asarray(coco.iou(list(map(to_pycocotools, a)), list(map(to_pycocotools, b)), crowd), dtype=np.float64)


def merge(rles: Sequence[Rle]) -> Rle:
    """The union of the masks.

    Raises:
        GeometryError: no mask, or masks of different images.

    >>> merge([Rle(2, 3, b"222"), Rle(2, 3, b"024")])
    Rle(height=2, width=3, counts=b'042')
    """
    return _combine(rles, intersect=False)


def intersection(rles: Sequence[Rle]) -> Rle:
    """The pixels that all the masks share.

    Raises:
        GeometryError: no mask, or masks of different images.

    >>> intersection([Rle(2, 3, b"222"), Rle(2, 3, b"042")])
    Rle(height=2, width=3, counts=b'222')
    """
    return _combine(rles, intersect=True)


def _combine(rles: Sequence[Rle], *, intersect: bool) -> Rle:
    if not rles:
        raise GeometryError("masks: expected at least one, found none")
    _check_same_size(rles)
    return trusted_rle(coco.merge([to_pycocotools(rle) for rle in rles], intersect))


def _check_same_size(rles: Sequence[Rle]) -> None:
    sizes = sorted({rle.size for rle in rles})
    if len(sizes) > 1:
        (height, width), (other_height, other_width) = sizes[:2]
        raise GeometryError(
            f"masks: expected one image size, found {height} × {width} and {other_height} × {other_width}"
        )
