"""Scene graphs in the form of Visual Genome: objects with their synsets, and relations between them.

https://homes.cs.washington.edu/~ranjay/visualgenome/api_readme.html
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq

from mic21.release.samples import Sample, ShardIndex
from mic21.release.splits import SPLITS


def write_scene_graphs(release: Path) -> None:
    """Write `scene_graphs/SPLIT.json`: a list with a graph for each image, whether it has relations or not."""
    (release / "scene_graphs").mkdir()
    categories = {row["id"]: row for row in pq.read_table(release / "tables/categories.parquet").to_pylist()}
    index = ShardIndex(release)
    for split in SPLITS:
        with (release / f"scene_graphs/{split}.json").open("wb") as file:
            separator = b"[\n"
            for sample in index.samples(split):
                file.write(separator + msgspec.json.encode(_graph(sample, categories)))
                separator = b",\n"
            file.write(b"\n]\n" if separator == b",\n" else b"[]\n")


def _graph(sample: Sample, categories: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    objects = []
    for found in sample.annotations:
        category = categories[found["category_id"]]
        x, y, width, height = found["bbox"]
        objects.append(
            {
                "object_id": found["id"],
                **{"x": x, "y": y, "w": width, "h": height},
                "names": [category["name"]],
                "synsets": [category["synset"]] if category["synset"] else [],
                "key": category["key"],
            }
        )
    relations = [
        {
            "relationship_id": found["id"],
            "predicate": found["predicate"],
            "subject_id": found["subject_id"],
            "object_id": found["object_id"],
        }
        for found in sample.interactions
    ]
    return {"image_id": sample.record["id"], "objects": objects, "relationships": relations}
