"""Times Label Studio's brush strokes: mic21 against label-studio-sdk on one mask of 12 megapixels with a few objects.

From a mask to a list of bytes and back, in turns, so that both meet the same load. Needs label-studio-sdk.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from label_studio_sdk.converter import brush as peer

from mic21.geometry import brush_to_rle, mask_to_rle, rle_to_brush, rle_to_mask

Mask = npt.NDArray[np.bool_]


def main() -> None:
    """Print a line for each direction."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height", type=int, default=3000)
    parser.add_argument("--width", type=int, default=4000)
    parser.add_argument("--objects", type=int, default=4)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=21)
    options = parser.parse_args()
    mask = blobs(options.height, options.width, options.objects, options.seed)
    brush = rle_to_brush(mask_to_rle(mask))
    print(f"{options.width} × {options.height}, {mask.mean():.0%} object, {len(brush)} bytes, median of {options.runs}")

    grey = mask.astype(np.uint8) * 255  # what the peer takes
    encode: Callable[[Any], Any] = peer.mask2rle

    def decode() -> Mask:
        alpha: Mask = peer.decode_rle(brush).reshape(options.height, options.width, 4)[:, :, 3] > 0
        return alpha

    compare("encode", lambda: rle_to_brush(mask_to_rle(mask)), lambda: encode(grey), options.runs)
    compare("decode", lambda: rle_to_mask(brush_to_rle(brush, *mask.shape)), decode, options.runs)


def compare(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], runs: int) -> None:
    """Check that both give the same, and print both medians and their ratio."""
    if not np.array_equal(ours(), theirs()):
        raise SystemExit(f"{name}: the results differ")
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for function, seconds in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            function()
            seconds.append(time.perf_counter() - start)
    our_median, their_median = map(statistics.median, times)
    print(
        f"{name}: mic21 {our_median * 1000:.0f} ms, label-studio-sdk {their_median * 1000:.0f} ms,"
        f" {their_median / our_median:.1f} times as fast"
    )


def blobs(height: int, width: int, count: int, seed: int) -> Mask:
    """Stars with wavy borders and a hole, at random places."""
    random = np.random.default_rng(seed)
    y, x = np.ogrid[:height, :width]
    mask = np.zeros((height, width), bool)
    for _ in range(count):
        radius = random.uniform(0.1, 0.3) * min(height, width)
        centre_y, centre_x = random.uniform(radius, height - radius), random.uniform(radius, width - radius)
        distance = np.hypot(y - centre_y, x - centre_x)
        waves = 1 + 0.1 * np.sin(random.integers(3, 40) * np.arctan2(y - centre_y, x - centre_x))
        mask |= (distance < radius * waves) & (distance > radius / 4)
    return mask


if __name__ == "__main__":
    main()
