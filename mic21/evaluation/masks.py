"""Average precision of masks by COCO's protocol, at any cut of the ontology's hierarchy.

hotcoco reckons it: the figures are pycocotools', in a fraction of the time and memory. Both files are read in slices
and handed on, so that no mask becomes an object of Python.
"""

import contextlib
import io
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from hotcoco import COCO, COCOeval

from mic21.corpus.coco.link import link_category
from mic21.errors import CheckError, UsageError
from mic21.evaluation.mask_files import NOTHING, Category, Prediction, Truth, read_masks
from mic21.ontology import Ontology

FIGURES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100")


@dataclass(frozen=True, slots=True)
class Outline:
    """One object of an image: the name of its category, its mask in COCO's JSON, and a prediction's score."""

    name: str
    segmentation: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class WorstImage:
    """An image in which predictions and ground truth agree least, at an IoU of .5.

    Attributes:
        id: of the image.
        file_name: its file, as the ground truth names it.
        width: pixels.
        height: pixels.
        matched: predictions that are right.
        invented: predictions that are not.
        missed: objects that no prediction found.
        f1: harmonic mean of precision and recall, 0 to 1.
        truths: its annotated objects.
        predictions: what was predicted, best first.
    """

    id: int
    file_name: str
    width: int
    height: int
    matched: int
    invented: int
    missed: int
    f1: float
    truths: tuple[Outline, ...]
    predictions: tuple[Outline, ...]


@dataclass(frozen=True, slots=True)
class MaskReport:
    """What an evaluation found.

    Attributes:
        figures: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, each 0 to 1; None where nothing was to be found.
        per: name of a category, subdomain or domain → the same figures (for a category AP alone).
        images: images of the ground truth.
        annotations: its annotations.
        predictions: those that were counted.
        foreign: predictions left out, whose category or image the ground truth does not have.
        curves: `pr@0.50`, `pr@0.55` … `pr@0.95` → precision, averaged over categories, at each recall of `rec_thrs`.
        worst: the images that did worst, worst first.
    """

    figures: dict[str, float | None]
    per: dict[str, dict[str, float | None]]
    images: int
    annotations: int
    predictions: int
    foreign: int
    curves: dict[str, list[float]]
    worst: tuple[WorstImage, ...]

    def to_json(self) -> dict[str, Any]:
        """The figures at the top, then the rest; of the worst images all but their masks."""
        counts = {name: getattr(self, name) for name in ("images", "annotations", "predictions", "foreign")}
        worst = [
            {name: getattr(image, name) for name in ("id", "file_name", "matched", "invented", "missed", "f1")}
            for image in self.worst
        ]
        return self.figures | {"counts": counts, "per": self.per, "curves": self.curves, "worst": worst}


def evaluate_masks(
    predictions: Path,
    ground_truth: Path,
    ontology: Ontology,
    *,
    iou: str = "segm",
    classless: bool = False,
    per: str | None = None,
    roll_up: Sequence[str] = (),
    worst: int = 0,
) -> MaskReport:
    """Average precision and recall of predicted masks by COCO's protocol (Lin et al. 2014).

    Args:
        predictions: a COCO results file (a list), or a COCO file whose annotations have scores; its categories
            count as those of the ground truth that have the same id and name, else the name, else that are linked to
            the same category of the ontology or the nearest above it (a racehorse is a horse).
        ground_truth: a COCO file.
        ontology: whose hierarchy counts.
        iou: of masks (`segm`) or of boxes (`bbox`), which are the masks' where a file has none.
        classless: whether classes do not count, as MIC21 was measured; predictions of any category count then.
        per: also the figures of each `category`, `subdomain` or `domain`; the last two need a ground truth that mic21
            wrote, whose images name their subdomain.
        roll_up: keys of categories; whatever is below one counts as it, so that a sister taken for a sister is right.
        worst: how many of the images that did worst to name; an image where nothing is wrong is none of them.

    Raises:
        UsageError: there is no such `iou` or `per`.
        OntologyError: `roll_up` names no category.
        CheckError: a file is none of these, or has bad annotations: every problem, with its place.
    """
    if iou not in ("segm", "bbox"):
        raise UsageError(f"iou: expected segm or bbox, found {iou!r}")
    if per not in (None, "category", "subdomain", "domain"):
        raise UsageError(f"per: expected category, subdomain or domain, found {per!r}")
    found, truth = read_masks(predictions, ground_truth, iou=iou, classless=classless)
    if classless:
        for annotation in truth.annotations:
            annotation.category_id = 1
        for one in found.annotations:
            one.category_id = 1
        truth.categories, found.categories = [Category(1, "object")], []
    merged, names = _merged(truth.categories, ontology, roll_up)
    ids = _same_categories(found.categories, truth.categories, ontology, {key: id for id, key in names.items()})
    image_ids = {image.id for image in truth.images}
    of_truth = {category.id for category in truth.categories}
    counted = []
    for one in found.annotations:
        one.category_id = ids.get(one.category_id, one.category_id) if found.categories else one.category_id
        if one.image_id in image_ids and one.category_id in of_truth:
            one.category_id = merged.get(one.category_id, one.category_id)
            if iou == "segm" and bytes(one.segmentation):
                one.bbox = NOTHING  # where both are given, COCO's protocol would take the area of the box
            counted.append(one)
    for annotation in truth.annotations:
        annotation.category_id = merged.get(annotation.category_id, annotation.category_id)
    truth.categories = [
        category for category in truth.categories if merged.get(category.id, category.id) == category.id
    ]
    for category in truth.categories:
        category.name = names.get(category.id, category.name)
    twice = {name for name, times in Counter(category.name for category in truth.categories).items() if times > 1}
    for category in truth.categories:
        if category.name in twice:  # hotcoco would give the figures of the last alone
            category.name += f" ({category.id})"
    evaluation = _run(truth, counted, iou)
    return MaskReport(
        figures=_figures(evaluation.get_results()),
        per=_per(evaluation, truth, ontology, per) if per else {},
        images=len(truth.images),
        annotations=len(truth.annotations),
        predictions=len(counted),
        foreign=len(found.annotations) - len(counted),
        curves=evaluation.report()["curves"],
        worst=_worst(evaluation, truth, counted, worst) if worst else (),
    )


