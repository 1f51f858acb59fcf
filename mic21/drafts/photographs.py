"""Stored photographs as the arrays that models take."""

from mic21.corpus.store import Corpus
from mic21.networks.pixels import Pixels, decode_photograph


def load_photograph(corpus: Corpus, sha256: str, extension: str) -> Pixels:
    """A stored photograph as uint8 h×w×3 RGB; transparent parts are laid over white.

    Raises:
        CorpusError: the file is missing or damaged.
    """
    return decode_photograph(corpus.files.read(sha256, extension))
