"""A person at the page, in a real browser: what they change is in the corpus after a pull, and nothing else changes."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import FloatRect, Page, sync_playwright

from mic21.corpus import edit
from mic21.corpus.coco import import_coco
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.store import Corpus
from mic21.geometry import area, intersection, rle_to_mask
from mic21.review import ledger
from mic21.review.labelling import Masks
from mic21.review.photographs import LocalFiles
from mic21.review.pull import PullReport, pull
from mic21.review.push import push
from mic21.review.server import Server

from .conftest import Annotator, Studio

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTH, HEIGHT = 400, 300
RECTANGLE = [50, 60, 150, 60, 150, 200, 50, 200]
DIAMOND = [300, 50, 350, 150, 300, 250, 250, 150]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")


@pytest.fixture
def drawn(tmp_path: Path) -> Corpus:
    """One image of a violinist with two drafts, a violin (1) and a violinist (2)."""
    corpus = Corpus.create(tmp_path / "corpus")
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    ImageDraw.Draw(image).rectangle((50, 60, 150, 200), fill="brown")
    ImageDraw.Draw(image).ellipse((250, 50, 350, 250), fill="navy")
    image.save(tmp_path / "drawn.png")
    categories = {key: corpus.ontology[key].id for key in ("violin", "violinist")}
    document = {
        "images": [{"id": 1, "file_name": "drawn.png", "width": WIDTH, "height": HEIGHT}],
        "categories": [{"id": id, "name": key} for key, id in categories.items()],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": categories["violin"], "segmentation": [RECTANGLE], "iscrowd": 0},
            {"id": 2, "image_id": 1, "category_id": categories["violinist"], "segmentation": [DIAMOND], "iscrowd": 0},
        ],
    }
    (tmp_path / "drawn.json").write_text(json.dumps(document))
    import_coco(corpus, tmp_path / "drawn.json", images=tmp_path, as_draft=True)
    edit.move(corpus, "violinist", images=[1])
    return corpus


@pytest.fixture
def page(studio: Studio) -> Iterator[Page]:
    """A browser whose user has logged in."""
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser:
        opened = browser.new_page(viewport={"width": 1400, "height": 1000})
        opened.goto(f"{studio.url}/user/login")
        opened.fill("input[name=email]", "annotator@example.org")
        opened.fill("input[name=password]", studio.password)
        opened.click("button[type=submit]")
        opened.wait_for_url(lambda url: "login" not in url)
        yield opened


def _open(page: Page, corpus: Corpus, server: Server, annotator: Annotator) -> tuple[FloatRect, float]:
    """Open the one task; gives where the photograph is on the screen, and screen pixels a pixel of it."""
    with corpus.reading() as connection:
        (project,) = ledger.read_projects(connection, server.url)
    (task,) = annotator.tasks(ledger.corpus_id(corpus), project.project_id).values()
    page.goto(f"{server.url}/projects/{project.project_id}/data?task={task['id']}")
    page.get_by_role("button", name="Submit").wait_for()
    page.get_by_text("Основен обект").wait_for()
    page.wait_for_timeout(2000)  # until the masks are drawn; the page says nowhere that they are
    box = page.locator("canvas").nth(1).bounding_box()
    assert box is not None
    return box, box["width"] / WIDTH


def _submit(page: Page, corpus: Corpus, server: Server) -> PullReport:
    with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
        page.get_by_role("button", name="Submit").click()
    return pull(corpus, server)


def _push(corpus: Corpus, server: Server, studio: Studio, masks: Masks) -> None:
    assert push(corpus, server, LocalFiles(corpus, studio.files), language="bg", masks=masks).created == 1


def test_a_moved_polygon_and_nothing_else_changes(
    drawn: Corpus, studio: Studio, server: Server, annotator: Annotator, page: Page
) -> None:
    before = drawn.annotations().to_pylist()
    _push(drawn, server, studio, "polygon")
    box, scale = _open(page, drawn, server, annotator)
    for name in ("цигулка", "цигулар", "Заглавие", "Запази"):
        assert page.get_by_text(name).count() > 0
    x, y = box["x"] + 100 * scale, box["y"] + 130 * scale
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y + 10, steps=5)
    page.mouse.move(x + 40, y + 10, steps=5)
    page.mouse.up()
    report = _submit(page, drawn, server)
    assert (report.kept, report.moved, report.relabelled, report.added, report.deleted) == (1, 1, 0, 0, 0)
    moved, kept = drawn.annotations().to_pylist()
    (polygon,) = json.loads(moved["segmentation"])
    assert polygon[::2] == pytest.approx([x + 40 / scale for x in RECTANGLE[::2]], abs=3)
    assert polygon[1::2] == pytest.approx([y + 10 / scale for y in RECTANGLE[1::2]], abs=3)
    assert polygon[2] - polygon[0] == pytest.approx(100)  # moved, not reshaped
    assert (moved["category_id"], moved["origin"]) == (before[0]["category_id"], "human")
    assert kept == before[1] | {"status": "accepted"}


def test_an_erased_patch_of_a_brush_mask_and_nothing_else_changes(
    drawn: Corpus, studio: Studio, server: Server, annotator: Annotator, page: Page
) -> None:
    before = drawn.annotations().to_pylist()
    _push(drawn, server, studio, "brush")
    box, scale = _open(page, drawn, server, annotator)
    page.get_by_text("цигулка").last.click()  # in the list of regions
    page.keyboard.press("e")  # the eraser, and no category's key
    page.mouse.move(box["x"] + 70 * scale, box["y"] + 80 * scale)
    page.mouse.down()
    page.mouse.move(box["x"] + 110 * scale, box["y"] + 80 * scale, steps=10)
    page.mouse.up()
    page.get_by_text("Запази").click()
    report = _submit(page, drawn, server)
    assert (report.kept, report.moved, report.relabelled, report.added, report.deleted) == (1, 1, 0, 0, 0)
    erased, kept = drawn.annotations().to_pylist()
    assert kept == before[1] | {"status": "accepted"}
    old, new = (segmentation_rle(row["segmentation"], HEIGHT, WIDTH) for row in (before[0], erased))
    assert 0 < area(new) < area(old) and area(intersection([old, new])) == area(new)
    rows, columns = (rle_to_mask(old) & ~rle_to_mask(new)).nonzero()
    assert 65 < rows.min() < rows.max() < 100 and 60 < columns.min() < columns.max() < 130
