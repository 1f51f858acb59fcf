"""COCO run-length encoding, the form in which mic21 holds a mask.

pycocotools crashes or reads foreign memory on malformed input, so an `Rle` is checked once, when it is made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from mic21.errors import GeometryError
from mic21.geometry.runs import (
    Integers,
    check_counts,
    counts_to_flips,
    decompress_counts,
    flips_to_counts,
    mask_to_flips,
    transpose_flips,
)

_MOST_PIXELS = 2**29 - 1  # from there on pycocotools writes compressed counts past its buffer


@dataclass(frozen=True, slots=True)
class Rle:
    """A mask as COCO's compressed run lengths; two are equal exactly when their masks are.

    Attributes:
        height: of the image, in pixels.
        width: of the image, in pixels.
        counts: compressed run lengths in column-major order, brought to the one form without superfluous runs.

    Raises:
        GeometryError: counts that are malformed or do not cover the image.

    >>> Rle(4, 4, b"637").to_coco()
    {'size': [4, 4], 'counts': '637'}
    >>> Rle(4, 5, b"637")
    Traceback (most recent call last):
    mic21.errors.GeometryError: counts: expected a sum of 20 (4 rows of 5 pixels), found 16
    """

    height: int
    width: int
    counts: bytes

    def __post_init__(self) -> None:
        check_size(self.height, self.width)
        counts = decompress_counts(self.counts)
        check_counts(counts, self.height, self.width)
        object.__setattr__(self, "counts", flips_to_rle(counts_to_flips(counts), self.height, self.width).counts)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.height, self.width

    def to_coco(self) -> dict[str, Any]:
        """The value of COCO's `segmentation`, ready for JSON."""
        return {"size": [self.height, self.width], "counts": self.counts.decode("ascii")}


def mask_to_rle(mask: npt.NDArray[Any]) -> Rle:
    """The run lengths of a mask.

    Args:
        mask: height × width, bool or integers; all but 0 is the object.

    Raises:
        GeometryError: another shape or type.

    >>> mask_to_rle(np.eye(3, dtype=bool))
    Rle(height=3, width=3, counts=b'013000')
    """
    if mask.ndim != 2 or mask.dtype.kind not in "biu":
        raise GeometryError(f"mask: expected two dimensions of bool or integers, found {mask.shape} of {mask.dtype}")
    height, width = mask.shape
    check_size(height, width)
    mask = mask.astype(bool, copy=False)
    if mask.flags.c_contiguous:
        # Turning the pixels to column-major order takes several times as long as turning a few flips.
        flips = mask_to_flips(mask.ravel())
        if flips.size * 100 < mask.size:
            return flips_to_rle(transpose_flips(flips, width, height), height, width)
    return trusted_rle(coco.encode(np.asfortranarray(mask).view(np.uint8)))


def rle_to_mask(rle: Rle) -> npt.NDArray[np.bool_]:
    """The mask, height × width, column-major in memory.

    >>> rle_to_mask(Rle(2, 3, b"222")).astype(int)
    array([[0, 1, 0],
           [0, 1, 0]])
    """
    mask: npt.NDArray[np.uint8] = coco.decode(to_pycocotools(rle))
    return mask.view(np.bool_)


def counts_to_rle(counts: Sequence[int], height: int, width: int) -> Rle:
    """The mask of COCO's uncompressed counts: lengths of runs in column-major order, background first.

    Raises:
        GeometryError: counts that are no integers, are negative, or do not cover the image.

    >>> counts_to_rle([2, 2, 2], 2, 3)
    Rle(height=2, width=3, counts=b'222')
    >>> counts_to_rle([2, 2, 2], 2, 2)
    Traceback (most recent call last):
    mic21.errors.GeometryError: counts: expected a sum of 4 (2 rows of 2 pixels), found 6
    """
    check_size(height, width)
    try:
        lengths = np.asarray(counts)
    except ValueError as error:  # lists inside
        raise GeometryError("counts: expected a list of integers") from error
    if lengths.ndim != 1 or not lengths.size or lengths.dtype.kind not in "iu":
        raise GeometryError(f"counts: expected a list of integers, found {lengths.shape} of {lengths.dtype}")
    if int(lengths.max()) > _MOST_PIXELS:
        raise GeometryError(f"counts: expected lengths of at most {height * width}, found {lengths.max()}")
    lengths = lengths.astype(np.int64)
    check_counts(lengths, height, width)
    return flips_to_rle(counts_to_flips(lengths), height, width)


def rle_to_counts(rle: Rle) -> list[int]:
    """COCO's uncompressed counts: lengths of runs in column-major order, background first; only the first can be 0.

    >>> rle_to_counts(Rle(2, 3, b"222"))
    [2, 2, 2]
    """
    counts: list[int] = decompress_counts(rle.counts).tolist()
    return counts


def rle_to_flips(rle: Rle) -> Integers:
    """The positions where the column-major mask flips; see `mic21.geometry.runs`.

    >>> rle_to_flips(Rle(2, 3, b"222")).tolist()
    [2, 4]
    """
    return counts_to_flips(decompress_counts(rle.counts))


def flips_to_rle(flips: Integers, height: int, width: int) -> Rle:
    """The mask that flips at these positions, column-major, each position once.

    >>> flips_to_rle(np.array([2, 4]), 2, 3)
    Rle(height=2, width=3, counts=b'222')
    """
    counts = flips_to_counts(flips, height * width)
    return trusted_rle(coco.frPyObjects({"size": [height, width], "counts": counts}, height, width))


def trusted_rle(encoded: Mapping[str, Any]) -> Rle:
    """The run lengths that pycocotools made, without the check and the rewriting that its own output does not need.

    >>> trusted_rle({"size": [2, 3], "counts": b"222"})
    Rle(height=2, width=3, counts=b'222')
    """
    height, width = encoded["size"]
    rle = object.__new__(Rle)
    for name, value in (("height", int(height)), ("width", int(width)), ("counts", encoded["counts"])):
        object.__setattr__(rle, name, value)
    return rle


def to_pycocotools(rle: Rle) -> dict[str, Any]:
    """The form that pycocotools works on.

    >>> to_pycocotools(Rle(2, 3, b"222"))
    {'size': [2, 3], 'counts': b'222'}
    """
    return {"size": [rle.height, rle.width], "counts": rle.counts}


def check_size(height: int, width: int) -> None:
    """Checks that an image has pixels, and no more than pycocotools can count.

    Raises:
        GeometryError: a side without pixels, or 2²⁹ pixels and more.

    >>> check_size(0, 5)
    Traceback (most recent call last):
    mic21.errors.GeometryError: image size: expected a height and width of 1 or more, found 0 and 5
    """
    if height < 1 or width < 1:
        raise GeometryError(f"image size: expected a height and width of 1 or more, found {height} and {width}")
    if height * width > _MOST_PIXELS:
        raise GeometryError(f"image size: expected at most {_MOST_PIXELS} pixels, found {height} × {width}")
