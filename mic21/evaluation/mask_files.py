"""Ground truth and predictions of masks, read from COCO files with every problem named before anything is reckoned.

A mask stays the JSON that it is: no number of its polygons is built where commas and brackets are in place.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec

from mic21.corpus.coco.document import bbox_text, plain_geometry, read_bbox, read_segmentation, segmentation_rle
from mic21.errors import CheckError, GeometryError
from mic21.evaluation.predictions import problem_list
from mic21.geometry.runs import check_counts, decompress_counts

NOTHING = msgspec.Raw(b"")
_NONE_AT_ALL = (b"", b"null", b"[]")
_ANY_MASK, _ANY_BOX = msgspec.Raw(b"[[0,0,0,1,1,1]]"), msgspec.Raw(b"[0,0,1,1]")

_Id = Annotated[int, msgspec.Meta(ge=0)]  # hotcoco takes no others
_Report = Callable[[str], None]


class Category(msgspec.Struct):
    """A category of a file, with what mic21 says of it."""

    id: _Id
    name: str
    key: str | None = None
    synset: str | None = None


class Image(msgspec.Struct):
    """An image of the ground truth."""

    id: _Id
    width: int
    height: int
    file_name: str = ""
    subdomain: str | None = None


class Annotation(msgspec.Struct, omit_defaults=True):
    """An object of the ground truth; mask and box are JSON, `NOTHING` where there is none."""

    id: int
    image_id: int
    category_id: int
    segmentation: msgspec.Raw = NOTHING
    bbox: msgspec.Raw = NOTHING
    area: float | None = None
    iscrowd: int = 0


class _Runs(msgspec.Struct):
    size: tuple[int, int]
    counts: str


_RUNS = msgspec.json.Decoder(_Runs)


class Truth(msgspec.Struct):
    """A COCO file."""

    images: list[Image]
    categories: list[Category]
    annotations: list[Annotation]


class Prediction(msgspec.Struct, omit_defaults=True):
    """A predicted object; mask and box as of an annotation."""

    image_id: int
    category_id: int
    score: float | None = None
    segmentation: msgspec.Raw = NOTHING
    bbox: msgspec.Raw = NOTHING


class Predictions(msgspec.Struct):
    """COCO's results, or a COCO file with scores."""

    annotations: list[Prediction]
    categories: list[Category] = []


def read_masks(
    predictions: Path, ground_truth: Path, *, iou: str, classless: bool = False
) -> tuple[Predictions, Truth]:
    """Both files; each annotation has a good mask (`iou` of `segm`) or box (`bbox`, its mask's where it has none).

    A prediction without a mask may have a box for one, as COCO's results may.

    Args:
        predictions: a COCO results file (a list), or a COCO file whose annotations have scores.
        ground_truth: a COCO file.
        iou: `segm` or `bbox`, which is to be measured.
        classless: whether categories do not count; then the ground truth need not have them.

    Raises:
        CheckError: a file is none of these, or has bad annotations: every problem, with its place.
    """
    truth: Truth = _read(ground_truth, Truth, "a COCO file")
    results: Any = Predictions | list[Prediction]
    found = _read(predictions, results, "COCO results, or a COCO file with scores")
    found = found if isinstance(found, Predictions) else Predictions(found)
    sizes = {image.id: (image.height, image.width) for image in truth.images}
    of_truth = [*_wrong_references(truth, classless), *_wrong_shapes(truth.annotations, sizes, iou)]
    scoreless = (index for index, one in enumerate(found.annotations) if one.score is None)
    of_found = [f"annotations[{index}].score: expected a number, found none" for index in scoreless]
    of_found += _wrong_shapes(found.annotations, sizes, iou)
    both = ((ground_truth, of_truth), (predictions, of_found))
    if lists := [problem_list(path, problems) for path, problems in both if problems]:
        raise CheckError("\n".join(lists))
    return found, truth


def _read(path: Path, type: Any, what: str) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes(), type=type)
    except (OSError, msgspec.MsgspecError) as error:
        raise CheckError(f"{path}: expected {what}, found: {error}") from error


def _wrong_references(truth: Truth, classless: bool) -> Iterator[str]:
    ids = {"images": [image.id for image in truth.images], "categories": [one.id for one in truth.categories]}
    for part, found in ids.items():
        seen: set[int] = set()
        for index, id in enumerate(found):
            if id in seen:
                yield f"{part}[{index}].id: expected an id of its own, found {id} again"
            seen.add(id)
    images, categories = set(ids["images"]), set(ids["categories"])
    for index, one in enumerate(truth.annotations):
        if one.image_id not in images:
            yield f"annotations[{index}].image_id: expected an image of the file, found {one.image_id}"
        if not classless and one.category_id not in categories:
            yield f"annotations[{index}].category_id: expected a category of the file, found {one.category_id}"


def _wrong_shapes(
    annotations: Iterable[Annotation | Prediction], sizes: dict[int, tuple[int, int]], iou: str
) -> list[str]:
    """What is wrong with masks and boxes; those of images that the ground truth lacks are not looked at."""
    problems: list[str] = []
    for index, one in enumerate(annotations):
        if one.image_id in sizes:
            _measure(one, sizes[one.image_id], f"annotations[{index}]", iou, problems.append)
    return problems


def _measure(one: Annotation | Prediction, size: tuple[int, int], place: str, iou: str, report: _Report) -> None:
    """See that there is what is to be measured, and make a missing box from the mask."""
    if bytes(one.segmentation) in _NONE_AT_ALL:
        one.segmentation = NOTHING
    if bytes(one.bbox) in _NONE_AT_ALL:
        one.bbox = NOTHING
    mask, box = bytes(one.segmentation), bytes(one.bbox)
    if not (mask or box if iou == "bbox" or isinstance(one, Prediction) else mask):
        report(f"{place}: expected a mask{' or a box' if iou == 'bbox' else ''}, found none")
        return
    if not _is_plain(one, size):
        given = {"segmentation": one.segmentation, "bbox": one.bbox}
        fields = {name: raw for name, raw in given.items() if bytes(raw)}
        read_bbox(fields, place, report)
        if read_segmentation(fields, size, place, report) is None:
            return
    if iou == "bbox" and not box:
        one.bbox = msgspec.Raw(bbox_text(segmentation_rle(mask.decode(), *size)).encode())


def _is_plain(one: Annotation | Prediction, size: tuple[int, int]) -> bool:
    """Whether a mask, and a box if there is one, are surely good; much faster than reading them."""
    has_runs = bytes(one.segmentation).startswith(b"{")
    mask, box = _ANY_MASK if has_runs else one.segmentation, one.bbox if bytes(one.bbox) else _ANY_BOX
    if plain_geometry(mask, box) is None:
        return False
    if not has_runs:
        return True
    try:
        found = _RUNS.decode(one.segmentation)
        check_counts(decompress_counts(found.counts.encode()), *size)
    except (msgspec.MsgspecError, GeometryError):
        return False
    return found.size == size
