import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import webdataset
import yaml
from pycocotools.coco import COCO

from mic21.corpus import edit
from mic21.corpus.changes import change
from mic21.corpus.coco import import_coco
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError, UsageError
from mic21.geometry import rle_to_mask
from mic21.release.build import build_release
from mic21.release.documents.figures import PLOTS
from mic21.release.manifest import Manifest
from mic21.release.reader import Release
from mic21.release.splits import SPLITS
from mic21.release.verify import verify_release

from ..conftest import MINI


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_layout_is_the_contracts(release: Release) -> None:
    files = {str(file.relative_to(release.path)) for file in release.path.rglob("*") if file.is_file()}
    splits = {sample.record["split"] for split in SPLITS for sample in release.samples(split)}
    expected = {
        "manifest.json",
        "README.md",
        "DATASHEET.md",
        "ATTRIBUTION.csv",
        "croissant.json",
        "ontology/ontology.json",
        "ontology/names.tsv",
        "ontology/ontology.ttl",
        "shards/index.parquet",
        "statistics/statistics.json",
    }
    expected |= {f"statistics/{name}" for name in PLOTS}
    expected |= {f"coco/{kind}_{split}.json" for kind in ("instances", "captions") for split in SPLITS}
    expected |= {"coco/subdomains/chess_gt.json", "coco/subdomains/violinist_gt.json"}
    names = ("images", "annotations", "captions", "interactions", "categories", "names", "subdomains", "runs")
    expected |= {f"tables/{name}.parquet" for name in names}
    expected |= {f"shards/{split}-00000.tar" for split in splits}
    images = release.images().to_pylist()
    expected |= {f"data/{row['domain'] or 'unsorted'}/{row['split']}-00000.parquet" for row in images}
    assert files == expected


def test_masks_captions_ids_and_licences_are_those_that_came_in(release: Release) -> None:
    came = json.loads((MINI / "instances.json").read_text(encoding="utf-8"))
    came_captions = json.loads((MINI / "captions.json").read_text(encoding="utf-8"))
    samples = {sample.record["id"]: sample for split in SPLITS for sample in release.samples(split)}
    names = {image["id"]: image["file_name"] for image in came["images"]}
    urls = {license["id"]: license["url"] for license in came["licenses"]}
    assert samples.keys() == names.keys()
    for image in came["images"]:
        sample = samples[image["id"]]
        assert sample.image_bytes == (MINI / "images" / image["file_name"]).read_bytes()
        assert sample.image.size == (image["width"], image["height"])
        assert sample.license["url"] == urls[image["license"]]
        assert sample.record["source_file_name"] == image["file_name"]
    found = {record["id"]: record for sample in samples.values() for record in sample.annotations}
    for annotation in came["annotations"]:
        assert annotation.items() <= found[annotation["id"]].items()
    texts = {record["id"]: record["caption"] for sample in samples.values() for record in sample.captions}
    assert texts == {caption["id"]: caption["caption"] for caption in came_captions["annotations"]}


def test_pycocotools_reads_the_coco_files(release: Release) -> None:
    for split in SPLITS:
        coco = COCO(str(release.path / "coco" / f"instances_{split}.json"))
        expected = release.annotations(split=split)
        assert sorted(coco.getAnnIds()) == sorted(expected["id"].to_pylist())
        for row in expected.to_pylist():
            image = coco.imgs[row["image_id"]]
            mask = rle_to_mask(segmentation_rle(row["segmentation"], image["height"], image["width"]))
            assert (coco.annToMask(coco.anns[row["id"]]).astype(bool) == mask).all()


def test_webdataset_reads_the_shards(release: Release) -> None:
    for split in SPLITS:
        shards = sorted(str(path) for path in (release.path / "shards").glob(f"{split}-*.tar"))
        ours = list(release.samples(split))
        theirs = list(webdataset.WebDataset(shards, shardshuffle=False)) if shards else []
        assert [sample["__key__"] for sample in theirs] == [sample.key for sample in ours]
        for mine, other in zip(ours, theirs, strict=True):
            assert json.loads(other["json"])["annotations"] == list(mine.annotations)
            assert (other.get("jpg") or other.get("png")) == mine.image_bytes


