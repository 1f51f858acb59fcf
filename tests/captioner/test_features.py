import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mic21.captioner.cache import Cache, FreshFeatures
from mic21.captioner.encoders import Encoded, Mask, Pixels, load_encoder
from mic21.captioner.features import FeatureReport, SeenObject, sample_objects, write_features
from mic21.captioner.pooling import grid_features, mask_features
from mic21.captioner.views import View, make_views
from mic21.corpus import edit
from mic21.corpus.store import Corpus
from mic21.errors import BackendError, CaptionerError
from mic21.geometry import mask_to_rle
from mic21.release.build import build_release
from mic21.release.reader import Release
from mic21.release.splits import SPLITS

from .conftest import COLOURS, ColourEncoder, make_release


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_cells_of_a_grid_weigh_each_place_alike(height: int, width: int, side: int) -> None:
    features = np.random.default_rng(1).normal(size=(3, height, width)).astype(np.float32)
    assert np.allclose(grid_features(features, side).mean(axis=0), features.mean(axis=(1, 2)), atol=1e-5)


def test_an_object_of_one_pixel_gets_the_features_of_its_place() -> None:
    features = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    mask = np.zeros((3000, 4000), np.uint8)
    mask[1500, 3999] = 255
    assert mask_features(features, [mask, np.zeros_like(mask)]).tolist() == [[7.0], [0.0]]


def test_views_keep_every_object_in_sight_and_are_the_same_each_time() -> None:
    mask = np.zeros((90, 120), np.uint8)
    mask[60:80, 90:115] = 255
    views = make_views("ab" * 32, (90, 120), [mask], 20, mirror=True)
    assert views == make_views("ab" * 32, (90, 120), [mask], 20, mirror=True)
    assert views[0] == View(0, 0, 120, 90)
    assert len(set(views)) > 10
    assert {view.is_mirrored for view in views[1:]} == {True, False}
    assert min(view.of(mask).sum() for view in views) >= 0.7 * mask.sum()
    assert not any(view.is_mirrored for view in make_views("ab" * 32, (90, 120), [mask], 20, mirror=False))


def test_a_mirrored_view_moves_its_objects_along() -> None:
    image = np.zeros((4, 6, 3), np.uint8)
    image[1, 4] = 200
    view = View(2, 0, 6, 4, is_mirrored=True)
    assert np.argwhere(view.of(image)[..., 0]).tolist() == [[1, 1]]


def test_features_are_of_the_pixels_under_each_mask(release: Release, features: Path) -> None:
    for split in SPLITS:
        cached = Cache(features, release).split(split)
        for sample in release.samples(split):
            assert sample.record["id"] in cached
            grid, objects, geometry, category_ids = cached.view(sample.record["id"], 0)
            assert category_ids.tolist() == [one["category_id"] for one in sample.annotations]
            text = next(one["caption"] for one in sample.captions if one["language"] == "en")
            said = [COLOURS[word][0] for word in text.split() if word in COLOURS]
            assert np.allclose(objects[:, :3].numpy(), np.array(said) / 255, atol=2e-3)
            x, y, width, height = sample.annotations[0]["bbox"]
            expected = [x / 64, y / 48, width / 64, height / 48, 575 / (64 * 48), 1.0]
            assert np.allclose(geometry[0].numpy(), expected)
            pixels = np.asarray(sample.image.convert("RGB")) / 255
            assert np.allclose(grid[3, :3].numpy(), pixels[24:, 32:].mean(axis=(0, 1)), atol=2e-3)


