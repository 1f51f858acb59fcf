"""The step that encodes a release's photographs once, shard by shard, for training to read again and again.

A folder of features holds `features.json` (what made them) and, for each shard of the release, `NAME.safetensors` (the
tensors) and `NAME.parquet` (whose they are). The index carries a key over the encoder with its weights and
preprocessing, the views, and the SHA-256 of the shard: what does not match is stale. It carries a digest of the shard's
photographs and objects too, so that features outlive a release that changes captions alone.
"""

import hashlib
import itertools
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from mic21.captioner.encoders import Encoder, Floats, Mask, Pixels
from mic21.captioner.views import make_views
from mic21.errors import CaptionerError
from mic21.geometry import Rle, rle_to_mask, segmentation_to_rle
from mic21.networks.pixels import decode_photograph
from mic21.release.reader import Release, Sample
from mic21.release.shards import IMAGES_PER_SHARD
from mic21.release.splits import SPLITS

SETTINGS = "features.json"
GEOMETRY = 6  # x, y, width, height and area as shares of the photograph, and the score
_METHOD = 1  # raise it when the code changes the features
_LARGEST = 1333  # pixels of the longer side; no encoder looks at more

INDEX = pa.schema(
    [
        pa.field("image_id", pa.int64(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),  # of the photograph
        pa.field("view", pa.int32(), nullable=False),  # 0 is the whole photograph; row number = row of `grid`
        pa.field("first_object", pa.int64(), nullable=False),  # row of `objects`, `geometry` and `category_ids`
        pa.field("objects", pa.int32(), nullable=False),
    ]
)


class FeatureSettings(BaseModel):
    """What made a folder of features."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    encoder: str
    weights: str | None = Field(description="as it was asked for")
    signature: str = Field(description="of the encoder: network, weights, preprocessing")
    side: int = Field(ge=1, description="cells along each side of the grid")
    grid_dim: int = Field(ge=1)
    object_dim: int = Field(ge=1)
    views: int = Field(ge=1, description="of each photograph, the whole one included")
    mirror: bool = Field(description="whether views may be mirrored")

    def key(self, shard_sha256: str) -> str:
        """The key of the features of a shard; what the encoder is called does not count, only what it does."""
        values = (_METHOD, self.signature, self.side, self.views, self.mirror, shard_sha256)
        return hashlib.sha256(repr(values).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SeenObject:
    """An object to encode: its category, its mask of the photograph's size, its score from 0 to 1."""

    category_id: int
    mask: npt.NDArray[np.bool_]
    score: float

    @classmethod
    def of(cls, category_id: int, rle: Rle, bbox: Sequence[float], score: float | None) -> "SeenObject":
        """An object as a corpus has it; where it has no mask, its box, xywh in pixels, stands for one."""
        mask = rle_to_mask(rle).astype(bool)
        if not mask.any():
            x, y, width, height = bbox
            top, bottom = max(0, math.floor(y)), max(0, math.ceil(y + height))  # a box may begin outside
            left, right = max(0, math.floor(x)), max(0, math.ceil(x + width))
            mask[top:bottom, left:right] = True
        return cls(category_id, mask, 1.0 if score is None else score)


@dataclass(frozen=True, slots=True)
class EncodedView:
    """A photograph, or a view of it, as the model takes it.

    Attributes:
        grid: cells×channels.
        objects: n×channels.
        geometry: n×6: x, y, width, height and area as shares of the view, and the score.
        category_ids: n.
    """

    grid: Floats
    objects: Floats
    geometry: Floats
    category_ids: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FeatureReport:
    """How many photographs were encoded, and how many had been before."""

    encoded: int
    kept: int


def write_features(
    release: Release,
    encoder: Encoder,
    folder: Path,
    *,
    weights: str | None = None,
    views: int = 1,
    mirror: bool = False,
    on_progress: Any = None,
) -> FeatureReport:
    """Encode the photographs of a release whose features are missing, stale or damaged.

    Each shard is written whole or not at all: a killed step goes on with the next one.

    Args:
        release: whose photographs.
        encoder: the network.
        folder: where the features go.
        weights: as the encoder was asked for, to be written down.
        views: of each photograph, the whole one included.
        mirror: whether views may be mirrored.
        on_progress: called with (images done, images in all).

    Raises:
        CaptionerError: the folder holds features that were made otherwise, or a photograph cannot be read.
    """
    settings = FeatureSettings(
        encoder=encoder.name,
        weights=weights,
        signature=encoder.signature,
        side=encoder.side,
        grid_dim=encoder.grid_dim,
        object_dim=encoder.object_dim,
        views=views,
        mirror=mirror,
    )
    _claim(folder, settings)
    total = sum(counts.images for counts in release.manifest.counts.values())
    encoded = kept = 0
    for split in SPLITS:
        samples = release.samples(split)
        for name, sha256, images in _shards(release, split):
            of_shard = list(itertools.islice(samples, images))
            path, key, content = folder / name, settings.key(sha256), _content(of_shard)
            found = read_keys(path)
            # All features of a folder are made with its settings.
            if found is not None and found[1] == content and _is_whole(path):
                if found[0] != key:
                    _write_index(path, pq.read_table(path.with_suffix(".parquet")), key, content)
                kept += images
            else:
                parts = []
                for sample in of_shard:
                    parts.append((sample, _encode_sample(sample, encoder, settings)))
                    if on_progress:
                        on_progress(encoded + kept + len(parts), total)
                _write_shard(path, key, content, parts)
                encoded += images
            if on_progress:
                on_progress(encoded + kept, total)
    return FeatureReport(encoded, kept)


def read_settings(folder: Path) -> FeatureSettings:
    """What made a folder of features.

    Raises:
        CaptionerError: there are none, or of a kind that this version of mic21 does not read.
    """
    path = folder / SETTINGS
    try:
        return FeatureSettings.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CaptionerError(
            f"{folder}: expected features, found no {SETTINGS}; run `mic21 features RELEASE --encoder NAME --out DIR`"
        ) from error
    except ValidationError as error:
        raise CaptionerError(f"{path}: {error.errors()[0]['msg']}") from error


def read_keys(path: Path) -> tuple[str, str] | None:
    """The key of a shard's features and the digest of what they are of, or None where there are none.

    Args:
        path: of the features, without suffix; the index is written last.
    """
    try:
        metadata = pq.read_schema(path.with_suffix(".parquet")).metadata or {}
        return metadata[b"key"].decode(), metadata[b"content"].decode()
    except (OSError, KeyError, pa.ArrowInvalid):
        return None


def _is_whole(path: Path) -> bool:
    """Whether a shard's tensors are there, with the rows that its index says."""
    try:
        index = pq.read_table(path.with_suffix(".parquet"))
        with safe_open(path.with_suffix(".safetensors"), framework="np") as tensors:
            rows = {name: tensors.get_slice(name).get_shape()[0] for name in tensors.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, pa.ArrowInvalid):
        return False
    objects = sum(index["objects"].to_pylist())
    return rows == {"grid": len(index), **dict.fromkeys(("objects", "geometry", "category_ids"), objects)}


def shard_keys(release: Release, settings: FeatureSettings, split: str) -> dict[str, str]:
    """Name of a shard of a split → the key that its features must have."""
    return {name: settings.key(sha256) for name, sha256, _ in _shards(release, split)}


def encode_image(image: Pixels, objects: Sequence[SeenObject], encoder: Encoder) -> EncodedView:
    """The features of one whole photograph, as training caches them: rounded to half precision."""
    return next(_encode_views(image, objects, "0", encoder, views=1, mirror=False))


def sample_objects(sample: Sample) -> list[SeenObject]:
    """The objects of a sample, in the order of the release."""
    size = (sample.record["height"], sample.record["width"])
    return [
        SeenObject.of(
            annotation["category_id"],
            segmentation_to_rle(annotation["segmentation"] or [], *size),
            annotation["bbox"],
            annotation.get("score"),
        )
        for annotation in sample.annotations
    ]


def _claim(folder: Path, settings: FeatureSettings) -> None:
    if folder.exists() and not folder.is_dir():
        raise CaptionerError(f"{folder}: expected a folder for the features, found a file")
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / SETTINGS).exists():
        found = read_settings(folder)
        if found.model_copy(update={"weights": settings.weights}) != settings:
            differing = [name for name, value in settings if name != "weights" and getattr(found, name) != value]
            raise CaptionerError(
                f"{folder}: holds features whose {', '.join(differing)} differ; choose another folder for --out"
            )
        return
    temporary = folder / f".{SETTINGS}"
    temporary.write_text(settings.model_dump_json(indent=1) + "\n", encoding="utf-8")
    temporary.replace(folder / SETTINGS)


