"""That fine-tuning learns: a small Mask R-CNN on generated scenes whose masks are known to the pixel.

    python tools/bench/finetune.py [--scenes 240] [--max-steps 700] [--backend torchvision] [--weights small_maskrcnn]

Prints AP on val after each epoch, COCO's figures on test, and seconds. One thread.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch

from mic21.drafts.finetune.step import finetune

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.drafts.scenes import build


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=240)
    parser.add_argument("--max-steps", type=int, default=700)
    parser.add_argument("--backend", default="torchvision")
    parser.add_argument("--weights", default="small_maskrcnn", help="name of a model, or a configuration")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        release = build(Path(folder), arguments.scenes)
        start, busy = time.perf_counter(), time.process_time()
        report = finetune(
            release,
            "chess",
            arguments.backend,
            Path(folder) / "detector",
            weights=arguments.weights,
            from_scratch=True,
            max_steps=arguments.max_steps,
            batch_size=4,
            learning_rate=4e-3,
            patience=20,
            on_evaluation=lambda one: print(
                f"step {one.step}: loss {one.loss:.3f}, AP on val {one.ap:.3f}", flush=True
            ),
        )
    print(f"{report.images} photographs, {report.objects} objects, best step {report.best_step}")
    print(", ".join(f"{name} {value:.3f}" for name, value in report.test.items() if value is not None))
    print(f"{time.perf_counter() - start:.0f} s, {time.process_time() - busy:.0f} s of the processor")


if __name__ == "__main__":
    main()
