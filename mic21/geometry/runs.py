"""Runs of a flattened mask, as the sorted positions where it flips between background and object.

The number of flips is even: an object that reaches the last pixel is closed by a flip at the length of the mask. Work
on flips costs time by the length of the boundary and not by the number of pixels, and the exclusive or of two masks is
the exclusive or of their flips.
"""

import numpy as np
import numpy.typing as npt

from mic21.errors import GeometryError

Integers = npt.NDArray[np.int64]

_LONGEST = 7  # characters of five bits that a 32-bit number takes


def decompress_counts(compressed: bytes) -> Integers:
    """The run lengths in COCO's compressed `counts`, as written, in column-major order.

    A character holds five bits, lowest first, and whether more follow; the highest of the last gives the sign. From the
    fourth number on, a number is the difference to the last but one. Source: `rleFrString` of pycocotools, which reads
    past the end of bad input.

    Raises:
        GeometryError: a character that COCO does not use, or a last number without its end.

    >>> decompress_counts(b"6370").tolist()
    [6, 3, 7, 3]
    """
    if not compressed:
        raise GeometryError("counts: expected run lengths, found nothing")
    sextets = np.frombuffer(compressed, np.uint8).astype(np.int64) - 48
    if sextets.min() < 0 or sextets.max() > 63:
        place = int(np.flatnonzero((sextets < 0) | (sextets > 63))[0])
        raise GeometryError(f"counts: expected characters from '0' to 'o', found {chr(compressed[place])!r} at {place}")
    ends = np.flatnonzero(sextets < 32) + 1
    if not ends.size or ends[-1] != sextets.size:
        raise GeometryError("counts: the last number is cut off")
    starts = np.concatenate(([0], ends[:-1]))
    sizes = ends - starts
    if sizes.max() > _LONGEST:
        raise GeometryError(f"counts: expected at most {_LONGEST} characters a number, found {sizes.max()}")
    shifts = 5 * (np.arange(sextets.size) - np.repeat(starts, sizes))
    numbers = np.add.reduceat((sextets & 31) << shifts, starts)
    numbers -= ((sextets[ends - 1] & 16) > 0).astype(np.int64) << (5 * sizes)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def check_counts(counts: Integers, height: int, width: int) -> None:
    """Checks that run lengths cover the image.

    Raises:
        GeometryError: a negative length, or a sum other than `height * width`.

    >>> check_counts(np.array([2, 3]), 2, 2)
    Traceback (most recent call last):
    mic21.errors.GeometryError: counts: expected a sum of 4 (2 rows of 2 pixels), found 5
    """
    if counts.size and counts.min() < 0:
        place = int(np.flatnonzero(counts < 0)[0])
        raise GeometryError(f"counts[{place}]: expected a length of 0 or more, found {counts[place]}")
    # A sum that could overflow has a term over the length already.
    total = int(counts.sum()) if counts.size and counts.max() <= height * width else sum(counts.tolist())
    if total != height * width:
        raise GeometryError(
            f"counts: expected a sum of {height * width} ({height} rows of {width} pixels), found {total}"
        )


def mask_to_flips(flat: npt.NDArray[np.bool_]) -> Integers:
    """The flips of a flattened mask.

    >>> mask_to_flips(np.array([True, False, True])).tolist()
    [0, 1, 2, 3]
    """
    inner = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    return np.concatenate(([0] if flat[0] else [], inner, [flat.size] if flat[-1] else [])).astype(np.int64)


def counts_to_flips(counts: Integers) -> Integers:
    """The flips of run lengths that start with background; runs of no length vanish.

    >>> counts_to_flips(np.array([1, 2, 0, 3, 4])).tolist()
    [1, 6]
    """
    flips = np.cumsum(counts)
    return cancel_pairs(flips[: flips.size // 2 * 2])


def flips_to_counts(flips: Integers, length: int) -> Integers:
    """The run lengths of a mask of `length` pixels; only the first can be 0.

    >>> flips_to_counts(np.array([0, 4]), 6).tolist()
    [0, 4, 2]
    """
    tail = [] if flips.size and flips[-1] == length else [length]
    return np.diff(np.concatenate(([0], flips, tail)).astype(np.int64))


def cancel_pairs(positions: Integers) -> Integers:
    """The positions that occur an odd number of times, once each; the input is sorted.

    >>> cancel_pairs(np.array([1, 3, 3, 5, 5, 5])).tolist()
    [1, 5]
    """
    if positions.size < 2 or (positions[1:] != positions[:-1]).all():
        return positions
    distinct, times = np.unique(positions, return_counts=True)
    odd: Integers = distinct[times % 2 == 1]
    return odd


def transpose_flips(flips: Integers, stride: int, lines: int) -> Integers:
    """The flips of the transposed mask: from column-major (`stride` the height) to row-major, or back.

    Args:
        flips: of `lines` lines, each of `stride` pixels.

    >>> transpose_flips(np.array([1, 2, 3, 4]), 2, 2).tolist()  # the lower row of a 2 by 2 mask
    [2, 4]
    """
    # Where a line differs from the one before, the transposed mask flips.
    differs = np.setxor1d(flips, flips + stride, assume_unique=True)
    starts, lengths = differs[::2], np.diff(differs)[::2]
    offsets = np.cumsum(lengths) - lengths
    positions = np.repeat(starts - offsets, lengths) + np.arange(lengths.sum())
    line, place = np.divmod(positions, stride)
    # The end of one transposed line and the start of the next are one position: there an object goes on.
    return cancel_pairs(np.sort(place * lines + line))
