"""WN-LMF 1.3: a lexicon for each language, whose synsets are the categories; the `wn` library reads it.

https://globalwordnet.github.io/schemas/. The interlingual index joins the lexicons with each other and with other
wordnets; `dc:identifier` says the WordNet 3.0 offset.
"""

from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from mic21.ontology.ontology import Ontology

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE LexicalResource SYSTEM "http://globalwordnet.github.io/schemas/WN-LMF-1.3.dtd">
<LexicalResource xmlns:dc="https://globalwordnet.github.io/schemas/dc/">
"""


def to_lmf(ontology: Ontology) -> Iterator[str]:
    """The ontology's categories and their names as WN-LMF, a lexicon a language."""
    yield _HEAD
    for language in ontology.languages():
        yield from _lexicon(ontology, language)
    yield "</LexicalResource>\n"


def _lexicon(ontology: Ontology, language: str) -> Iterator[str]:
    id = f"mic21-{language.lower()}"
    senses: dict[str, list[str]] = {}  # a word of several categories is one entry with several senses
    members: dict[str, list[str]] = {}
    for category in ontology:
        for word in filter(None, (category.name(language), *category.synonyms(language))):
            senses.setdefault(word, []).append(category.key)
    entries = {word: f"{id}-w{number}" for number, word in enumerate(senses, 1)}
    for word, keys in senses.items():
        for key in keys:
            members.setdefault(key, []).append(f"{entries[word]}-{key}")
    attributes = {
        "id": id,
        "label": f"mic21 ({language})",
        "language": language,
        "email": "mic21@example.org",
        "license": "https://www.apache.org/licenses/LICENSE-2.0",
        "version": ontology.version,
    }
    yield f"  <Lexicon{_attributes(attributes)}>\n"
    for word, keys in senses.items():
        yield f"    <LexicalEntry id={quoteattr(entries[word])}>"
        yield f'<Lemma writtenForm={quoteattr(word)} partOfSpeech="n"/>'
        for key in keys:
            yield f'<Sense id={quoteattr(f"{entries[word]}-{key}")} synset="{id}-{key}"/>'
        yield "</LexicalEntry>\n"
    for category in ontology:
        own = {"id": f"{id}-{category.key}", "ili": category.ili or "", "partOfSpeech": "n"}
        own |= {"members": " ".join(members.get(category.key, []))}
        own |= {"dc:identifier": f"eng-30-{category.synset}"} if category.synset else {}
        yield f"    <Synset{_attributes(own)}>"
        if language == "en":
            yield f"<Definition>{quoteattr(category.definition)[1:-1]}</Definition>"
        for parent in category.parents:
            yield f'<SynsetRelation relType="hypernym" target="{id}-{parent}"/>'
        for child in ontology.children(category.key):
            yield f'<SynsetRelation relType="hyponym" target="{id}-{child.key}"/>'
        yield "</Synset>\n"
    yield "  </Lexicon>\n"


def _attributes(values: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items())
