"""Feature maps averaged over cells of a grid and under masks, by how much of each place they cover."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from mic21.captioner.encoders import Encoded, Floats, Mask


def pool(features: Floats, masks: Sequence[Mask], side: int) -> Encoded:
    """Grid and object features of one map.

    Args:
        features: channels×h×w over the whole photograph.
        masks: of any size, each over the whole photograph.
        side: cells along each side of the grid.

    >>> features = np.arange(4, dtype=np.float32).reshape(1, 2, 2)
    >>> mask = np.zeros((4, 4), np.uint8)
    >>> mask[2:, 2:] = 255
    >>> encoded = pool(features, [mask], side=1)
    >>> encoded.grid.tolist(), encoded.objects.tolist()
    ([[1.5]], [[3.0]])
    """
    return Encoded(grid_features(features, side), mask_features(features, masks))


def grid_features(features: Floats, side: int) -> Floats:
    """The mean of a map, channels×h×w, in each of side×side cells of the same size, as cells×channels.

    A place of the map that lies in two cells counts for each by its share.
    """
    _, height, width = features.shape
    rows, columns = _shares(height, side), _shares(width, side)
    cells = np.einsum("ih,chw,jw->ijc", rows, features, columns, optimize=True)
    return np.ascontiguousarray(cells.reshape(side * side, -1), np.float32)


def mask_features(features: Floats, masks: Sequence[Mask]) -> Floats:
    """The mean of a map, channels×h×w, under each mask, as masks×channels; zero under a mask without a pixel."""
    channels, height, width = features.shape
    if not masks:
        return np.zeros((0, channels), np.float32)
    shares = np.stack([_coverage(mask, height, width).reshape(-1) for mask in masks])
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return np.asarray(shares @ features.reshape(channels, -1).T, np.float32)


def mask_boxes(masks: Sequence[Mask]) -> list[tuple[float, float, float, float]]:
    """The box of each mask as x, y, right, low in pixels; the whole image for a mask without a pixel.

    >>> mask_boxes([np.array([[0, 0, 0], [0, 255, 255]], np.uint8)])
    [(1.0, 1.0, 3.0, 2.0)]
    """
    boxes = []
    for mask in masks:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows):
            boxes.append((float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)))
        else:
            boxes.append((0.0, 0.0, float(mask.shape[1]), float(mask.shape[0])))
    return boxes


def _coverage(mask: Mask, height: int, width: int) -> Floats:
    # In floating point, so that an object of one pixel in a large photograph does not round to nothing.
    return np.asarray(Image.fromarray(mask.astype(np.float32)).resize((width, height), Image.Resampling.BOX))


def _shares(length: int, cells: int) -> Floats:
    """cells×length: which share of each cell's mean each place has; the rows sum to 1."""
    ends = np.arange(cells + 1) * (length / cells)
    places = np.arange(length)
    overlap = np.minimum(ends[1:, None], places + 1) - np.maximum(ends[:-1, None], places)
    shares = np.clip(overlap, 0, None)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)
