"""The captioner against loops of transformers: training, loading, greedy and beam search.

On a release with captions and features of it by lite0, such as those of `mic21 synth DIR --images 2000`.
"""

import argparse
import sys
from pathlib import Path

from measure import compare

HERE = Path(__file__).parent
PAIRS = {
    "Training, features cached by both": ("ours", "peer_cached"),
    "Training, against a loop that encodes each batch": ("ours", "peer_uncached"),
    "Loading cached features": ("loader", None),
    "Greedy search with a cache, against without": ("greedy_cached", "greedy_uncached"),
    "Five beams, against generate of transformers": ("beam", "peer_beam"),
}


def main() -> None:
    """Run the pairs in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    for name, (one, other) in PAIRS.items():
        compare(name, _command(one, options), _command(other, options) if other else None, runs=options.runs)


def _command(job: str, options: argparse.Namespace) -> list[str]:
    return [sys.executable, str(HERE / "captioner_jobs.py"), job, str(options.release), str(options.features)]


if __name__ == "__main__":
    main()
