"""Forms that a release has when they are asked for, each made from the shards of the release and its tables."""

from collections.abc import Callable, Mapping
from pathlib import Path

from mic21.release.formats.pairs import write_pairs
from mic21.release.formats.scene_graphs import write_scene_graphs
from mic21.release.formats.text import write_text
from mic21.release.formats.yolo import write_yolo

__all__ = ["FORMATS"]

# Each takes the release's folder, whose tables and shards are there, and writes into a folder of its own name.
FORMATS: Mapping[str, Callable[[Path], None]] = {
    "pairs": write_pairs,
    "scene_graphs": write_scene_graphs,
    "text": write_text,
    "yolo": write_yolo,
}
