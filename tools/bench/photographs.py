"""Photographs for the benchmarks: the JPEG files of a folder again and again, each with a comment of its own."""

from itertools import cycle, islice
from pathlib import Path

from PIL import Image


def multiply(source: Path, target: Path, count: int, *, size: tuple[int, int] | None = None) -> list[Path]:
    """Write `count` JPEG files that differ in their bytes but not in their pixels; gives their paths.

    Args:
        source: folder of the originals.
        target: folder to write to.
        count: how many.
        size: take only originals of this width and height.
    """
    files = [path for path in sorted(source.glob("*.jpg")) if size in (None, Image.open(path).size)]
    originals = [path.read_bytes() for path in files]
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, data in enumerate(islice(cycle(originals), count)):
        comment = f"copy {number:08d}".encode()
        path = target / f"{number:08d}.jpg"
        path.write_bytes(data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + data[2:])
        paths.append(path)
    return paths
