"""A corpus and a release to look through: the hand-made dataset, generated pictures, and texts that mean harm."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mic21.corpus import edit, schema
from mic21.corpus.changes import change, insert_rows
from mic21.corpus.coco import import_coco
from mic21.corpus.store import Corpus
from mic21.release.build import build_release

from ..conftest import MINI

HARM = "<img src=x onerror=\"document.title='harmed'\"> <script>document.title='harmed'</script>"
PASSWORDS = "../../etc/passwd"
WIDTH, HEIGHT = 240, 180
COUNT = 60
# Category, box of the mask within a picture.
THINGS = (
    ("violin", (20, 30, 90, 120)),
    ("violinist", (100, 20, 200, 170)),
    ("dog", (30, 100, 120, 170)),
    ("bicycle", (10, 60, 200, 160)),
)


@pytest.fixture(scope="session")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The corpus: 65 photographs, among them 1001 with a draft that a person corrected, and 1002 with harmful texts."""
    folder = tmp_path_factory.mktemp("looked-at")
    corpus = Corpus.create(folder / "corpus")
    import_coco(corpus, MINI / "instances.json", images=MINI / "images", captions=MINI / "captions.json")
    _generate(corpus, folder / "pictures")
    edit.move(corpus, "violinist", images=[1001, 1002, 1003])
    with corpus.writing() as connection:
        run = corpus.insert_run(connection, "review pull", {})
        change(
            connection,
            run,
            "images",
            {1002: {"file_name": PASSWORDS, "source_url": "javascript:alert(1)", "author": HARM}},
        )
        change(connection, run, "images", {1001: {"source_url": "https://example.org/1001", "author": "Ana Petrova"}})
        corrected = {"segmentation": "[[20,30,80,30,80,110,20,110]]", "status": "accepted", "origin": "human"}
        change(connection, run, "annotations", {2001: corrected | {"bbox": "[20,30,60,80]", "area": 4800.0}})
        row = {"id": 1, "image_id": 1001, "subject_id": 2001, "predicate": "played_by", "object_id": 2002}
        insert_rows(connection, schema.interactions, [row | {"status": "accepted", "origin": "human", "run_id": run}])
    return corpus


@pytest.fixture(scope="session")
def released(looked_at: Corpus) -> Path:
    """A release of it, drafts and all."""
    folder = looked_at.path.parent / "release"
    build_release(looked_at, folder, version="1.0.0", statuses=("draft", "accepted"), allow_unknown_license=True)
    return folder


def _generate(corpus: Corpus, folder: Path) -> None:
    """Pictures 1001 … of two things each: rectangles of colour on noise; drafts with scores, and accepted masks."""
    folder.mkdir()
    random = np.random.default_rng(21)
    images, annotations = [], []
    for id in range(1001, 1001 + COUNT):
        pixels = random.integers(150, 200, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        for place in range(2):
            key, (left, top, right, bottom) = THINGS[(id - 1001 + place) % len(THINGS)]
            pixels[top:bottom, left:right] = (90 + 60 * place, 60, 40)
            number = len(annotations) + 1
            annotation = {
                "id": 2000 + number,
                "image_id": id,
                "category_id": corpus.ontology[key].id,
                "segmentation": [[left, top, right, top, right, bottom, left, bottom]],
                "iscrowd": 0,
                "score": round(1 - number / 1000, 3),
                "status": "draft" if number % 3 == 1 else "accepted",
                "origin": "model",
            }
            annotations.append(annotation)
        Image.fromarray(pixels).save(folder / f"{id}.jpg")
        images.append({"id": id, "file_name": f"{id}.jpg", "width": WIDTH, "height": HEIGHT, "license": 9})
    texts = [
        (1001, "A violin and a violinist", "en"),
        (1001, "Цигулка и цигулар", "bg"),
        (1002, HARM, "en"),
        (1003, "A dog", "en"),
    ]
    captions = [
        {"id": number, "image_id": id, "caption": text, "language": language, "kind": "title"}
        for number, (id, text, language) in enumerate(texts, 101)
    ]
    categories = [{"id": corpus.ontology[key].id, "name": key} for key, _ in THINGS]
    head = {"images": images, "licenses": [{"id": 9, "name": "CC0-1.0", "url": ""}]}
    (folder / "instances.json").write_text(json.dumps(head | {"annotations": annotations, "categories": categories}))
    (folder / "captions.json").write_text(json.dumps(head | {"annotations": captions}))
    import_coco(corpus, folder / "instances.json", images=folder, captions=folder / "captions.json")
