"""CIDEr-D of Vedantam et al. 2015, which the captioning literature calls CIDEr."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mic21.errors import CheckError
from mic21.evaluation.ngrams import Counted, NGrams, References, Sentence, count_ngrams

Floats = npt.NDArray[np.float64]
ORDER = 4
_SIGMA = 6.0
_SCALE = 10.0


@dataclass(frozen=True, slots=True)
class DocumentFrequencies:
    """In how many images of a reference set each n-gram occurs.

    Attributes:
        images: of the set.
        counts: n-gram, its tokens separated by spaces → number of images that have it in a reference.
    """

    images: int
    counts: Mapping[str, int]

    @classmethod
    def of(cls, references: References) -> "DocumentFrequencies":
        """Those of a reference set.

        >>> DocumentFrequencies.of([[["a", "cat"], ["a", "dog"]], [["a", "bus"]]]).counts["a"]
        2
        """
        counted = count_ngrams([[] for _ in references], references, ORDER)
        counts = {}
        for order, grams in enumerate(counted.orders, 1):
            frequencies = _frequencies(grams, counted)
            for start, count in zip(grams.examples.tolist(), frequencies.tolist(), strict=True):
                counts[" ".join(counted.tokens[start : start + order])] = int(count)
        return cls(len(references), counts)

    def save(self, path: Path) -> None:
        """Write them as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._to_json())

    def digest(self) -> str:
        """The first twelve digits of the SHA-256 of what `save` writes."""
        return hashlib.sha256(self._to_json()).hexdigest()[:12]

    def _to_json(self) -> bytes:
        value = {"images": self.images, "counts": dict(sorted(self.counts.items()))}
        return (json.dumps(value, ensure_ascii=False) + "\n").encode()

    @classmethod
    def load(cls, path: Path) -> "DocumentFrequencies":
        """Read what `save` wrote.

        Raises:
            CheckError: the file is none of these.
        """
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            return cls(int(value["images"]), {str(gram): int(count) for gram, count in value["counts"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckError(f"{path}: expected document frequencies as mic21 writes them, found: {error!r}") from error


def cider_d(
    hypotheses: Sequence[Sentence], references: References, *, frequencies: DocumentFrequencies | None = None
) -> float:
    """CIDEr-D, 0 to 10: the mean over images of how like a caption is to the references, rare words counting more.

    n-grams of orders 1 to 4, σ = 6, counts clipped to the reference's, times 10, as in pycocoevalcap.

    Args:
        hypotheses: tokens of one caption an image.
        references: tokens of the captions of each image.
        frequencies: document frequencies of another reference set; None for those of these references, without which
            few images cannot tell rare words from common ones.

    Raises:
        UsageError: hypotheses and references do not belong together.

    >>> references = [[["a", "red", "bus"]], [["a", "cat", "sleeps"]]]
    >>> round(cider_d([["a", "red", "bus"], ["a", "dog"]], references), 3)
    3.75
    """
    scores = cider_scores(count_ngrams(hypotheses, references, ORDER), frequencies)
    return float(scores.mean()) if len(scores) else 0.0


def cider_signature(frequencies: str = "references") -> str:
    """The options in one line; `frequencies` names the set of images that they are of.

    >>> cider_signature()
    'CIDEr-D|n:4|sigma:6|idf:references'
    """
    return f"CIDEr-D|n:{ORDER}|sigma:{_SIGMA:g}|idf:{frequencies}"


def cider_scores(counted: Counted, frequencies: DocumentFrequencies | None = None) -> Floats:
    """CIDEr-D of each hypothesis."""
    hypotheses = counted.hypotheses
    images = counted.images
    if len(images) == 0:
        return np.zeros(0)
    total = math.log(max(1, frequencies.images if frequencies else hypotheses))
    sums = np.zeros(len(images))
    for order, grams in enumerate(counted.orders, 1):
        found = _stored(grams, counted, order, frequencies) if frequencies else _frequencies(grams, counted)
        weights = grams.count * (total - np.log(np.maximum(1, found)))[grams.gram]
        norms = np.sqrt(np.bincount(grams.sentence, weights**2, len(counted.lengths)).astype(np.float64))
        split = int(np.searchsorted(grams.sentence, hypotheses))
        keys = grams.sentence * max(grams.grams, 1) + grams.gram
        wanted = images[grams.sentence[split:] - hypotheses] * max(grams.grams, 1) + grams.gram[split:]
        place = np.searchsorted(keys[:split], wanted)
        known = place < split
        known[known] = keys[place[known]] == wanted[known]
        own = np.where(known, weights[np.where(known, place, 0)], 0.0)
        products = np.minimum(own, weights[split:]) * weights[split:]
        dots = np.bincount(grams.sentence[split:] - hypotheses, products, len(images)).astype(np.float64)
        scale = norms[:hypotheses][images] * norms[hypotheses:]
        sums += np.divide(dots, scale, out=dots.copy(), where=scale != 0)
    # The reference code takes the number of bigrams for the length.
    lengths = np.maximum(counted.lengths - 1, 0)
    apart = lengths[:hypotheses][images] - lengths[hypotheses:]
    sums *= np.exp(-(apart**2) / (2 * _SIGMA**2)) / ORDER
    return _SCALE * np.bincount(images, sums, hypotheses) / np.bincount(images, minlength=hypotheses)


def _frequencies(grams: NGrams, counted: Counted) -> npt.NDArray[np.int64]:
    """In how many images each n-gram occurs in a reference."""
    split = int(np.searchsorted(grams.sentence, counted.hypotheses))
    image = counted.images[grams.sentence[split:] - counted.hypotheses]
    pairs = np.unique(image * max(grams.grams, 1) + grams.gram[split:])
    return np.bincount(pairs % max(grams.grams, 1), minlength=grams.grams)


def _stored(grams: NGrams, counted: Counted, order: int, frequencies: DocumentFrequencies) -> npt.NDArray[np.int64]:
    names = (" ".join(counted.tokens[start : start + order]) for start in grams.examples.tolist())
    return np.fromiter((frequencies.counts.get(name, 0) for name in names), dtype=np.int64, count=grams.grams)
