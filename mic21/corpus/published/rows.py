"""MIC21 as rows of Parquet, as `jkralev/mic21` on the Hugging Face hub has them, with boxes but without masks.

An image's id is the number of its row, from 1 up over the files in the order of their names, so that a second import
of the same files finds everything there. Categories get ids in the alphabetical order of their names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from mic21.corpus.coco.document import BuiltDocument
from mic21.corpus.coco.images import read_images
from mic21.corpus.coco.job import ImportJob, ImportReport
from mic21.corpus.coco.reader import Part, write_parts
from mic21.corpus.ingest import Progress
from mic21.corpus.published.folders import RENAMED
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError

_COLUMNS = ("image", "label", "title", "description", "size", "annotations")
_ROWS = 64  # read at a time; each holds a photograph


def import_hf_mic21(
    corpus: Corpus,
    sources: Sequence[str | Path],
    *,
    keys: Mapping[str, str] | None = None,
    adopt: bool = False,
    as_draft: bool = False,
    skip_bad: bool = False,
    renumber: bool = False,
    on_progress: Progress | None = None,
) -> ImportReport:
    """Import MIC21's Parquet files: photographs, subdomains, titles, descriptions, and boxes without masks.

    Args:
        corpus: where to.
        sources: Parquet files, and folders of them, with columns image, label, title, description, size, annotations.
        keys: name of a category → key of the ontology's that it is, for names that do not say, or are misspelt.
        adopt: annotations get the ontology's category ids in place of those that are linked to it.
        as_draft: records come in as drafts, otherwise as accepted.
        skip_bad: leave out records with problems, list them in the report, and import the rest.
        renumber: records whose id the corpus has for something else get a new one.
        on_progress: called with (rows done, rows in all).

    Raises:
        ImportProblems: every problem with its file and row; nothing was imported.
        CorpusError: a file is no Parquet file of that form.
        OntologyError: `keys` names a category that is none.
    """
    files = [(path, _open(path)) for path in _files(sources)]
    for key in (keys or {}).values():
        corpus.ontology[key]
    defaults = {"status": "draft" if as_draft else None, "subdomain": None, "language": "en"}
    job = ImportJob(corpus, defaults, adopt=adopt, renumber=renumber)
    job.keys = keys or {}
    doc = BuiltDocument(Path(sources[0]).name)
    boxes: list[tuple[int, _Box]] = []
    rows_in_all = sum(file.metadata.num_rows for _, file in files)
    for id, (place, row) in enumerate(_rows(files), 1):
        _add_image(job, doc, id, row, place)
        boxes += [(id, box) for box in _boxes(job, row, place)]
        if on_progress:
            on_progress(id, rows_in_all)
    categories = {name: id for id, name in enumerate(sorted({box.category for _, box in boxes if box.category}), 1)}
    for category, id in categories.items():
        doc.add("categories", {"id": id, "name": category})
    for id, (image_id, box) in enumerate(boxes, 1):
        if box.category:  # what has no name keeps its number, for when it is mended
            record = {"id": id, "image_id": image_id, "category_id": categories[box.category], "bbox": box.bbox}
            doc.add("annotations", record, box.place)
    part = Part(job, [doc], read_images(job, [doc]))
    return write_parts(corpus, [part], {"format": "hf-mic21", "source": doc.name}, doc.name, skip_bad=skip_bad)


def _files(sources: Sequence[str | Path]) -> Iterator[Path]:
    for source in map(Path, sources):
        found = sorted(source.rglob("*.parquet")) if source.is_dir() else [source]
        if not found:
            raise CorpusError(f"{source}: expected Parquet files, found none")
        yield from found


def _open(path: Path) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise CorpusError(f"{path}: expected a Parquet file, found: {error}") from error
    missing = [name for name in _COLUMNS if name not in file.schema_arrow.names]
    if missing:
        raise CorpusError(f"{path}: expected the columns {', '.join(_COLUMNS)}, found none named {', '.join(missing)}")
    for name, (is_one, expected) in _FORMS.items():
        found = file.schema_arrow.field(name).type
        if not is_one(found):
            raise CorpusError(f"{path}: {name}: expected {expected}, found {found}")
    return file


def _is_list(type: pa.DataType) -> bool:
    return isinstance(type, pa.ListType | pa.LargeListType | pa.FixedSizeListType)


def _is_picture(type: pa.DataType) -> bool:
    fields = {field.name: field.type for field in type} if isinstance(type, pa.StructType) else {}
    return fields.get("bytes") in (pa.binary(), pa.large_binary()) and fields.get("path", pa.null()) in _PATHS


def _is_boxes(type: pa.DataType) -> bool:
    is_lists = isinstance(type, pa.StructType) and all(_is_list(field.type) for field in type)
    return _is_list(type) or is_lists or type == pa.null()


_PATHS = (pa.string(), pa.large_string(), pa.null())
_FORMS: Mapping[str, tuple[Callable[[pa.DataType], bool], str]] = {
    "image": (_is_picture, "bytes and path"),
    "size": (_is_list, "a list of width and height"),
    "annotations": (_is_boxes, "a list of cat and bbox"),
}


def _rows(files: Sequence[tuple[Path, pq.ParquetFile]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(Place, row) of each row of the files."""
    for path, file in files:
        labels = _class_names(file.schema_arrow)
        for number, row in enumerate(_read(path, file)):
            if isinstance(row["label"], int) and 0 <= row["label"] < len(labels):
                row["label"] = labels[row["label"]]
            yield f"{path.name}: rows[{number}]", row


