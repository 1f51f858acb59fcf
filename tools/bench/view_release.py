"""A release of generated pictures and masks, written straight with the release's own writers: no corpus, no COCO."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from mic21.ontology import Ontology
from mic21.release import tables
from mic21.release.manifest import MANIFEST, Manifest, ScopeFacts, SplitCounts, SplitFacts, hash_files
from mic21.release.shards import shard_writers
from mic21.release.splits import SPLITS

WIDTH, HEIGHT = 640, 480
PICTURES = 200  # different ones; the images repeat them
Row = dict[str, Any]
_UNKNOWN: Row = {"attributes": None, "edits": 0, "annotator": None, "run_id": 1}


def make_release(folder: Path, images: int, annotations: int, seed: int = 21) -> None:
    """Write it; a picture has noise and colours of its own, a mask is a star of 12 to 40 corners."""
    random = np.random.default_rng(seed)
    onto = Ontology.load()
    themes = [found.key for found in onto.subdomains()]
    keys = [category.key for category in onto.categories(domain="sport")] + [
        c.key for c in onto.categories(domain="transport")
    ]
    pictures = [_picture(random) for _ in range(PICTURES)]
    licenses = ["CC-BY-4.0", "CC0-1.0", "CC-BY-SA-4.0"]
    (folder / "tables").mkdir(parents=True)
    rows: list[Row] = []
    masks = tables.TableWriter(folder / "tables" / "annotations.parquet", tables.ANNOTATIONS)
    texts: list[Row] = []
    owners = np.sort(random.integers(0, images, annotations))
    starts = np.searchsorted(owners, np.arange(images + 1))
    with shard_writers(folder / "shards", SPLITS) as writers:
        for place in range(images):
            id, data = place + 1, pictures[place % PICTURES]
            split = SPLITS[max(0, place % 10 - 7)]  # eight, one and one of ten
            theme = themes[place % len(themes)]
            digest = hashlib.sha256(data + str(place).encode()).hexdigest()
            own = [_mask(random, onto, keys, number, id) for number in range(starts[place] + 1, starts[place + 1] + 1)]
            text = {"id": id, "image_id": id, "caption": f"Generated picture {id}", "language": "en", "kind": "title"}
            text |= {"status": "accepted", "origin": "model"}
            image = {
                "id": id,
                "file_name": f"{id:012d}.jpg",
                "width": WIDTH,
                "height": HEIGHT,
                "subdomain": theme,
                "split": split,
            }
            license = licenses[place % 3]
            record = {"image": image, "license": {"spdx": license}, "annotations": own, "captions": [text]}
            writers[split].add(f"{id:012d}", ("jpg", data), ("json", json.dumps(record).encode()))
            rows.append(image | _image_row(data, digest, license, place))
            texts.append(text | {"text": text["caption"], "subdomain": theme, "split": split} | _UNKNOWN)
            if own:
                masks.write(_batch(own, theme, split, onto))
    masks.close()
    _write_tables(folder / "tables", rows, texts, onto)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    shares = dict(zip(SPLITS, (0.8, 0.1, 0.1), strict=True))
    manifest = Manifest(
        version="1.0.0",
        mic21_version="0",
        ontology_version=onto.version,
        ontology_digest=onto.digest,
        statuses=["accepted", "draft"],
        unchecked=SplitCounts(),
        counts={},
        left_out=[],
        left_out_categories=[],
        scope=ScopeFacts(),
        splits=SplitFacts(shares=shares, salt="", series="none", frozen=0, straddling=[], deviations=[]),
        below_floor=[],
        formats=[],
        previous=None,
        files=hash_files(folder, files),
    )
    (folder / MANIFEST).write_bytes(manifest.sealed().to_bytes())


def _picture(random: np.random.Generator) -> bytes:
    small = random.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _mask(random: np.random.Generator, onto: Ontology, keys: list[str], id: int, image_id: int) -> Row:
    angles = np.sort(random.uniform(0, 2 * np.pi, int(random.integers(12, 41))))
    radii = random.uniform(10, 100, len(angles))
    centre = random.uniform((100, 100), (WIDTH - 100, HEIGHT - 100))
    xy = np.round(centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None], 1)
    x, y = xy.T
    area = abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2
    return {
        "id": id,
        "image_id": image_id,
        "category_id": onto[keys[int(random.integers(len(keys)))]].id,
        "segmentation": [xy.ravel().tolist()],
        "area": area,
        "bbox": [float(x.min()), float(y.min()), float(np.ptp(x)), float(np.ptp(y))],
        "iscrowd": 0,
        "score": float(random.uniform(0, 1)),
        "status": "draft" if random.uniform() < 0.3 else "accepted",
        "origin": "model",
    }


def _batch(masks: list[Row], theme: str, split: str, onto: Ontology) -> pa.RecordBatch:
    rows = [
        mask
        | {"subdomain": theme, "split": split, "iscrowd": False}
        | _UNKNOWN
        | {"category": onto.by_id(mask["category_id"]).key, "category_name": onto.by_id(mask["category_id"]).name("en")}
        | {"segmentation": json.dumps(mask["segmentation"])}
        for mask in masks
    ]
    return pa.RecordBatch.from_pylist(rows, schema=tables.ANNOTATIONS)


def _image_row(data: bytes, digest: str, license: str, place: int) -> Row:
    unknown = dict.fromkeys(("author", "source_url", "title", "attributes", "domain", "checked", "absent"))
    known = {"source_file_name": f"{place}.jpg", "bytes": len(data), "sha256": digest, "original_sha256": digest}
    return unknown | known | {"phash": "0" * 16, "group_key": digest, "license_id": 1, "license": license}


def _write_tables(folder: Path, images: list[Row], texts: list[Row], onto: Ontology) -> None:
    tables.write_table(folder / "images.parquet", pa.Table.from_pylist(images, schema=tables.IMAGES))
    tables.write_table(folder / "captions.parquet", pa.Table.from_pylist(texts, schema=tables.CAPTIONS))
    tables.write_table(folder / "interactions.parquet", tables.INTERACTIONS.empty_table())
    categories = [
        {
            "id": one.id,
            "name": one.name("en") or one.key,
            "supercategory": next(iter(one.parents), ""),
            "key": one.key,
            "synset": one.synset,
            "sense_key": one.sense_key,
            "ili": one.ili,
            "parents": list(one.parents),
            "definition": one.definition,
            "imported": False,
            "attributes": None,
        }
        for one in onto
    ]
    tables.write_table(folder / "categories.parquet", pa.Table.from_pylist(categories, schema=tables.CATEGORIES))