def _shards(release: Release, split: str) -> Iterator[tuple[str, str, int]]:
    """Name, SHA-256 and number of images of each shard of a split."""
    left = release.manifest.counts[split].images if split in release.manifest.counts else 0
    for file in release.manifest.files:
        if file.path.startswith(f"shards/{split}-"):
            images = min(left, IMAGES_PER_SHARD)
            left -= images
            yield Path(file.path).stem, file.sha256, images


def _content(samples: Iterable[Sample]) -> str:
    """A digest of photographs and objects, and of nothing else."""
    digest = hashlib.sha256()
    for sample in samples:
        objects = [
            (one["category_id"], one["segmentation"], one["bbox"], one.get("score")) for one in sample.annotations
        ]
        digest.update(repr((sample.record["id"], sample.record["sha256"], objects)).encode())
    return digest.hexdigest()


def _encode_sample(sample: Sample, encoder: Encoder, settings: FeatureSettings) -> list[EncodedView]:
    try:
        image = decode_photograph(sample.image_bytes)
    except OSError as error:
        raise CaptionerError(f"image {sample.record['id']}: its photograph cannot be read: {error}") from error
    sha256 = sample.record["sha256"]
    views = _encode_views(image, sample_objects(sample), sha256, encoder, views=settings.views, mirror=settings.mirror)
    return list(views)


