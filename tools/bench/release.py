"""Releases: shards against webdataset's ShardWriter, and queries by subdomain over a release of the size of MIC21."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import compare

HERE = Path(__file__).parent

# The same photographs with the same records go into shards; both read the photographs from files.
OURS = """
import json, sys, time
from pathlib import Path
from mic21.corpus.store import Corpus
from mic21.release.plan import make_plan
from mic21.release.shards import write_shards
import tempfile
corpus = Corpus(sys.argv[1])
with corpus.reading() as connection, tempfile.TemporaryDirectory() as folder:
    plan = make_plan(corpus, connection, ["accepted"], True)
    start = time.perf_counter()
    write_shards(corpus, connection, plan, Path(folder) / "shards", {}, None)
    print(json.dumps({"shards": time.perf_counter() - start}))
"""

WEBDATASET = """
import json, sys, tempfile, time
from pathlib import Path
import webdataset
records = json.loads(Path(sys.argv[2]).read_text())
with tempfile.TemporaryDirectory() as folder:
    start = time.perf_counter()
    with webdataset.ShardWriter(folder + "/%05d.tar", maxcount=1000, verbose=0) as writer:
        for record in records:
            image = Path(record["path"]).read_bytes()
            writer.write({"__key__": f"{record['id']:012d}", "jpg": image, "json": record})
    print(json.dumps({"shards": time.perf_counter() - start}))
"""

QUERY = """
import json, sys, time
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


def main() -> None:
    """Build what is needed from a folder of JPEG files, then run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=4_000, help="photographs for the shards")
    parser.add_argument("--peer", help="the Python of an environment with webdataset")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        subprocess.run([sys.executable, HERE / "fill.py", root, options.folder, str(options.count)], check=True)
        peer = [options.peer, "-c", WEBDATASET, folder, str(root / "records.json")] if options.peer else None
        ours = [sys.executable, "-c", OURS, str(root / "shards")]
        compare(f"Shards of {options.count} photographs, against webdataset", ours, peer, runs=options.runs)
        query = [sys.executable, "-c", QUERY, str(root / "release")]
        compare("Queries over a release of 21,000 images and 200,000 masks", query, None, runs=options.runs)


if __name__ == "__main__":
    main()
