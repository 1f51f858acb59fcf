"""Outlines of a mask along the edges of its pixels, with holes, for display and for people to edit.

The pixels inside an outline and outside its holes are the mask again, exactly. Corners are integers: pixel (x, y) lies
between x and x + 1, y and y + 1. Parts are 4-connected: pixels that touch at a corner only are two parts, and a hole
may touch another, or the outside, at a corner.

Corners are numbered `x * (height + 1) + y` here, so that a column's last corner is not the next column's first.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from mic21.geometry.rle import Rle, rle_to_flips
from mic21.geometry.runs import Integers

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Outline:
    """One 4-connected part of a mask.

    Attributes:
        exterior: corners (x, y), clockwise on the screen, the first not repeated.
        holes: corners of each hole, counter-clockwise.
    """

    exterior: list[Point]
    holes: list[list[Point]]


def outlines(rle: Rle) -> list[Outline]:
    """The outline of each 4-connected part, the part with the most pixels first.

    >>> from mic21.geometry import counts_to_rle
    >>> outlines(counts_to_rle([0, 4, 1, 4], 3, 3))
    [Outline(exterior=[(0, 3), (0, 0), (3, 0), (3, 3)], holes=[[(1, 1), (1, 2), (2, 2), (2, 1)]])]
    """
    flips = _column_flips(rle)
    if not flips.size:
        return []
    edges = _trace(flips, rle)
    order, starts = _rings(edges.following)
    corners = np.stack([edges.tails[order], edges.heads[order]], axis=1)
    points = _points(corners, starts, rle.height + 1)
    # Green's theorem, with the vertical edges only; a hole goes round the other way and has a negative area.
    areas = np.add.reduceat(corners[:, 0] // (rle.height + 1) * (corners[:, 1] - corners[:, 0]), starts).tolist()

    pixels: dict[int, int] = {}
    holes: dict[int, list[list[Point]]] = {}
    for ring, exterior in enumerate(_exteriors(flips, edges, order, starts, rle)):
        pixels[exterior] = pixels.get(exterior, 0) + areas[ring]
        holes.setdefault(exterior, [])
        if ring != exterior:
            holes[exterior].append(points[ring])
    largest_first = sorted(holes, key=lambda exterior: (-pixels[exterior], exterior))
    return [Outline(points[exterior], holes[exterior]) for exterior in largest_first]


def largest_outline(rle: Rle) -> Outline | None:
    """The outline of the part with the most pixels; None where the mask is empty.

    >>> from mic21.geometry import counts_to_rle
    >>> largest_outline(counts_to_rle([0, 1, 3, 2], 2, 3))
    Outline(exterior=[(2, 2), (2, 0), (3, 0), (3, 2)], holes=[])
    """
    return next(iter(outlines(rle)), None)


@dataclass(frozen=True, slots=True)
class _Edges:
    """The boundary's vertical edges, directed so that the object is on their right, and how it goes on from each.

    Attributes:
        tails: the corner where each edge starts.
        heads: the corner where it ends.
        following: the next vertical edge of the same ring.
        horizontals: the left corners of the horizontal edges, numbered `y * (width + 1) + x`, in order.
        beside: for each horizontal edge, a vertical edge that it touches on its ring.
    """

    tails: Integers
    heads: Integers
    following: Integers
    horizontals: Integers
    beside: Integers


def _column_flips(rle: Rle) -> Integers:
    """The corners where each column turns to object (even indices) and back (odd), a run over columns cut in pieces."""
    flips = rle_to_flips(rle)
    starts, ends = flips[::2], flips[1::2]
    first, last = starts // rle.height, (ends - 1) // rle.height
    pieces = last - first + 1
    after = np.cumsum(pieces)
    columns = np.repeat(first - (after - pieces), pieces) + np.arange(pieces.sum())
    rows = np.zeros((columns.size, 2), np.int64)
    rows[:, 1] = rle.height
    rows[after - pieces, 0] = starts - first * rle.height
    rows[after - 1, 1] = ends - last * rle.height
    return (columns[:, None] * (rle.height + 1) + rows).ravel()


def _trace(flips: Integers, rle: Rle) -> _Edges:
    stride = rle.height + 1
    right, left = flips, flips + stride  # the flips of the columns right and left of each corner
    shared, at_right, at_left = np.intersect1d(right, left, assume_unique=True, return_indices=True)
    # Two pixels that touch at a corner only: the boundary passes twice, and each time stays with one pixel.
    is_crossing = (at_right + at_left) % 2 == 1
    crossings = shared[is_crossing]
    rises = at_right[is_crossing] % 2 == 1  # the two pixels are the lower left and the upper right one

    corners = np.concatenate([np.setxor1d(right, left, assume_unique=True), crossings, crossings])
    turned = np.concatenate([np.zeros(corners.size - 2 * crossings.size, bool), rises, rises])
    by_column = np.argsort(corners, kind="stable")
    corners, turned = corners[by_column], turned[by_column]

    # Pairs in the order of columns are the vertical edges, pairs in the order of rows the horizontal ones. At a
    # crossing the end of the upper edge comes first, and its pixel has the horizontal edge to the left, or, where the
    # pixels rise, to the right.
    index = np.arange(corners.size)
    row_numbers = corners % stride * (rle.width + 1) + corners // stride
    by_row = np.lexsort((np.where(turned, -index, index), row_numbers))
    partner = np.empty_like(index)
    partner[by_row[::2]], partner[by_row[1::2]] = by_row[1::2], by_row[::2]

    upward = np.searchsorted(right, corners[::2], side="right") % 2  # 1 where the pixel on the right is the object's
    heads = index[::2] + 1 - upward
    return _Edges(
        tails=corners[index[::2] + upward],
        heads=corners[heads],
        following=partner[heads] // 2,
        horizontals=row_numbers[by_row[::2]],
        beside=by_row[::2] // 2,
    )


def _rings(following: Integers) -> tuple[Integers, Integers]:
    """The edges ring by ring, and where each ring starts in them."""
    successor = following.tolist()
    seen = bytearray(len(successor))
    order: list[int] = []
    starts: list[int] = []
    for start in range(len(successor)):
        if seen[start]:
            continue
        starts.append(len(order))
        edge = start
        while not seen[edge]:
            seen[edge] = 1
            order.append(edge)
            edge = successor[edge]
    return np.array(order), np.array(starts)


def _points(corners: Integers, starts: Integers, stride: int) -> list[list[Point]]:
    """The corners (x, y) of each ring; `corners` holds tail and head of each of its edges."""
    x, y = np.divmod(corners.ravel(), stride)
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    bounds = [*(2 * starts).tolist(), len(points)]
    return [points[start:end] for start, end in itertools.pairwise(bounds)]


def _exteriors(flips: Integers, edges: _Edges, order: Integers, starts: Integers, rle: Rle) -> list[int]:
    """For each ring, the exterior of its part: for an exterior, itself."""
    ring_of = np.empty_like(order)
    ring_of[order] = np.repeat(np.arange(starts.size), np.diff(np.append(starts, order.size)))
    # From the top left corner of a ring a horizontal edge goes right: an exterior has its object below that edge, a
    # hole above it. There the run of object pixels leads up to another ring of the part: its exterior, or a hole that
    # starts further up.
    x, tail_y = np.divmod(edges.tails[order], rle.height + 1)
    upper = np.minimum(tail_y, edges.heads[order] % (rle.height + 1))
    top_y, top_x = np.divmod(np.minimum.reduceat(upper * (rle.width + 1) + x, starts), rle.width + 1)
    flip = np.searchsorted(flips, top_x * (rle.height + 1) + top_y)
    holes = np.flatnonzero(flip % 2)
    holes = holes[np.argsort(top_y[holes], kind="stable")]
    run_y = flips[flip[holes] - 1] % (rle.height + 1)
    edge = np.searchsorted(edges.horizontals, run_y * (rle.width + 1) + top_x[holes], side="right") - 1
    exterior = list(range(starts.size))
    for hole, above in zip(holes.tolist(), ring_of[edges.beside[edge]].tolist(), strict=True):
        exterior[hole] = exterior[above]
    return exterior
