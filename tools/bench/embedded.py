"""How good and how fast the drafts of the embedded segmenter are, on a folder of photographs with COCO masks.

    python tools/bench/embedded.py instances.json IMAGES [--limit N] [--json]

Prints the share of photographs in which some drafted region overlaps some annotated object with IoU above .5, classes
put aside; mask AP50 with and without classes (pycocotools, on the COCO categories that the ontology covers); regions a
photograph; and seconds a photograph, median. Drafted categories are taken up the hypernym chain to the nearest one that
COCO has: a jeep counts as a car.
"""

import argparse
import contextlib
import io
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco_masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mic21.drafts.segmenters import Photograph, Region, load_segmenter
from mic21.ontology import Ontology


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instances", type=Path, help="COCO instances file, with the 80 categories of COCO")
    parser.add_argument("images", type=Path, help="folder of its photographs")
    parser.add_argument("--limit", type=int, help="only the first N photographs")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.instances, arguments.images, arguments.limit, arguments.device)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:36} {value:.3f}" if isinstance(value, float) else f"{name:36} {value}")


def measure(instances: Path, images: Path, limit: int | None = None, device: str = "cpu") -> dict[str, float | int]:
    """The figures, by name."""
    ontology = Ontology.load()
    segmenter = load_segmenter("embedded", ontology, device=device)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(instances))
    coco_ids = _coco_ids(ontology, coco)
    records = sorted(coco.dataset["images"], key=lambda record: record["id"])[:limit]
    seconds, processor, results, hits = [], [], [], []
    for record in records:
        image = np.asarray(Image.open(images / record["file_name"]).convert("RGB"))
        start, busy = time.perf_counter(), time.process_time()
        (regions,) = segmenter.segment([Photograph(image=image)])
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
        hits.append(_best_iou(coco, record["id"], regions) > 0.5)
        results += [_result(record["id"], region, coco_ids.get(region.category_id or -1, -1)) for region in regions]
    image_ids = [record["id"] for record in records]
    covered = sorted(set(coco_ids.values()))
    return {
        "photographs": len(records),
        "regions a photograph": len(results) / len(records),
        "share with a region of IoU > .5": sum(hits) / len(hits),
        "photographs without a region": len(records) - len({result["image_id"] for result in results}),
        "AP50, classes put aside": _ap50(coco, results, image_ids, None),
        "AP50": _ap50(coco, results, image_ids, covered),
        "COCO categories covered": len(covered),
        "seconds a photograph, median": statistics.median(seconds),
        "processor seconds, median": statistics.median(processor),
        "seconds a photograph, worst": max(seconds),
    }


def _coco_ids(ontology: Ontology, coco: Any) -> dict[int, int]:
    """Id of a category of ours → id of the nearest one at or above it that COCO has."""
    names = {category["name"]: category["id"] for category in coco.dataset["categories"]}
    labels = ontology.label_map("coco-80")
    exact = {key: names[label] for label, key in sorted(labels.items()) if label in names}
    result = {}
    for category in ontology:
        chain = [category.key, *(above.key for above in ontology.ancestors(category.key))]
        nearest = next((key for key in chain if key in exact), None)
        if nearest:
            result[category.id] = exact[nearest]
    return result


def _best_iou(coco: Any, image_id: int, regions: list[Region]) -> float:
    truth = [coco.annToRLE(annotation) for annotation in coco.imgToAnns[image_id] if not annotation["iscrowd"]]
    if not truth or not regions:
        return 0.0
    drafted = [{"size": [region.rle.height, region.rle.width], "counts": region.rle.counts} for region in regions]
    return float(np.max(coco_masks.iou(drafted, truth, [0] * len(truth))))


def _result(image_id: int, region: Region, coco_id: int) -> dict[str, Any]:
    segmentation = {"size": [region.rle.height, region.rle.width], "counts": region.rle.counts}
    return {"image_id": image_id, "category_id": coco_id, "segmentation": segmentation, "score": region.score}


def _ap50(coco: Any, results: list[dict[str, Any]], image_ids: list[int], categories: list[int] | None) -> float:
    """AP at IoU .5 over some categories, or over all as one; −1 where there is nothing to find."""
    if not results:
        return 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(coco, coco.loadRes([dict(result) for result in results]), "segm")
        evaluation.params.imgIds = image_ids
        evaluation.params.iouThrs = np.array([0.5])
        if categories is None:
            evaluation.params.useCats = 0
        else:
            evaluation.params.catIds = categories
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    return float(precision[precision > -1].mean()) if (precision > -1).any() else -1.0


if __name__ == "__main__":
    main()
