"""Stored photographs as the arrays that models take."""

from PIL import Image

from mic21.corpus.images import ImageFiles
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError
from mic21.networks.pixels import Pixels, decode_photograph


def load_photograph(corpus: Corpus, sha256: str, extension: str) -> Pixels:
    """A stored photograph as uint8 h×w×3 RGB; transparent parts are laid over white.

    Raises:
        CorpusError: the file is missing or damaged, or cannot be decoded.
    """
    return read_photograph(corpus.files, sha256, extension)


def read_photograph(files: ImageFiles, sha256: str, extension: str) -> Pixels:
    """The same where there is no corpus but only its photographs, as on a worker of a cluster."""
    data = files.read(sha256, extension)
    try:
        return decode_photograph(data)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # of Pillow's decoders
        raise CorpusError(f"{files.path(sha256, extension)}: cannot be decoded: {error}") from error
