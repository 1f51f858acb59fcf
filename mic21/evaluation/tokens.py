"""Captions as tokens, after the way of the literature: Penn Treebank, lower case, without punctuation.

The evaluation code of COCO runs Stanford's tokenizer in Java. This one needs no Java and takes any of the 25 languages;
docs/how-to/evaluate.md says where the two part.
"""

import re
import unicodedata

SIGNATURE = "mic21-ptb-1"

# What English writes together and the Treebank takes apart: do n't, man 's, they 're.
_CONTRACTION = re.compile(r"(?<=\w)(n't|'(?:s|m|d|ll|re|ve))\b")
_WRITTEN_AS_ONE = {"cannot": ("can", "not"), "gonna": ("gon", "na"), "gotta": ("got", "ta"), "wanna": ("wan", "na")}
_ELIDING = frozenset({"ca", "fr", "it"})  # l'avion is two words
_ELISION = re.compile(r"(?<=\w)'(?=\w)")
_TOKEN = re.compile(
    r"\d+(?:[.,:/]\d+)*(?:-?\w+)*"  # 3,000 9:30 1/2 3-d 20th
    r"|(?:[^\W\d_]\.){2,}"  # u.s.
    r"|[\w\u0300-\u036f]+(?:[-'·/&.@]?[\w\u0300-\u036f]+)*'?"  # hot-air, o'clock, l·l, r&b
    r"|n't|'(?:s|m|d|ll|re|ve)\b"
    r"|[^\w\s]"
)
_APOSTROPHES = str.maketrans("’ʼ`´", "''''")


def tokenize(text: str, language: str = "en") -> list[str]:
    """The tokens of a caption.

    Args:
        text: the caption.
        language: its BCP 47 tag, for what a language writes together.

    >>> tokenize("The man's hot-air balloon isn't red, it's 3,000 feet up!")
    ['the', 'man', "'s", 'hot-air', 'balloon', 'is', "n't", 'red', 'it', "'s", '3,000', 'feet', 'up']
    >>> tokenize("Un violoniste joue d'un violon.", "fr")
    ['un', 'violoniste', 'joue', "d'", 'un', 'violon']
    """
    text = unicodedata.normalize("NFC", text).lower().translate(_APOSTROPHES)
    if language == "en":
        text = _CONTRACTION.sub(r" \1", text)
    elif language in _ELIDING:
        text = _ELISION.sub("' ", text)
    tokens: list[str] = []
    for token in _TOKEN.findall(text):
        if language == "en" and token in _WRITTEN_AS_ONE:
            tokens += _WRITTEN_AS_ONE[token]
        elif not _is_punctuation(token):
            tokens.append(token if language in _ELIDING else token.removesuffix("'"))
    return tokens


def _is_punctuation(token: str) -> bool:
    """Whether a token is a mark; signs that are read out (&, $, %, +) stay."""
    return len(token) == 1 and unicodedata.category(token).startswith(("P", "Sk", "Z", "C")) and token not in "&%#@*"
