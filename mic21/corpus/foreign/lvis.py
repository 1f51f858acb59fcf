"""LVIS v1: COCO's form, but images are named by their address at COCO alone.

Which categories were looked for in an image and are not there (`neg_category_ids`), and which are not drawn
exhaustively, stay with the image as they came.
"""

from pathlib import Path, PurePosixPath
from urllib.parse import urlparse

import msgspec

from mic21.corpus.coco.document import BuiltDocument, CocoDocument
from mic21.corpus.foreign.source import Source


def read_lvis(source: Path, images: Path | None) -> Source:
    """Import LVIS: its JSON of instances; photographs lie in the folder, or in folders such as train2017 in it."""
    doc = CocoDocument(source)
    parts = ("licenses", "annotations", "categories")
    built = BuiltDocument(doc.name, {part: doc.records(part) for part in parts}, doc.parts)
    read = Source(built, "lvis-1203")
    for index, raw in enumerate(doc.records("images")):
        image = msgspec.json.decode(raw)
        if not isinstance(image, dict):
            built.add("images", image)  # which the import names as what it is
            continue
        address = image.get("coco_url")
        if "file_name" not in image and (path := _path(address)):
            flat = images is None or (images / path.name).is_file()
            image["file_name"] = path.name if flat else f"{path.parent.name}/{path.name}"
        elif "file_name" not in image:
            read.problems.append(f"{doc.name}: images[{index}].coco_url: expected an address, found {address!r}")
        built.add("images", image)
    return read


def _path(address: object) -> PurePosixPath | None:
    """The path of an address, or None where it is none or names no file."""
    try:
        path = PurePosixPath(urlparse(address).path) if isinstance(address, str) else PurePosixPath()
    except ValueError:  # http://[x/
        return None
    return path if path.name else None
