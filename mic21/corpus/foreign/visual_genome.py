"""Visual Genome: boxes with names, and what they do with each other.

The folder holds `image_data.json`, `objects.json` and, if it is wanted, `relationships.json`. Names are as its
annotators wrote them; those that are an English name in the ontology are linked to it. Of the relationships those come
in that say what one of our predicates says.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mic21.corpus.coco.document import BuiltDocument
from mic21.corpus.coco.interactions import Interaction
from mic21.corpus.foreign.source import Source

# What Visual Genome's annotators wrote, in lower case → key of a predicate.
PREDICATES: Mapping[str, str] = {
    "carrying": "holds",
    "drives": "drives",
    "driving": "drives",
    "holding": "holds",
    "holds": "holds",
    "leading": "leads",
    "leads": "leads",
    "part of": "part_of",
    "playing": "plays",
    "plays": "plays",
    "rides": "rides",
    "riding": "rides",
    "riding on": "rides",
    "sits on": "sits_on",
    "sitting on": "sits_on",
    "standing on": "stands_on",
    "stands on": "stands_on",
    "uses": "uses",
    "using": "uses",
    "wearing": "wears",
    "wears": "wears",
}


class _Image(msgspec.Struct):
    image_id: int
    width: int
    height: int
    url: str | None = None
    coco_id: int | None = None
    flickr_id: int | None = None


class _Object(msgspec.Struct):
    object_id: int
    x: float
    y: float
    w: float
    h: float
    names: list[str] = []
    synsets: list[str] = []

    @property
    def name(self) -> str:
        return self.names[0].strip().casefold() if self.names else ""


class _Objects(msgspec.Struct):
    image_id: int
    objects: list[_Object]


class _End(msgspec.Struct):
    object_id: int


class _Relationship(msgspec.Struct):
    predicate: str
    subject: _End
    object: _End


class _Relationships(msgspec.Struct):
    image_id: int
    relationships: list[_Relationship]


def read_visual_genome(source: Path, images: Path | None) -> Source:
    """Import Visual Genome: objects with boxes, and their relationships; photographs are IMAGE_ID.jpg."""
    read = Source(BuiltDocument(source.name))
    for _, image in read.read(source / "image_data.json", _Image):
        known = {"url": image.url, "coco_id": image.coco_id, "flickr_id": image.flickr_id}
        record = {"id": image.image_id, "file_name": f"{image.image_id}.jpg"}
        record |= {"width": image.width, "height": image.height}
        read.document.add("images", record | {name: value for name, value in known.items() if value is not None})
    found = list(read.read(source / "objects.json", _Objects))
    names = sorted({thing.name for _, listed in found for thing in listed.objects} - {""})
    categories = {name: id for id, name in enumerate(names, 1)}
    for name, id in categories.items():
        read.document.add("categories", {"id": id, "name": name})
    for place, listed in found:
        for index, thing in enumerate(listed.objects):
            if thing.name:
                read.document.add("annotations", _record(listed.image_id, thing, categories[thing.name]))
            else:
                read.problems.append(f"{place}.objects[{index}].names: expected a name, found none")
    path = source / "relationships.json"
    for place, related in read.read(path, _Relationships) if path.exists() else ():
        for index, one in enumerate(related.relationships):
            if predicate := PREDICATES.get(one.predicate.strip().casefold()):
                ends = one.subject.object_id, one.object.object_id
                where = f"{place}.relationships[{index}]"
                read.interactions.append(Interaction(related.image_id, ends[0], predicate, ends[1], where))
            else:
                read.left_out["relationships that none of our predicates says"] += 1
    return read


def _record(image_id: int, thing: _Object, category_id: int) -> dict[str, Any]:
    record = {"id": thing.object_id, "image_id": image_id, "category_id": category_id}
    more = {"names": thing.names[1:], "synsets": thing.synsets}
    box = {"bbox": [thing.x, thing.y, thing.w, thing.h]}
    return record | box | {name: value for name, value in more.items() if value}
