"""A model's masks beside those that people accepted: matched by overlap, measured image by image, worst first.

In an image, predictions are taken from the highest score down. Each is matched with the free accepted mask of its
category that it overlaps most, by an intersection over union above one half. Then, in the same order, what is left is
matched whatever its category: those are confused. Accepted masks that nothing matched are missed, predictions that
match nothing are invented. The quality of an image is the panoptic quality (Kirillov et al. 2019) of its objects: the
sum of the overlaps of what matched in the right category, over the mean of the numbers of accepted and predicted
masks.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from mic21.corpus.coco.document import compact, segmentation_rle
from mic21.corpus.coco.link import link_category
from mic21.errors import CheckError, GeometryError
from mic21.explorer.columns import category_words
from mic21.explorer.paths import mask_path
from mic21.explorer.source import Source
from mic21.geometry import Rle, iou

LEAST_OVERLAP = 0.5

Kind = Literal["matched", "confused", "missed", "invented"]
KINDS: tuple[Kind, ...] = ("matched", "confused", "missed", "invented")


@dataclass(frozen=True, slots=True)
class Match:
    """An accepted mask and the prediction that it was matched with, or one of them alone.

    Attributes:
        kind: what it is.
        category: word of the accepted mask's category; of the prediction's where it was invented.
        annotation: id of the accepted mask, or None.
        prediction: place of the prediction among those of the image, or None.
        overlap: intersection over union, 0 where one is alone.
    """

    kind: Kind
    category: str
    annotation: int | None
    prediction: int | None
    overlap: float


@dataclass(frozen=True, slots=True)
class ImageMatches:
    """What was matched in one image, and its quality of 0 to 1."""

    matches: tuple[Match, ...]
    quality: float


@dataclass(frozen=True, slots=True)
class Mask:
    """One mask of an image, with the word of its category; of a prediction, the score."""

    category: str
    rle: Rle
    id: int = 0
    score: float = 0.0


class Comparison:
    """The predictions of a model against the accepted masks of a source.

    Attributes:
        name: of the predictions, to show.
        images: image id → matches, for each image that has an accepted mask or a prediction.
        problems: predictions that were left out, with their places.
    """

    def __init__(self, name: str, masks: Mapping[int, Sequence["_Prediction"]], problems: list[str]) -> None:
        self.name = name
        self.problems = problems
        self.images: dict[int, ImageMatches] = {}
        self._masks = masks

    def predictions(self, id: int, height: int, width: int) -> list[dict[str, Any]]:
        """The predictions of an image by descending score, each with its outline and what it matched."""
        found = self.images.get(id)
        records: list[dict[str, Any]] = [
            {"category": mask.category, "score": mask.score, "path": mask_path(mask.rle)}
            for mask in _decoded(self._masks.get(id, ()), height, width, [])
        ]
        missed = []
        for match in found.matches if found else ():
            shown = {"kind": match.kind, "annotation": match.annotation, "overlap": round(match.overlap, 4)}
            if match.prediction is None:
                missed.append({"path": "", "score": None, "category": match.category, **shown})
            else:
                records[match.prediction] |= shown
        return records + missed

    def record(self, words: Mapping[int, str]) -> dict[str, Any]:
        """Counts of the whole, of each category, and of each image, the worst first."""
        by_category: dict[str, list[Match]] = {}
        images = []
        for id, found in self.images.items():
            for match in found.matches:
                by_category.setdefault(match.category, []).append(match)
            images.append({"id": id, "quality": round(found.quality, 4), **_counts(found.matches)})
        categories = [
            {"category": word, **_counts(matches), "overlap": _mean_overlap(matches)}
            for word, matches in by_category.items()
        ]
        categories.sort(key=lambda row: (_share_matched(row), row["category"]))
        images.sort(key=lambda row: (row["quality"], -_errors(row), row["id"]))
        everything = [match for matches in by_category.values() for match in matches]
        totals = {**_counts(everything), "overlap": _mean_overlap(everything)}
        return {"name": self.name, "totals": totals, "categories": categories, "images": images}


class _Prediction(msgspec.Struct):
    image_id: int
    category_id: int
    segmentation: msgspec.Raw
    score: float = 1.0
    category: str = ""


class _Category(msgspec.Struct):
    id: int
    name: str
    key: str | None = None
    synset: str | None = None


class _File(msgspec.Struct):
    annotations: list[_Prediction]
    categories: list[_Category] = []


def compare(path: Path, source: Source, on_progress: Callable[[int, int], None] | None = None) -> Comparison:
    """Match the predictions of a file with the accepted masks of a source.

    Args:
        path: COCO results (a list), or a COCO file whose annotations have scores; categories of a file count as those
            of the source with the same key or synset, or the name.
        source: a release or a corpus.
        on_progress: called with (images done, images).

    Raises:
        CheckError: the file is neither, or no prediction is for an image of the source.
    """
    try:
        read = msgspec.json.decode(path.read_bytes(), type=_File | list[_Prediction])
    except (OSError, msgspec.MsgspecError) as error:
        raise CheckError(f"{path}: expected COCO results, or a COCO file with scores, found: {error}") from error
    found = read if isinstance(read, _File) else _File(read)
    tables = source.tables()
    words = category_words(source.ontology, tables.categories)
    own = _words_of_file(found.categories, source, words) if found.categories else words
    known = set(tables.images["id"].to_pylist())
    by_image: dict[int, list[_Prediction]] = {}
    for prediction in found.annotations:
        prediction.category = own.get(prediction.category_id, f"#{prediction.category_id}")
        if prediction.image_id in known:
            by_image.setdefault(prediction.image_id, []).append(prediction)
    if found.annotations and not by_image:
        raise CheckError(f"{path}: expected predictions for images of {source.name}, found none of its image ids")
    for predictions in by_image.values():
        predictions.sort(key=lambda one: -one.score)
    comparison = Comparison(path.name, by_image, [])
    statuses = zip(tables.annotations["image_id"].to_pylist(), tables.annotations["status"].to_pylist(), strict=True)
    ids = sorted({id for id, status in statuses if status == "accepted" and id in known} | by_image.keys())
    for done, id in enumerate(ids, 1):
        comparison.images[id] = _match_image(id, source, words, by_image.get(id, ()), comparison.problems)
        if on_progress:
            on_progress(done, len(ids))
    return comparison


def _words_of_file(categories: Sequence[_Category], source: Source, words: Mapping[int, str]) -> dict[int, str]:
    names = [category.name for category in categories]
    by_name = {name: words[id] for id, (_, name) in source.tables().categories.items()}
    return {
        one.id: link_category(source.ontology, one.name, key=one.key, synset=one.synset, names_of_file=names)
        or by_name.get(one.name, one.name)
        for one in categories
    }


def _match_image(
    id: int, source: Source, words: Mapping[int, str], predictions: Sequence[_Prediction], problems: list[str]
) -> ImageMatches:
    photograph = source.photograph(id)
    height, width = photograph.image["height"], photograph.image["width"]
    accepted = []
    for row in photograph.annotations:
        if row["status"] == "accepted":
            try:
                rle = segmentation_rle(row["segmentation"], height, width)
            except GeometryError as error:
                problems.append(f"image {id}: annotation {row['id']}: {error}")
                continue
            accepted.append(Mask(words.get(row["category_id"], f"#{row['category_id']}"), rle, row["id"]))
    return match(accepted, _decoded(predictions, height, width, problems))


def _decoded(predictions: Sequence[_Prediction], height: int, width: int, problems: list[str]) -> list[Mask]:
    masks = []
    for one in predictions:
        try:
            rle = segmentation_rle(compact(one.segmentation), height, width)
        except GeometryError as error:
            problems.append(f"image {one.image_id}: a prediction of {one.category}: {error}")
            continue
        masks.append(Mask(one.category, rle, score=one.score))
    return masks


def match(accepted: Sequence[Mask], predicted: Sequence[Mask]) -> ImageMatches:
    """Match predictions, by descending score, with the accepted masks of the same image.

    >>> from mic21.geometry import counts_to_rle
    >>> left, right = counts_to_rle([0, 2, 2], 2, 2), counts_to_rle([2, 2], 2, 2)
    >>> found = match([Mask("violin", left, 7)], [Mask("violin", left), Mask("cello", right)])
    >>> [(one.kind, one.category) for one in found.matches], found.quality
    ([('matched', 'violin'), ('invented', 'cello')], 0.6666666666666666)
    """
    overlaps = iou([mask.rle for mask in predicted], [mask.rle for mask in accepted])
    same = np.array([[one.category == other.category for other in accepted] for one in predicted], bool)
    same = same.reshape(overlaps.shape)
    pairs: dict[int, tuple[int, Kind]] = {}
    free = np.ones(len(accepted), bool)
    passes: tuple[tuple[Kind, Any], ...] = (("matched", same), ("confused", ~same))
    for kind, allowed in passes:
        for place in range(len(predicted)):
            if place in pairs or not len(accepted):
                continue
            chances = np.where(allowed[place] & free, overlaps[place], 0)
            best = int(chances.argmax())
            if chances[best] > LEAST_OVERLAP:
                pairs[place] = (best, kind)
                free[best] = False
    matches = [
        Match(kind, accepted[best].category, accepted[best].id, place, float(overlaps[place, best]))
        for place, (best, kind) in sorted(pairs.items())
    ]
    right = sum(one.overlap for one in matches if one.kind == "matched")
    matches += [Match("missed", accepted[at].category, accepted[at].id, None, 0.0) for at in np.flatnonzero(free)]
    matches += [
        Match("invented", mask.category, None, place, 0.0) for place, mask in enumerate(predicted) if place not in pairs
    ]
    mean_number = (len(accepted) + len(predicted)) / 2
    return ImageMatches(tuple(matches), right / mean_number if mean_number else 1.0)


def _counts(matches: Sequence[Match]) -> dict[str, int]:
    counted = Counter(one.kind for one in matches)
    return {kind: counted[kind] for kind in KINDS}


def _mean_overlap(matches: Sequence[Match]) -> float | None:
    overlaps = [one.overlap for one in matches if one.kind == "matched"]
    return round(sum(overlaps) / len(overlaps), 4) if overlaps else None


def _errors(row: Mapping[str, Any]) -> int:
    return sum(row[kind] for kind in KINDS if kind != "matched")


def _share_matched(row: Mapping[str, Any]) -> float:
    return float(row["matched"] / sum(row[kind] for kind in KINDS))
