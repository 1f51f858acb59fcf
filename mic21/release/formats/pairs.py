"""Image–text pairs as CLIP was trained on: shards of `KEY.jpg` and `KEY.txt`, a folder a language, as open_clip reads.

The text is the photograph's first description, or its first title; `KEY.json` has all its texts in that language.
"""

from pathlib import Path
from typing import Any

import msgspec

from mic21.release.samples import Sample, ShardIndex
from mic21.release.shards import shard_writers
from mic21.release.splits import SPLITS


def write_pairs(release: Path) -> None:
    """Write `pairs/LANGUAGE/SPLIT-00000.tar`."""
    index = ShardIndex(release)
    (release / "pairs").mkdir()
    for language in _languages(index):
        with shard_writers(release / "pairs" / language, SPLITS) as writers:
            for split in SPLITS:
                for sample in index.samples(split):
                    captions = [found for found in sample.captions if found["language"] == language]
                    if captions:
                        _add(writers[split], sample, captions)


def _languages(index: ShardIndex) -> list[str]:
    return sorted(
        {found["language"] for split in SPLITS for sample in index.samples(split) for found in sample.captions}
    )


def _add(writer: Any, sample: Sample, captions: list[Any]) -> None:
    captions.sort(key=lambda caption: (caption["kind"] != "description", caption["id"]))
    texts = [{name: found[name] for name in ("caption", "kind", "status", "origin")} for found in captions]
    image, license = sample.record, sample.license
    record = {"image_id": image["id"], "license": license["spdx"], "license_url": license.get("url"), "texts": texts}
    extension = image["file_name"].rpartition(".")[2]
    parts = ((extension, sample.image_bytes), ("json", msgspec.json.encode(record)))
    writer.add(sample.key, *parts, ("txt", captions[0]["caption"].encode()))
