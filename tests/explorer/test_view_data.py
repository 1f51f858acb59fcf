"""What the page is given: columns, records, masks, pictures; and what no address gives."""

import io
import json
import os
import re
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from starlette.testclient import TestClient

from mic21.corpus import edit
from mic21.corpus.changes import change
from mic21.corpus.store import Corpus
from mic21.errors import CheckError, UsageError
from mic21.explorer.paths import mask_path, reduced
from mic21.explorer.server import make_app
from mic21.explorer.source import open_source
from mic21.explorer.view import open_documents, write_site
from mic21.geometry import Rle, mask_to_rle, polygons_to_rle, rle_to_mask
from mic21.release.statistics import draft_outcomes

from .conftest import HARM, PASSWORDS

Json = Any  # what the page reads


def _client(folder: Path, cache: Path) -> TestClient:
    documents, _ = open_documents(folder, cache=cache)
    return TestClient(make_app(documents), base_url="http://127.0.0.1:8021")


@pytest.fixture
def release_client(released: Path, tmp_path: Path) -> TestClient:
    return _client(released, tmp_path / "cache")


@pytest.fixture
def corpus_client(looked_at: Corpus, tmp_path: Path) -> TestClient:
    return _client(looked_at.path, tmp_path / "cache")


def _json(client: TestClient, path: str) -> Json:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _columns(data: bytes) -> tuple[dict[str, np.ndarray[Any, Any]], Json]:
    """The columns as the page reads them."""
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    start = 4 + length
    assert start % 8 == 0
    arrays = {
        name: np.frombuffer(data, f"<{type}", count, start + offset)
        for name, (type, offset, count) in header["arrays"].items()
    }
    return arrays, header["words"]


def test_columns_hold_every_record_of_every_photograph(release_client: TestClient, looked_at: Corpus) -> None:
    arrays, words = _columns(release_client.get("/data/index.bin").content)
    images = looked_at.images().to_pylist()
    assert arrays["id"].tolist() == [row["id"] for row in images]
    assert [words["license"][code] for code in arrays["license"]] == [row["license"] for row in images]
    start = arrays["annotations.start"]
    found = {
        int(id): sorted(
            (
                words["annotations.category"][arrays["annotations.category"][at]],
                words["annotations.status"][arrays["annotations.status"][at]],
            )
            for at in range(start[place], start[place + 1])
        )
        for place, id in enumerate(arrays["id"])
    }
    wanted: dict[int, list[tuple[str, str]]] = {row["id"]: [] for row in images}
    for row in looked_at.annotations().to_pylist():
        wanted[row["image_id"]].append((row["category"] or f"#{row['category_id']}", row["status"]))
    assert found == {id: sorted(rows) for id, rows in wanted.items()}
    assert set(words["split"]) == {"train", "val", "test"}


def test_release_and_corpus_say_the_same_of_a_photograph(release_client: TestClient, corpus_client: TestClient) -> None:
    ours, theirs = (_json(client, "/data/images/1001.json") for client in (release_client, corpus_client))
    for record in (ours, theirs):
        for row in (record, *record["annotations"], *record["captions"]):
            row.pop("run")
        for row in record["annotations"]:
            row.pop("changes"), row.pop("draft", None)
    assert ours.pop("split") in ("train", "val", "test") and theirs.pop("split") is None
    assert ours.pop("license") == {"spdx": "CC0-1.0", "name": "CC0-1.0", "url": ""}
    assert theirs.pop("license")["spdx"] == "CC0-1.0"
    assert ours == theirs
    assert ours["interactions"][0]["predicate"] == "played_by"
    assert [row["text"] for row in ours["captions"]] == ["A violin and a violinist", "Цигулка и цигулар"]


def test_a_corpus_tells_what_a_person_changed(corpus_client: TestClient) -> None:
    corrected, kept = _json(corpus_client, "/data/images/1001.json")["annotations"]
    assert corrected["draft"] == mask_path(polygons_to_rle([[20, 30, 90, 30, 90, 120, 20, 120]], 180, 240))
    assert corrected["path"] == mask_path(polygons_to_rle([[20, 30, 80, 30, 80, 110, 20, 110]], 180, 240))
    assert [(change["step"], change["fields"]) for change in corrected["changes"]] == [
        ("review pull", ["segmentation", "status"])
    ]
    assert kept["changes"] == [] and "draft" not in kept and kept["run"]["step"] == "import"
    arrays, words = _columns(corpus_client.get("/data/index.bin").content)
    place = arrays["id"].tolist().index(1001)
    fates = arrays["annotations.fate"][arrays["annotations.start"][place] :][:2]
    assert [words["annotations.fate"][code] for code in fates] == ["corrected", "kept"]


