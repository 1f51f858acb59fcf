"""Mask R-CNN of torchvision: its feature pyramid as the grid, and what its box head sees of each object."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.models import detection as detection_models
from torchvision.models import get_model, get_model_weights, list_models

from mic21.captioner.encoders import Encoded, Floats, Mask, Pixels
from mic21.captioner.pooling import grid_features, mask_boxes, mask_features
from mic21.errors import BackendError
from mic21.networks.weights import digest_weights, read_state_dict, torch_device

DEFAULT = "maskrcnn_resnet50_fpn_v2"
_SIDE = 16  # 256 tokens, as the public code of the paper has
_GRID, _OBJECTS = "3", "1"  # levels of the pyramid: stride 32 for the grid, 8 under masks


class TorchvisionEncoder:
    """Features of a detector of torchvision.

    An object has the pyramid's features under its mask, and the box head's of its box.
    """

    name = "torchvision"

    def __init__(self, *, weights: str | None = None, device: str = "cpu", side: int | None = None) -> None:
        """Load a model.

        Args:
            weights: name of a model, whose published COCO weights are downloaded once, or `NAME:FILE`.
            device: a torch device.
            side: cells along each side of the grid.

        Raises:
            BackendError: there is no such model, file or device, or the file does not fit the model.
        """
        name, _, file = (weights or DEFAULT).partition(":")
        self._device = torch_device(device)
        self._model: Any = _load(name, file).eval().to(self._device)
        self.side = side or _SIDE
        self.grid_dim = int(self._model.backbone.out_channels)
        self.object_dim = self.grid_dim + int(self._model.roi_heads.box_predictor.cls_score.in_features)
        self._name, self._digest = name, digest_weights(self._model.state_dict())[:16]

    @property
    def signature(self) -> str:
        """Model, weights and levels."""
        return f"torchvision {self._name} weights={self._digest} levels={_GRID},{_OBJECTS}"

    @torch.inference_mode()
    def encode(self, image: Pixels, masks: Sequence[Mask]) -> Encoded:
        """Grid features, and mask-pooled and box features of each object."""
        pyramid, size = self._see(image)
        under = mask_features(self._whole(pyramid, size, _OBJECTS), masks)
        down, across = size[0] / image.shape[0], size[1] / image.shape[1]
        boxes = [(x * across, y * down, right * across, low * down) for x, y, right, low in mask_boxes(masks)]
        head = self._head(pyramid, size, boxes)
        grid = grid_features(self._whole(pyramid, size, _GRID), self.side)
        return Encoded(grid, np.concatenate([under, head], axis=1))

    def _see(self, image: Pixels) -> tuple[dict[str, Tensor], tuple[int, int]]:
        """The pyramid, and the size that the image was scaled to before it was filled up."""
        tensor = torch.tensor(image).permute(2, 0, 1).float().to(self._device) / 255
        images, _ = self._model.transform([tensor])
        return self._model.backbone(images.tensors), images.image_sizes[0]

    def _whole(self, pyramid: dict[str, Tensor], size: tuple[int, int], level: str) -> Floats:
        """A level without what filled the image up."""
        features = pyramid[level][0]
        stride = 2 ** (int(level) + 2)
        height, width = (max(1, -(-length // stride)) for length in size)
        whole: Floats = features[:, :height, :width].float().cpu().numpy()
        return whole

    def _head(
        self, pyramid: dict[str, Tensor], size: tuple[int, int], boxes: Sequence[tuple[float, float, float, float]]
    ) -> Floats:
        if not boxes:
            return np.zeros((0, self.object_dim - self.grid_dim), np.float32)
        heads = self._model.roi_heads
        places = torch.tensor(boxes, dtype=torch.float32, device=self._device)
        found = heads.box_roi_pool(pyramid, [places], [size])
        features: Floats = heads.box_head(found).float().cpu().numpy()
        return features


def _load(name: str, file: str) -> Any:
    known = [one for one in list_models(module=detection_models) if one.startswith(("maskrcnn", "fasterrcnn"))]
    if name not in known:
        raise BackendError(f"weights: expected one of {', '.join(known)}, or MODEL:FILE, found {name!r}")
    if not file:
        try:
            return get_model(name, weights=get_model_weights(name).DEFAULT)
        except OSError as error:
            raise BackendError(f"{name}: its weights could not be downloaded ({error}); give {name}:FILE") from error
    model = get_model(name, weights=None, weights_backbone=None)
    try:
        model.load_state_dict(read_state_dict(Path(file)))
    except RuntimeError as error:
        raise BackendError(f"{file}: expected the tensors of {name}, found others ({error})") from error
    return model
