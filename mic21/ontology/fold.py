"""Words as one types them without caring: no case, no accents, any script in Latin letters."""

import re
import unicodedata

# Letters that no accent can be taken from.
_LETTERS = {"ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ŀ": "l"}
_LATIN = str.maketrans(_LETTERS | {"-": " "} | dict.fromkeys("'’\"„“”«»·", ""))
_GREEK = str.maketrans(
    dict(zip("αβγδεζηικλμνξοπρςστυφω", "avgdeziiklmnxoprsstyfo", strict=True)) | {"θ": "th", "χ": "ch", "ψ": "ps"}
)
_COMMON = dict(zip("абвгдезиклмнопрстуфыэіј", "abvgdeziklmnoprstufyeij", strict=True)) | {
    "ъ": "a",
    "ь": "",
    "ђ": "dj",
    "ћ": "c",
}
_COMMON |= {"љ": "lj", "њ": "nj", "џ": "dz"}
# Cyrillic twice: as Slavic languages write it in Latin letters, less the hooks, and as English does.
_SLAVIC = str.maketrans(_COMMON | dict(zip("жцчшхщюя", ("z", "c", "c", "s", "h", "st", "ju", "ja"), strict=True)))
_ENGLISH = str.maketrans(_COMMON | dict(zip("жцчшхщюя", ("zh", "ts", "ch", "sh", "h", "sht", "yu", "ya"), strict=True)))


def fold(text: str) -> tuple[str, ...]:
    """The ways a text is written in small Latin letters without accents: one, or two for some Cyrillic.

    >>> fold("Вélo électrique"), fold("Řidič")
    (('velo electrique',), ('ridic',))
    >>> fold("шахматист")
    ('sahmatist', 'shahmatist')
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter)).translate(_LATIN)
    plain = re.sub(r"\s+", " ", plain).strip().translate(_GREEK)
    return tuple(dict.fromkeys((plain.translate(_SLAVIC), plain.translate(_ENGLISH))))


def variants(word: str) -> set[str]:
    """Every text one edit away from a folded one: a letter left out, put in, taken for another, or two swapped.

    >>> "violin" in variants("voilin") and "violin" in variants("violn")
    True
    """
    alphabet = "abcdefghijklmnopqrstuvwxyz "
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = {a + b[1:] for a, b in splits if b}
    found |= {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
    found |= {a + letter + b for a, b in splits for letter in alphabet}
    found |= {a + letter + b[1:] for a, b in splits if b for letter in alphabet}
    return found - {word}
