"""METEOR as nltk reckons it: not the figure of the Java program that the literature uses, hence its own name."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import nltk
import numpy as np
import numpy.typing as npt
from nltk.stem.porter import PorterStemmer
from nltk.translate.meteor_score import meteor_score

from mic21.evaluation.ngrams import References, Sentence, check_aligned


class _NoStemmer:
    def stem(self, word: str) -> str:
        return word


class _NoWordNet:
    def synsets(self, _word: str) -> list[Any]:
        return []


def nltk_meteor(hypotheses: Sequence[Sentence], references: References, *, language: str = "en") -> float:
    """The mean over images of nltk's METEOR, the best among an image's references.

    Words match when they are the same; in English also by Porter's stem and, where nltk has its WordNet, by synonym.
    `meteor_signature` says which it was.

    Raises:
        UsageError: hypotheses and references do not belong together.

    >>> round(nltk_meteor([["two", "red", "cars"]], [[["two", "red", "car"]]]), 3)
    0.981
    """
    scores = meteor_scores(hypotheses, references, language=language)
    return float(scores.mean()) if len(scores) else 0.0


def meteor_scores(
    hypotheses: Sequence[Sentence], references: References, *, language: str = "en"
) -> npt.NDArray[np.float64]:
    """nltk's METEOR of each hypothesis.

    Raises:
        UsageError: hypotheses and references do not belong together.
    """
    check_aligned(hypotheses, references)
    stemmer = PorterStemmer() if language == "en" else _NoStemmer()
    wordnet = (_wordnet() if language == "en" else None) or _NoWordNet()
    pairs = zip(hypotheses, references, strict=True)
    return np.array([meteor_score(refs, own, stemmer=stemmer, wordnet=wordnet) for own, refs in pairs], np.float64)


def meteor_signature(language: str = "en") -> str:
    """What matched, in one line."""
    matchers = "exact"
    if language == "en":
        matchers += "+stem+synonym" if _wordnet() else "+stem"
    return f"nltk METEOR|match:{matchers}|nltk:{nltk.__version__}"


@cache
def _wordnet() -> Any:
    """nltk's WordNet, or None where it is not installed."""
    try:
        nltk.corpus.wordnet.ensure_loaded()
    except LookupError:
        return None
    return nltk.corpus.wordnet
