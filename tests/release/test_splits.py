"""Splits: what stays together, what never moves, and how near the shares are."""

import csv
import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from mic21.corpus import edit, schema
from mic21.corpus.changes import insert_rows
from mic21.corpus.ingest import ingest
from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError, UsageError
from mic21.release.build import build_release
from mic21.release.reader import Release
from mic21.release.split_lists import read_split_list
from mic21.release.splits import (
    SHARES,
    SPLITS,
    Arrival,
    SplitRule,
    Units,
    assign_splits,
    parse_shares,
    read_arrivals,
    straddling,
)


def _arrivals(seed: int, count: int) -> list[Arrival]:
    """Images of some subdomains, with near duplicates and authors of several photographs."""
    generator = random.Random(seed)
    images = []
    for id in range(1, count + 1):
        subdomain = generator.choice(["chess", "tennis", "rowing", None])
        group = str(generator.choice([id, id, id, max(1, id - 3)]))
        author = generator.choice([None, None, f"author {generator.randrange(count)}"])
        images.append(Arrival(id, subdomain, subdomain, group, group, author))
    return images


def _units(images: list[Arrival]) -> Units:
    """What belongs together, as it came in."""
    units = Units()
    for image in images:
        series = [f"{image.author} {image.first_subdomain}"] if image.author else []
        units.join(image.id, [image.first_group, *series])
    return units


@given(st.integers(0, 10_000), st.integers(1, 200), st.integers(0, 200))
@example(44, 40, 46)  # 76 joins the units of 6 and 37, to which 40 belongs
def test_adding_images_moves_none_but_those_that_they_join_to_older_ones(seed: int, count: int, more: int) -> None:
    grown = _arrivals(seed, count + more)
    old = grown[:count]
    before, after = assign_splits(old, SplitRule()), assign_splits(grown, SplitRule())
    units_before, units_after = _units(old), _units(grown)
    joined = Counter(units_after.of(unit) for unit in {units_before.of(image.id) for image in old})
    alone = [image.id for image in old if joined[units_after.of(image.id)] == 1]
    assert {id: after[id] for id in alone} == {id: before[id] for id in alone}


def test_no_image_moves_when_two_groups_become_one_but_those_of_the_younger() -> None:
    images = [Arrival(id, "chess", "chess", str(id), str(id), None) for id in range(1, 101)]
    before = assign_splits(images, SplitRule())
    younger = next(id for id in range(2, 101) if before[id] != before[1])
    images[younger - 1] = Arrival(younger, "chess", "chess", str(younger), "1", None)
    after = assign_splits([*images, Arrival(101, "chess", "chess", "1", "1", None)], SplitRule())
    assert {id for id in before if after[id] != before[id]} == {younger}
    assert after[younger] == after[101] == after[1]


def test_near_duplicates_and_series_never_straddle() -> None:
    splits = assign_splits(images := _arrivals(3, 2_000), SplitRule())
    for key in (lambda i: i.group, lambda i: (i.author, i.subdomain) if i.author else i.id):
        found: dict[object, set[str]] = {}
        for image in images:
            found.setdefault(key(image), set()).add(splits[image.id])
        assert all(len(of_key) == 1 for of_key in found.values())
    assert straddling(images, splits, "author") == []


def test_shares_hold_in_every_subdomain_within_two_images() -> None:
    images = [Arrival(id, f"theme {id % 130}", f"theme {id % 130}", str(id), str(id), None) for id in range(21_000)]
    splits = assign_splits(images, SplitRule())
    counts = Counter((image.subdomain, splits[image.id]) for image in images)
    for theme in range(130):
        total = sum(counts[f"theme {theme}", split] for split in SPLITS)
        assert all(abs(counts[f"theme {theme}", split] - SHARES[split] * total) <= 2 for split in SPLITS)


def test_another_salt_gives_another_split() -> None:
    images = [Arrival(id, "chess", "chess", str(id), str(id), None) for id in range(200)]
    assert assign_splits(images, SplitRule()) != assign_splits(images, SplitRule(salt="another"))


