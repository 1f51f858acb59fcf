"""COCO import and export: mic21 against Datumaro, on a generated file of the size of MIC21.

mic21 reads into its database and writes from it; Datumaro reads into memory and writes from there.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import compare

HERE = Path(__file__).parent

OURS = """
import json, sys, time
from mic21.corpus.coco import export_coco, import_coco
from mic21.corpus.store import Corpus
import tempfile
with tempfile.TemporaryDirectory() as folder:
    corpus = Corpus.create(folder + "/corpus")
    start = time.perf_counter()
    import_coco(corpus, sys.argv[1] + "/annotations/instances_train.json")
    middle = time.perf_counter()
    export_coco(corpus, folder + "/out.json")
    print(json.dumps({"import": middle - start, "export": time.perf_counter() - middle}))
"""

DATUMARO = """
import json, logging, sys, tempfile, time
logging.disable(logging.CRITICAL)
import datumaro
start = time.perf_counter()
dataset = datumaro.Dataset.import_from(sys.argv[1], "coco_instances")
len(dataset)
middle = time.perf_counter()
with tempfile.TemporaryDirectory() as folder:
    dataset.export(folder + "/out", "coco_instances", save_media=False)
    print(json.dumps({"import": middle - start, "export": time.perf_counter() - middle}))
"""


def main() -> None:
    """Generate the file, run both, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="the Python of an environment with datumaro; without it mic21 runs alone")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "annotations").mkdir()
        (root / "images" / "train").mkdir(parents=True)  # Datumaro insists on it
        file = root / "annotations" / "instances_train.json"
        compare_with = [options.peer, "-c", DATUMARO, folder] if options.peer else None
        _generate(file)
        name = f"COCO, {file.stat().st_size / 1e6:.0f} MB, against Datumaro"
        compare(name, [sys.executable, "-c", OURS, folder], compare_with, runs=options.runs)


def _generate(path: Path) -> None:
    subprocess.run([sys.executable, HERE / "generate_coco.py", path], check=True)


if __name__ == "__main__":
    main()
