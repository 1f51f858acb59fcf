"""Whether a caption is true to the annotations of its image, as far as words can show it.

An image of a subdomain is annotated with all objects of the categories that are drawn there and with no others: that
one of these is absent can be known, and of anything else nothing can.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mic21.corpus.unknowable import Unknowable
from mic21.ontology import LANGUAGES, Ontology
from mic21.ontology.mentions import Mentions


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """What a caption says against, or leaves out of, the annotations.

    Attributes:
        absent: keys of categories it mentions that the image would be annotated with if they were there.
        unsaid: key of the dominant object if neither it nor anything above or below it is mentioned, else None.
    """

    absent: tuple[str, ...]
    unsaid: str | None


def faithfulness(
    text: str, mentions: Mentions, ontology: Ontology, annotated: Mapping[str, float], subdomain: str | None
) -> Faithfulness:
    """Compare a caption with what is annotated.

    A mention is borne out by an annotated category that it names, or that is below what it names: a vehicle is said
    truly of a taxi, a taxi not of a vehicle. Words that can name several categories need one of them.

    Args:
        text: the caption.
        mentions: of its language.
        ontology: what is above what.
        annotated: key → area in pixels of the categories annotated in the image; with none, nothing is known.
        subdomain: of the image; without one, whatever is not annotated counts as absent.

    >>> onto = Ontology.load()
    >>> found = {"violin": 900.0, "chair": 400.0}
    >>> faithfulness("Furniture and a music stand", Mentions(onto, "en"), onto, found, "violinist")
    Faithfulness(absent=('music_stand',), unsaid='violin')
    """
    if not annotated:
        return Faithfulness((), None)
    there = {above for key in annotated for above in (key, *_above(ontology, key))}
    drawn = None if subdomain is None else {category.key for category in ontology.categories(subdomain=subdomain)}
    said: set[str] = set()
    absent: dict[str, None] = {}
    for mention in mentions.find(text):
        said.update(mention.categories)
        if there.isdisjoint(mention.categories) and all(
            drawn is None or not drawn.isdisjoint((key, *_above(ontology, key))) for key in mention.categories
        ):
            absent[mention.categories[0]] = None
    main = _main(ontology, annotated, subdomain)
    near = {main, *_above(ontology, main), *(below.key for below in ontology.under(main))}
    return Faithfulness(tuple(absent), None if near & said else main)


class CaptionTruth:
    """The same for captions of any language, each of which is indexed when the first one comes."""

    def __init__(self, ontology: Ontology) -> None:
        self._ontology = ontology
        self._themes = {None, *(theme.key for theme in ontology.subdomains())}
        self._mentions: dict[str, Mentions] = {}
        self._unknowable: dict[str, Unknowable] = {}

    def faithfulness(
        self, text: str, language: str, annotated: Mapping[str, float], subdomain: str | None
    ) -> Faithfulness:
        """As the function; of a language that is none of the 25, or of a theme that the ontology lacks, nothing."""
        if language not in LANGUAGES or subdomain not in self._themes:
            return Faithfulness((), None)
        if language not in self._mentions:
            self._mentions[language] = Mentions(self._ontology, language)
        return faithfulness(text, self._mentions[language], self._ontology, annotated, subdomain)

    def of_caption(self, caption: Mapping[str, Any], annotated: Mapping[int, Mapping[str, float]]) -> Faithfulness:
        """Of a row of the corpus; `annotated` by image id."""
        found = annotated.get(caption["image_id"], {})
        return self.faithfulness(caption["text"], caption["language"], found, caption["subdomain"])

    def unknowable(self, text: str, language: str) -> tuple[str, ...]:
        """The ages and names in a caption; see `mic21.corpus.unknowable`."""
        if language not in LANGUAGES:
            return ()
        if language not in self._unknowable:
            self._unknowable[language] = Unknowable(self._ontology, language)
        return self._unknowable[language].find(text)


def _above(ontology: Ontology, key: str) -> tuple[str, ...]:
    return tuple(category.key for category in ontology.ancestors(key))


def _main(ontology: Ontology, annotated: Mapping[str, float], subdomain: str | None) -> str:
    """The dominant category of the subdomain, or what is below it, if it is annotated; else the largest."""
    if subdomain is not None:
        dominant = ontology.dominant(subdomain).key
        of_theme = [key for key in annotated if key == dominant or dominant in _above(ontology, key)]
        if of_theme:
            return max(of_theme, key=lambda key: (annotated[key], key))
    return max(annotated, key=lambda key: (annotated[key], key))
