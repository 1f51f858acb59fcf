"""Each form of a release, read back by the tool that its users have."""

import json
import shutil
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import webdataset
import yaml

from mic21.corpus import edit, schema
from mic21.corpus.changes import insert_rows
from mic21.corpus.coco import import_coco
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError, UsageError
from mic21.geometry import rle_to_mask
from mic21.release.build import build_release
from mic21.release.formats import FORMATS
from mic21.release.reader import Release
from mic21.release.splits import SPLITS

from ..conftest import MINI


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release with an interaction, in every form there is; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("full")
    chess = Corpus.create(folder / "corpus")
    import_coco(chess, MINI / "instances.json", images=MINI / "images", captions=MINI / "captions.json")
    edit.move(chess, "chess", images=[3])
    edit.move(chess, "violinist", images=[10])
    with chess.writing() as connection:
        run = chess.insert_run(connection, "test", {})
        pair = {"id": 1, "image_id": 3, "subject_id": 45, "predicate": "uses", "object_id": 46}
        stray = {"id": 2, "image_id": 3, "subject_id": 45, "predicate": "uses", "object_id": 9}
        more = {"status": "accepted", "origin": "human", "run_id": run}
        insert_rows(connection, schema.interactions, [pair | more, stray | more])
    build_release(chess, folder / "release", version="1.0.0", formats=list(FORMATS))
    return Release(folder / "release")


