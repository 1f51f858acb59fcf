"""Ingest on one core: hashing, orientation and perceptual hash alone, and all of it with files and database."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from measure import compare
from photographs import multiply

JOB = """
import json, os, sys, time
os.sched_setaffinity(0, {0})
from pathlib import Path
from mic21.corpus.images import read_image
from mic21.corpus.ingest import ingest
from mic21.corpus.store import Corpus
import tempfile
files = sorted(Path(sys.argv[1]).glob("*.jpg"))
data = [file.read_bytes() for file in files]
read_image(data[0])
start = time.perf_counter()
for photograph in data:
    read_image(photograph)
middle = time.perf_counter()
with tempfile.TemporaryDirectory() as folder:
    report = ingest(Corpus.create(folder), files)
    assert len(report.added) == len(files)
    end = time.perf_counter()
print(json.dumps({"hash, orientation, pHash": middle - start, "ingest": end - middle}))
"""


def main() -> None:
    """Run on a folder of JPEG files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        multiply(options.folder, Path(folder), options.count)
        compare(
            f"Ingest of {options.count} photographs on one core",
            [sys.executable, "-c", JOB, folder],
            None,
            runs=options.runs,
        )


if __name__ == "__main__":
    main()
