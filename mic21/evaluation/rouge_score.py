"""ROUGE-L of Lin 2004 in the form that the captioning literature reports."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mic21.evaluation.ngrams import References, Sentence, check_aligned

SIGNATURE = "ROUGE-L|beta:1.2|references:best precision and best recall"
_BETA = 1.2


def rouge_l(hypotheses: Sequence[Sentence], references: References) -> float:
    """ROUGE-L, 0 to 1: the mean over images of the F-measure (β = 1.2) of longest common subsequences.

    As in pycocoevalcap, precision and recall are each the best among an image's references.

    Raises:
        UsageError: hypotheses and references do not belong together.

    >>> round(rouge_l([["a", "red", "bus"]], [[["a", "big", "red", "bus"]]]), 4)
    0.8356
    """
    scores = rouge_scores(hypotheses, references)
    return float(scores.mean()) if len(scores) else 0.0


def rouge_scores(hypotheses: Sequence[Sentence], references: References) -> npt.NDArray[np.float64]:
    """ROUGE-L of each hypothesis.

    Raises:
        UsageError: hypotheses and references do not belong together.
    """
    check_aligned(hypotheses, references)
    return np.array([_of_image(*pair) for pair in zip(hypotheses, references, strict=True)], dtype=np.float64)


def _of_image(hypothesis: Sentence, references: Sequence[Sentence]) -> float:
    if not hypothesis:
        return 0.0
    places: dict[str, int] = {}
    for index, token in enumerate(hypothesis):
        places[token] = places.get(token, 0) | 1 << index
    common = [_common(places, len(hypothesis), reference) for reference in references]
    precision = max(common) / len(hypothesis)
    recalls = [found / len(reference) for found, reference in zip(common, references, strict=True) if reference]
    recall = max(recalls, default=0.0)
    if precision == 0 or recall == 0:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def _common(places: dict[str, int], length: int, other: Sentence) -> int:
    """The length of the longest common subsequence: a bit a token of the one, a step a token of the other.

    The recurrence is that of Hyyrö 2004, "Bit-parallel LCS-length computation revisited".
    """
    full = (1 << length) - 1
    state = full
    for token in other:
        matched = state & places.get(token, 0)
        state = ((state + matched) | (state - matched)) & full
    return length - state.bit_count()