def test_datasets_loads_every_configuration(full: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    header = yaml.safe_load((full.path / "README.md").read_text(encoding="utf-8").split("---")[1])
    configs = [config["config_name"] for config in header["configs"]]
    assert configs == ["default", "arts", "sport", "unsorted"]
    found = {}
    for config in configs[1:]:
        loaded = datasets.load_dataset(str(full.path), config, cache_dir=str(tmp_path / "cache"))
        for rows in loaded.values():
            found |= {row["id"]: row for row in rows}
    for id in full.images()["id"].to_pylist():
        sample, row = full.sample(id), found[id]
        assert row["image"].size == sample.image.size
        assert (row["license"], row["checked"]) == (sample.license["spdx"], None)
        assert [found["id"] for found in row["objects"]] == [found["id"] for found in sample.annotations]
        assert [json.loads(o["segmentation"]) for o in row["objects"]] == [
            o["segmentation"] for o in sample.annotations
        ]
        assert [caption["text"] for caption in row["captions"]] == [found["caption"] for found in sample.captions]
    assert [pair["predicate"] for pair in found[3]["interactions"]] == ["uses"]


def test_photographs_in_parquet_have_small_row_groups_and_page_indexes(full: Release) -> None:
    for path in (full.path / "data").rglob("*.parquet"):
        metadata = pq.read_metadata(path)
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            assert group.num_rows <= 100 and group.total_byte_size <= 32_000_000
            assert group.column(0).has_offset_index


def test_duckdb_and_pandas_read_the_tables(full: Release) -> None:
    counted = duckdb.sql(f"select split, count(*) from '{full.path}/tables/annotations.parquet' group by split")
    assert dict(counted.fetchall()) == {s: c.annotations for s, c in full.manifest.counts.items() if c.annotations}
    joined = duckdb.sql(
        f"select a.id, a.origin, r.step, a.edits from '{full.path}/tables/annotations.parquet' a "
        f"join '{full.path}/tables/runs.parquet' r on a.run_id = r.id order by a.id"
    ).fetchall()
    assert joined[0] == (3, "import", "import", 0) and len(joined) == 6
    images = pd.read_parquet(full.path / "tables/images.parquet")
    assert set(images["domain"].dropna()) == {"sport", "arts"}


def test_a_sample_is_found_by_its_id_and_the_index_fits_the_shards(full: Release, tmp_path: Path) -> None:
    for split in SPLITS:
        for sample in full.samples(split):
            again = full.sample(sample.record["id"])
            assert (again.image_bytes, again.record_bytes) == (sample.image_bytes, sample.record_bytes)
    with pytest.raises(UsageError, match="one of the 5 images, found 4"):
        full.sample(4)
    broken = Release(shutil.copytree(full.path, tmp_path / "broken"))
    for shard in (broken.path / "shards").glob("*.tar"):
        shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(ReleaseError, match="breaks off"):
        broken.sample(3)


def test_only_interactions_with_both_ends_in_the_release_come_in(full: Release) -> None:
    assert full.interactions()["id"].to_pylist() == [1]
    assert [found["id"] for found in full.sample(3).interactions] == [1]


def test_webdataset_reads_the_pairs(full: Release) -> None:
    texts = {}
    for language in ("en", "bg"):
        shards = sorted(str(path) for path in (full.path / "pairs" / language).glob("*.tar"))
        for sample in webdataset.WebDataset(shards, shardshuffle=False):
            texts[language, int(sample["__key__"])] = sample["txt"].decode()
            image = full.sample(int(sample["__key__"]))
            assert (sample.get("jpg") or sample.get("png")) == image.image_bytes
            assert json.loads(sample["json"])["license"] == image.license["spdx"]
    rows = full.captions().to_pylist()
    expected = {}
    for row in sorted(rows, key=lambda row: (row["kind"] != "description", row["id"])):
        expected.setdefault((row["language"], row["image_id"]), row["text"])
    assert texts == expected


def test_plain_text_has_a_caption_a_line(full: Release) -> None:
    lines = [line for path in (full.path / "text").glob("*.txt") for line in path.read_text("utf-8").splitlines()]
    assert sorted(lines) == sorted(" ".join(text.split()) for text in full.captions()["text"].to_pylist())


def test_scene_graphs_have_objects_and_relations(full: Release) -> None:
    graphs = [g for split in SPLITS for g in json.loads((full.path / f"scene_graphs/{split}.json").read_bytes())]
    by_image = {graph["image_id"]: graph for graph in graphs}
    assert by_image.keys() == set(full.images()["id"].to_pylist())
    relation = {"relationship_id": 1, "predicate": "uses", "subject_id": 45, "object_id": 46}
    assert by_image[3]["relationships"] == [relation]
    assert {found["object_id"] for found in by_image[3]["objects"]} == {45, 46}


def test_yolo_lines_filled_by_the_even_odd_rule_are_the_masks(full: Release) -> None:
    names = yaml.safe_load((full.path / "yolo/data.yaml").read_text(encoding="utf-8"))["names"]
    categories = {row["id"]: row["name"] for row in full.categories().to_pylist()}
    for image in full.images().to_pylist():
        masks = [
            (categories[row["category_id"]], segmentation_rle(row["segmentation"], image["height"], image["width"]))
            for row in full.annotations(images=[image["id"]]).to_pylist()
            if not row["iscrowd"]
        ]
        label = full.path / f"yolo/labels/{image['split']}/{image['id']:012d}.txt"
        lines = label.read_text().splitlines()
        assert len(lines) == len(masks)
        for line, (name, rle) in zip(lines, masks, strict=True):
            number, *numbers = line.split()
            assert names[int(number)] == name
            points = np.array(numbers, dtype=float).reshape(-1, 2) * (image["width"], image["height"])
            assert (_even_odd(points, image["height"], image["width"]) == rle_to_mask(rle)).all()
        assert (full.path / f"yolo/images/{image['split']}/{image['file_name']}").is_file()


def test_yolo_is_found_wherever_it_is_trained_from(
    full: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the rule of Ultralytics: `path`, from the working directory, or without one the folder of the file."""
    monkeypatch.chdir(tmp_path)
    file = full.path / "yolo/data.yaml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    root = Path(data.get("path") or file.parent)
    found = {split: len(list((root / data[split]).glob("*.*"))) for split in SPLITS}
    assert found == {split: counts.images for split, counts in full.manifest.counts.items()}


def _even_odd(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pixels whose centre a ray to the left meets an odd number of edges from."""
    inside = np.zeros((height, width), dtype=bool)
    bridges: Counter[tuple[tuple[float, ...], ...]] = Counter()
    corners = np.round(points).astype(int)
    assert np.abs(points - corners).max() < 0.01
    for (x0, y0), (x1, y1) in zip(corners.tolist(), np.roll(corners, -1, axis=0).tolist(), strict=True):
        if x0 == x1:
            inside[min(y0, y1) : max(y0, y1), x0:] ^= True
        elif y0 != y1:
            bridges[tuple(sorted([(x0, y0), (x1, y1)]))] += 1
    assert all(count % 2 == 0 for count in bridges.values())  # there and back: they cancel out
    return inside


@pytest.mark.detectron2
def test_detectron2_reads_the_coco_files(full: Release) -> None:
    coco = pytest.importorskip("detectron2.data.datasets.coco")
    image_root = str(full.path / "yolo/images/train")
    records = coco.load_coco_json(str(full.path / "coco/instances_train.json"), image_root)
    assert len(records) == full.manifest.counts["train"].images
    assert sum(len(record["annotations"]) for record in records) == full.manifest.counts["train"].annotations


def test_an_unknown_form_is_refused(chess: Corpus, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pairs, scene_graphs, text, yolo, found 'voc'"):
        build_release(chess, tmp_path / "release", version="1.0.0", formats=["voc"])