def test_who_rejected_a_mask_is_told(mini: Corpus, tmp_path: Path) -> None:
    one, two = [row["id"] for row in mini.annotations().to_pylist()][:2]
    with mini.writing() as connection:
        run = mini.insert_run(connection, "segment", {})
        change(connection, run, "annotations", {id: {"status": "draft", "origin": "model"} for id in (one, two)})
        for id, step in ((one, "review pull"), (two, "segment")):
            change(connection, mini.insert_run(connection, step, {}), "annotations", {id: {"status": "rejected"}})
    client = _client(mini.path, tmp_path / "cache")
    arrays, words = _columns(client.get("/data/index.bin").content)
    fates = [words["annotations.fate"][code] for code in arrays["annotations.fate"]]
    assert (fates.count("refused"), fates.count("superseded")) == (1, 1)
    with mini.reading() as connection:
        outcomes = draft_outcomes(connection, dict.fromkeys(mini.images()["id"].to_pylist()))
    assert (outcomes["rejected"], outcomes["undecided"]) == (1, 0)


def test_holes_and_parts_are_in_the_path() -> None:
    mask = np.zeros((9, 12), bool)
    mask[1:8, 1:8] = True
    mask[3:6, 3:6] = False
    mask[4, 10] = True
    assert _filled(mask_path(mask_to_rle(mask)), mask.shape).tolist() == mask.tolist()


