"""Stored photographs as the arrays that models take."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from mic21.corpus.images import ImageFiles
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError


def load_photograph(corpus: Corpus, sha256: str, extension: str) -> npt.NDArray[np.uint8]:
    """A stored photograph as uint8 h×w×3 RGB; transparent parts are laid over white.

    Raises:
        CorpusError: the file is missing or damaged, or cannot be decoded.
    """
    return read_photograph(corpus.files, sha256, extension)


def read_photograph(files: ImageFiles, sha256: str, extension: str) -> npt.NDArray[np.uint8]:
    """The same where there is no corpus but only its photographs, as on a worker of a cluster."""
    data = files.read(sha256, extension)
    try:
        return _decode(data)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # of Pillow's decoders
        raise CorpusError(f"{files.path(sha256, extension)}: cannot be decoded: {error}") from error


def _decode(data: bytes) -> npt.NDArray[np.uint8]:
    image: Image.Image = Image.open(io.BytesIO(data))
    if image.mode == "I;16":  # Pillow would cut 16 bits off at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.asarray(image.convert("RGB"))
