"""Image corpora whose objects are masks, whose classes are WordNet synsets and whose captions a person has checked."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mic21 import evaluation
    from mic21.corpus.store import Corpus
    from mic21.ontology import Ontology
    from mic21.release.reader import Release

__version__ = version("mic21")
__all__ = ["Corpus", "Ontology", "Release", "__version__", "evaluation"]

_PLACES = {"Corpus": "mic21.corpus.store", "Ontology": "mic21.ontology", "Release": "mic21.release.reader"}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: `mic21.Ontology` should not wait for pyarrow."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    if name == "evaluation":
        return import_module("mic21.evaluation")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
