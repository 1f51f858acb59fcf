"""Releases of the size of MIC21: writing against copying, verifying against sha256, reading against webdataset.

Seconds are of the wall clock; `cpu` beside them is the time that the process computed, which another job on the machine
does not lengthen.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import compare

HERE = Path(__file__).parent

_START = """
import json, os, sys, tempfile, time
from pathlib import Path
def both(name, start):
    return {name: time.perf_counter() - start[0], name + ", cpu": time.process_time() - start[1]}
def now():
    return time.perf_counter(), time.process_time()
"""

CONTENTS = (
    _START
    + """
from mic21.corpus.store import Corpus
from mic21.release.coco import Head
from mic21.release.contents import write_contents
from mic21.release.plan import Scope, make_plan
from mic21.release.splits import SplitRule
corpus = Corpus(sys.argv[1])
with corpus.reading() as connection, tempfile.TemporaryDirectory(dir=Path(sys.argv[1]).parent) as folder:
    start = now()
    plan = make_plan(corpus, connection, Scope(allow_unknown_license=True), SplitRule())
    planned = both("plan", start)
    start = now()
    write_contents(corpus, connection, plan, Path(folder), Head({}, []))
    print(json.dumps(planned | both("tables and COCO", start)))
"""
)

# The same photographs with the same records go into shards; both read the photographs from files.
SHARDS = (
    _START
    + """
from mic21.corpus.store import Corpus
from mic21.release.plan import Scope, make_plan
from mic21.release.shards import write_shards
from mic21.release.splits import SplitRule
corpus = Corpus(sys.argv[1])
with corpus.reading() as connection, tempfile.TemporaryDirectory(dir=Path(sys.argv[1]).parent) as folder:
    plan = make_plan(corpus, connection, Scope(allow_unknown_license=True), SplitRule())
    start = now()
    write_shards(corpus, connection, plan, Path(folder) / "shards", {}, None)
    print(json.dumps(both("shards", start)))
"""
)

COPY = (
    _START
    + """
import hashlib
files = sorted(Path(sys.argv[1], "images").rglob("*.jpg"))
with tempfile.TemporaryDirectory(dir=Path(sys.argv[1]).parent) as folder:
    start = now()
    for path in files:
        data = path.read_bytes()
        hashlib.sha256(data).digest()
        Path(folder, path.name).write_bytes(data)
    print(json.dumps(both("shards", start)))
"""
)

VERIFY = (
    _START
    + """
from mic21.release.verify import verify_release
start = now()
assert verify_release(sys.argv[1]) == []
print(json.dumps(both("verify", start)))
"""
)

SHA256 = (
    _START
    + """
import hashlib
from concurrent.futures import ThreadPoolExecutor
files = sorted((path for path in Path(sys.argv[1]).rglob("*") if path.is_file()), key=lambda path: -path.stat().st_size)
def digest(path):
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
start = now()
with ThreadPoolExecutor(os.cpu_count()) as pool:
    list(pool.map(digest, files))
print(json.dumps(both("verify", start)))
"""
)

READ = (
    _START
    + """
from mic21.release.reader import Release
release = Release(sys.argv[1])
release.sample(1)
start = now()
count = sum(len(sample.image_bytes) > 0 for sample in release.samples("train"))
read = both("samples of train, not decoded", start)
ids = [id * 7919 % 20_000 + 1 for id in range(2_000)]
there = set(release.splits())
ids = [id for id in ids if id in there]
start = time.perf_counter()
for id in ids:
    release.sample(id).annotations
print(json.dumps(read | {"one sample by id, decoded": (time.perf_counter() - start) / len(ids)}))
"""
)

WEBDATASET = (
    _START
    + """
import webdataset
shards = sorted(str(path) for path in Path(sys.argv[1], "shards").glob("train-*.tar"))
start = now()
count = sum(len(sample["jpg"]) > 0 for sample in webdataset.WebDataset(shards, shardshuffle=False))
print(json.dumps(both("samples of train, not decoded", start)))
"""
)

QUERY = (
    _START
    + """
from mic21.release.reader import Release
release = Release(sys.argv[1])
start = time.perf_counter()
release.ontology
loaded = time.perf_counter()
found = release.annotations(subdomain="chess")
first = time.perf_counter()
assert 0 < found.num_rows < 10_000
release.annotations(subdomain="violinist")
second = time.perf_counter()
release.images(under="vehicle")
print(json.dumps({
    "Ontology.load": loaded - start, "first query by subdomain": first - loaded, "next": second - first,
    "images under vehicle": time.perf_counter() - second,
}))
"""
)


def main() -> None:
    """Build what is needed from a folder of JPEG files, then run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of JPEG files of 640 × 480 pixels")
    parser.add_argument("--count", type=int, default=21_000, help="photographs, with ten masks each")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a folder for corpus and release, used again when they are there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.keep or Path(folder)
        if not (root / "release").is_dir():
            subprocess.run([sys.executable, HERE / "fill.py", root, options.folder, str(options.count)], check=True)
        corpus, release = str(root / "full"), str(root / "release")
        jobs = {
            "Tables and COCO": (CONTENTS, None, corpus),
            "Shards, against copying and hashing": (SHARDS, COPY, corpus),
            "Verify, against sha256 on all cores": (VERIFY, SHA256, release),
            "Reading, against webdataset": (READ, WEBDATASET, release),
            "Queries": (QUERY, None, release),
        }
        for name, (ours, peer, place) in jobs.items():
            other = [sys.executable, "-c", peer, place] if peer else None
            compare(name, [sys.executable, "-c", ours, place], other, runs=options.runs)


if __name__ == "__main__":
    main()