def test_tables_have_their_schemas_and_page_indexes(release: Release) -> None:
    for name, rows in {"images": 5, "annotations": 6, "captions": 4, "interactions": 0, "subdomains": 130}.items():
        file = pq.ParquetFile(release.path / f"tables/{name}.parquet")
        assert file.metadata.num_rows == rows
        if rows:
            assert file.metadata.row_group(0).column(0).has_column_index
    assert release.annotations(subdomain="chess")["id"].to_pylist() == [45, 46]


def test_categories_carry_their_passports(release: Release) -> None:
    categories = {row["id"]: row for row in release.categories().to_pylist()}
    linked = release.ontology["chess_player"]
    assert (categories[21]["name"], categories[21]["key"], categories[21]["synset"]) == (
        "Chess player",
        "chess_player",
        linked.synset,
    )
    assert categories[9]["key"] is None
    assert categories[linked.id]["imported"] is False  # drawn in the subdomain chess, so that its absence counts
    document = json.loads((release.path / "coco" / "subdomains" / "chess_gt.json").read_text(encoding="utf-8"))
    assert {"id", "name", "supercategory", "key", "synset", "ili"} <= document["categories"][-1].keys()


def test_card_and_attribution_say_what_is_there(release: Release) -> None:
    card = (release.path / "README.md").read_text(encoding="utf-8")
    header = yaml.safe_load(card.split("---")[1])
    assert header["configs"][0]["config_name"] == "default"
    assert "| CC-BY-2.0 | 3 |" in card
    with (release.path / "ATTRIBUTION.csv").open(encoding="utf-8") as file:
        rows = {int(row["image_id"]): row for row in csv.DictReader(file)}
    assert rows[3]["source_url"] == "http://example.org/3.jpg"
    assert rows[3]["license"] == "CC-BY-NC-SA-2.0"


