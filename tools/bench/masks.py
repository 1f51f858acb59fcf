"""Mask AP: mic21 against pycocotools, on generated masks and as many predictions.

On all 200,000 masks pycocotools takes minutes and some ten gigabytes: compare on a tenth, --images 2100.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from measure import compare

HERE = Path(__file__).parent

OURS = """
import json, sys, time
from pathlib import Path
from mic21.evaluation.masks import evaluate_masks
from mic21.ontology import Ontology
start = time.perf_counter()
report = evaluate_masks(Path(sys.argv[2]), Path(sys.argv[1]), Ontology.load())
print(report.figures["AP"], file=sys.stderr)
print(json.dumps({"evaluate": time.perf_counter() - start}))
"""

PYCOCOTOOLS = """
import contextlib, json, sys, time
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
start = time.perf_counter()
with contextlib.redirect_stdout(sys.stderr):
    truth = COCO(sys.argv[1])
    found = [
        {"image_id": one["image_id"], "category_id": one["category_id"], "score": one["score"],
         "segmentation": truth.annToRLE(one)}
        for one in json.load(open(sys.argv[2]))
    ]
    evaluation = COCOeval(truth, truth.loadRes(found), "segm")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
print(json.dumps({"evaluate": time.perf_counter() - start}))
"""


def main() -> None:
    """Generate both files, run both programs, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", action="store_true", help="run pycocotools too")
    parser.add_argument("--images", type=int, default=21_000, help="with ten masks each, about")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        truth, found = Path(folder) / "truth.json", Path(folder) / "found.json"
        size = ["--images", str(options.images), "--annotations", str(options.images * 200 // 21)]
        subprocess.run([sys.executable, str(HERE / "generate_coco.py"), str(truth), *size], check=True)
        _predict(truth, found)
        files = [str(truth), str(found)]
        peer = [sys.executable, "-c", PYCOCOTOOLS, *files] if options.peer else None
        compare("Mask AP, against pycocotools", [sys.executable, "-c", OURS, *files], peer, runs=options.runs)


def _predict(truth: Path, found: Path) -> None:
    """Every polygon with its corners moved a little, and a score."""
    random = np.random.default_rng(21)
    with found.open("w", encoding="utf-8") as file:
        file.write("[")
        for index, one in enumerate(json.loads(truth.read_text(encoding="utf-8"))["annotations"]):
            (polygon,) = one["segmentation"]
            moved = np.clip(np.round(np.asarray(polygon) + random.normal(0, 3, len(polygon)), 2), 0, 480).tolist()
            value = {"image_id": one["image_id"], "category_id": one["category_id"], "segmentation": [moved]}
            file.write(("," if index else "") + json.dumps(value | {"score": round(float(random.random()), 4)}))
        file.write("]")


if __name__ == "__main__":
    main()
