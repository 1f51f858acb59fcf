"""BLEU of Papineni et al. 2002, as the captioning literature reports it, and in its other modes."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from mic21.errors import UsageError
from mic21.evaluation.ngrams import Counted, References, Sentence, count_ngrams

Floats = npt.NDArray[np.float64]
Mode = Literal["corpus", "sentence"]
Smoothing = Literal["none", "floor", "add-one"]
_FLOOR = 0.1


class BleuOptions(BaseModel):
    """Which BLEU; as they stand, the options are those of pycocoevalcap, by which captions are compared.

    Attributes:
        mode: `corpus` adds up what matches before it divides; `sentence` is the mean of each caption's own BLEU.
        smoothing: `none`; `floor` takes 0.1 for a count of no matches (method 1 of Chen & Cherry 2014); `add-one` adds
            one to matches and total from bigrams on (Lin & Och 2004).
        cumulative: whether BLEU-n is the geometric mean of all orders up to n, or the precision of order n alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = "corpus"
    smoothing: Smoothing = "none"
    cumulative: bool = True


def bleu(
    hypotheses: Sequence[Sentence],
    references: References,
    *,
    order: int = 4,
    mode: Mode = "corpus",
    smoothing: Smoothing = "none",
    cumulative: bool = True,
) -> tuple[float, ...]:
    """BLEU-1 to BLEU-`order`, each 0 to 1.

    As they stand, the options are those of pycocoevalcap, by which captions are compared: corpus level, the length of
    the closest reference (the shorter of two), no smoothing.

    Args:
        hypotheses: tokens of one caption an image.
        references: tokens of the captions of each image.
        order: of the longest n-grams.
        mode: `corpus` adds up what matches before it divides; `sentence` is the mean of each caption's own BLEU.
        smoothing: `none`; `floor` takes 0.1 for a count of no matches (method 1 of Chen & Cherry 2014); `add-one` adds
            one to matches and total from bigrams on (Lin & Och 2004).
        cumulative: whether BLEU-n is the geometric mean of all orders up to n, or the precision of order n alone.

    Raises:
        UsageError: hypotheses and references do not belong together, or there is no such mode or smoothing.

    >>> [round(score, 4) for score in bleu([["a", "cat", "on", "a", "mat"]], [[["a", "cat", "sat", "on", "a", "mat"]]])]
    [0.8187, 0.709, 0.5158, 0.0]
    """
    if mode not in ("corpus", "sentence"):
        raise UsageError(f"mode: expected corpus or sentence, found {mode!r}")
    if smoothing not in ("none", "floor", "add-one"):
        raise UsageError(f"smoothing: expected none, floor or add-one, found {smoothing!r}")
    statistics = bleu_statistics(count_ngrams(hypotheses, references, order))
    options = BleuOptions(mode=mode, smoothing=smoothing, cumulative=cumulative)
    return tuple(bleu_of_captions(statistics, options).tolist())


def bleu_signature(options: BleuOptions) -> str:
    """The options in one line, to stand beside a figure.

    >>> bleu_signature(BleuOptions())
    'BLEU|mode:corpus|length:closest|smoothing:none|cumulative:yes'
    """
    cumulative = "yes" if options.cumulative else "no"
    return f"BLEU|mode:{options.mode}|length:closest|smoothing:{options.smoothing}|cumulative:{cumulative}"


def bleu_of_captions(statistics: Floats, options: BleuOptions) -> Floats:
    """BLEU-1, BLEU-2 … of all captions together, from the statistics of each."""
    rows = statistics.sum(axis=0, keepdims=True) if options.mode == "corpus" or not len(statistics) else statistics
    scores: Floats = bleu_of(rows, smoothing=options.smoothing, cumulative=options.cumulative).mean(axis=0)
    return scores


def bleu_statistics(counted: Counted) -> Floats:
    """What BLEU is reckoned from, of each hypothesis; sums of rows are those of a corpus.

    Returns:
        hypotheses × (2 · orders + 2): matches of each order, n-grams of each order, length, length of the closest
        reference.
    """
    hypotheses = counted.hypotheses
    columns = []
    for grams in counted.orders:
        split = int(np.searchsorted(grams.sentence, hypotheses))
        own = grams.sentence[:split] * max(grams.grams, 1) + grams.gram[:split]
        image = counted.images[grams.sentence[split:] - hypotheses]
        theirs, group = np.unique(image * max(grams.grams, 1) + grams.gram[split:], return_inverse=True)
        most = np.zeros(len(theirs) + 1, dtype=np.int64)
        np.maximum.at(most, group, grams.count[split:])
        place = np.searchsorted(theirs, own)
        known = place < len(theirs)
        known[known] = theirs[place[known]] == own[known]
        matches = np.where(known, np.minimum(grams.count[:split], most[np.where(known, place, -1)]), 0)
        columns.append(np.bincount(grams.sentence[:split], matches, hypotheses))
    lengths = counted.lengths[:hypotheses]
    totals = [np.maximum(lengths - order, 0) for order in range(len(counted.orders))]
    return np.column_stack([*columns, *totals, lengths, _closest(counted)]).astype(np.float64)


def bleu_of(statistics: Floats, *, smoothing: Smoothing = "none", cumulative: bool = True) -> Floats:
    """BLEU-1, BLEU-2 … of each row of statistics."""
    orders = (statistics.shape[1] - 2) // 2
    matches, totals = statistics[:, :orders], statistics[:, orders : 2 * orders]
    length, closest = statistics[:, -2], statistics[:, -1]
    if smoothing == "floor":
        matches = np.where((matches == 0) & (totals > 0), _FLOOR, matches)
    elif smoothing == "add-one":
        later = np.arange(orders) > 0
        matches, totals = matches + later, totals + later
    with np.errstate(divide="ignore", invalid="ignore"):
        precisions = np.where(totals > 0, matches / totals, 0.0)
        if cumulative:
            precisions = np.exp(np.cumsum(np.log(precisions), axis=1) / np.arange(1, orders + 1))
        brevity = np.where(length > 0, np.exp(np.minimum(0, 1 - closest / length)), 0.0)
    scores: Floats = precisions * brevity[:, None]
    return scores


def _closest(counted: Counted) -> npt.NDArray[np.int64]:
    """The length of the closest reference of each hypothesis, the shorter of two."""
    hypotheses = counted.hypotheses
    lengths = counted.lengths[hypotheses:]
    apart = np.abs(lengths - counted.lengths[:hypotheses][counted.images])
    order = np.lexsort((lengths, apart, counted.images))
    _, first = np.unique(counted.images[order], return_index=True)
    closest: npt.NDArray[np.int64] = lengths[order][first]
    return closest
