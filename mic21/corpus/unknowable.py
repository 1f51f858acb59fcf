"""What a caption says that nobody can see in a picture: names of people and places, ages.

Made to be trusted rather than complete. Names are words that begin with a capital inside a sentence, so none are found
in German, whose nouns all do, nor in titles whose every word does, nor where one opens a sentence; single capitals and
abbreviations (BMX) are let pass, and so are words of the ontology's names. Ages are numbers beside the language's word
for years of age, in English and Bulgarian also numbers in words.
"""

import re

from mic21.ontology import Ontology

_EN_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_EN_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_EN_TEENS = "ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
_EN = rf"(?:\d+|\b(?:(?:{_EN_TENS})(?:[\s-](?:{_EN_UNITS}))?|{_EN_TEENS}|{_EN_UNITS}))"
_EN_DECADES = r"\d0s|teens|(?:twen|thir|for|fif|six|seven|eigh|nine)ties"
_BG_UNITS = "две|дву|три|четири|пет|шест|седем|осем|девет"  # a plant, too, is of one year
_BG = rf"(?:\d+|\b(?:\w*(?:десет|дейсет|найсет|йсет)(?:\s+и\s+)?)?(?:{_BG_UNITS}|един|една)?(?<=\w))"
# What follows or precedes a number (or stands for one, as Bulgarian `годишен` after a hyphen) where it is an age.
_AGES = {
    "en": rf"{_EN}[\s-]*years?[\s-]+olds?|\baged?\s+{_EN}\b|{_EN}[\s-]+months?[\s-]+old"
    rf"|in (?:his|her|their) (?:(?:early|late|mid)[\s-]+)?(?:{_EN_DECADES})",
    "bg": rf"\d+[\s-]*годи(?:шн\w+|шен|ни)|\b(?:\w*(?:десет|йсет)(?:\s*и\s*)?)?(?:{_BG_UNITS})?(?<=\w)годиш(?:ен|н\w+)"
    rf"|на\s+{_BG}\s+години|на\s+\d+\s*г\.",
    "sq": r"\d+[\s-]*vjeç\w*",
    "eu": r"\d+\s+urte(?:ko|tako|koa)",
    "ca": r"(?:de|té)\s+\d+\s+anys",
    "hr": r"\d+[\s-]*godišnj\w+|od\s+\d+\s+godin\w+|ima\s+\d+\s+godin\w+",
    "da": r"\d+[\s-]*årig\w*|\d+\s+år\s+gam\w+",
    "nl": r"\d+[\s-]*jarig\w*|\d+\s+jaar\s+oud|van\s+\d+\s+jaar",
    "de": r"\d+[\s-]*jährig\w*|\d+\s+Jahre\s+alt",
    "el": r"\d+[\s-]*χρον\w+|\d+\s+ετών",
    "fi": r"\d+[\s-]*vuotia\w+",
    "fr": r"(?:de|a|âgée?s?\s+de)\s+\d+\s+ans",
    "gl": r"(?:de|ten)\s+\d+\s+anos",
    "is": r"\d+\s+ára",
    "it": r"(?:di|ha|circa)\s+\d+\s+anni|\d+enne",
    "lt": r"\d+\s*metų",
    "pl": r"\d+[\s-]*letni\w*|\d+[\s-]*lat(?:ek|ka|kowie)|ma\s+\d+\s+lat",
    "pt": r"(?:de|com|tem)\s+\d+\s+anos",
    "ro": r"(?:de|are)\s+\d+\s+(?:de\s+)?ani",
    "ru": r"\d+[\s-]*летн\w+|\d+\s+(?:лет|года?)\b",
    "sr": r"\d+[\s-]*годишњ\w+|од\s+\d+\s+годин\w+|има\s+\d+\s+годин\w+",
    "sk": r"\d+[\s-]*ročn\w+|má\s+\d+\s+rok\w*",
    "sl": r"\d+[\s-]*letn\w+|star\w*\s+\d+\s+let\w*",
    "es": r"(?:de|tiene)\s+\d+\s+años",
    "sv": r"\d+[\s-]*årig\w*|\d+\s+år\s+gam\w+",
}
_CAPITAL_NOUNS = ("de",)
_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")
_OPENS = re.compile(r"(?:^|[.!?:;…“”„«»\"()\[\]–—/]|\s-)\s*$")  # what stands before the first word of a sentence
_TITLE = 0.6  # share of a text's longer words that begin with a capital where it is set as a title


class Unknowable:
    """Finds ages and names in captions of a language."""

    def __init__(self, ontology: Ontology, language: str) -> None:
        """Take the words of the ontology's names, which are none of people or places; `language` is a BCP 47 tag."""
        entries = () if language in _CAPITAL_NOUNS else ontology.names(language)
        names = (name for entry in entries for name in (entry.name, *entry.synonyms, entry.plural) if name)
        self._known = frozenset(word.casefold() for name in names for word in _WORD.findall(name))
        self._has_capital_nouns = language in _CAPITAL_NOUNS
        self._age = re.compile(_AGES.get(language, r"(?!)"), re.IGNORECASE)

    def find(self, text: str) -> tuple[str, ...]:
        """The ages and the names in a caption, in order.

        >>> english = Unknowable(Ontology.load(), "en")
        >>> english.find("Magnus plays chess in Oslo with a 12-year-old boy.")
        ('Oslo', '12-year-old')
        >>> english.find("Intense Chess Concentration: A Player's Deep Thought")
        ()
        """
        found = [(match.start(), match.group()) for match in self._age.finditer(text)]
        if not self._has_capital_nouns:
            inside = [word for word in _WORD.finditer(text) if not _OPENS.search(text[: word.start()])]
            longer = [word.group() for word in inside if len(word.group()) > 3]
            if sum(word[0].isupper() for word in longer) < max(2, _TITLE * len(longer)):
                found += [(word.start(), word.group()) for word in inside if self._is_name(word.group())]
        return tuple(words for _, words in sorted(found))

    def _is_name(self, word: str) -> bool:
        return len(word) > 2 and word[0].isupper() and word[1:].islower() and word.casefold() not in self._known