def test_frozen_splits_are_honoured_and_carry_their_group_along() -> None:
    images = [Arrival(id, "chess", "chess", str(id // 2), str(id // 2), None) for id in range(40)]
    frozen = {0: "test", 2: "val"}
    splits = assign_splits(images, SplitRule(frozen=frozen))
    assert [splits[id] for id in range(4)] == ["test", "test", "val", "val"]


def test_shares_are_read_and_bad_ones_refused() -> None:
    assert parse_shares("train=1") == {"train": 1.0, "val": 0.0, "test": 0.0}
    for text in ("train=.5", "train=.5,dev=.5", "train=1.5,val=-.5", "train", "train=nan,val=.1,test=.1", "train=inf"):
        with pytest.raises(UsageError, match="splits"):
            parse_shares(text)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Forty photographs that are near to none of the others, of eight authors."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    generator = np.random.default_rng(21)
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "subdomain", "license", "author"])
        for number in range(40):
            pixels = generator.integers(0, 255, (6, 6, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((60, 60), Image.Resampling.NEAREST).save(folder / f"{number:02d}.png")
            author = f"author {number % 8}" if number < 16 else ""
            writer.writerow([f"{number:02d}.png", ("chess", "tennis")[number % 2], "CC0-1.0", author])
    return folder


def _ingest(corpus: Corpus, folder: Path, numbers: range) -> None:
    part = folder.parent / f"part {numbers.start}"
    part.mkdir()
    rows = (folder / "table.csv").read_text().splitlines()
    (part / "table.csv").write_text("\n".join([rows[0], *(rows[number + 1] for number in numbers)]))
    for number in numbers:
        (folder / f"{number:02d}.png").rename(part / f"{number:02d}.png")
    ingest(corpus, [part], metadata=part / "table.csv")


def test_a_corpus_that_grows_and_is_edited_keeps_its_splits(corpus: Corpus, photographs: Path) -> None:
    def splits() -> dict[int, str]:
        with corpus.reading() as connection:
            return assign_splits(read_arrivals(connection), SplitRule())

    _ingest(corpus, photographs, range(20))
    before = splits()
    edit.withdraw(corpus, [2, 5], reason="asked for")
    edit.move(corpus, "rowing", images=[1, 3])
    edit.move(corpus, "chess", images=[3])
    _ingest(corpus, photographs, range(20, 40))
    after = splits()
    assert {id: after[id] for id in before} == before and len(after) == 40


def test_what_a_move_or_a_list_tears_apart_is_listed(corpus: Corpus, photographs: Path, tmp_path: Path) -> None:
    table = ["file,subdomain,license,author"]
    table += [f"{n:02d}.png,{('chess', 'tennis')[n // 4]},CC0-1.0,Ana" for n in range(8)]
    (photographs / "table.csv").write_text("\n".join(table))
    for number in range(8, 40):
        (photographs / f"{number:02d}.png").unlink()
    ingest(corpus, [photographs], metadata=photographs / "table.csv")
    themes = {row["id"]: row["subdomain"] for row in corpus.images().to_pylist()}
    chess, tennis = ([id for id, theme in themes.items() if theme == key] for key in ("chess", "tennis"))
    with corpus.writing() as connection:
        run = corpus.insert_run(connection, "test", {})
        more = {"language": "en", "kind": "title", "text": "A.", "status": "accepted", "origin": "human", "run_id": run}
        insert_rows(connection, schema.captions, [{"id": id, "image_id": id} | more for id in themes])
    with corpus.reading() as connection:
        arrivals = read_arrivals(connection)
    drawn = {salt: assign_splits(arrivals, SplitRule(salt=salt)) for salt in "abcdefghijklmnopqrstuvwxyz"}
    salt = next(salt for salt, splits in drawn.items() if splits[chess[0]] != splits[tennis[0]])
    before = build_release(corpus, tmp_path / "before", version="1.0.0", salt=salt)
    assert before.splits.straddling == []
    edit.move(corpus, "chess", images=tennis)
    moved = build_release(corpus, tmp_path / "moved", version="1.0.0", salt=salt)
    splits = Release(tmp_path / "moved").splits()
    assert splits == Release(tmp_path / "before").splits() and len({splits[id] for id in [*chess, *tennis]}) == 2
    assert moved.splits.straddling == [sorted([*chess, *tennis])]
    assert "belong together lie in different splits in 1 case," in (tmp_path / "moved/README.md").read_text("utf-8")
    alone = build_release(corpus, tmp_path / "alone", version="1.0.0", series="none", salt=salt)
    assert alone.splits.straddling == []
    edit.move(corpus, "tennis", images=tennis)
    frozen = {chess[0]: "train", chess[1]: "val"}
    given = build_release(corpus, tmp_path / "given", version="1.0.0", frozen=frozen, salt=salt)
    assert given.splits.straddling == [chess]
    edit.withdraw(corpus, chess[1:2], reason="asked for")
    without = build_release(corpus, tmp_path / "without", version="1.0.0", frozen=frozen, salt=salt)
    assert without.splits.straddling == []


def test_a_list_freezes_splits_and_every_bad_line_is_named(chess: Corpus, tmp_path: Path) -> None:
    ids = chess.images()["id"].to_pylist()
    table = tmp_path / "list.csv"
    table.write_text("image_id,split\n" + "".join(f"{id},test\n" for id in ids))
    frozen = read_split_list(chess, table)
    manifest = build_release(chess, tmp_path / "release", version="1.0.0", frozen=frozen)
    assert manifest.counts["test"].images == len(ids) == manifest.splits.frozen
    by_name = tmp_path / "list.json"
    name = chess.images().to_pylist()[0]["file_name"]
    by_name.write_text(json.dumps({"validation": [name], "train": [ids[1]]}), encoding="utf-8")
    assert read_split_list(chess, by_name) == {ids[0]: "val", ids[1]: "train"}
    table.write_text(f"image_id,split\n999,test\n{ids[0]},holdout\n{ids[1]},val\n{ids[1]},test\n")
    with pytest.raises(ReleaseError) as caught:
        read_split_list(chess, table)
    assert str(caught.value).splitlines()[1:] == [
        "list.csv: row 1: expected one image of the corpus, found none called '999'",
        "list.csv: row 2: split: expected one of train, val, test, found 'holdout'",
        f"list.csv: row 4: expected one split for image {ids[1]}, found val and test",
    ]


def test_the_next_release_keeps_the_splits_of_the_one_before(chess: Corpus, tmp_path: Path) -> None:
    shares = {"train": 0.0, "val": 0.0, "test": 1.0}
    build_release(chess, tmp_path / "one", version="1.0.0", shares=shares)
    edit.withdraw(chess, [7001], reason="asked for")
    build_release(chess, tmp_path / "two", version="1.1.0", previous=tmp_path / "one")
    assert set(Release(tmp_path / "two").splits().values()) == {"test"}
