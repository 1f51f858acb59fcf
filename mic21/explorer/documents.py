"""Every file that the page reads, by its path: a server makes one when it is asked for, a static site has all of them.

A document is data alone. Names, captions and file names go out as JSON strings, and the page shows them as text.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import msgspec
import numpy as np

from mic21.corpus.coco.document import segmentation_rle
from mic21.errors import GeometryError, Mic21Error, UsageError
from mic21.explorer.candidates import Candidates
from mic21.explorer.columns import Columns, category_words, make_columns
from mic21.explorer.comparison import Comparison
from mic21.explorer.overlay import color_of
from mic21.explorer.paths import mask_path, reduced, segmentation_path
from mic21.explorer.source import Photograph, Row, Source
from mic21.explorer.thumbnails import HEIGHT, WIDEST, Thumbnails
from mic21.geometry import area, bbox
from mic21.ontology.fold import fold
from mic21.ontology.query import paths, relations_of
from mic21.ontology.values import Role

_MEDIA = {
    "json": "application/json",
    "bin": "application/octet-stream",
    "webp": "image/webp",
    "jpg": "image/jpeg",
    "png": "image/png",
}
_FIRST = 12  # photographs at the top of the gallery
_DRAWN: tuple[Role, ...] = ("dominant", "attribute")
_OF_IMAGE = (
    *("id", "width", "height", "file_name", "title", "subdomain", "split", "author", "source_url"),
    *("extension", "run"),
)
_OF_CAPTION = ("text", "language", "kind", "status", "origin", "run")
_OF_INTERACTION = ("subject_id", "predicate", "object_id", "status", "origin")


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of a document and their media type."""

    data: bytes
    media_type: str


