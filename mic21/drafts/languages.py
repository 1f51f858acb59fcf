"""Whether a text is in the language it should be in: by script, letters, and which language's words fit it best.

The models of the languages are made of the ontology's names and of common_words.tsv, so that all 25 are covered alike
and captions are what they know best: on short titles they are right more often than lingua 2.1, which lacks Galician
and takes 700 MB (docs/benchmarks.md). They tell these 25 languages apart and know no others: Bosnian passes for
Croatian, Norwegian for Danish.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mic21.ontology import LANGUAGES, Ontology

_ORDER = 4  # letters of the longest sequences that are counted
_MARGIN = 10.0  # nats by which another language must fit better before a text is refused
_LEAST_IN_SCRIPT = 0.7  # share of the letters; the rest may be BMW and such
_SCRIPTS = {"bg": "Cyrillic", "ru": "Cyrillic", "sr": "Cyrillic", "el": "Greek"}
_LETTERS = {
    "Cyrillic": re.compile(r"[\u0400-\u052f]"),
    "Greek": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]"),
    "Latin": re.compile(r"[a-zªºß-öø-ɏ]", re.IGNORECASE),
}
# Letters that a language lacks and its nearest relatives have.
_FOREIGN = {
    "bg": "ыэёіїєјљњћђџ", "ru": "іїєґјљњћђџ", "sr": "йщъыьэюяёіїє", "sk": "ěřů", "gl": "ãõçâêôà", "pt": "ñ",
    "es": "ãõâêôàèç", "da": "äö", "sv": "æø",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")


_made: dict[str, "Languages"] = {}  # by the ontology's digest; a review asks for one with every image


def load_languages(ontology: Ontology) -> "Languages":
    """What the 25 languages look like by the names of an ontology; made once, which takes a second."""
    if ontology.digest not in _made:
        _made.clear()
        _made[ontology.digest] = Languages(ontology)
    return _made[ontology.digest]


class Languages:
    """What the 25 languages look like."""

    def __init__(self, ontology: Ontology) -> None:
        """Count the letters and words of the ontology's names."""
        lines = (Path(__file__).parent / "common_words.tsv").read_text(encoding="utf-8").splitlines()[1:]
        common = {language: words.split() for language, words in (line.split("\t") for line in lines)}
        self._models = {language: _Model(ontology, language, common[language]) for language in LANGUAGES}

    def identify(self, text: str) -> str:
        """The language that fits a text best, as a BCP 47 tag.

        >>> load_languages(Ontology.load()).identify("Скиорът носи каска")
        'bg'
        """
        fits = self._fits(text)
        return max(fits, key=fits.__getitem__)

    def fault(self, text: str, language: str) -> str | None:
        """Why a text is not in a language, or None where it may well be; a text too short to tell passes.

        Args:
            text: a caption.
            language: BCP 47 tag; of a language that is none of the 25 nothing is known, and its texts pass.
        """
        if language not in self._models:
            return None
        script = _SCRIPTS.get(language, "Latin")
        letters = [letter for letter in text if letter.isalpha()]
        if sum(bool(_LETTERS[script].match(letter)) for letter in letters) < _LEAST_IN_SCRIPT * len(letters):
            return f"expected {language} in {script} letters"
        foreign = sorted(set(text.casefold()) & set(_FOREIGN.get(language, "")))
        if foreign:
            return f"expected {language}, found the letter {foreign[0]}"
        fits = self._fits(text)
        best = max(fits, key=fits.__getitem__)
        return f"expected {language}, found {best}" if fits[best] - fits[language] > _MARGIN else None

    def _fits(self, text: str) -> dict[str, float]:
        """Language → log-likelihood of the text's words."""
        words = _WORD.findall(text.casefold())
        return {language: sum(map(model.fit, words)) for language, model in self._models.items()}


class _Model:
    """A mixture of a language's words and of its sequences of letters."""

    def __init__(self, ontology: Ontology, language: str, common: list[str]) -> None:
        self._words: Counter[str] = Counter()
        for entry in ontology.names(language):
            for name in filter(None, (entry.name, *entry.synonyms, entry.plural)):
                self._words.update(_WORD.findall(name.casefold()))
        self._words = Counter({word: min(count, 20) for word, count in self._words.items()})
        self._grams: Counter[str] = Counter()
        for word in self._words:
            self._grams.update(_sequences(word))
        for word in common:
            self._words[word] = 20
            for _ in range(3):
                self._grams.update(_sequences(word))
        self._all_words = sum(self._words.values())
        self._all_letters = sum(count for gram, count in self._grams.items() if len(gram) == 1)

    def fit(self, word: str) -> float:
        """Log-likelihood of a word: a known one, or letters each given those before it (Witten-Bell smoothing)."""
        letters = f"^{word}$"
        spelt = 0.0
        for at in range(1, len(letters)):
            probability = 1 / 60
            for before in range(min(at + 1, _ORDER)):
                seen = self._grams[letters[at - before : at]] if before else self._all_letters
                if not seen:
                    break
                probability = (self._grams[letters[at - before : at + 1]] + 5 * probability) / (seen + 5)
            spelt += math.log(probability)
        known = self._words[word] / self._all_words
        return math.log(known / 2 + math.exp(max(spelt, -600.0)) / 2)


def _sequences(word: str) -> Iterator[str]:
    letters = f"^{word}$"
    for length in range(1, _ORDER + 1):
        for at in range(len(letters) - length + 1):
            yield letters[at : at + length]
