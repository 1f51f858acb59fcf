"""Masks to Label Studio's tasks: mic21 against label-studio-sdk's converter, on a generated file of the size of MIC21.

200,000 polygons, as both write them, and brush strokes, which only mic21 makes of polygons.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import compare

HERE = Path(__file__).parent

IMPORT = """
import sys
from pathlib import Path
from mic21.corpus.coco import import_coco
from mic21.corpus.store import Corpus
import_coco(Corpus.create(Path(sys.argv[1])), Path(sys.argv[2]), as_draft=True)
"""

OURS = """
import json, sys, time
from mic21.corpus.store import Corpus
from mic21.review.labelling import make_labelling
from mic21.review.tasks import make_draft, make_task, read_drafts
corpus = Corpus(sys.argv[1])
start = time.perf_counter()
labelling = make_labelling(corpus, "chess", "en", masks=sys.argv[3], others=corpus.imported_categories())
with corpus.reading() as connection, open(sys.argv[2], "wb") as file:
    images = list(corpus.image_rows(corpus.selection(), connection=connection))
    for first in range(0, len(images), 500):
        batch = images[first : first + 500]
        selection = corpus.selection(images=[row["id"] for row in batch])
        for drafts in read_drafts(corpus, connection, selection, "en", batch):
            file.write(make_task(str(drafts.image["id"]), drafts.image, "x", make_draft(drafts, labelling)) + b"\\n")
print(json.dumps({"tasks": time.perf_counter() - start}))
"""

PEER = """
import json, logging, sys, time
logging.disable(logging.CRITICAL)
from label_studio_sdk.converter.imports.coco import convert_coco_to_ls
start = time.perf_counter()
convert_coco_to_ls(sys.argv[1], sys.argv[2], out_type="predictions")
print(json.dumps({"tasks": time.perf_counter() - start}))
"""


def main() -> None:
    """Generate the file, run both, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file, corpus, target = (f"{folder}/{name}" for name in ("coco.json", "corpus", "tasks"))
        subprocess.run([sys.executable, HERE / "generate_coco.py", file], check=True)
        # In a process of its own: the system counts a parent's memory as that of what it starts.
        subprocess.run([sys.executable, "-c", IMPORT, corpus, file], check=True)
        ours = [sys.executable, "-c", OURS, corpus, target]
        peer = [sys.executable, "-c", PEER, file, target]
        compare("200,000 polygons", [*ours, "polygon"], peer, runs=options.runs)
        compare("200,000 polygons to brush strokes", [*ours, "brush"], None, runs=options.runs)


if __name__ == "__main__":
    main()