def test_the_same_corpus_gives_the_same_bytes(chess: Corpus, release: Release, tmp_path: Path) -> None:
    program = (
        "import sys; from mic21.corpus.store import Corpus; from mic21.release.build import build_release\n"
        "build_release(Corpus(sys.argv[1]), sys.argv[2], version='1.0.0')"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    subprocess.run([sys.executable, "-c", program, chess.path, tmp_path / "other"], env=environment, check=True)
    assert _tree(tmp_path / "other") == _tree(release.path)


def test_an_equal_corpus_elsewhere_gives_the_same_bytes(release: Release, tmp_path: Path) -> None:
    other = Corpus.create(tmp_path / "elsewhere")
    import_coco(other, MINI / "instances.json", images=MINI / "images", captions=MINI / "captions.json")
    edit.move(other, "violinist", images=[10])
    edit.move(other, "chess", images=[3])
    build_release(other, tmp_path / "other", version="1.0.0")
    assert _tree(tmp_path / "other") == _tree(release.path)


def test_any_changed_byte_is_found(release: Release) -> None:
    assert verify_release(release.path) == []
    generator = random.Random(21)
    for file in sorted(path for path in release.path.rglob("*") if path.is_file()):
        data = file.read_bytes()
        name = str(file.relative_to(release.path))
        for position in {0, len(data) - 1, generator.randrange(len(data))}:
            changed = bytearray(data)
            changed[position] ^= 1
            file.write_bytes(changed)
            try:
                problems = verify_release(release.path)
            except ReleaseError as error:  # the manifest no longer reads as one
                problems = [str(error)]
            assert len(problems) >= 1 and any(name in problem for problem in problems)
        file.write_bytes(data)
    assert verify_release(release.path) == []


def test_missing_added_and_shortened_files_are_found(release: Release) -> None:
    (release.path / "ATTRIBUTION.csv").unlink()
    (release.path / "extra.txt").write_text("")
    (release.path / "README.md").write_text("short")
    assert [problem.partition(",")[0].rpartition(" ")[0] for problem in verify_release(release.path)] == [
        "ATTRIBUTION.csv:",
        "extra.txt: added: the manifest does not name",
        "README.md: changed: expected " + str(_size(release, "README.md")),
    ]


def test_a_link_that_leads_nowhere_is_named(release: Release) -> None:
    (release.path / "README.md").unlink()
    (release.path / "README.md").symlink_to("nowhere")
    (release.path / "extra").symlink_to("nowhere")
    assert verify_release(release.path) == [
        "extra: added: the manifest does not name it",
        "README.md: changed: cannot be read: No such file or directory",
    ]


def _size(release: Release, name: str) -> int:
    return next(entry.bytes for entry in release.manifest.files if entry.path == name)


def test_only_accepted_records_come_in_unless_drafts_are_wanted(chess: Corpus, tmp_path: Path) -> None:
    with chess.writing() as connection:
        run = chess.insert_run(connection, "test", {})
        change(
            connection, run, "annotations", {45: {"status": "draft"}, 4: {"status": "rejected"}, 9: {"status": "draft"}}
        )
    accepted = build_release(chess, tmp_path / "accepted", version="1.0.0")
    assert Release(tmp_path / "accepted").annotations()["id"].to_pylist() == [3, 46, 100000000001]
    assert accepted.unchecked.annotations == 0
    assert [(left.reason, left.images) for left in accepted.left_out] == [("nothing of status accepted", [7001])]
    both = build_release(chess, tmp_path / "both", version="1.0.0", statuses=("draft", "accepted"))
    assert both.unchecked.annotations == 2
    assert sorted(Release(tmp_path / "both").annotations()["id"].to_pylist()) == [3, 9, 45, 46, 100000000001]
    card = (tmp_path / "both" / "README.md").read_text(encoding="utf-8")
    assert "2 of 5 annotations" in card
    statuses = {
        a["id"]: a["status"]
        for split in SPLITS
        for s in Release(tmp_path / "both").samples(split)
        for a in s.annotations
    }
    assert (statuses[45], statuses[46]) == ("draft", "accepted")


def test_images_of_unknown_licence_stay_out_unless_allowed(chess: Corpus, tmp_path: Path) -> None:
    with chess.writing() as connection:
        change(connection, chess.insert_run(connection, "test", {}), "images", {3: {"license_id": None}})
    manifest = build_release(chess, tmp_path / "known", version="1.0.0")
    assert [(left.reason, left.images) for left in manifest.left_out] == [("unknown licence", [3])]
    assert "3" not in Release(tmp_path / "known").images()["id"].to_pylist()
    allowed = build_release(chess, tmp_path / "all", version="1.0.0", allow_unknown_license=True)
    assert allowed.left_out == []
    sample = next(s for split in SPLITS for s in Release(tmp_path / "all").samples(split) if s.record["id"] == 3)
    assert sample.license == {"spdx": "unknown"}


def test_a_release_is_never_overwritten_and_bad_wishes_are_refused(
    chess: Corpus, release: Release, tmp_path: Path
) -> None:
    before = _tree(release.path)
    with pytest.raises(ReleaseError, match="never changes"):
        build_release(chess, release.path, version="1.0.1")
    assert _tree(release.path) == before
    with pytest.raises(UsageError, match="MAJOR"):
        build_release(chess, tmp_path / "new", version="1.0")
    with pytest.raises(UsageError, match="accepted or draft"):
        build_release(chess, tmp_path / "new", version="1.0.0", statuses=("rejected",))
    empty = Corpus.create(tmp_path / "empty")
    with pytest.raises(ReleaseError, match="no image is left"):
        build_release(empty, tmp_path / "new", version="1.0.0")
    assert not (tmp_path / "new").exists()


def test_errors_in_the_ontology_stop_the_build_and_are_named(tmp_path: Path) -> None:
    local = tmp_path / "corpus" / "ontology"
    corpus = Corpus.create(tmp_path / "corpus")
    (local / "names").mkdir(parents=True)
    (local / "names" / "nb.tsv").write_text(
        "kind\tkey\tname\tsynonyms\tgender\tplural\tsource\treviewed\ncategory\tdog\tкуче\t\t\t\tme\tno\n"
    )
    with pytest.raises(ReleaseError, match="expected no error, found E101 dog: nb: 'куче' has куче"):
        build_release(Corpus(corpus.path), tmp_path / "release", version="1.0.0")
    assert not (tmp_path / "release").exists()


def test_a_damaged_or_missing_photograph_stops_the_build_and_leaves_nothing(chess: Corpus, tmp_path: Path) -> None:
    (row,) = chess.images(images=[3]).to_pylist()
    path = chess.files.path(row["sha256"], row["extension"])
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ReleaseError, match="damaged"):
        build_release(chess, tmp_path / "release", version="1.0.0")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["corpus"]