def _linked(categories: Sequence[Category], ontology: Ontology) -> dict[int, str | None]:
    names = [category.name for category in categories]
    return {
        one.id: link_category(ontology, one.name, key=one.key, synset=one.synset, names_of_file=names)
        for one in categories
    }


def _merged(
    categories: Sequence[Category], ontology: Ontology, roll_up: Sequence[str]
) -> tuple[dict[int, int], dict[int, str]]:
    """Id → id of the one that stands for all at or below the same key; id of each that does → that key."""
    linked = _linked(categories, ontology)
    merged: dict[int, int] = {}
    names: dict[int, str] = {}
    for key in roll_up:
        below = {category.key for category in ontology.under(key, include_self=True)}
        ids = sorted(id for id, found in linked.items() if found in below and id not in merged)
        if ids:
            merged |= dict.fromkeys(ids, ids[0])
            names[ids[0]] = key
    return merged, names


def _same_categories(
    theirs: Sequence[Category], truths: Sequence[Category], ontology: Ontology, rolled_up: dict[str, int]
) -> Mapping[int, int]:
    """Id in the predictions → id in the ground truth, −1 for none."""
    keys = _linked(truths, ontology)
    by_key = {key: id for id, key in reversed(keys.items()) if key} | rolled_up
    by_name: dict[str, list[int]] = {}
    for truth in truths:
        by_name.setdefault(truth.name, []).append(truth.id)
    linked = _linked(theirs, ontology)
    found = {}
    for one in theirs:
        key = linked[one.id]
        # One name with two meanings, COCO's mouse and the animal, is two categories.
        same = [id for id in by_name.get(one.name, ()) if key is None or keys[id] in (None, key)]
        above = [key, *(category.key for category in ontology.ancestors(key))] if key else []
        nearest = next((by_key[name] for name in above if name in by_key), -1)
        found[one.id] = one.id if one.id in same else same[0] if same else nearest
    return found


def _run(truth: Truth, predictions: Sequence[Prediction], iou: str) -> Any:
    for number, annotation in enumerate(truth.annotations, 1):
        annotation.id = number  # two of one id would count double
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        paths = [Path(folder) / name for name in ("truth.json", "predictions.json")]
        for path, value in zip(paths, (truth, predictions), strict=True):
            path.write_bytes(msgspec.json.encode(value))
        coco = COCO(str(paths[0]))
        evaluation: Any = COCOeval(coco, coco.load_res(str(paths[1])), iou)
        evaluation.run()
    return evaluation


def _figures(results: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _figure(results[name]) for name in FIGURES if name in results}


def _figure(value: float) -> float | None:
    return None if value < 0 else value  # −1 says that there was nothing to find


def _per(evaluation: Any, truth: Truth, ontology: Ontology, per: str) -> dict[str, dict[str, float | None]]:
    if per == "category":
        found = evaluation.results(per_class=True)["per_class"]
        return {name: {"AP": _figure(found[name])} for name in sorted(found)}
    groups: dict[str, list[int]] = {}
    for image in truth.images:
        if image.subdomain is not None:
            theme = ontology.subdomain(image.subdomain)
            groups.setdefault(theme.key if per == "subdomain" else theme.domain, []).append(image.id)
    if not groups:
        raise CheckError("ground truth: expected images with their subdomain, as mic21 writes them, found none")
    slices = evaluation.slice_by(groups)
    return {name: _figures(slices[name]) for name in sorted(groups)}


def _worst(evaluation: Any, truth: Truth, predictions: Sequence[Prediction], most: int) -> tuple[WorstImage, ...]:
    found = evaluation.image_diagnostics()["img_summary"]
    wrong = (id for id, one in found.items() if one["fp"] or one["fn"])
    ids = sorted(wrong, key=lambda id: (found[id]["f1"], -found[id]["fn"] - found[id]["fp"], id))[:most]
    names = {category.id: category.name for category in truth.categories}
    truths: dict[int, list[Outline]] = {id: [] for id in ids}
    predicted: dict[int, list[Outline]] = {id: [] for id in ids}
    for annotation in truth.annotations:
        if annotation.image_id in truths:
            outline = Outline(names[annotation.category_id], bytes(annotation.segmentation).decode() or "[]")
            truths[annotation.image_id].append(outline)
    for one in sorted(predictions, key=lambda one: -(one.score or 0)):
        if one.image_id in predicted:
            outline = Outline(names[one.category_id], bytes(one.segmentation).decode() or "[]", one.score)
            predicted[one.image_id].append(outline)
    images = {image.id: image for image in truth.images}
    return tuple(
        WorstImage(
            id=id,
            file_name=images[id].file_name,
            width=images[id].width,
            height=images[id].height,
            matched=found[id]["tp"],
            invented=found[id]["fp"],
            missed=found[id]["fn"],
            f1=round(found[id]["f1"], 4),
            truths=tuple(truths[id]),
            predictions=tuple(predicted[id]),
        )
        for id in ids
    )


def write_report(report: MaskReport, path: Path) -> None:
    """Write a report as JSON."""
    path.write_text(json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
