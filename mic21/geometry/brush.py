"""Label Studio's brush strokes: run lengths packed in bits, over the red, green, blue and alpha of each pixel.

The format is thi.ng's rle-pack. A head of 32 bits with the number of values, 5 with the bits of a value, less one, and
four times 4 with the bits of a length, less one. Then records: one bit, 1 for a run and 0 for single values; two that
choose one of the four sizes; a length, less one; then the value of the run, or as many values as the length says.

Label Studio reads the alpha of each pixel as the mask, and writes single values where a pixel's colours differ. We
write what `label_studio_sdk.converter.brush.mask2rle` writes, byte for byte, but from the runs and not from the pixels.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mic21.errors import GeometryError
from mic21.geometry.rle import Rle, check_size, flips_to_rle, rle_to_flips
from mic21.geometry.runs import Integers, cancel_pairs, flips_to_counts, transpose_flips

_CHANNELS = 4
_SIZES = np.array([3, 4, 8, 16])  # bits of a length, as everybody writes them
_HEAD_BITS = 32 + 5 + 4 * 4
_HEAD = 7 << 16 | 0x237F  # the head's last 21 bits: values of 8 bits, and _SIZES, all less one


def rle_to_brush(rle: Rle) -> list[int]:
    """The mask as Label Studio's `rle`: bytes, 255 in all four channels of the object's pixels and 0 elsewhere.

    >>> rle_to_brush(Rle(1, 3, b"111"))
    [0, 0, 0, 12, 57, 27, 252, 96, 17, 255, 198, 0]
    """
    pixels = rle.height * rle.width
    lengths = _CHANNELS * flips_to_counts(transpose_flips(rle_to_flips(rle), rle.height, rle.width), pixels)
    values = np.arange(lengths.size) % 2 * 255
    first = int(lengths[0] == 0)
    numbers, widths = _records(lengths[first:], values[first:])
    numbers = np.concatenate(([_CHANNELS * pixels, _HEAD], numbers))
    widths = np.concatenate(([32, _HEAD_BITS - 32], widths))
    packed: list[int] = _pack(numbers, widths).tolist()
    return packed


def brush_to_rle(brush: Sequence[int] | bytes, height: int, width: int) -> Rle:
    """The mask of Label Studio's `rle`: the pixels whose alpha is not 0. What follows the last pixel is not read.

    Raises:
        GeometryError: values that are no bytes, other values than 8 bits, a number of values other than four for each
            pixel of the image, or records that end early or run past the last pixel.

    >>> brush_to_rle([0, 0, 0, 12, 57, 27, 252, 96, 17, 255, 198, 0], 1, 3)
    Rle(height=1, width=3, counts=b'111')
    >>> brush_to_rle([0, 0, 0, 12, 57, 27, 252, 96, 17], 1, 3)
    Traceback (most recent call last):
    mic21.errors.GeometryError: brush: ends after 4 of 12 values
    """
    check_size(height, width)
    data = _to_bytes(brush)
    sizes = _read_head(data, _CHANNELS * height * width)
    rows = np.array(_read_flips(data, sizes, _CHANNELS * height * width), dtype=np.int64)
    return flips_to_rle(transpose_flips(cancel_pairs(rows), width, height), height, width)


def _records(lengths: Integers, values: Integers) -> tuple[Integers, Integers]:
    """The number and the width in bits of each record; runs past 65,536 values take several of the largest size."""
    longest = 2 ** int(_SIZES[-1])
    # The size is chosen by the whole run: the rest of a long one stays in the largest size, however short.
    kinds = np.searchsorted(2 ** _SIZES[:-1], lengths)
    pieces = -(-lengths // longest)
    rests = lengths - (pieces - 1) * longest
    lengths = np.full(pieces.sum(), longest)
    lengths[np.cumsum(pieces) - 1] = rests
    kinds, values = np.repeat(kinds, pieces), np.repeat(values, pieces)
    sizes = _SIZES[kinds]
    return (((4 | kinds) << sizes | lengths - 1) << 8) | values, 1 + 2 + sizes + 8


def _pack(numbers: Integers, widths: Integers) -> npt.NDArray[np.uint8]:
    """The lowest `widths` bits of each number, one after the other, filled up with 1 to 8 zero bits."""
    bits = np.unpackbits((numbers << 32 - widths).astype(">u4").view(np.uint8)).reshape(-1, 32)
    packed = np.packbits(bits[np.arange(32) < widths[:, None]])
    return packed if widths.sum() % 8 else np.pad(packed, (0, 1))


def _to_bytes(brush: Sequence[int] | bytes) -> bytes:
    try:
        return bytes(brush) if isinstance(brush, bytes) else bytes(list(brush))
    except (TypeError, ValueError) as error:
        raise GeometryError(f"brush: expected integers from 0 to 255, found others ({error})") from error


def _read_head(data: bytes, expected: int) -> list[int]:
    """The four sizes in bits of a length, after a check of the rest of the head."""
    if len(data) * 8 < _HEAD_BITS:
        raise GeometryError(f"brush: expected at least 7 bytes, found {len(data)}")
    head = int.from_bytes(data[:7], "big") >> 7 * 8 - _HEAD_BITS
    values, bits = head >> 21, (head >> 16 & 31) + 1
    if bits != 8:
        raise GeometryError(f"brush: expected values of 8 bits, found {bits}")
    if values != expected:
        raise GeometryError(f"brush: expected {expected} values, four for each pixel of the image, found {values}")
    return [(head >> shift & 15) + 1 for shift in (12, 8, 4, 0)]


def _read_flips(data: bytes, sizes: list[int], total: int) -> list[int]:
    """The pixels, row-major, where the alpha turns to or from 0; where two pieces meet, that pixel stands twice."""
    flips: list[int] = []
    end = len(data) * 8
    place, done = _HEAD_BITS, 0  # in bits, in values
    while done < total:
        byte, bit = place >> 3, place & 7
        window = int.from_bytes(data[byte : byte + 5].ljust(5, b"\0"), "big")  # 40 bits, of which one record takes 27
        size = sizes[window >> 37 - bit & 3]
        length = (window >> 37 - bit - size & (1 << size) - 1) + 1
        is_run = window >> 39 - bit & 1
        place += 3 + size
        until = done + length
        first, last = done >> 2, until >> 2  # the pixels whose alpha, the fourth of four values, lies in this piece
        if place + (8 if is_run else 8 * length) > end:
            raise GeometryError(f"brush: ends after {done} of {total} values")
        if is_run:
            place += 8
            if window >> 29 - bit - size & 255 and first < last:
                flips += (first, last)
        else:
            alpha = _read_bytes(data, place, length)[3 - (done & 3) :: 4]
            place += 8 * length
            flips += _alpha_flips(alpha, first)
        done = until
    if done > total:
        raise GeometryError(f"brush: expected {total} values, found {done} or more")
    return flips


def _read_bytes(data: bytes, place: int, length: int) -> bytes:
    """The bytes that start at a bit."""
    byte, bit = place >> 3, place & 7
    if not bit:
        return data[byte : byte + length]
    window = int.from_bytes(data[byte : byte + length + 1], "big") >> 8 - bit
    return (window & (1 << 8 * length) - 1).to_bytes(length, "big")


def _alpha_flips(alpha: bytes, first: int) -> list[int]:
    empty = alpha.count(0)
    if empty == len(alpha):
        return []
    if not empty:
        return [first, first + len(alpha)]
    edges = np.diff(np.frombuffer(alpha, np.uint8) > 0, prepend=False, append=False)
    flips: list[int] = (np.flatnonzero(edges) + first).tolist()
    return flips