def _read(path: Path, file: pq.ParquetFile) -> Iterator[dict[str, Any]]:
    try:
        for batch in file.iter_batches(_ROWS, columns=list(_COLUMNS)):
            yield from batch.to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:  # what is damaged shows when it is read
        raise CorpusError(f"{path}: expected rows that can be read, found: {error}") from error


def _class_names(schema: pa.Schema) -> list[str]:
    """The names behind the numbers of `label`, which `datasets` keeps in the metadata of the file."""
    about = msgspec.json.decode((schema.metadata or {}).get(b"huggingface", b"{}"))
    features = about.get("info", {}).get("features", {})
    names = features.get("label", {}).get("names", [])
    return list(names)


def _add_image(job: ImportJob, doc: BuiltDocument, id: int, row: Mapping[str, Any], place: str) -> None:
    image, label = row["image"] or {}, str(row["label"])
    label = RENAMED.get(label, label)
    if label not in job.subdomains:
        job.problem(f"{place}.label: expected the name of a subdomain, found {label!r}")
        job.bad_images.add(id)
    path = image.get("path") or ""
    file_name = f"{label}/{id:06d}{Path(path).suffix or '.jpg'}"
    job.photographs.store_bytes(file_name, image.get("bytes") or b"")
    width, height = row["size"] if len(row["size"] or ()) == 2 else (0, 0)
    record = {"id": id, "file_name": file_name, "width": width, "height": height, "subdomain": label}
    doc.add("images", record | ({"path": path} if path else {}), place)
    for number, kind in enumerate(("title", "description")):
        if row[kind]:
            caption = {"id": 2 * id - 1 + number, "image_id": id, "kind": kind, "caption": row[kind]}
            doc.add("annotations", caption, f"{place}.{kind}")


@dataclass(frozen=True, slots=True)
class _Box:
    """A box of a row: None for a category that has no name."""

    place: str
    category: str | None
    bbox: Any


def _boxes(job: ImportJob, row: Mapping[str, Any], place: str) -> Iterator[_Box]:
    """The boxes of a row: a list of objects, or an object of lists, as `datasets` writes a sequence of them."""
    found = row["annotations"] or []
    if isinstance(found, dict):
        found = [{"cat": cat, "bbox": box} for cat, box in zip_longest(found.get("cat") or (), found.get("bbox") or ())]
    for number, one in enumerate(found):
        here = f"{place}.annotations[{number}]"
        category = one.get("cat") if isinstance(one, dict) else None
        if not isinstance(category, str) or not category:
            job.problem(f"{here}.cat: expected the name of a category, found {category!r}")
            category = None
        yield _Box(here, category, one.get("bbox") if category else None)