@pytest.mark.parametrize(
    ("bbox", "rows", "columns"),
    [
        ((2, 1, 3, 4), (1, 5), (2, 5)),
        ((-0.4, 1, 3, 4), (1, 5), (0, 3)),
        ((2, -3, 3, 4), (0, 1), (2, 5)),
        ((7, 5, 30, 30), (5, 10), (7, 12)),
        ((-9, 1, 3, 4), (0, 0), (0, 0)),
    ],
)
def test_a_box_stands_for_a_mask_as_far_as_it_is_in_the_photograph(
    bbox: Sequence[float], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    expected = np.zeros((10, 12), bool)
    expected[slice(*rows), slice(*columns)] = True
    nothing = mask_to_rle(np.zeros((10, 12), np.uint8))
    assert (SeenObject.of(1, nothing, bbox, None).mask == expected).all()


def test_other_views_are_other_features_of_the_same_objects(release: Release, features: Path) -> None:
    cached = Cache(features, release).split("train")
    ids = release.images(split="train")["id"].to_pylist()
    assert all(torch.equal(cached.view(id, 0)[3], cached.view(id, 1)[3]) for id in ids)
    assert sum(not torch.equal(cached.view(id, 0)[0], cached.view(id, 1)[0]) for id in ids) > len(ids) / 2


def test_photographs_encoded_as_they_come_have_the_cached_features(release: Release, features: Path) -> None:
    cached, fresh = Cache(features, release).split("test"), FreshFeatures(release, "test", ColourEncoder())
    for id in release.images(split="test")["id"].to_pylist():
        assert all(torch.equal(one, two) for one, two in zip(cached.view(id, 0), fresh.view(id, 0), strict=True))


def test_features_are_mapped_not_read(release: Release, features: Path) -> None:
    cached = Cache(features, release).split("train")
    assert sum("train-00000.safetensors" in line for line in Path("/proc/self/maps").read_text().splitlines()) > 0
    del cached


def test_what_is_there_is_kept_and_what_is_stale_is_refused_and_made_again(release: Release, tmp_path: Path) -> None:
    folder = tmp_path / "features"
    assert write_features(release, ColourEncoder(), folder) == FeatureReport(60, 0)
    assert write_features(release, ColourEncoder(), folder) == FeatureReport(0, 60)
    other = make_release(tmp_path / "other", 12)
    with pytest.raises(CaptionerError, match=r"train-00000.* are missing or of another release; run `mic21 features"):
        Cache(folder, other).split("train")
    assert write_features(other, ColourEncoder(), folder) == FeatureReport(12, 0)
    Cache(folder, other).split("train")


def test_features_outlive_other_captions_but_not_other_masks(tmp_path: Path) -> None:
    folder = tmp_path / "features"
    release = make_release(tmp_path / "one", 12)
    write_features(release, ColourEncoder(), folder)
    made = (folder / "train-00000.safetensors").stat().st_mtime_ns
    fewer = make_release(tmp_path / "two", 12, twice=False)
    with pytest.raises(CaptionerError, match="are missing or of another release"):
        Cache(folder, fewer).split("train")
    assert write_features(fewer, ColourEncoder(), folder) == FeatureReport(0, 12)
    Cache(folder, fewer).split("train")
    assert (folder / "train-00000.safetensors").stat().st_mtime_ns == made
    corpus = Corpus(tmp_path / "one" / "corpus")
    first = fewer.images(split="train")["id"][0].as_py()
    edit.withdraw(corpus, images=[first], reason="licence")
    build_release(corpus, tmp_path / "three", version="1.0.1")
    report = write_features(Release(tmp_path / "three"), ColourEncoder(), folder)
    assert report.encoded == release.manifest.counts["train"].images - 1


def test_features_of_two_encoders_do_not_mix(release: Release, features: Path) -> None:
    encoder = ColourEncoder()
    encoder.signature = "colour 2"
    with pytest.raises(CaptionerError, match="holds features whose signature, views differ; choose another folder"):
        write_features(release, encoder, features, views=1)


def test_damaged_features_are_named_and_made_again(release: Release, features: Path, tmp_path: Path) -> None:
    folder, other = tmp_path / "features", "test-00000.safetensors"
    shutil.copytree(features, folder)
    path = folder / "train-00000.safetensors"
    whole, images = path.read_bytes(), release.manifest.counts["train"].images
    for damage in (
        lambda: path.write_bytes(whole[:1000]),
        path.unlink,
        lambda: path.with_suffix(".parquet").write_bytes(path.with_suffix(".parquet").read_bytes()[5:]),
    ):
        damage()
        with pytest.raises(CaptionerError, match=r"train-00000.safetensors: expected features, found.* --out .* again"):
            Cache(folder, release).split("train")
        assert write_features(release, ColourEncoder(), folder, views=2) == FeatureReport(images, 60 - images)
        assert path.read_bytes() == whole
    shutil.copy(folder / other, path)  # whole, but of other photographs
    assert write_features(release, ColourEncoder(), folder, views=2) == FeatureReport(images, 60 - images)
    Cache(folder, release).split("train")


_KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from mic21.captioner.features import write_features
from mic21.release.reader import Release
from tests.captioner.conftest import ColourEncoder
release = Release(sys.argv[1])
last = release.manifest.counts["train"].images + 1
def kill(done, total):
    if done == last:
        os.kill(os.getpid(), signal.SIGKILL)
write_features(release, ColourEncoder(), Path(sys.argv[2]), on_progress=kill)
"""


def test_a_killed_step_keeps_the_shards_that_are_done(release: Release, tmp_path: Path) -> None:
    folder, root = tmp_path / "features", Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", _KILLED, release.path, folder, root], check=False)
    assert done.returncode == -signal.SIGKILL
    images = release.manifest.counts["train"].images
    assert write_features(release, ColourEncoder(), folder) == FeatureReport(60 - images, images)
    write_features(release, ColourEncoder(), tmp_path / "at once")
    names = [file.name for file in sorted((tmp_path / "at once").iterdir())]
    assert [file.name for file in sorted(folder.iterdir())] == names
    assert [(folder / name).read_bytes() for name in names] == [
        (tmp_path / "at once" / name).read_bytes() for name in names
    ]


def test_lite0_sees_the_same_each_time(release: Release) -> None:
    pytest.importorskip("timm")
    encoder = load_encoder("lite0", side=3)
    sample = next(release.samples("test"))
    masks = [one.mask.astype(np.uint8) * 255 for one in sample_objects(sample)]
    image = np.asarray(sample.image.convert("RGB"))
    one, two = encoder.encode(image, masks), encoder.encode(image, masks)
    assert one.grid.shape == (9, 1280) and one.objects.shape == (len(masks), 1280)
    assert (one.grid == two.grid).all() and (one.objects == two.objects).all()
    assert "lite0 weights=" in encoder.signature


def test_an_unknown_encoder_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BackendError, match="clip, detectron2, lite0, timm, torchvision, found 'lite1'"):
        load_encoder("lite1")


class LoudEncoder(ColourEncoder):
    """Its features are larger than 16 bits hold."""

    def encode(self, image: Pixels, masks: Sequence[Mask]) -> Encoded:
        encoded = super().encode(image, masks)
        return Encoded(encoded.grid + 70_000, encoded.objects)


def test_features_that_16_bits_cannot_hold_are_refused(release: Release, tmp_path: Path) -> None:
    with pytest.raises(CaptionerError, match="expected features that 16 bits hold"):
        write_features(release, LoudEncoder(), tmp_path / "features")
