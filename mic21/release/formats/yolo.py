"""YOLO segmentation as Ultralytics reads it: `images/SPLIT`, `labels/SPLIT` and `data.yaml`.

https://docs.ultralytics.com/datasets/segment/. A line is a class and one polygon. A mask of several parts or with holes
is drawn in one stroke: the outline goes along a bridge without width to each part and hole and back, so that filling it
by the even-odd rule gives the mask. Crowds, and objects without a mask, have no line. `data.yaml` has no `path`:
without one its own folder is meant, wherever it lies, and a relative one would be looked for elsewhere.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow.parquet as pq

from mic21.geometry import outlines, segmentation_to_rle
from mic21.geometry.outlines import Point
from mic21.release.samples import Sample, ShardIndex
from mic21.release.splits import SPLITS


def write_yolo(release: Path) -> None:
    """Write `yolo/`; class numbers follow the ids of the categories that have annotations."""
    used = set(
        pq.read_table(release / "tables/annotations.parquet", columns=["category_id"])["category_id"].to_pylist()
    )
    rows = pq.read_table(release / "tables/categories.parquet", columns=["id", "name"]).to_pylist()
    names = {row["id"]: row["name"] for row in rows if row["id"] in used}
    classes = {id: number for number, id in enumerate(sorted(names))}
    folder = release / "yolo"
    index = ShardIndex(release)
    for split in SPLITS:
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True)
        for sample in index.samples(split):
            (folder / "images" / split / sample.record["file_name"]).write_bytes(sample.image_bytes)
            label = folder / "labels" / split / f"{sample.key}.txt"
            label.write_text("".join(_lines(sample, classes)), encoding="utf-8")
    head = [*(f"{split}: images/{split}" for split in SPLITS), "names:"]
    lines = [f"  {number}: {json.dumps(names[id], ensure_ascii=False)}" for id, number in classes.items()]
    (folder / "data.yaml").write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")


def _lines(sample: Sample, classes: Mapping[int, int]) -> Iterable[str]:
    width, height = sample.record["width"], sample.record["height"]
    for found in sample.annotations:
        if found["iscrowd"] or not found["segmentation"]:
            continue
        points = _stroke(
            [
                ring
                for outline in outlines(segmentation_to_rle(found["segmentation"], height, width))
                for ring in (outline.exterior, *outline.holes)
            ]
        )
        if points:
            numbers = " ".join(f"{x / width:.6g} {y / height:.6g}" for x, y in points)
            yield f"{classes[found['category_id']]} {numbers}\n"


def _stroke(rings: list[list[Point]]) -> list[Point]:
    """Rings drawn one after the other without lifting the pen, each from and back to the first ring's first point.

    >>> _stroke([[(0, 0), (9, 0), (9, 9)], [(3, 1), (4, 1), (4, 2)]])
    [(0, 0), (9, 0), (9, 9), (0, 0), (3, 1), (4, 1), (4, 2), (3, 1), (0, 0)]
    """
    if len(rings) < 2:
        return rings[0] if rings else []
    points: list[Point] = []
    for ring in rings:
        points += [*ring, ring[0], rings[0][0]] if points else [*ring, ring[0]]
    return points
