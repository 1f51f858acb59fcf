"""Mask R-CNN of detectron2: its feature pyramid as the grid, and what its box head sees of each object.

The grid is the level p5, of stride 32. Models of the zoo see a photograph with up to 800 by 1,333 pixels, 25×42 places
there; the means of 16×16 cells are 256 tokens of 256 channels, as in the public code of the RANLP 2025 paper.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from detectron2.structures import Boxes
from torch import Tensor, nn

from mic21.captioner.encoders import Encoded, Floats, Mask, Pixels
from mic21.captioner.pooling import grid_features, mask_boxes, mask_features
from mic21.errors import BackendError
from mic21.networks.detectron2_models import load_model, to_input
from mic21.networks.weights import digest_weights, torch_device

DEFAULT = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
_SIDE = 16
_GRID, _OBJECTS = "p5", "p3"  # levels of the pyramid: stride 32 for the grid, 8 under masks


class Detectron2Encoder:
    """Features of a detector of detectron2.

    An object has the pyramid's features under its mask, and the box head's of its box: in a cascade the last one's,
    which learnt from the boxes that fit best.
    """

    name = "detectron2"

    def __init__(self, *, weights: str | None = None, device: str = "cpu", side: int | None = None) -> None:
        """Load a model.

        Args:
            weights: name in the model zoo, whose weights are downloaded once; `CONFIG:FILE`, where CONFIG is such a
                name or a configuration file (YAML or lazy `.py`) and FILE its weights (.pkl, .pth, .safetensors); or a
                folder that `mic21 finetune` wrote. The default is Mask R-CNN R-50, learnt from COCO.
            device: a torch device.
            side: cells along each side of the grid.

        Raises:
            BackendError: there is no such model, file or device, the file does not fit the model, or the model has no
                feature pyramid or no box head.
        """
        self._device = torch_device(device)
        self._model = load_model(weights or DEFAULT, self._device)
        network = self._model.network
        levels = network.backbone.output_shape()
        heads: Any = getattr(network, "roi_heads", None)
        if not hasattr(heads, "box_head") or not {_GRID, _OBJECTS} <= set(levels):
            raise BackendError(
                f"weights: expected an R-CNN with a box head and a feature pyramid with {_OBJECTS} and {_GRID}, "
                f"found {self._model.name} with {', '.join(levels)} and {type(heads).__name__ if heads else 'no heads'}"
            )
        self._heads = heads
        self._box_head: Any = heads.box_head[-1] if isinstance(heads.box_head, nn.ModuleList) else heads.box_head
        self._strides = {level: levels[level].stride for level in (_GRID, _OBJECTS)}
        seen: Any = self._box_head.output_shape
        self._head_dim = seen.channels * (seen.height or 1) * (seen.width or 1)
        self.side = side or _SIDE
        self.grid_dim = int(levels[_GRID].channels)
        self.object_dim = int(levels[_OBJECTS].channels) + self._head_dim
        self._digest = digest_weights(network.state_dict())[:16]

    @property
    def signature(self) -> str:
        """Model, configuration, which resizes and normalises, weights and levels."""
        config = self._model.digest[:16]
        return f"detectron2 {self._model.name} config={config} weights={self._digest} levels={_GRID},{_OBJECTS}"

    @torch.inference_mode()
    def encode(self, image: Pixels, masks: Sequence[Mask]) -> Encoded:
        """Grid features, and mask-pooled and box features of each object."""
        seen, resized = to_input(self._model, image)
        images = self._model.network.preprocess_image([seen])
        pyramid = self._model.network.backbone(images.tensor)
        under = mask_features(self._whole(pyramid, images.image_sizes[0], _OBJECTS), masks)
        boxes = resized.apply_box(np.array(mask_boxes(masks)).reshape(-1, 4))
        grid = grid_features(self._whole(pyramid, images.image_sizes[0], _GRID), self.side)
        return Encoded(grid, np.concatenate([under, self._head(pyramid, boxes)], axis=1))

    def _whole(self, pyramid: dict[str, Tensor], size: tuple[int, int], level: str) -> Floats:
        """A level without what filled the image up."""
        height, width = (-(-length // self._strides[level]) for length in size)
        whole: Floats = pyramid[level][0, :, :height, :width].float().cpu().numpy()
        return whole

    def _head(self, pyramid: dict[str, Tensor], boxes: Floats) -> Floats:
        if not len(boxes):
            return np.zeros((0, self._head_dim), np.float32)
        places = [Boxes(torch.tensor(boxes, dtype=torch.float32, device=self._device))]
        found = self._heads.box_pooler([pyramid[level] for level in self._heads.box_in_features], places)
        features: Floats = self._box_head(found).flatten(1).float().cpu().numpy()
        return features
