"""From the predictions of YOLACT to objects: prior boxes, Fast NMS, and masks put together from prototypes."""

from dataclasses import dataclass
from math import ceil, sqrt

import torch
from torch import Tensor

from mic21.drafts.segmenters.yolact.configurations import Configuration

ASPECT_RATIOS = (1, 1 / 2, 2)
_CONFIDENT = 0.05  # a box counts if some class has a score above
_CANDIDATES = 200  # boxes of each class that Fast NMS looks at
_MAX_OVERLAP = 0.5
_MAX_DETECTIONS = 100
_VARIANCES = (0.1, 0.2)  # what offsets of centres and of sizes are scaled by, as in SSD


@dataclass(frozen=True, slots=True)
class Detections:
    """N objects in an image, best first.

    Attributes:
        classes: n indexes.
        scores: n of 0 to 1.
        boxes: n×4, left, top, right, bottom as fractions of the image.
        coefficients: n×k, of each prototype in the mask.
    """

    classes: Tensor
    scores: Tensor
    boxes: Tensor
    coefficients: Tensor


def make_priors(configuration: Configuration) -> Tensor:
    """The prior boxes, p×4 of centre x, centre y, width and height as fractions of the image.

    Levels come from fine to coarse, places row by row, and at a place the sides one after the other, each with all
    aspect ratios (width to height).

    >>> from mic21.drafts.segmenters.yolact.configurations import CONFIGURATIONS
    >>> make_priors(CONFIGURATIONS["yolact_base"]).shape
    torch.Size([19248, 4])
    """
    levels = []
    places = ceil(configuration.image_size / 8)
    for sides in configuration.sides:
        middles = (torch.arange(places, dtype=torch.float64) + 0.5) / places
        y, x = torch.meshgrid(middles, middles, indexing="ij")
        centres = torch.stack((x, y), dim=-1).view(-1, 1, 2)
        sizes = torch.tensor(
            [_size(side, ratio, configuration.square) for side in sides for ratio in ASPECT_RATIOS], dtype=torch.float64
        )
        sizes = (sizes / configuration.image_size).expand(len(centres), -1, 2)
        levels.append(torch.cat((centres.expand_as(sizes), sizes), dim=-1).view(-1, 4))
        places = ceil(places / 2)
    return torch.cat(levels).float()


def _size(side: float, ratio: float, square: bool) -> tuple[float, float]:
    width = side * sqrt(ratio)
    return width, width if square else side / sqrt(ratio)


def decode(offsets: Tensor, priors: Tensor) -> Tensor:
    """The boxes, …×4 of left, top, right and bottom, that lie at these offsets from prior boxes."""
    centres = priors[..., :2] + offsets[..., :2] * _VARIANCES[0] * priors[..., 2:]
    sizes = priors[..., 2:] * torch.exp(offsets[..., 2:] * _VARIANCES[1])
    corners = centres - sizes / 2
    return torch.cat((corners, corners + sizes), dim=-1)


def detect(
    priors: Tensor, offsets: Tensor, scores: Tensor, coefficients: Tensor, *, min_score: float = 0.0
) -> Detections:
    """The objects of one image.

    Args:
        priors: p×4 as of `make_priors`.
        offsets: p×4.
        scores: p×(c+1), the first of no object.
        coefficients: p×k.
        min_score: only objects above; it only makes this faster.
    """
    kept = scores[:, 1:].amax(1) > max(min_score, _CONFIDENT)
    boxes = decode(offsets[kept], priors[kept])
    candidates = scores[kept, 1:].T
    classes, index = fast_nms(boxes, candidates, min_score=min_score)
    return Detections(classes, candidates[classes, index], boxes[index], coefficients[kept][index])


def fast_nms(boxes: Tensor, scores: Tensor, *, min_score: float = 0.0) -> tuple[Tensor, Tensor]:
    """The boxes that no better one of the same class overlaps much, whether that one is kept itself or not.

    This is YOLACT's Fast NMS (Bolya et al. 2019); ordinary NMS lets only boxes that are kept suppress others. As only
    better boxes suppress one, those not above `min_score` can be left out beforehand.

    Args:
        boxes: m×4, left, top, right, bottom.
        scores: c×m.
        min_score: only boxes above.

    Returns:
        Classes and indexes of boxes, n of each, best first.
    """
    count = min(_CANDIDATES, int((scores > min_score).sum(1).max()))
    best, index = scores.topk(count, dim=1)
    overlaps = _overlaps(boxes[index]).triu(1)  # c×count×count, of the better with the worse
    kept = (overlaps <= _MAX_OVERLAP).all(1) & (best > min_score)
    order = best[kept].argsort(descending=True)[:_MAX_DETECTIONS]
    return kept.nonzero()[order, 0], index[kept][order]


def _overlaps(boxes: Tensor) -> Tensor:
    """The IoU of each with each, …×n×n of …×n×4."""
    one, other = boxes[..., :, None, :], boxes[..., None, :, :]
    shared = (torch.minimum(one[..., 2:], other[..., 2:]) - torch.maximum(one[..., :2], other[..., :2])).clamp(min=0)
    intersection = shared.prod(-1)
    area = (boxes[..., 2:] - boxes[..., :2]).prod(-1)
    overlaps: Tensor = intersection / (area[..., :, None] + area[..., None, :] - intersection)
    return overlaps


def assemble(prototypes: Tensor, coefficients: Tensor, boxes: Tensor) -> Tensor:
    """Soft masks n×h×w: the sigmoid of each object's sum of prototypes, nought outside its box.

    Args:
        prototypes: k×h×w.
        coefficients: n×k.
        boxes: n×4, as fractions of the image; a pixel of the prototypes is added around.
    """
    height, width = prototypes.shape[-2:]
    masks = (coefficients @ prototypes.flatten(1)).sigmoid().view(-1, height, width)
    left, top, right, bottom = (boxes * boxes.new_tensor([width, height, width, height])).T[:, :, None]
    x, y = torch.arange(width, device=boxes.device), torch.arange(height, device=boxes.device)
    columns = (x >= left - 1) & (x < right + 1)
    rows = (y >= top - 1) & (y < bottom + 1)
    inside: Tensor = rows[:, :, None] & columns[:, None, :]
    return masks * inside
