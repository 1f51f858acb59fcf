import io
import json
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sqlalchemy import select

from mic21.corpus import schema
from mic21.corpus.edit import withdraw
from mic21.corpus.groups import Groups
from mic21.corpus.images import ImageFiles, UnusableImage, perceptual_hash, read_image
from mic21.corpus.ingest import ingest
from mic21.corpus.metadata import Facts
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError, ImportProblems, OntologyError, UsageError


def _picture(seed: int, size: tuple[int, int] = (120, 90)) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def _save(path: Path, image: Image.Image, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def test_photographs_are_stored_byte_for_byte_with_their_facts(corpus: Corpus, tmp_path: Path) -> None:
    file = _save(tmp_path / "in" / "a.jpg", _picture(1), quality=80)
    report = ingest(corpus, [tmp_path / "in"], facts=Facts(subdomain="chess", license="cc-by-4.0", author="Ана"))
    (row,) = corpus.images().to_pylist()
    assert report.added == [1] == [row["id"]]
    assert (row["file_name"], row["subdomain"], row["license"], row["author"]) == ("a.jpg", "chess", "CC-BY-4.0", "Ана")
    assert (row["width"], row["height"], row["sha256"]) == (120, 90, row["original_sha256"])
    assert corpus.files.read(row["sha256"], row["extension"]) == file.read_bytes()


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_orientation_is_baked_in(orientation: int, corpus: Corpus, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = _save(tmp_path / "a.png", _picture(1), exif=exif)
    ingest(corpus, [file])
    (row,) = corpus.images().to_pylist()
    stored = Image.open(io.BytesIO(corpus.files.read(row["sha256"], row["extension"])))
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    expected = _picture(1).transpose(turns[orientation])
    assert (np.asarray(stored.convert("RGB")) == np.asarray(expected)).all()
    assert (row["width"], row["height"]) == expected.size
    assert row["original_sha256"] != row["sha256"]
    assert stored.getexif().get(0x0112, 1) == 1


def test_bad_files_are_named_and_stop_nothing(corpus: Corpus, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    whole = _save(folder / "good.jpg", _picture(1, (800, 600))).read_bytes()
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "zero.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("not a picture")
    _save(folder / "moving.gif", _picture(2), save_all=True, append_images=[_picture(3)])
    _save(folder / "bomb.png", Image.new("1", (20_000, 20_000)))
    (folder / "cut.png").write_bytes(_save(folder / "whole.png", _picture(4)).read_bytes()[:-2000])
    report = ingest(corpus, [folder])
    reasons = {file.name: reason for file, reason in report.refused}
    assert set(reasons) == {"truncated.jpg", "zero.jpg", "text.jpg", "moving.gif", "bomb.png", "cut.png"}
    assert reasons["zero.jpg"] == "the file is empty"
    assert reasons["text.jpg"] == "not an image of a known format"
    assert "2 frames" in reasons["moving.gif"]
    assert "pixels allowed" in reasons["bomb.png"] or "more than" in reasons["bomb.png"]
    assert "cannot be decoded" in reasons["truncated.jpg"]
    assert sorted(corpus.images()["file_name"].to_pylist()) == ["good.jpg", "whole.png"]


def test_files_that_pillow_trips_over_are_named_and_stop_nothing(corpus: Corpus, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    turned, resolution = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0), struct.pack("<HHI4s", 0x011A, 7, 4, b"text")
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + turned + resolution + bytes(4)
    _save(folder / "exif.jpg", _picture(1), exif=exif)
    tiff = _save(folder / "size.tiff", _picture(2))
    width = struct.pack("<HH", 0x0100, 4)  # the tag and its type
    assert tiff.read_bytes().count(width) == 1
    tiff.write_bytes(tiff.read_bytes().replace(width, struct.pack("<HH", 0x0100, 2)))
    _save(folder / "whole.jpg", _picture(3))
    report = ingest(corpus, [folder])
    reasons = {file.name: reason.partition(":")[0] for file, reason in report.refused}
    assert reasons == {"exif.jpg": "cannot be decoded", "size.tiff": "cannot be decoded"}
    assert corpus.images()["file_name"].to_pylist() == ["whole.jpg"]


def test_what_browsers_cannot_show_becomes_png_without_loss(corpus: Corpus, tmp_path: Path) -> None:
    ingest(corpus, [_save(tmp_path / "a.tiff", _picture(1)), _save(tmp_path / "b.bmp", _picture(2))])
    for row, seed in zip(corpus.images().to_pylist(), (1, 2), strict=True):
        stored = Image.open(io.BytesIO(corpus.files.read(row["sha256"], row["extension"])))
        assert row["extension"] == "png"
        assert (np.asarray(stored) == np.asarray(_picture(seed))).all()


def test_the_same_bytes_come_in_once_and_ingest_can_be_repeated(corpus: Corpus, tmp_path: Path) -> None:
    file = _save(tmp_path / "in" / "a.jpg", _picture(1))
    (tmp_path / "in" / "b.jpg").write_bytes(file.read_bytes())
    first = ingest(corpus, [tmp_path / "in"])
    assert (first.added, [id for _, id in first.duplicates]) == ([1], [1])
    again = ingest(corpus, [tmp_path / "in"])
    assert (again.added, [id for _, id in again.duplicates]) == ([], [1, 1])
    assert corpus.images().num_rows == 1


def test_a_photograph_in_the_corpus_is_given_the_facts_it_lacks(corpus: Corpus, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for seed, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        _save(folder / name, _picture(seed))
    ingest(corpus, [folder], facts=Facts(author="Ана"))
    withdraw(corpus, [3], reason="asked")
    (tmp_path / "meta.csv").write_text("file,license,title\na.jpg,CC0-1.0,Chess\n")
    facts = Facts(author="Bob", license="CC-BY-4.0", subdomain="chess")
    report = ingest(corpus, [folder], facts=facts, metadata=tmp_path / "meta.csv")
    assert (report.added, [id for _, id in report.duplicates], report.filled) == ([], [1, 2, 3], [1, 2])
    columns = ["license", "author", "title", "subdomain"]
    assert [tuple(row.values()) for row in corpus.images().select(columns).to_pylist()] == [
        ("CC0-1.0", "Ана", "Chess", "chess"),
        ("CC-BY-4.0", "Ана", None, "chess"),
    ]
    assert corpus.images(withdrawn=True)["license"].to_pylist() == ["unknown"]
    with corpus.reading() as connection:
        rows = connection.execute(select(schema.history).order_by(schema.history.c.id)).all()
        changed = [(row.record_id, json.loads(row.before)) for row in rows[1:]]
    nothing = {"license_id": None, "subdomain": None}
    assert changed == [(1, nothing | {"title": None}), (2, nothing)]
    assert ingest(corpus, [folder], facts=Facts(author="Eve", license="CC-BY-2.0", subdomain="tennis")).filled == []


def test_the_same_bytes_in_one_ingest_share_their_facts(corpus: Corpus, tmp_path: Path) -> None:
    file = _save(tmp_path / "in" / "a.jpg", _picture(1))
    (tmp_path / "in" / "b.jpg").write_bytes(file.read_bytes())
    (tmp_path / "meta.csv").write_text("file,license,author\na.jpg,,Ана\nb.jpg,CC0-1.0,Bob\n")
    ingest(corpus, [tmp_path / "in"], metadata=tmp_path / "meta.csv")
    assert corpus.images().select(["license", "author"]).to_pylist() == [{"license": "CC0-1.0", "author": "Ана"}]


def test_every_photograph_of_a_folder_comes_in_or_is_named(corpus: Corpus, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    _save(folder / "a.jfif", _picture(1), format="JPEG")
    (folder / "lost.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (folder / "folder.jpg").mkdir()
    report = ingest(corpus, [folder])
    assert report.added == [1]
    assert report.refused == [(folder / "lost.jpg", "cannot be read: No such file or directory")]


def test_near_duplicates_share_a_group(corpus: Corpus, tmp_path: Path) -> None:
    _save(tmp_path / "in" / "a.jpg", _picture(1), quality=95)
    _save(tmp_path / "in" / "b.jpg", _picture(1).resize((60, 45)), quality=40)
    _save(tmp_path / "in" / "c.jpg", _picture(2))
    report = ingest(corpus, [tmp_path / "in"])
    a, b, c = corpus.images()["group_key"].to_pylist()
    assert a == b != c
    assert report.grouped == [2]


def test_an_image_between_two_groups_joins_them() -> None:
    groups = Groups()
    assert groups.add(1, "0000000000000000", "first") == "first"
    assert groups.add(2, "000000000000ffff", "second") == "second"
    rows = [{"id": 3, "group_key": groups.add(3, "00000000000000ff", "third")}]
    assert groups.settle(rows) == {2: {"group_key": "first"}}
    assert rows == [{"id": 3, "group_key": "first"}]


def test_metadata_tables_say_what_holds_for_each_file(corpus: Corpus, tmp_path: Path) -> None:
    _save(tmp_path / "in" / "x" / "a.jpg", _picture(1))
    _save(tmp_path / "in" / "b.jpg", _picture(2))
    columns = {
        "file": ["x/a.jpg", "b.jpg"],
        "subdomain": ["chess", None],
        "license": ["CC0-1.0", ""],
        "title": ["Шах", None],
    }
    frame = pd.DataFrame(columns)
    for name in ("meta.csv", "meta.parquet"):
        path = tmp_path / "in" / name
        frame.to_csv(path, index=False) if name.endswith("csv") else frame.to_parquet(path)
        target = Corpus.create(tmp_path / f"corpus of {name}")
        ingest(target, [tmp_path / "in"], metadata=path, facts=Facts(subdomain="tennis", license="CC-BY-4.0"))
        rows = {row["file_name"]: row for row in target.images().to_pylist()}
        assert (rows["a.jpg"]["subdomain"], rows["a.jpg"]["license"], rows["a.jpg"]["title"]) == (
            "chess",
            "CC0-1.0",
            "Шах",
        )
        assert (rows["b.jpg"]["subdomain"], rows["b.jpg"]["license"]) == ("tennis", "CC-BY-4.0")


def test_bad_metadata_is_named_row_by_row_and_nothing_is_added(corpus: Corpus, tmp_path: Path) -> None:
    _save(tmp_path / "in" / "a.jpg", _picture(1))
    (tmp_path / "meta.csv").write_text("file,subdomain,license\na.jpg,ches,CC0-1.0\nnone.jpg,,\na.jpg,,Free!\n")
    with pytest.raises(ImportProblems) as caught:
        ingest(corpus, [tmp_path / "in"], metadata=tmp_path / "meta.csv")
    text = "\n".join(caught.value.problems)
    assert "row 1: unknown subdomain 'ches'" in text
    assert "row 2: file: expected one of the photographs, found 'none.jpg' in none of the sources" in text
    assert "row 3: license: expected an SPDX expression" in text
    assert corpus.images().num_rows == 0


def test_a_metadata_row_that_is_too_long_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    _save(tmp_path / "in" / "a.jpg", _picture(1))
    (tmp_path / "meta.csv").write_text("file,license\na.jpg,CC0-1.0,Ana\n")
    with pytest.raises(CorpusError, match="line 2, saw 3"):
        ingest(corpus, [tmp_path / "in"], metadata=tmp_path / "meta.csv")


def test_bad_arguments_are_refused(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="found nothing there"):
        ingest(corpus, [tmp_path / "nowhere"])
    with pytest.raises(UsageError, match="SPDX"):
        ingest(corpus, [tmp_path], facts=Facts(license="my own"))
    with pytest.raises(OntologyError, match="chess"):
        ingest(corpus, [tmp_path], facts=Facts(subdomain="ches"))


def test_a_stored_photograph_that_changed_is_noticed(corpus: Corpus, tmp_path: Path) -> None:
    ingest(corpus, [_save(tmp_path / "a.jpg", _picture(1))])
    (row,) = corpus.images().to_pylist()
    path = corpus.files.path(row["sha256"], row["extension"])
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(CorpusError, match="damaged"):
        corpus.files.read(row["sha256"], row["extension"])
    path.unlink()
    with pytest.raises(CorpusError, match="missing"):
        corpus.files.read(row["sha256"], row["extension"])


def test_perceptual_hash_tells_scenes_apart() -> None:
    one, two = _picture(1), _picture(2)
    near = int(perceptual_hash(one), 16) ^ int(perceptual_hash(one.resize((300, 200))), 16)
    far = int(perceptual_hash(one), 16) ^ int(perceptual_hash(two), 16)
    assert near.bit_count() <= 4
    assert far.bit_count() > 16


def test_no_partial_file_stays_behind(tmp_path: Path) -> None:
    files = ImageFiles(tmp_path / "files")
    with pytest.raises(UnusableImage):
        files.add(b"no picture")
    assert not list(tmp_path.rglob("*.*"))


def test_too_little_memory_is_no_fault_of_a_photograph(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(MemoryError):
        read_image(b"\xff\xd8")
