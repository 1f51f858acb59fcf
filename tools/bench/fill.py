"""Fills a folder for the release benchmark: a corpus with photographs, and a release of the size of MIC21."""

import json
import subprocess
import sys
import time
from pathlib import Path

from photographs import multiply

from mic21.corpus.changes import change
from mic21.corpus.coco import import_coco
from mic21.corpus.store import Corpus
from mic21.release.build import build_release

HERE = Path(__file__).parent


def main() -> None:
    """fill.py FOLDER PHOTOGRAPHS COUNT."""
    root, source, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    _fill(root, source, "shards", count, count * 10)
    with Corpus(root / "shards").reading() as connection:
        corpus = Corpus(root / "shards")
        by_image: dict[int, list[object]] = {}
        for row in corpus.annotation_rows(corpus.selection(), connection):
            by_image.setdefault(row["image_id"], []).append(row)
        records = [
            {
                "id": row["id"],
                "path": str(corpus.files.path(row["sha256"], "jpg")),
                "annotations": by_image.get(row["id"], []),
            }
            for row in corpus.images().to_pylist()
        ]
    (root / "records.json").write_text(json.dumps(records))
    corpus = _fill(root, source, "full", 21_000, 200_000)
    subdomains = [found.key for found in corpus.ontology.subdomains()]
    with corpus.writing() as connection:
        run = corpus.insert_run(connection, "bench", {})
        changes = {id: {"subdomain": subdomains[id % len(subdomains)]} for id in corpus.images()["id"].to_pylist()}
        change(connection, run, "images", changes)
    start = time.perf_counter()
    build_release(corpus, root / "release", version="1.0.0")
    print(f"release of 21,000 images and 200,000 masks built in {time.perf_counter() - start:.1f} s", file=sys.stderr)


def _fill(root: Path, source: Path, name: str, images: int, annotations: int) -> Corpus:
    """A corpus of generated polygons on copies of a 640×480 photograph."""
    photographs = root / f"{name}-photographs"
    paths = multiply(source, photographs, images, size=(640, 480))
    for number, path in enumerate(paths, 1):
        path.rename(photographs / f"{number:012d}.jpg")
    options = ["--images", str(images), "--annotations", str(annotations)]
    subprocess.run([sys.executable, HERE / "generate_coco.py", root / f"{name}.json", *options], check=True)
    corpus = Corpus.create(root / name)
    start = time.perf_counter()
    report = import_coco(corpus, root / f"{name}.json", images=photographs)
    print(f"{name}: {report.images} photographs imported in {time.perf_counter() - start:.1f} s", file=sys.stderr)
    return corpus


if __name__ == "__main__":
    main()
