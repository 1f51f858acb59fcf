"""What trained instance segmenters have in common: scaling, and soft masks that become regions."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from mic21.drafts.naming import Naming
from mic21.drafts.segmenters import Region
from mic21.geometry import mask_to_rle

Pixels = npt.NDArray[np.uint8]


def scaled(image: Pixels, longest: int) -> Tensor:
    """An image as a tensor 3×h×w of 0 to 1, made smaller where its longer side is above `longest`.

    Models scale what they get to some 1,300 pixels; masks of a photograph of 12 megapixels would take 48 MB each.
    """
    tensor = torch.tensor(image).permute(2, 0, 1).float() / 255
    scale = longest / max(image.shape[:2])
    if scale >= 1:
        return tensor
    size = [max(1, round(length * scale)) for length in image.shape[:2]]
    return interpolate(tensor[None], size=size, mode="bilinear", antialias=True, align_corners=False)[0].clamp(0, 1)


def to_regions(
    naming: Naming,
    subdomain: str | None,
    shape: tuple[int, int],
    labels: Sequence[str],
    scores: Sequence[float],
    masks: Tensor,
) -> list[Region]:
    """Regions of an image out of a model's soft masks, best first; masks without a pixel above half are left out.

    Args:
        naming: says what the labels mean.
        subdomain: theme of the image.
        shape: height and width of the image.
        labels: the model's, one a mask.
        scores: 0 to 1.
        masks: n×h×w of 0 to 1 over the whole image, of any size.
    """
    found = []
    for index in sorted(range(len(labels)), key=lambda index: -scores[index]):
        soft = masks[index].float()
        if tuple(soft.shape) != shape:
            soft = interpolate(soft[None, None], size=shape, mode="bilinear", align_corners=False)[0, 0]
        mask = (soft > 0.5).cpu().numpy()
        if mask.any():
            category_id = naming.category_id(labels[index], subdomain)
            found.append(Region(category_id, mask_to_rle(mask), round(min(1.0, scores[index]), 4), labels[index]))
    return found