def _encode_views(
    image: Pixels, objects: Sequence[SeenObject], sha256: str, encoder: Encoder, *, views: int, mirror: bool
) -> Iterator[EncodedView]:
    image, masks = _shrunk(image, objects)
    category_ids = np.array([one.category_id for one in objects], np.int64)
    scores = [one.score for one in objects]
    for view in make_views(sha256, (image.shape[0], image.shape[1]), masks, views, mirror=mirror):
        seen = [view.of(mask) for mask in masks]
        encoded = encoder.encode(view.of(image), seen)
        geometry = np.array([_geometry(mask, score) for mask, score in zip(seen, scores, strict=True)], np.float32)
        grid, pooled = (_halves(features, encoder.name) for features in (encoded.grid, encoded.objects))
        yield EncodedView(grid, pooled, geometry.reshape(-1, GEOMETRY), category_ids)


def _halves(features: Floats, encoder: str) -> Floats:
    with np.errstate(over="ignore"):  # what overflows is refused
        halves: Floats = features.astype(np.float16)
    if not np.isfinite(halves).all():
        raise CaptionerError(f"{encoder}: expected features that 16 bits hold, up to 65,504; found larger ones")
    return halves


def _shrunk(image: Pixels, objects: Sequence[SeenObject]) -> tuple[Pixels, list[Mask]]:
    """A photograph and its masks, made smaller where no encoder would look at so many pixels."""
    scale = _LARGEST / max(image.shape[:2])
    masks = [one.mask.astype(np.uint8) * np.uint8(255) for one in objects]
    if scale >= 1:
        return image, masks
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = [np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.BOX)) for mask in masks]
    for index, (mask, shrunk) in enumerate(zip(masks, small, strict=True)):
        if mask.any() and not shrunk.any():  # a few pixels, rounded away
            row, column = (int(place) for place in np.argwhere(mask)[0])
            small[index] = shrunk.copy()
            small[index][int(row * size[1] / mask.shape[0]), int(column * size[0] / mask.shape[1])] = 255
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX)), small


def _geometry(mask: Mask, score: float) -> tuple[float, ...]:
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return (0.0, 0.0, 0.0, 0.0, 0.0, score)
    box = (columns[0], rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0])
    shares = [float(value) / length for value, length in zip(box, (width, height, width, height), strict=True)]
    return (*shares, float(mask.mean()) / 255, score)


def _write_shard(path: Path, key: str, content: str, parts: Sequence[tuple[Sample, Sequence[EncodedView]]]) -> None:
    views = [view for _, of_image in parts for view in of_image]
    counts = [len(view.category_ids) for view in views]
    tensors = {
        "grid": np.stack([view.grid for view in views]),
        "objects": np.concatenate([view.objects for view in views]),
        "geometry": np.concatenate([view.geometry for view in views]),
        "category_ids": np.concatenate([view.category_ids for view in views]),
    }
    rows = [(sample, number) for sample, of_image in parts for number in range(len(of_image))]
    index = pa.table(
        {
            "image_id": [sample.record["id"] for sample, _ in rows],
            "sha256": [sample.record["sha256"] for sample, _ in rows],
            "view": [number for _, number in rows],
            "first_object": np.cumsum([0, *counts])[:-1],
            "objects": counts,
        },
        schema=INDEX,
    )
    _replace(path.with_suffix(".safetensors"), lambda file: save_file(tensors, file))
    _write_index(path, index, key, content)


def _write_index(path: Path, index: pa.Table, key: str, content: str) -> None:
    stamped = index.replace_schema_metadata({"key": key, "content": content})
    _replace(path.with_suffix(".parquet"), lambda file: pq.write_table(stamped, file))


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}")
    write(temporary)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
