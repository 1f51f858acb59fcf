"""Any image model of timm: the last feature map of a convolutional network, or the patches of a vision transformer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from PIL import Image

from mic21.captioner.encoders import Encoded, Floats, Mask, Pixels
from mic21.captioner.pooling import pool
from mic21.errors import BackendError
from mic21.networks.weights import digest_weights, read_state_dict, torch_device

DEFAULT = "vit_base_patch16_dinov3.lvd1689m"  # dense features are what it was trained for
_SIDE = 7


class TimmEncoder:
    """Features of a model of timm; the photograph is scaled to its square input as a whole, nothing is cut off."""

    name = "timm"

    def __init__(self, *, weights: str | None = None, device: str = "cpu", side: int | None = None) -> None:
        """Load a model.

        Args:
            weights: name of a model, whose published weights are downloaded once, or `NAME:FILE`.
            device: a torch device.
            side: cells along each side of the grid.

        Raises:
            BackendError: there is no such model, file or device, or the file does not fit the model.
        """
        name, _, file = (weights or DEFAULT).partition(":")
        self._device = torch_device(device)
        self._model: Any = _load(name, file).eval().to(self._device)  # timm has no types
        data: Any = timm.data  # it has no types
        config = data.resolve_model_data_config(self._model)
        self._size = int(config["input_size"][-1])
        self._mean, self._deviation = (np.array(config[key], np.float32) for key in ("mean", "std"))
        self._prefix = int(getattr(self._model, "num_prefix_tokens", 0))
        self.side = side or _SIDE
        self.grid_dim = self.object_dim = int(self._model.num_features)
        self._name, self._digest = name, digest_weights(self._model.state_dict())[:16]

    @property
    def signature(self) -> str:
        """Model, weights and the size of the input."""
        return f"timm {self._name} weights={self._digest} size={self._size}"

    def encode(self, image: Pixels, masks: Sequence[Mask]) -> Encoded:
        """Grid and mask-pooled features."""
        return pool(self._features(image), masks, self.side)

    @torch.inference_mode()
    def _features(self, image: Pixels) -> Floats:
        square = Image.fromarray(image).resize((self._size, self._size), Image.Resampling.BICUBIC)
        pixels = (np.asarray(square, np.float32) / 255 - self._mean) / self._deviation
        found = self._model.forward_features(torch.from_numpy(pixels.transpose(2, 0, 1))[None].to(self._device))[0]
        if found.ndim == 2:  # tokens×channels, those of the class and the like first
            places = found[self._prefix :]
            length = round(len(places) ** 0.5)
            found = places.reshape(length, length, -1).permute(2, 0, 1)
        elif found.shape[0] != self.grid_dim:  # height×width×channels, as Swin has it
            found = found.permute(2, 0, 1)
        features: Floats = found.float().cpu().numpy()
        return features


def _load(name: str, file: str) -> Any:
    if not timm.is_model(name.partition(".")[0]):
        raise BackendError(f"weights: expected a model of timm, or MODEL:FILE, found {name!r}")
    try:
        if not file:
            return timm.create_model(name, pretrained=True, num_classes=0)
        model = timm.create_model(name, pretrained=False, num_classes=0)
    except (OSError, RuntimeError, ValueError) as error:
        raise BackendError(f"{name}: its weights could not be loaded ({error}); give a file: {name}:FILE") from error
    found = model.load_state_dict(read_state_dict(Path(file)), strict=False)
    if found.missing_keys:  # a classifier that the file has besides is left out
        raise BackendError(f"{file}: expected the tensors of {name}, found no {found.missing_keys[0]}")
    return model
