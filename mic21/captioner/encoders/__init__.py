"""What turns a photograph into features: the interface of an encoder, and how to get one by name.

Encoders are frozen. They are entry points of the group `mic21.encoders`, ours and other people's alike, and none is
imported until it is asked for. Each photograph is encoded on its own, so that its features depend on nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mic21.errors import BackendError

GROUP = "mic21.encoders"
_TO_INSTALL = {
    "clip": "pip install 'mic21[train,clip]'",
    "torchvision": "pip install 'mic21[train,torchvision]'",
    "detectron2": "docs/how-to/trained-segmenters.md says how to install it",
}
Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.uint8]  # h×w, how much of each pixel an object covers, 0 to 255

__all__ = ["GROUP", "Encoded", "Encoder", "Floats", "Mask", "Pixels", "load_encoder"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """What an encoder saw.

    Attributes:
        grid: cells×channels, the photograph cut into `side`×`side` cells, row by row.
        objects: objects×channels, one row for each mask.
    """

    grid: Floats
    objects: Floats


class Encoder(Protocol):
    """What a backend offers; its class takes `(*, weights, device, side)`, `side` None for its own choice.

    Attributes:
        name: of the entry point.
        side: cells along each side of the grid.
        grid_dim: channels of a cell.
        object_dim: channels of an object.
    """

    name: str
    side: int
    grid_dim: int
    object_dim: int

    @property
    def signature(self) -> str:
        """Changes when the features would: network, weights, preprocessing."""
        ...

    def encode(self, image: Pixels, masks: Sequence[Mask]) -> Encoded:
        """The features of a photograph, uint8 h×w×3 RGB, and of the objects under its masks, each h×w."""
        ...


def load_encoder(name: str, *, weights: str | None = None, device: str = "cpu", side: int | None = None) -> Encoder:
    """The encoder that an installed package registers under a name.

    Args:
        name: name of the entry point, such as `lite0`.
        weights: in place of the encoder's own; each encoder says what it takes.
        device: a torch device.
        side: cells along each side of the grid, in place of the encoder's own choice.

    Raises:
        BackendError: the name is unknown, or packages that the encoder needs are missing.
    """
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in found:
        raise BackendError(f"encoder: expected one of {', '.join(sorted(found)) or 'none installed'}, found {name!r}")
    try:
        backend = found[name].load()
    except ImportError as error:
        hint = _TO_INSTALL.get(name, "pip install 'mic21[train]'")
        raise BackendError(f"encoder {name!r}: it needs a package that is missing ({error}): {hint}") from error
    encoder: Encoder = backend(weights=weights, device=device, side=side)
    return encoder
