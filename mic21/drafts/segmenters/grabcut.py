"""From rough evidence to tidy masks: GrabCut, one mask an object.

GrabCut (Rother, Kolmogorov and Blake, SIGGRAPH 2004) learns the colours of an object and of what is around it, and cuts
where they part. Each cut works on a window around the evidence, scaled to one size, so that a small object gets as many
pixels as a large one and no image takes longer than another.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CutSettings:
    """How evidence, 0 to 1, becomes a mask.

    Attributes:
        object_from: evidence from which a pixel is taken for the object.
        likely_from: evidence from which it is at first taken for the object, but may change sides.
        possible_from: evidence below which it is taken for background.
        side: pixels of the longer side of the window that is cut.
        iterations: rounds of learning the colours and cutting.
    """

    object_from: float = 0.7
    likely_from: float = 0.3
    possible_from: float = 0.05
    side: int = 144
    iterations: int = 1


def cut(image: npt.NDArray[np.uint8], evidence: Floats, settings: CutSettings) -> Mask:
    """The pixels of the object that the evidence points at; none where nothing is likely.

    Args:
        image: uint8 h×w×3.
        evidence: h×w, 0 to 1.
        settings: thresholds and effort.
    """
    result = np.zeros(evidence.shape, bool)
    if not (evidence >= settings.likely_from).any():
        return result
    rows, columns = _window(evidence >= settings.possible_from)
    inside = image[rows, columns]
    scale = min(1.0, settings.side / max(inside.shape[:2]))
    height, width = (max(1, round(length * scale)) for length in inside.shape[:2])
    small = np.asarray(cv2.resize(inside, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    shrunk = cv2.resize(evidence[rows, columns], (width, height), interpolation=cv2.INTER_AREA)
    found = _grabcut(small, np.asarray(shrunk, np.float32), settings)
    size = (inside.shape[1], inside.shape[0])
    result[rows, columns] = smooth(cv2.resize(found.astype(np.float32), size, interpolation=cv2.INTER_CUBIC), 1.5)
    return result


def objects(mask: Mask, evidence: Floats, *, limit: int, likely_from: float, relative_size: float = 0.15) -> list[Mask]:
    """The objects in a mask, largest first: its connected parts, without specks and pinholes.

    Args:
        mask: h×w.
        evidence: h×w; a part that holds none from `likely_from` on is left out.
        limit: how many at most.
        likely_from: see `CutSettings`.
        relative_size: a part smaller than this, beside the largest, is left out; so is one below 0.2 % of the image.
    """
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA]
    least = max(relative_size * max(areas[1:], default=0), 0.002 * mask.size)
    order = [part for part in sorted(range(1, count), key=lambda part: (-areas[part], part)) if areas[part] >= least]
    found = (parts == part for part in order)
    return [_without_pinholes(part) for part in found if evidence[part].max() >= likely_from][:limit]


def smooth(soft: npt.NDArray[Any], sigma: float) -> Mask:
    """A mask with a smooth outline, from one with steps or soft edges, 0 to 1."""
    result: Mask = cv2.GaussianBlur(soft, (0, 0), sigma) > 0.5
    return result


def overlap(a: Mask, b: Mask) -> float:
    """Intersection over union of two masks; 0 if both are empty.

    >>> overlap(np.array([[True, True]]), np.array([[True, False]]))
    0.5
    """
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else 0.0


def frame_share(mask: Mask) -> float:
    """The share of the image's four sides that a mask runs along; what takes up much of them is seldom an object.

    >>> frame_share(np.array([[True, True], [False, False]]))
    0.5
    """
    return float(np.mean([mask[0].mean(), mask[-1].mean(), mask[:, 0].mean(), mask[:, -1].mean()]))


def _window(possible: Mask) -> tuple[slice, slice]:
    """The box of what is possible, with a margin that shows GrabCut some background."""
    slices = []
    for axis in (1, 0):
        places = np.flatnonzero(possible.any(axis=axis))
        margin = max(8, int(0.15 * (places[-1] - places[0] + 1)))
        slices.append(slice(max(0, int(places[0]) - margin), int(places[-1]) + 1 + margin))
    return slices[0], slices[1]


def _grabcut(image: npt.NDArray[np.uint8], evidence: Floats, settings: CutSettings) -> Mask:
    sides = np.full(evidence.shape, cv2.GC_PR_BGD, np.uint8)
    sides[evidence >= settings.likely_from] = cv2.GC_PR_FGD
    sides[evidence >= settings.object_from] = cv2.GC_FGD
    sides[evidence < settings.possible_from] = cv2.GC_BGD
    likely = _is_object(sides)
    if likely.all() or not likely.any():  # GrabCut needs colours of both sides
        return likely
    cv2.setRNGSeed(0)  # its first guess of the colours is random
    unused = np.zeros((1, 65))
    whole = (0, 0, image.shape[1], image.shape[0])  # not read when it starts from a mask
    cv2.grabCut(image, sides, whole, unused, unused.copy(), settings.iterations, cv2.GC_INIT_WITH_MASK)
    return _is_object(sides)


def _is_object(sides: npt.NDArray[np.uint8]) -> Mask:
    result: Mask = (sides == cv2.GC_FGD) | (sides == cv2.GC_PR_FGD)
    return result


def _without_pinholes(part: Mask) -> Mask:
    """An object with the holes filled that are below 10 % of it and 1 % of the image."""
    _, holes, stats, _ = cv2.connectedComponentsWithStats((~part).astype(np.uint8), connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA]
    small = (areas < 0.1 * np.count_nonzero(part)) & (areas < 0.01 * part.size)
    small[0] = False  # the part itself
    result: Mask = part | small[holes]
    return result
