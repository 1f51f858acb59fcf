"""The image side of CLIP and its kin, by open_clip: what its vision transformer makes of each patch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image

from mic21.captioner.encoders import Encoded, Floats, Mask, Pixels
from mic21.captioner.pooling import pool
from mic21.errors import BackendError
from mic21.networks.weights import digest_weights, torch_device

DEFAULT = "ViT-B-16:dfn2b"
_SIDE = 7


class ClipEncoder:
    """Features of the patches of a CLIP; the photograph is scaled to its square input as a whole."""

    name = "clip"

    def __init__(self, *, weights: str | None = None, device: str = "cpu", side: int | None = None) -> None:
        """Load the image side of a model.

        Args:
            weights: `MODEL:TAG`, whose published weights are downloaded once, or `MODEL:FILE` (.safetensors, or .pt
                with tensors alone).
            device: a torch device.
            side: cells along each side of the grid.

        Raises:
            BackendError: there is no such model, file or device, or its image side is no vision transformer.
        """
        name, _, tag = (weights or DEFAULT).partition(":")
        self._device = torch_device(device)
        self._visual: Any = _load(name, tag)
        if not hasattr(self._visual, "output_tokens"):
            raise BackendError(f"{name}: expected a model whose image side is a vision transformer of open_clip's own")
        self._visual.output_tokens = True
        self._visual.eval().to(self._device)
        size = self._visual.image_size
        self._size = size if isinstance(size, int) else size[0]
        self._mean, self._deviation = (
            np.array(value, np.float32) for value in (self._visual.image_mean, self._visual.image_std)
        )
        self.side = side or _SIDE
        self.grid_dim = self.object_dim = int(self._visual.conv1.out_channels)
        self._name, self._digest = name, digest_weights(self._visual.state_dict())[:16]

    @property
    def signature(self) -> str:
        """Model, weights and the size of the input."""
        return f"clip {self._name} weights={self._digest} size={self._size}"

    def encode(self, image: Pixels, masks: Sequence[Mask]) -> Encoded:
        """Grid and mask-pooled features."""
        return pool(self._features(image), masks, self.side)

    @torch.inference_mode()
    def _features(self, image: Pixels) -> Floats:
        square = Image.fromarray(image).resize((self._size, self._size), Image.Resampling.BICUBIC)
        pixels = (np.asarray(square, np.float32) / 255 - self._mean) / self._deviation
        _, found = self._visual(torch.from_numpy(pixels.transpose(2, 0, 1))[None].to(self._device))
        length = round(found.shape[1] ** 0.5)
        features: Floats = found[0].reshape(length, length, -1).permute(2, 0, 1).float().cpu().numpy()
        return features


def _load(name: str, tag: str) -> Any:
    if name not in open_clip.list_models():
        raise BackendError(f"weights: expected MODEL:TAG or MODEL:FILE of open_clip, found {name!r}")
    if not tag:
        raise BackendError(f"weights: expected MODEL:TAG or MODEL:FILE, found {name!r} alone")
    try:
        model = open_clip.create_model(name, pretrained=tag, weights_only=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise BackendError(f"{name}:{tag}: its weights could not be loaded: {str(error).splitlines()[0]}") from error
    return model.visual