_KILLED = """
import os, signal, sys
from mic21.corpus.store import Corpus
from mic21.release import build
build.write_documents = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
build.build_release(Corpus(sys.argv[1]), sys.argv[2], version="1.0.0")
"""


def test_a_killed_build_leaves_no_release_and_can_be_repeated(chess: Corpus, tmp_path: Path) -> None:
    target = tmp_path / "release"
    done = subprocess.run([sys.executable, "-c", _KILLED, chess.path, target], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not target.exists()
    build_release(chess, target, version="1.0.0")
    assert verify_release(target) == []
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["corpus", "release"]


def test_local_categories_travel_with_the_release(tmp_path: Path) -> None:
    corpus = Corpus.create(tmp_path / "corpus")
    local = corpus.path / "ontology"
    local.mkdir()
    (local / "domains.tsv").write_text("key\nkitchen\n")
    (local / "subdomains.tsv").write_text("key\tdomain\ncooking\tkitchen\n")
    (local / "memberships.tsv").write_text("subdomain\tcategory\trole\ncooking\tdog\tdominant\n")
    import_coco(corpus, MINI / "instances.json", images=MINI / "images", subdomain="cooking")
    build_release(corpus, tmp_path / "release", version="1.0.0")
    shutil.rmtree(corpus.path)
    release = Release(tmp_path / "release")
    assert release.images(domain="kitchen").num_rows == 5
    assert release.images(subdomain="cooking", category="dog")["id"].to_pylist() == [7001]


def test_queries_filter_a_release_like_a_corpus(chess: Corpus, release: Release) -> None:
    for filters in (
        {"subdomain": "chess"},
        {"domain": "sport"},
        {"category": "dog"},
        {"under": "person"},
        {"license": "CC-BY-2.0"},
        {"origin": "human"},
        {"category": "пръстен", "license": "CC0-1.0"},
    ):
        for what in ("images", "annotations"):
            ours, theirs = getattr(chess, what)(**filters), getattr(release, what)(**filters)
            assert sorted(ours["id"].to_pylist()) == sorted(theirs["id"].to_pylist()), (what, filters)
    assert release.captions(language="bg")["id"].to_pylist() == [2]


def test_what_is_no_release_is_refused(release: Release, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"no manifest\.json"):
        Release(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ReleaseError, match="expected JSON"):
        Release(tmp_path)
    (tmp_path / "manifest.json").write_text('{"version": 1}')
    with pytest.raises(ReleaseError, match="version"):
        Release(tmp_path)
    with pytest.raises(UsageError, match="train, val, test"):
        next(release.samples("training"))
    shard = next((release.path / "shards").glob("*.tar"))
    shard.write_bytes(shard.read_bytes()[:700])
    with pytest.raises(ReleaseError, match="expected a shard"):
        list(release.samples(shard.name.split("-")[0]))


def test_manifest_schema_is_the_committed_one() -> None:
    path = Path(__file__).parents[2] / "schemas" / "manifest.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == Manifest.model_json_schema()


def test_shards_carry_no_time_owner_or_machine(release: Release) -> None:
    for shard in (release.path / "shards").glob("*.tar"):
        with tarfile.open(shard) as tar:
            for member in tar:
                assert (member.mtime, member.uid, member.gid, member.uname, member.gname, member.mode) == (
                    0,
                    0,
                    0,
                    "",
                    "",
                    0o644,
                )
        assert shard.stat().st_size % 10_240 == 0


def test_an_imported_category_stands_for_its_twin(mini: Corpus, tmp_path: Path) -> None:
    build_release(mini, tmp_path / "release", version="1.0.0", allow_unknown_license=True)
    document = json.loads((tmp_path / "release/coco/instances_train.json").read_text())
    names = [category["name"].casefold() for category in document["categories"]]
    assert sorted(names) == sorted(set(names))
    linked = [key for _, key in mini.imported_categories().values() if key]
    assert linked and "animal" in names  # what is above a linked category is there all the same
