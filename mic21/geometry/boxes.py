"""Boxes: COCO's `[x, y, width, height]` and corners `[left, top, right, bottom]`, in pixels."""

from collections.abc import Sequence

from mic21.errors import GeometryError

Box = tuple[float, float, float, float]


def xywh_to_xyxy(bbox: Sequence[float]) -> Box:
    """The corners of a COCO box.

    Raises:
        GeometryError: not four numbers.

    >>> xywh_to_xyxy((10, 20, 5, 2.5))
    (10, 20, 15, 22.5)
    """
    x, y, width, height = _four(bbox)
    return x, y, x + width, y + height


def xyxy_to_xywh(xyxy: Sequence[float]) -> Box:
    """The COCO box with these corners.

    Raises:
        GeometryError: not four numbers.

    >>> xyxy_to_xywh((10, 20, 15, 22.5))
    (10, 20, 5, 2.5)
    """
    left, top, right, bottom = _four(xyxy)
    return left, top, right - left, bottom - top


def _four(box: Sequence[float]) -> Sequence[float]:
    if len(box) != 4:
        raise GeometryError(f"box: expected 4 numbers, found {len(box)}")
    return box
