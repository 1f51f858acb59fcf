"""N-grams of many sentences at once, as numbers: counting them in Python takes longer than all the measures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mic21.errors import UsageError

Integers = npt.NDArray[np.int64]
Sentence = Sequence[str]
References = Sequence[Sequence[Sentence]]  # image → its reference sentences


@dataclass(frozen=True, slots=True)
class NGrams:
    """How often each n-gram of one order occurs in each sentence; rows are ordered by sentence, then by n-gram.

    Attributes:
        sentence: number of the sentence, of each row.
        gram: number of the n-gram, of each row; the same n-gram has the same number in all sentences.
        count: how often, of each row.
        grams: how many n-grams there are.
        examples: of each n-gram, the position in all tokens where it first begins.
    """

    sentence: Integers
    gram: Integers
    count: Integers
    grams: int
    examples: Integers


@dataclass(frozen=True, slots=True)
class Counted:
    """Hypotheses and references, counted together.

    Attributes:
        lengths: tokens of each sentence, hypotheses first, then the references image by image.
        images: image of each reference.
        orders: their n-grams of order 1, 2 …
        tokens: of all sentences in a row.
    """

    lengths: Integers
    images: Integers
    orders: tuple[NGrams, ...]
    tokens: list[str]

    @property
    def hypotheses(self) -> int:
        """How many hypotheses there are; reference r is sentence `hypotheses + r`."""
        return len(self.lengths) - len(self.images)


def check_aligned(hypotheses: Sequence[Sentence], references: References) -> None:
    """Hypotheses and references belong together, in the form that measures take.

    Raises:
        UsageError: their numbers differ, an image has no reference, or a sentence is text instead of tokens.
    """
    if len(hypotheses) != len(references):
        raise UsageError(f"expected as many hypotheses as references, found {len(hypotheses)} and {len(references)}")
    for index, (hypothesis, of_image) in enumerate(zip(hypotheses, references, strict=True)):
        if not len(of_image):
            raise UsageError(f"references[{index}]: expected one reference or more, found none")
        if isinstance(hypothesis, str) or any(isinstance(reference, str) for reference in (of_image, *of_image)):
            raise UsageError(f"hypotheses or references [{index}]: expected lists of tokens, found text; tokenize it")


def count_ngrams(hypotheses: Sequence[Sentence], references: References, most: int) -> Counted:
    """Count the n-grams of orders 1 to `most`.

    Raises:
        UsageError: see `check_aligned`.
    """
    check_aligned(hypotheses, references)
    sentences = [*hypotheses, *(reference for of_image in references for reference in of_image)]
    images = np.repeat(np.arange(len(references)), [len(of_image) for of_image in references])
    lengths = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
    tokens = [token for sentence in sentences for token in sentence]
    numbers: dict[str, int] = {}
    words = np.fromiter((numbers.setdefault(t, len(numbers)) for t in tokens), dtype=np.int64, count=len(tokens))
    owner = np.repeat(np.arange(len(sentences)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(tokens))  # tokens from here to the sentence's end
    orders = []
    gram, start = words, np.arange(len(tokens))
    for order in range(1, most + 1):
        if order > 1:
            whole = left[start] >= order
            gram, start = gram[whole] * max(len(numbers), 1) + words[start[whole] + order - 1], start[whole]
        _, first, gram = np.unique(gram, return_index=True, return_inverse=True)
        grams = len(first)
        keys, count = np.unique(owner[start] * max(grams, 1) + gram, return_counts=True)
        sentence, of_row = np.divmod(keys, max(grams, 1))
        orders.append(NGrams(sentence, of_row, count, grams, start[first]))
    return Counted(lengths, images, tuple(orders), tokens)