def _filled(path: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The pixels that a path of M, h and v fills by the rule evenodd."""
    crossings = np.zeros((shape[0], shape[1] + 1), int)
    for ring in path.split("z")[:-1]:
        (start,) = re.findall(r"M(\d+) (\d+)", ring)
        x, y = map(int, start)
        top, left = y, x
        for direction, length in re.findall(r"([hv])(-?\d+)", ring):
            if direction == "h":
                x += int(length)
                continue
            rows = sorted((y, y + int(length)))
            crossings[slice(*rows), x] += 1
            y += int(length)
        if x == left:  # the ring closes with a vertical edge
            crossings[slice(*sorted((y, top))), x] += 1
    return (np.cumsum(crossings, axis=1)[:, :-1] % 2).astype(bool)


def test_the_path_on_the_page_is_the_mask_to_the_pixel(release_client: TestClient, looked_at: Corpus) -> None:
    (ring, dot) = _json(release_client, "/data/images/11.json")["annotations"]
    rows = looked_at.annotations(images=[11]).to_pylist()
    for shown, row in zip((ring, dot), rows, strict=True):
        rle = Rle(30, 40, json.loads(row["segmentation"])["counts"].encode())
        assert _filled(shown["path"], (30, 40)).tolist() == rle_to_mask(rle).tolist()
        assert shown["area"] == rle_to_mask(rle).sum()


def test_a_single_pixel_does_not_vanish_from_a_thumbnail() -> None:
    mask = np.zeros((100, 100), bool)
    mask[57, 33] = True
    small = rle_to_mask(reduced(mask_to_rle(mask), 7))
    assert np.argwhere(small).tolist() == [[8, 4]] and small.shape == (15, 15)


def test_thumbnails_are_made_once_and_outside_the_release(released: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in released.rglob("*")}
    client = _client(released, tmp_path / "cache")
    answer = client.get("/data/thumbnails/1001.webp")
    image = Image.open(io.BytesIO(answer.content))
    assert (image.format, image.size, answer.headers["content-type"]) == ("WEBP", (240, 180), "image/webp")
    (kept,) = (path for path in (tmp_path / "cache").rglob("*.webp"))
    kept.write_bytes(b"kept")
    assert client.get("/data/thumbnails/1001.webp").content == b"kept"
    assert {path: path.stat().st_mtime_ns for path in released.rglob("*")} == before


def test_photographs_come_as_they_are(release_client: TestClient, looked_at: Corpus) -> None:
    (row,) = looked_at.images(images=[1005]).to_pylist()
    answer = release_client.get("/data/photographs/1005.jpg")
    assert answer.content == looked_at.files.read(row["sha256"], "jpg")
    assert answer.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("word", "key"),
    [("цигулка", "violin"), ("viulu", "violin"), ("Fahrrad", "bicycle"), ("tsigulka", "violin"), ("куче", "dog")],
)
def test_search_finds_names_of_any_language(release_client: TestClient, word: str, key: str) -> None:
    assert _json(release_client, f"/search?q={word}")[0]["key"] == key


def test_a_category_page_has_its_names_and_their_state(release_client: TestClient) -> None:
    violin = _json(release_client, "/data/categories/violin.json")
    assert violin["names"]["bg"]["name"] == "цигулка" and violin["names"]["bg"]["reviewed"] is False
    assert len(violin["names"]) == 25 and violin["synset"] == "04536866-n"
    assert violin["paths"] == [["violin", "stringed_instrument", "musical_instrument"]]
    assert {"subject": "violinist", "predicate": "plays", "object": "violin"} in violin["relations"]


@pytest.mark.parametrize(
    "path",
    [
        *("/data/images/999999.json", "/data/images/99999999999999999999.json", "/data/images/-1.json"),
        *("/data/images/x.json", "/data/images/1001.txt", "/data/photographs/1001.png", "/data/thumbnails/1001.jpg"),
        *("/data/../../etc/passwd", "/data/%2e%2e/%2e%2e/etc/passwd", "/data/photographs/../../manifest.json"),
        *("/data/manifest.json", "/data//etc/passwd", "/data/names/xx.json", "/data/categories/nothing.json"),
        *(
            "/page/..%2fserver.py",
            "/page/%2e%2e/server.py",
            "/page/texts.tsv%00.js",
            "/nowhere",
            "/data/comparison.json",
        ),
    ],
)
def test_bad_addresses_are_refused_clearly(release_client: TestClient, path: str) -> None:
    answer = release_client.get(path)
    assert answer.status_code == 404
    assert "nothing" in answer.text or "no photograph" in answer.text or "Not found" in answer.text
    assert "root:" not in answer.text and "class Documents" not in answer.text


def test_every_answer_binds_the_browser(release_client: TestClient) -> None:
    for path in ("/", "/page/main.js", "/data/about.json", "/search?q=a", "/nowhere", "/data/images/0.json"):
        headers = release_client.get(path).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
        assert "unsafe" not in headers["content-security-policy"] and policy["frame-ancestors"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


def test_foreign_host_names_are_refused(release_client: TestClient) -> None:
    assert release_client.get("/data/about.json", headers={"host": "evil.example:8021"}).status_code == 421
    assert release_client.get("/data/about.json", headers={"host": "localhost:8021"}).status_code == 200
    assert release_client.post("/data/about.json").status_code == 405


def test_texts_and_file_names_are_data(release_client: TestClient) -> None:
    record = _json(release_client, "/data/images/1002.json")
    assert (record["file_name"], record["captions"][0]["text"], record["author"]) == (PASSWORDS, HARM, HARM)
    assert release_client.get("/data/images/1002.json").headers["content-type"] == "application/json"


def test_a_lost_page_escapes_the_reason(release_client: TestClient) -> None:
    answer = release_client.get("/page/<script>alert(1)")
    assert answer.status_code == 404 and "<script>" not in answer.text


def test_a_browser_keeps_documents_until_the_source_changes(released: Path, tmp_path: Path, mini: Corpus) -> None:
    client = _client(released, tmp_path / "cache")
    token = _json(client, "/data/about.json")["token"]
    assert "immutable" in client.get(f"/data/index.bin?v={token}").headers["cache-control"]
    assert client.get("/data/index.bin?v=other").headers["cache-control"] == "no-store"

    client = _client(mini.path, tmp_path / "cache")
    before = _json(client, "/data/about.json")["token"]
    assert "immutable" in client.get(f"/data/index.bin?v={before}").headers["cache-control"]
    edit.withdraw(mini, [3], reason="asked to")
    answer = client.get(f"/data/index.bin?v={before}")
    assert answer.headers["cache-control"] == "no-store"
    assert 3 not in _columns(answer.content)[0]["id"]
    assert _json(client, "/data/about.json")["token"] != before
    assert client.get("/data/images/3.json").status_code == 404


def test_the_page_has_no_inline_script_style_or_markup_from_text() -> None:
    page = Path(__file__).parents[2] / "mic21" / "explorer" / "page"
    html = (page / "index.html").read_text()
    assert "<style" not in html and "style=" not in html and " on" not in html.split("<body>")[1].replace(" only", "")
    for module in page.glob("*.js"):
        assert f'"page/{module.name}"' in html, f"{module.name}: index.html asks for all modules at once"
        text = module.read_text()
        assert not [
            word
            for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write", "https://")
            if word in text.replace("https://spdx.org", "")
        ], module


def test_every_text_has_both_languages_and_is_used() -> None:
    page = Path(__file__).parents[2] / "mic21" / "explorer" / "page"
    rows = [line.split("\t") for line in (page / "texts.tsv").read_text().strip().split("\n")]
    assert [row for row in rows if len(row) != 3 or not all(row)] == []
    assert [row[0] for row in rows if row[1].count("{}") != row[2].count("{}")] == []
    assert [row[0] for row in rows if ("|" in row[1]) != ("|" in row[2])] == []
    code = "".join(module.read_text() for module in (*page.glob("*.js"), page / "index.html"))
    stems = (
        "status_",
        "origin_",
        "fate_",
        "size_",
        "split_",
        "match_",
        "role_",
        "as_",
        "kind_",
        "gender_",
        "sort_",
        "page_",
        "part_",
        "plot_",
    )
    stems += ("layer_", "detail_", "passport_", "column_", "changed_", "outline_", "mark_", "facet_", "counted_")
    assert [row[0] for row in rows if f'"{row[0]}"' not in code and not row[0].startswith(stems)] == []


def test_a_folder_that_is_neither_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a release or a corpus"):
        open_source(tmp_path)


def test_a_static_site_has_every_document(released: Path, tmp_path: Path) -> None:
    documents, _ = open_documents(released, is_static=True, cache=tmp_path / "cache")
    count, problems = write_site(documents, tmp_path / "site")
    files = {
        path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*") if path.is_file()
    }
    assert (len(files), problems) == (count, [])
    assert {"index.html", "page/main.js", "data/index.bin", "data/search.json", "data/photographs/1001.jpg"} <= files
    for path in documents.paths():
        assert (tmp_path / "site" / "data" / path).read_bytes() == documents.read(path).data
    with pytest.raises(UsageError, match="new or empty"):
        write_site(documents, tmp_path / "site")


def test_a_static_site_does_without_a_photograph_that_is_missing(mini: Corpus, tmp_path: Path) -> None:
    row = mini.images().to_pylist()[0]
    mini.files.path(row["sha256"], row["extension"]).unlink()
    documents, _ = open_documents(mini.path, is_static=True, cache=tmp_path / "cache")
    count, problems = write_site(documents, tmp_path / "site")
    assert [problem.partition(":")[0] for problem in sorted(problems)] == [
        f"photographs/{row['id']}.{row['extension']}",
        f"thumbnails/{row['id']}.webp",
    ]
    assert count == sum(path.is_file() for path in (tmp_path / "site").rglob("*"))


def _predictions(folder: Path, records: list[Json]) -> Path:
    path = folder / "masks.json"
    path.write_text(json.dumps(records))
    return path


def test_predictions_are_matched_with_accepted_masks(released: Path, looked_at: Corpus, tmp_path: Path) -> None:
    onto = looked_at.ontology
    violin, violinist, dog = (
        [[20, 30, 80, 30, 80, 110, 20, 110]],
        [[100, 20, 200, 20, 200, 170, 100, 170]],
        [[0, 0, 9, 0, 9, 9, 0, 9]],
    )
    records = [
        {"image_id": 1001, "category_id": onto[key].id, "segmentation": polygon, "score": score}
        for key, polygon, score in (("violin", violin, 0.9), ("dog", violinist, 0.8), ("dog", dog, 0.7))
    ]
    documents, problems = open_documents(released, predictions=_predictions(tmp_path, records), cache=tmp_path)
    found = json.loads(documents.read("images/1001.json").data)["predictions"]
    assert problems == []
    assert [(one["kind"], one["category"], one["overlap"]) for one in found] == [
        ("matched", "violin", 1.0),
        ("confused", "dog", 1.0),
        ("invented", "dog", 0.0),
    ]
    comparison = json.loads(documents.read("comparison.json").data)
    of_image = next(one for one in comparison["images"] if one["id"] == 1001)
    assert of_image == {"id": 1001, "quality": 0.4, "matched": 1, "confused": 1, "missed": 0, "invented": 1}
    qualities = [one["quality"] for one in comparison["images"]]
    assert qualities == sorted(qualities) and qualities[0] == 0
    arrays, _ = _columns(documents.read("index.bin").data)
    assert arrays["quality"][arrays["id"].tolist().index(1001)] == np.float32(0.4)


def test_predictions_that_cannot_be_compared_are_refused(released: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="none of its image ids"):
        open_documents(
            released, predictions=_predictions(tmp_path, [{"image_id": 5, "category_id": 1, "segmentation": []}])
        )
    with pytest.raises(CheckError, match="expected COCO results"):
        open_documents(released, predictions=_predictions(tmp_path, ["?"]))
    bad = [{"image_id": 1001, "category_id": 1, "segmentation": {"size": [1, 1], "counts": "1"}}]
    _, problems = open_documents(released, predictions=_predictions(tmp_path, bad))
    assert len(problems) == 1 and "image 1001" in problems[0]


def test_words_that_no_mask_bears_out_are_marked(released: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.jsonl"
    lines = [
        {"image_id": 1001, "caption": "A violinist, a bow and an elephant"},
        {"image_id": 1001, "caption": "Цигулар с цигулка", "language": "bg"},
        {"image_id": 1003, "caption": "A dog"},
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    documents, _ = open_documents(released, captions=[path], cache=tmp_path)
    english, bulgarian = json.loads(documents.read("images/1001.json").data)["candidates"]
    marked = {english["text"][mark["start"] : mark["end"]]: mark["judgement"] for mark in english["marks"]}
    assert marked == {"bow": "absent", "elephant": "unverified"}
    assert bulgarian["marks"] == []
    assert json.loads(documents.read("captions.json").data) == {
        "captioners": ["model"],
        "images": [{"id": 1001, "absent": 1, "unverified": 1}, {"id": 1003, "absent": 0, "unverified": 0}],
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{}", "model.jsonl:1"),
        ('{"image_id":1001,"caption":"a","language":"xx"}', "language"),
        ('{"image_id":4,"caption":"a"}', "none of"),
    ],
)
def test_texts_that_break_their_format_are_named(released: Path, tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "model.jsonl"
    path.write_text(line)
    with pytest.raises(CheckError, match=message):
        open_documents(released, captions=[path])


def test_a_damaged_shard_is_named(released: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(released, copy)
    for shard in (copy / "shards").iterdir():
        os.truncate(shard, 700)
    answer = _client(copy, tmp_path / "cache").get("/data/images/1001.json")
    assert answer.status_code == 500 and "mic21 release verify" in answer.json()["error"]


def test_a_release_cannot_lead_outside_itself(released: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(released, copy)
    outside = tmp_path / "outside-00000.tar"
    shutil.copy(next((copy / "shards").glob("train-*.tar")), outside)
    images = pq.read_table(copy / "tables" / "images.parquet")
    place = images.column_names.index("split")
    moved = images.set_column(place, images.field(place), pa.array(["../../outside"] * len(images)))
    pq.write_table(moved, copy / "tables" / "images.parquet")
    answer = _client(copy, tmp_path / "cache").get("/data/images/1001.json")
    assert answer.status_code == 500 and "expected one of train, val, test" in answer.json()["error"]

    pq.write_table(images, copy / "tables" / "images.parquet")
    for shard in (copy / "shards").iterdir():
        shard.unlink()
        shard.symlink_to(outside)
    answer = _client(copy, tmp_path / "cache").get("/data/images/1001.json")
    assert answer.status_code == 500 and "found a link" in answer.json()["error"]
