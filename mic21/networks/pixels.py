"""Stored photographs as the arrays that networks take."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]


def decode_photograph(data: bytes) -> Pixels:
    """A photograph's file as uint8 h×w×3 RGB; transparent parts are laid over white.

    >>> file = io.BytesIO()
    >>> Image.new("L", (3, 2), 7).save(file, "PNG")
    >>> decode_photograph(file.getvalue()).shape
    (2, 3, 3)
    """
    return to_rgb(Image.open(io.BytesIO(data)))


def to_rgb(image: Image.Image) -> Pixels:
    """An upright photograph as uint8 h×w×3 RGB; transparent parts are laid over white."""
    if image.mode == "I;16":  # Pillow would cut 16 bits off at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.asarray(image.convert("RGB"))