class Documents:
    """The documents of a source.

    Args:
        source: a release or a corpus.
        thumbnails: of its photographs.
        comparison: with the masks of a model, if there is one.
        candidates: texts of captioners beside the references, if there are some.
        is_static: whether the page must search in a document, for want of a server.
    """

    def __init__(
        self,
        source: Source,
        thumbnails: Thumbnails,
        *,
        comparison: Comparison | None = None,
        candidates: Candidates | None = None,
        is_static: bool = False,
    ) -> None:
        self._source = source
        self._thumbnails = thumbnails
        self._comparison = comparison
        self._candidates = candidates
        self._is_static = is_static
        self._ontology = source.ontology
        self._lock = Lock()
        self._read_tables()

    def _read_tables(self) -> None:
        self._token = self._source.token
        tables = self._source.tables()
        self._categories = tables.categories
        self._words = category_words(self._ontology, tables.categories)
        self._columns = self._with_comparison(make_columns(tables, self._ontology))

    def refresh(self) -> str:
        """Read the columns again where a corpus has changed; gives the source's token."""
        with self._lock:
            if self._token != self._source.token:
                self._read_tables()
            return self._token

    def prepare(self) -> None:
        """Do what the first pictures would wait for: find where photographs lie, and make the first thumbnails."""
        for id in self.image_ids[:_FIRST]:
            with contextlib.suppress(Mic21Error):  # said to whoever asks for it
                self._thumbnails.read(id)

    @property
    def image_ids(self) -> list[int]:
        """Ids of the photographs, ascending."""
        return [int(id) for id in self._columns.ids.tolist()]

    def read(self, path: str) -> Document:
        """The document of a path, such as `images/12.json`.

        Raises:
            UsageError: there is no such document.
        """
        folder, _, name = path.rpartition("/")
        stem, _, ending = name.rpartition(".")
        if ending not in _MEDIA:
            raise _unknown(path)
        if folder in ("thumbnails", "photographs"):
            return Document(self._picture(folder, stem, ending, path), _MEDIA[ending])
        if path == "index.bin":
            return Document(self._columns.encode(), _MEDIA["bin"])
        return Document(msgspec.json.encode(self._value(folder, stem, path)), _MEDIA["json"])

    def paths(self) -> Iterator[str]:
        """The path of every document."""
        yield from ("about.json", "index.bin", "ontology.json")
        if self._is_static:
            yield "search.json"
        if self._comparison:
            yield "comparison.json"
        if self._candidates:
            yield "captions.json"
        yield from (f"names/{language}.json" for language in self._ontology.languages())
        yield from (f"categories/{category.key}.json" for category in self._ontology)
        for id in self.image_ids:
            yield from (f"images/{id}.json", f"tiles/{id}.json", f"thumbnails/{id}.webp")
            yield f"photographs/{id}.{self._source.extension(id)}"

    def _picture(self, folder: str, stem: str, ending: str, path: str) -> bytes:
        id = _number(stem, path)
        if folder == "thumbnails":
            if ending != "webp":
                raise _unknown(path)
            return self._thumbnails.read(id)
        data, extension = self._source.picture(id)
        if extension != ending:
            raise _unknown(path)
        return data

    def _value(self, folder: str, stem: str, path: str) -> Any:
        match folder, stem:
            case "", "about":
                return self._about()
            case "", "ontology":
                return self._ontology_record()
            case "", "search" if self._is_static:
                return self._search_record()
            case "", "comparison" if self._comparison:
                return self._comparison.record(self._words)
            case "", "captions" if self._candidates:
                return {"captioners": self._candidates.captioners, "images": self._candidates.worst_first}
            case "names", language if language in self._ontology.languages():
                return self._names_record(language)
            case "categories", key if self._ontology.get(key) is not None:
                return self._category_record(key)
            case "images", _:
                return self._image_record(_number(stem, path))
            case "tiles", _:
                return self._tile_record(_number(stem, path))
        raise _unknown(path)

    # The whole

    def _about(self) -> dict[str, Any]:
        return {
            "kind": self._source.kind,
            "name": self._source.name,
            "version": self._source.version,
            "token": self._token,
            "ontology": self._ontology.version,
            "languages": self._ontology.languages(),
            "static": self._is_static,
            "comparison": self._comparison.name if self._comparison else None,
            "captioners": self._candidates.captioners if self._candidates else [],
        }

    def _with_comparison(self, columns: Columns) -> Columns:
        if self._comparison is None:
            return columns
        quality = np.full(len(columns.ids), np.nan, "<f4")
        for place, id in enumerate(columns.ids.tolist()):
            if found := self._comparison.images.get(int(id)):
                quality[place] = found.quality
        return Columns({**columns.arrays, "quality": quality}, columns.words)

    # The ontology

    def _ontology_record(self) -> dict[str, Any]:
        onto = self._ontology
        return {
            "domains": [found.key for found in onto.domains()],
            "subdomains": [
                {
                    "key": theme.key,
                    "domain": theme.domain,
                    "categories": [
                        {"key": one.key, "role": role}
                        for role in _DRAWN
                        for one in onto.categories(theme.key, role=role)
                    ],
                }
                for theme in onto.subdomains()
            ],
            "categories": [
                {
                    "key": one.key,
                    "synset": one.synset,
                    "parents": one.parents,
                    "color": _hex(one.name("en") or one.key),
                }
                for one in onto
            ],
            "imports": [
                {"key": word, "name": self._categories[id][1], "color": _hex(self._categories[id][1])}
                for id, word in self._words.items()
                if word.startswith("#")
            ],
        }

    def _names_record(self, language: str) -> dict[str, dict[str, str]]:
        names: dict[str, dict[str, str]] = {"domain": {}, "subdomain": {}, "category": {}, "predicate": {}}
        for entry in self._ontology.names(language):
            if entry.name:
                names[entry.kind][entry.key] = entry.name
        return names

    def _category_record(self, key: str) -> dict[str, Any]:
        onto = self._ontology
        category = onto[key]
        names = {
            language: {
                "name": entry.name,
                "synonyms": entry.synonyms,
                "gender": entry.gender,
                "plural": entry.plural,
                "source": entry.source,
                "reviewed": entry.reviewed,
            }
            for language in onto.languages()
            if (entry := self._entries(language).get(category.key))
        }
        fields = ("id", "key", "synset", "sense_key", "ili", "definition", "note")
        return {name: getattr(category, name) for name in fields} | {
            "names": names,
            "paths": paths(onto, category.key),
            "children": [child.key for child in onto.children(category.key)],
            "roles": dict(onto.roles(category.key)),
            "relations": [
                {"subject": one.subject, "predicate": one.predicate, "object": one.object}
                for one in relations_of(onto, category.key)
            ],
        }

    def _entries(self, language: str) -> Mapping[str, Any]:
        if language not in self._entries_read:
            names = self._ontology.names(language)
            self._entries_read[language] = {entry.key: entry for entry in names if entry.kind == "category"}
        return self._entries_read[language]

    @cached_property
    def _entries_read(self) -> dict[str, Mapping[str, Any]]:
        return {}

    def search(self, word: str, limit: int = 12) -> list[dict[str, str]]:
        """The categories that a word names in any language, best first."""
        found = self._ontology.search(word[:100], limit=limit)
        return [{"key": one.key, "name": one.name, "language": one.language, "how": one.how} for one in found]

    def _search_record(self) -> dict[str, Any]:
        """Every name of every language, and how each letter is folded, for a page that searches by itself."""
        names = [
            (entry.key, language, name)
            for language in self._ontology.languages()
            for entry in self._entries(language).values()
            for name in (entry.name, *entry.synonyms)
            if name
        ]
        letters = sorted({letter for _, _, name in names for letter in name.casefold() + name.upper()})
        return {"names": names, "letters": {letter: fold(letter) for letter in letters if letter not in " -"}}

    # One photograph

    def _image_record(self, id: int) -> dict[str, Any]:
        photograph = self._source.photograph(id)
        image = photograph.image
        height, width = image["height"], image["width"]
        changes: dict[int, list[Row]] = {}
        for change in photograph.changes:
            changes.setdefault(change["annotation_id"], []).append(change)
        record: dict[str, Any] = {name: image[name] for name in _OF_IMAGE}
        record["license"] = {"spdx": image["license"], "name": image["license_name"], "url": image["license_url"]}
        record["annotations"] = [
            self._annotation(row, height, width, changes.get(row["id"], [])) for row in photograph.annotations
        ]
        record["captions"] = [{name: row[name] for name in _OF_CAPTION} for row in photograph.captions]
        record["interactions"] = [{name: row[name] for name in _OF_INTERACTION} for row in photograph.interactions]
        if self._comparison:
            record["predictions"] = self._comparison.predictions(id, height, width)
        if self._candidates:
            record["candidates"] = self._candidates.of_image(id)
        return record

    def _annotation(self, row: Row, height: int, width: int, changes: list[Row]) -> dict[str, Any]:
        record: dict[str, Any] = {name: row[name] for name in ("id", "score", "status", "origin", "run")}
        record["category"] = self._word(row["category_id"])
        try:
            rle = segmentation_rle(row["segmentation"], height, width)
            record |= {"path": mask_path(rle), "area": area(rle)}
        except GeometryError as error:
            record |= {"path": "", "area": 0, "problem": str(error)}
        record["changes"] = [_change(change) for change in changes]
        drafts = [change["before"]["segmentation"] for change in changes if "segmentation" in change["before"]]
        if drafts:
            record["draft"] = segmentation_path(drafts[0], height, width)
        renamed = [change["before"]["category_id"] for change in changes if "category_id" in change["before"]]
        if renamed:
            record["draft_category"] = self._word(renamed[0])
        return record

    def _tile_record(self, id: int) -> dict[str, Any]:
        photograph = self._source.photograph(id)
        height, width = photograph.image["height"], photograph.image["width"]
        step = max(1, min(height // HEIGHT, width // HEIGHT), -(-width // (WIDEST * HEIGHT)))
        objects = []
        for place, row in enumerate(photograph.annotations):  # as in the columns
            try:
                rle = reduced(segmentation_rle(row["segmentation"], height, width), max(2, step))
            except GeometryError:
                continue  # the photograph's own page says what is wrong
            word = self._word(row["category_id"])
            shown = {
                "place": place,
                "category": word,
                "status": row["status"],
                "box": bbox(rle),
                "path": mask_path(rle),
            }
            objects.append((area(rle), shown))
        objects.sort(key=lambda found: -found[0])
        return {"step": max(2, step), "titles": _titles(photograph), "objects": [found for _, found in objects]}

    def _word(self, category_id: int) -> str:
        return self._words.get(category_id, f"#{category_id}")


def _titles(photograph: Photograph) -> dict[str, str]:
    """Language → a title of the photograph, or a description where it has none."""
    titles: dict[str, str] = {}
    for row in sorted(photograph.captions, key=lambda row: row["kind"] != "title"):
        titles.setdefault(row["language"], row["text"])
    if photograph.image["title"]:
        titles.setdefault("", photograph.image["title"])
    return titles


def _change(change: Row) -> dict[str, Any]:
    fields = [name for name in change["after"] if name in ("segmentation", "category_id", "status")]
    words = {name: change["after"][name] for name in fields if name == "status"}
    return {"step": change["step"], "at": change["at"], "fields": fields, **words}


def _hex(name: str) -> str:
    return "#" + bytes(color_of(name)).hex()


def _number(stem: str, path: str) -> int:
    if not (stem.isascii() and stem.isdigit() and len(stem) < 20):
        raise _unknown(path)
    return int(stem)


def _unknown(path: str) -> UsageError:
    return UsageError(f"{path}: there is nothing at this address")
