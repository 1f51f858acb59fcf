"""What a chat model is asked, and how its answer is read.

The rules are given in English, which all such models follow best; the names of the annotated things and the request for
a language are in that language, because they are what carries over into the answer.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from mic21.drafts.captioners import Scene
from mic21.drafts.captioners.layout import things
from mic21.errors import BackendError
from mic21.ontology import Ontology

VERSION = 1  # raise it when the words below change, so that drafts are made anew

_RULES = """\
You describe photographs for a corpus. Say only what can be seen, plainly, in correct and natural {language}.
{kinds}
Name the most important objects, the main one first, with the words that you are given where they fit.
Never give what a picture cannot show: no names of people, places, brands, teams or events, no dates, no ages, no \
nationality, ethnicity or religion, no relationships, nothing that happened before or after, and no guesses.
Answer with one JSON object with the {keys} and nothing else."""
_KINDS = {
    "title": "title: a short noun phrase of 3 to 12 words, without a full stop.",
    "description": "description: one to three full sentences.",
}
# English name of the language, and the request in the language itself.
_REQUESTS = {
    "en": ("English", "Write in English."),
    "bg": ("Bulgarian", "Пиши на български език."),
    "sq": ("Albanian", "Shkruaj në gjuhën shqipe."),
    "eu": ("Basque", "Idatzi euskaraz."),
    "ca": ("Catalan", "Escriu en català."),
    "hr": ("Croatian", "Piši na hrvatskom jeziku."),
    "da": ("Danish", "Skriv på dansk."),
    "nl": ("Dutch", "Schrijf in het Nederlands."),
    "de": ("German", "Schreibe auf Deutsch."),
    "el": ("Greek", "Γράψε στα ελληνικά."),
    "fi": ("Finnish", "Kirjoita suomeksi."),
    "fr": ("French", "Écris en français."),
    "gl": ("Galician", "Escribe en galego."),
    "is": ("Icelandic", "Skrifaðu á íslensku."),
    "it": ("Italian", "Scrivi in italiano."),
    "lt": ("Lithuanian", "Rašyk lietuviškai."),
    "pl": ("Polish", "Pisz po polsku."),
    "pt": ("Portuguese", "Escreve em português."),
    "ro": ("Romanian", "Scrie în limba română."),
    "ru": ("Russian", "Пиши по-русски."),
    "sr": ("Serbian, in Cyrillic letters", "Пиши на српском језику, ћирилицом."),
    "sk": ("Slovak", "Píš po slovensky."),
    "sl": ("Slovenian", "Piši v slovenščini."),
    "es": ("Spanish", "Escribe en español."),
    "sv": ("Swedish", "Skriv på svenska."),
}
_FENCE = re.compile(r"\A```(?:json)?\s*(.*?)\s*```\Z", re.DOTALL)


def check_request(backend: str, languages: Sequence[str], kinds: Sequence[str]) -> None:
    """See that all that is asked for can be asked of a model.

    Raises:
        BackendError: a language or kind that there is no request for.
    """
    for language in languages:
        if language not in _REQUESTS:
            raise BackendError(
                f"captioner {backend!r}: expected one of {', '.join(_REQUESTS)}, found the language {language!r}"
            )
    for kind in kinds:
        if kind not in _KINDS:
            raise BackendError(f"captioner {backend!r}: expected title or description, found the kind {kind!r}")


def rules(language: str, kinds: Sequence[str]) -> str:
    """What a model is told once: its task, the form of the answer, and what it must not say."""
    keys = f"keys {' and '.join(kinds)}" if len(kinds) > 1 else f"key {kinds[0]}"
    asked = "\n".join(_KINDS[kind] for kind in kinds)
    return _RULES.format(language=_REQUESTS[language][0], kinds=asked, keys=keys)


def question(scene: Scene, language: str, ontology: Ontology) -> str:
    """What a model is asked of one photograph: its theme and annotated things with their counts, and the language.

    A thing without a name in the language is left out; the photograph shows it all the same.
    """
    lines = []
    theme = ontology.subdomain(scene.subdomain).name(language) if scene.subdomain else None
    if theme:
        lines.append(f"Theme: {theme}")
    named = [(thing.category.name(language), thing.count) for thing in things(scene, ontology)]
    found = [f"{name}: {count or 'many'}" for name, count in named if name]
    if found:
        lines.append(f"Annotated objects, main one first: {'; '.join(found)}")
    return "\n".join((*lines, _REQUESTS[language][1]))


def answer_schema(kinds: Sequence[str]) -> dict[str, object]:
    """The JSON Schema of an answer."""
    properties = {kind: {"type": "string"} for kind in kinds}
    return {"type": "object", "properties": properties, "required": list(kinds), "additionalProperties": False}


def read_answer(text: str, kinds: Sequence[str]) -> Mapping[str, str]:
    """The texts of an answer by kind; a fence of Markdown around the JSON is let pass.

    Raises:
        ValueError: it is no such JSON; the message says what it is.

    >>> read_answer('{"title": "A violin", "description": "A violin lies on a chair."}', ["title"])
    {'title': 'A violin'}
    """
    if not text.strip():
        raise ValueError("empty answer")
    fenced = _FENCE.match(text.strip())
    try:
        found = msgspec.json.decode(fenced.group(1) if fenced else text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ValueError(f"expected JSON, found {text.strip()[:60]!r}") from error
    if not isinstance(found, dict):
        raise ValueError(f"expected a JSON object, found {type(found).__name__}")
    for kind in kinds:
        if not isinstance(found.get(kind), str):
            raise ValueError(f"expected a text for {kind}, found {found.get(kind)!r}")
    return {kind: found[kind] for kind in kinds}
