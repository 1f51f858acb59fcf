"""How good captions and masks are."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mic21.evaluation.bleu_score import bleu
    from mic21.evaluation.cider_score import DocumentFrequencies, cider_d
    from mic21.evaluation.meteor_score import nltk_meteor
    from mic21.evaluation.rouge_score import rouge_l
    from mic21.evaluation.tokens import tokenize

__all__ = ["DocumentFrequencies", "bleu", "cider_d", "nltk_meteor", "rouge_l", "tokenize"]

_PLACES = {
    "DocumentFrequencies": "cider_score",
    "bleu": "bleu_score",
    "cider_d": "cider_score",
    "nltk_meteor": "meteor_score",
    "rouge_l": "rouge_score",
    "tokenize": "tokens",
}


def __getattr__(name: str) -> object:
    """Import a measure when it is first used: none should wait for another's library."""
    if name in _PLACES:
        return getattr(import_module(f"mic21.evaluation.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
