"""What `segment` costs over the model alone, on a folder of photographs.

    python tools/bench/segment.py PHOTOGRAPHS [--limit N] [--runs N] [--skip-embedded]

Three ways in turns, with the same batches: the model alone on photographs that are decoded already; reading, model and
writing one after the other; and `segment`, which overlaps them. The models are the embedded one, which needs a
processor, and one that waits as for a GPU and gives the same regions each time, which leaves the processors free. The
last column is what `segment` needs of a processor besides the model's own share.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mic21.corpus.ingest import ingest
from mic21.corpus.store import Corpus
from mic21.drafts.photographs import load_photograph
from mic21.drafts.segment import segment
from mic21.drafts.segmenters import Photograph, Region, Segmenter, load_segmenter
from mic21.engine import Batch, Item, Loaded, Result, Step
from mic21.geometry import mask_to_rle


class Waiting:
    """Takes its time as a model on a GPU does, and gives five regions a photograph."""

    name = "waiting"

    def __init__(self, category_id: int, seconds: float) -> None:
        self.signature = "1"
        self._category_id, self._seconds = category_id, seconds

    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        """Five squares each."""
        time.sleep(self._seconds * len(photographs))
        return [[self._square(photograph, side) for side in (50, 60, 70, 80, 90)] for photograph in photographs]

    def _square(self, photograph: Photograph, side: int) -> Region:
        mask = np.zeros(photograph.image.shape[:2], bool)
        mask[20 : 20 + side, 20 : 20 + side] = True
        return Region(self._category_id, mask_to_rle(mask), 0.5, "square")


class OneAfterTheOther:
    """An engine that overlaps nothing."""

    def run(
        self, make: Callable[[], Step[Item, Loaded, Result]], items: Sequence[Item], *, batch_size: int
    ) -> Generator[Batch[Item, Result], None, None]:
        """Each batch, read and computed when it is asked for."""
        step = make()
        for start in range(0, len(items), batch_size):
            batch = items[start : start + batch_size]
            yield list(zip(batch, step.run([step.load(item) for item in batch]), strict=True))


def main() -> None:
    """Measure and print a Markdown row a model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--skip-embedded", action="store_true", help="only the models that wait")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus.create(folder)
        ingest(corpus, sorted(arguments.photographs.glob("*.jpg"))[: arguments.limit])
        models: list[tuple[str, Segmenter]] = []
        if not arguments.skip_embedded:
            models.append(("embedded", load_segmenter("embedded", corpus.ontology)))
        models += [(f"waiting {ms} ms", Waiting(corpus.ontology["dog"].id, ms / 1000)) for ms in (50, 20, 10)]
        print("| model | alone, images/s | one after the other | `segment` | its cost | of a processor, ms an image |")
        print("|---|---:|---:|---:|---:|---:|")
        for name, segmenter in models:
            alone, serial, ours = measure(corpus, segmenter, arguments.runs, arguments.batch_size)
            speeds = " | ".join(f"{len(corpus.images()) / way.wall:.1f}" for way in (alone, serial, ours))
            busy = 1000 * (ours.processor - alone.processor) / len(corpus.images())
            print(f"| {name} | {speeds} | {ours.wall / alone.wall - 1:+.1%} | {busy:.1f} |")


@dataclass(frozen=True, slots=True)
class Seconds:
    """What one way took."""

    wall: float
    processor: float


def measure(corpus: Corpus, segmenter: Segmenter, runs: int, batch_size: int) -> list[Seconds]:
    """Medians of the three ways."""
    rows = corpus.images().to_pylist()
    photographs = [Photograph(load_photograph(corpus, row["sha256"], row["extension"])) for row in rows]

    def alone() -> None:
        for start in range(0, len(photographs), batch_size):
            segmenter.segment(photographs[start : start + batch_size])

    def serial() -> None:
        segment(corpus, again(segmenter), batch_size=batch_size, engine=OneAfterTheOther())

    def ours() -> None:
        segment(corpus, again(segmenter), batch_size=batch_size)

    ways = (alone, serial, ours)
    taken: list[list[Seconds]] = [[] for _ in ways]
    for _ in range(runs):
        for way, seconds in zip(ways, taken, strict=True):
            start, busy = time.perf_counter(), time.process_time()
            way()
            seconds.append(Seconds(time.perf_counter() - start, time.process_time() - busy))
    return [
        Seconds(statistics.median(one.wall for one in seconds), statistics.median(one.processor for one in seconds))
        for seconds in taken
    ]


def again(segmenter: Segmenter) -> Segmenter:
    """The same under a signature of its own, so that every image is to be done."""

    class Again:
        name = segmenter.name
        signature = f"{time.time_ns()}"
        segment = staticmethod(segmenter.segment)

    return Again()


if __name__ == "__main__":
    main()
