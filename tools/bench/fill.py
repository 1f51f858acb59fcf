"""Fills a folder for the release benchmark: a corpus with photographs, and a release of it."""

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
    corpus = Corpus(root / "full") if (root / "full/corpus.db").is_file() else _fill(root, source, count)
    start, cpu = time.perf_counter(), time.process_time()
    build_release(corpus, root / "release", version="1.0.0")
    seconds, computed = time.perf_counter() - start, time.process_time() - cpu
    print(f"release of {count} images built in {seconds:.1f} s, {computed:.1f} s of it computing", file=sys.stderr)


def _fill(root: Path, source: Path, count: int) -> Corpus:
    """A corpus of generated polygons on copies of 640×480 photographs, in all subdomains."""
    photographs = root / "photographs"
    paths = multiply(source, photographs, count, size=(640, 480))
    for number, path in enumerate(paths, 1):
        path.rename(photographs / f"{number:012d}.jpg")
    options = ["--images", str(count), "--annotations", str(count * 200 // 21)]
    subprocess.run([sys.executable, HERE / "generate_coco.py", root / "full.json", *options], check=True)
    corpus = Corpus.create(root / "full")
    start = time.perf_counter()
    report = import_coco(corpus, root / "full.json", images=photographs)
    print(f"{report.images} photographs imported in {time.perf_counter() - start:.1f} s", file=sys.stderr)
    subdomains = [found.key for found in corpus.ontology.subdomains()]
    with corpus.writing() as connection:
        run = corpus.insert_run(connection, "bench", {})
        changes = {id: {"subdomain": subdomains[id % len(subdomains)]} for id in corpus.images()["id"].to_pylist()}
        change(connection, run, "images", changes)
    return corpus


if __name__ == "__main__":
    main()
