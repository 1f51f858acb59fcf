"""Stored photographs as the arrays that models take."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from mic21.corpus.store import Corpus


def load_photograph(corpus: Corpus, sha256: str, extension: str) -> npt.NDArray[np.uint8]:
    """A stored photograph as uint8 h×w×3 RGB; transparent parts are laid over white.

    Raises:
        CorpusError: the file is missing or damaged.
    """
    return to_rgb(Image.open(io.BytesIO(corpus.files.read(sha256, extension))))


def to_rgb(image: Image.Image) -> npt.NDArray[np.uint8]:
    """An upright photograph as uint8 h×w×3 RGB; transparent parts are laid over white."""
    if image.mode == "I;16":  # Pillow would cut 16 bits off at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.asarray(image.convert("RGB"))
