"""Segment Anything of Hugging Face transformers: masks of whatever lies under a grid of points, without names.

The grid, the filters and the suppression of doubles are those of transformers' own pipeline (Kirillov et al. 2023,
section "Automatic Mask Generation"). It keeps float masks of the whole image for each batch of points, so that images
are made smaller first: the model looks at 1,024 pixels, whatever it gets.
"""

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoModelForMaskGeneration, MaskGenerationPipeline

LABEL = "object"
MODELS = ("sam", "sam_hq", "sam2")
MIN_SCORE = 0.88  # of the published model
_LONGEST = 1024


class AutomaticMasks:
    """Finds everything in a picture."""

    def __init__(self, name: str, device: torch.device, min_score: float | None) -> None:
        """Load the model and its processor.

        Args:
            name: a name on the hub or a folder.
            device: where to run.
            min_score: least intersection over union that the model foretells of a mask; 0.88 by default.
        """
        self.min_score = MIN_SCORE if min_score is None else min_score
        self.model: Any = AutoModelForMaskGeneration.from_pretrained(name).eval()
        load: Any = AutoImageProcessor.from_pretrained
        pipeline: Any = MaskGenerationPipeline
        self._pipeline = pipeline(model=self.model, image_processor=load(name), device=device)

    def find(self, images: Sequence[Image.Image]) -> list[tuple[list[str], list[float], Tensor]]:
        """Labels, scores and n×h×w masks of each image; all labels are `object`."""
        return [self._find(image) for image in images]

    def _find(self, image: Image.Image) -> tuple[list[str], list[float], Tensor]:
        scale = _LONGEST / max(image.size)
        if scale < 1:
            image = image.resize([max(1, round(side * scale)) for side in image.size])
        found = self._pipeline(image, pred_iou_thresh=self.min_score)
        scores = torch.as_tensor(found["scores"]).clamp(0, 1).tolist()
        masks = [torch.as_tensor(mask) for mask in found["masks"]]
        return [LABEL] * len(scores), scores, torch.stack(masks) if masks else torch.zeros(0, *image.size[::-1])
