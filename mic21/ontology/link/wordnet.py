"""WordNet 3.0 through nltk, whose lists change their order from run to run: everything here is sorted."""

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nltk
from nltk.corpus import wordnet
from nltk.corpus.reader.wordnet import WordNetError

from mic21.errors import OntologyError
from mic21.ontology.link.nearest import Above


def open_wordnet(root: Path | None = None) -> Any:  # nltk has no types
    """nltk's reader of WordNet 3.0, from `root`/corpora/wordnet or wherever nltk finds one.

    Raises:
        OntologyError: there is none, or it is of another version, whose offsets mean something else.
    """
    if root is not None and str(root) not in nltk.data.path:
        nltk.data.path.insert(0, str(root))
    try:
        wordnet.ensure_loaded()
    except LookupError as error:
        raise OntologyError(
            'WordNet 3.0: not found; give --wordnet ROOT (with ROOT/corpora/wordnet) or run nltk.download("wordnet")'
        ) from error
    if wordnet.get_version() != "3.0":
        raise OntologyError(f"WordNet: expected version 3.0, found {wordnet.get_version()}")
    return wordnet


def offset_of(synset: Any) -> str:
    """The offset of nltk's synset as we write it, `09915834-n`."""
    return f"{synset.offset():08d}-{synset.pos()}"


def hypernyms_of(wordnet: Any) -> Above:
    """The function that gives the hypernyms and instance hypernyms of a noun synset written as 09915834-n."""

    def above(synset: str) -> list[str]:
        found = wordnet.synset_from_pos_and_offset("n", int(synset[:8]))
        return sorted(map(offset_of, found.hypernyms() + found.instance_hypernyms()))

    return above


def exists_in(wordnet: Any) -> Callable[[str], bool]:
    """The function that says whether a synset is one: an offset, `09915834-n` or `eng-30-09915834-n`, or a name."""

    def exists(synset: str) -> bool:
        offset = re.fullmatch(r"(?:eng-30-)?(\d{8})-([nvar])", synset)
        try:
            if not offset:
                wordnet.synset(synset)
                return True
            with warnings.catch_warnings(action="ignore"):  # between two synsets nltk warns and gives None
                return wordnet.synset_from_pos_and_offset(offset[2], int(offset[1])) is not None
        except (WordNetError, ValueError, AssertionError):  # of nltk, for a name, its parts, or an offset
            return False

    return exists
