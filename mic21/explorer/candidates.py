"""Texts of captioners beside the references, with the words marked that the masks of the image do not bear out.

A word is borne out where some mask's category is what it names, or lies below or above that: a poodle bears out a dog,
and a person does not refute a violinist. Otherwise it is `absent` where the image's subdomain draws the category, so
that a missing mask means something, and `unverified` where nobody was asked to draw it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from mic21.errors import CheckError
from mic21.explorer.source import Photograph, Source
from mic21.ontology.mentions import Mentions

Judgement = Literal["absent", "unverified"]


class _Line(msgspec.Struct):
    image_id: int
    caption: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Mark:
    """Words of a text, from one letter to before another, that name a category which no mask bears out."""

    start: int
    end: int
    category: str
    judgement: Judgement


class Candidates:
    """The texts of captioners for the images of a source.

    Attributes:
        captioners: their names: those of the files.
        worst_first: the images with their numbers of marked words, `id, absent, unverified`.
    """

    def __init__(
        self,
        source: Source,
        texts: Mapping[str, Mapping[int, Sequence[_Line]]],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._source = source
        self._keys = {id: key for id, (key, _) in source.tables().categories.items()}
        self._texts = texts
        self.captioners = list(texts)
        self._mentions = lru_cache(maxsize=None)(lambda language: Mentions(source.ontology, language))
        ids = sorted({id for by_image in texts.values() for id in by_image})
        judged: list[dict[str, int]] = []
        for done, id in enumerate(ids, 1):
            found = [mark.judgement for text in self.of_image(id) for mark in text["marks"]]
            judged.append({"id": id, "absent": found.count("absent"), "unverified": found.count("unverified")})
            if on_progress:
                on_progress(done, len(ids))
        self.worst_first = sorted(judged, key=lambda row: (-row["absent"], -row["unverified"], row["id"]))

    def of_image(self, id: int) -> list[dict[str, Any]]:
        """The texts for an image, captioner by captioner, each with its marks."""
        lines = [(name, line) for name, by_image in self._texts.items() for line in by_image.get(id, ())]
        if not lines:
            return []
        photograph = self._source.photograph(id)
        seen = self._seen(photograph)
        theme = photograph.image["subdomain"]
        return [
            {
                "captioner": name,
                "language": line.language,
                "text": line.caption,
                "marks": self._marks(line, seen, theme),
            }
            for name, line in lines
        ]

    def _marks(self, line: _Line, seen: set[str], theme: str | None) -> list[Mark]:
        onto = self._source.ontology
        marks = []
        for mention in self._mentions(line.language).find(line.caption):
            if seen.isdisjoint(mention.categories):
                drawn = [key for key in mention.categories if theme in onto.roles(key)]
                key = next(iter(drawn), mention.categories[0])
                marks.append(Mark(mention.start, mention.end, key, "absent" if drawn else "unverified"))
        return marks

    def _seen(self, photograph: Photograph) -> set[str]:
        """Keys of the categories that some mask is of, and of all above and below them."""
        onto = self._source.ontology
        found: set[str] = set()
        for id in {row["category_id"] for row in photograph.annotations if row["status"] != "rejected"}:
            key = self._keys.get(id)
            if key and key in onto:
                found |= {key, *(above.key for above in onto.ancestors(key)), *(below.key for below in onto.under(key))}
        return found


def read_candidates(
    paths: Sequence[Path], source: Source, on_progress: Callable[[int, int], None] | None = None
) -> Candidates:
    """The texts of captioners, a file of each.

    Args:
        paths: of JSON lines: `image_id`, `caption`, and `language` where it is not English.
        source: a release or a corpus.
        on_progress: called with (images judged, images).

    Raises:
        CheckError: a line is none of these, names an unknown language, or no line is for an image of the source.
    """
    known = set(source.tables().images["id"].to_pylist())
    languages = source.ontology.languages()
    texts: dict[str, dict[int, list[_Line]]] = {}
    for path in paths:
        by_image: dict[int, list[_Line]] = {}
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise CheckError(f"{path}: expected a captioner's texts, found: {error}") from error
        for number, data in enumerate(lines, 1):
            try:
                line = msgspec.json.decode(data, type=_Line)
            except msgspec.MsgspecError as error:
                raise CheckError(f"{path}:{number}: expected image_id and caption as JSON, found: {error}") from error
            if line.language not in languages:
                raise CheckError(f"{path}:{number}: language: expected a tag of the ontology, found {line.language!r}")
            if line.image_id in known:
                by_image.setdefault(line.image_id, []).append(line)
        if lines and not by_image:
            raise CheckError(f"{path}: expected texts for images of {source.name}, found none of its image ids")
        name = path.stem if path.stem not in texts else str(path)
        texts[name] = by_image
    return Candidates(source, texts, on_progress)
