"""Features that were written before, mapped into memory and read image by image."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from mic21.captioner.encoders import Encoder
from mic21.captioner.features import FeatureSettings, encode_image, read_keys, read_settings, sample_objects, shard_keys
from mic21.errors import CaptionerError
from mic21.networks.pixels import decode_photograph
from mic21.release.reader import Release

View = tuple[Tensor, Tensor, Tensor, Tensor]  # grid, objects, geometry, category ids; see features.EncodedView


class SplitFeatures(Protocol):
    """The features of a split: `views` of each image."""

    views: int

    def view(self, image_id: int, view: int) -> View:
        """One view of an image."""
        ...

    def __contains__(self, image_id: int) -> bool:
        """Whether the image is of this split."""
        ...


class Cache:
    """A folder of features of a release."""

    def __init__(self, folder: Path, release: Release) -> None:
        """Open the folder; nothing of it is read yet.

        Raises:
            CaptionerError: there are no features.
        """
        self.settings: FeatureSettings = read_settings(folder)
        self._folder = folder
        self._release = release

    def split(self, name: str) -> "CachedFeatures":
        """The features of `train`, `val` or `test`.

        Raises:
            CaptionerError: they are missing, stale or damaged.
        """
        keys = shard_keys(self._release, self.settings, name)
        stale = [shard for shard, key in keys.items() if (read_keys(self._folder / shard) or ("", ""))[0] != key]
        if stale:
            raise CaptionerError(
                f"{self._folder}: the features of {', '.join(stale)} are missing or of another release; run "
                f"`mic21 features {self._release.path} --encoder {self.settings.encoder} --out {self._folder}` again"
            )
        return CachedFeatures([self._folder / f"{shard}.safetensors" for shard in keys], self.settings.views)


class CachedFeatures:
    """The features of a split, from files mapped into memory."""

    def __init__(self, files: list[Path], views: int) -> None:
        self.views = views
        self._shards: list[Mapping[str, Tensor]] = []
        self._rows: dict[int, tuple[int, int]] = {}
        self._objects: list[tuple[list[int], list[int]]] = []
        for number, file in enumerate(files):
            try:
                with safe_open(file, framework="pt") as opened:
                    self._shards.append({name: opened.get_tensor(name) for name in opened.keys()})  # noqa: SIM118
                index = pq.read_table(file.with_suffix(".parquet"))
            except (OSError, SafetensorError, pa.ArrowInvalid) as error:
                reason = str(error).splitlines()[0]
                raise CaptionerError(
                    f"{file}: expected features, found: {reason}; `mic21 features` with --out {file.parent} makes them "
                    "again"
                ) from error
            self._objects.append((index["first_object"].to_pylist(), index["objects"].to_pylist()))
            for row, (image_id, view) in enumerate(
                zip(index["image_id"].to_pylist(), index["view"].to_pylist(), strict=True)
            ):
                if view == 0:
                    self._rows[image_id] = (number, row)

    def __contains__(self, image_id: int) -> bool:
        """Whether the image is of this split."""
        return image_id in self._rows

    def view(self, image_id: int, view: int) -> View:
        """One view of an image: tensors that share the file's memory."""
        number, row = self._rows[image_id]
        shard, (first, count) = self._shards[number], self._objects[number]
        start, stop = first[row + view], first[row + view] + count[row + view]
        return (
            shard["grid"][row + view],
            shard["objects"][start:stop],
            shard["geometry"][start:stop],
            shard["category_ids"][start:stop],
        )


class FreshFeatures:
    """The features of a split, each photograph encoded as the split is read through, and kept."""

    views = 1

    def __init__(self, release: Release, split: str, encoder: Encoder) -> None:
        self._encoder = encoder
        self._samples = release.samples(split)
        self._ids = set(release.images(split=split)["id"].to_pylist())
        self._found: dict[int, View] = {}

    def __contains__(self, image_id: int) -> bool:
        """Whether the image is of this split."""
        return image_id in self._ids

    def view(self, image_id: int, view: int) -> View:
        """The one view of an image."""
        while image_id not in self._found:
            sample = next(self._samples)
            encoded = encode_image(decode_photograph(sample.image_bytes), sample_objects(sample), self._encoder)
            self._found[sample.record["id"]] = (
                torch.from_numpy(encoded.grid),
                torch.from_numpy(encoded.objects),
                torch.from_numpy(encoded.geometry),
                torch.from_numpy(encoded.category_ids),
            )
        return self._found[image_id]
