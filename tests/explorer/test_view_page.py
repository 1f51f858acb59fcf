"""The page in a real browser: what a person would do with it, and what harmful texts cannot."""

import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from mic21.corpus.changes import change
from mic21.corpus.store import Corpus
from mic21.explorer.documents import Documents
from mic21.explorer.server import make_app
from mic21.explorer.view import open_documents, write_site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
AXE = Path(__file__).parents[2] / ".venv" / "axe" / "axe.min.js"  # tools/fetch-axe puts it there

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")


def _serve(app: object) -> tuple[uvicorn.Server, str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))  # type: ignore[arg-type]
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return server, f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture(scope="module")
def documents(released: Path, looked_at: object, tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """The release with a model's masks and a captioner's texts beside it."""
    folder = tmp_path_factory.mktemp("beside")
    (folder / "masks.json").write_text(
        '[{"image_id": 1001, "category_id": 21419, "score": 0.9, "segmentation": [[20,30,80,30,80,110,20,110]]},'
        ' {"image_id": 1003, "category_id": 21316, "score": 0.8, "segmentation": [[0,0,9,0,9,9,0,9]]}]'
    )
    (folder / "model.jsonl").write_text('{"image_id": 1001, "caption": "A violinist with an elephant"}\n')
    opened, _ = open_documents(
        released, predictions=folder / "masks.json", captions=[folder / "model.jsonl"], cache=folder / "cache"
    )
    return opened


@pytest.fixture(scope="module")
def address(documents: Documents) -> Iterator[str]:
    """Where the page is."""
    server, found = _serve(make_app(documents))
    yield found
    server.should_exit = True


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as found:
        yield found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1300, "height": 850}, locale="en") as found:
        found.set_default_timeout(10_000)
        yield found


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    """The page as it opens; at the end, it has had no error and asked nobody else for anything."""
    found = context.new_page()
    problems: list[str] = []
    found.on("pageerror", lambda error: problems.append(str(error)))
    found.on("request", lambda request: None if request.url.startswith(address) else problems.append(request.url))
    found.goto(address)
    expect(found.locator("main h1")).to_have_text("65 photographs")
    yield found
    assert problems == []


def _heading(page: Page) -> str:
    return page.locator("main h1").inner_text()


def test_photographs_come_with_their_masks(page: Page) -> None:
    tile = page.locator("a[data-image='1001']")
    page.mouse.wheel(0, 300)
    expect(tile.locator("path.mask")).to_have_count(2)
    expect(tile.locator("img")).to_have_attribute("alt", "A violin and a violinist")
    assert tile.locator("img").evaluate("image => image.complete && image.naturalWidth") == 240
    page.get_by_role("button", name="Masks").click()
    expect(tile.locator("svg")).to_be_hidden()


@pytest.mark.parametrize(("word", "found"), [("цигулка", "цигулка"), ("Geige", "Geige"), ("viulu", "viulu")])
def test_search_in_three_languages_leads_to_the_same_photographs(page: Page, word: str, found: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(word)
    page.get_by_role("option").filter(has_text=found).first.wait_for()
    page.keyboard.press("Enter")
    expect(page.locator("main h1")).to_have_text("30 photographs")
    assert "category=violin" in page.url


def test_filters_count_combine_and_come_off(page: Page) -> None:
    page.get_by_role("checkbox", name=re.compile("^animal")).check()
    expect(page.locator("main h1")).to_have_text("31 photographs")
    facet = page.locator("details", has=page.get_by_role("heading", name="Masks are"))
    facet.locator("summary").click()
    count = int(facet.locator("li", has_text="draft").locator(".count").inner_text())
    facet.get_by_role("checkbox", name=re.compile("^draft")).check()
    expect(page.locator("main h1")).to_have_text(f"{count} photographs")
    assert "category=animal" in page.url and "status=draft" in page.url
    page.get_by_role("link", name="Remove animal").click()
    expect(page.locator("main h1")).not_to_have_text(f"{count} photographs")
    page.go_back()
    expect(page.locator("main h1")).to_have_text(f"{count} photographs")


def test_rejected_masks_are_shown_to_those_who_ask(context: BrowserContext, mini: Corpus, tmp_path: Path) -> None:
    row = mini.annotations().to_pylist()[0]
    with mini.writing() as connection:
        run = mini.insert_run(connection, "review pull", {})
        change(connection, run, "annotations", {row["id"]: {"status": "rejected"}})
    documents, _ = open_documents(mini.path, cache=tmp_path / "cache")
    server, address = _serve(make_app(documents))
    page = context.new_page()
    page.goto(f"{address}#/masks")
    expect(page.locator("main h1")).to_have_text(f"{mini.annotations().num_rows} masks")
    page.goto(f"{address}#/masks?status=rejected")
    expect(page.locator("main h1")).to_have_text("1 mask")
    expect(page.locator("path.mask.rejected")).to_have_count(1)
    drawn = page.locator(f"a[data-image='{row['image_id']}'] path.rejected")
    page.goto(f"{address}#/images")
    expect(page.locator(f"a[data-image='{row['image_id']}'] path.mask").first).to_be_visible()
    expect(drawn).to_have_count(0)
    page.goto(f"{address}#/images?status=rejected")
    expect(drawn).to_have_count(1)
    server.should_exit = True


def test_the_tree_of_categories_unfolds(page: Page) -> None:
    page.get_by_role("button", name="Kinds of musical instrument").click()
    page.get_by_role("button", name="Kinds of stringed instrument").click()
    page.locator("#category-violin").check()
    expect(page.locator("main h1")).to_have_text("30 photographs")


def test_an_address_shows_a_colleague_the_same(page: Page, browser: Browser) -> None:
    page.get_by_role("checkbox", name=re.compile("^animal")).check()
    page.locator("#sort").select_option("score")
    expect(page).to_have_url(re.compile("sort=score"))
    first = page.locator(".tile a").first.get_attribute("href")
    with browser.new_context(locale="bg") as other:
        colleague = other.new_page()
        colleague.goto(page.url)
        expect(colleague.locator("main h1")).to_have_text("31 снимки")
        assert colleague.locator(".tile a").first.get_attribute("href") == first
        expect(colleague.get_by_role("checkbox", name=re.compile("^животно"))).to_be_checked()


def test_only_what_is_on_the_screen_is_in_the_page(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 700, "height": 300})
    page.goto(address)
    page.locator(".tile").first.wait_for()
    count = page.locator(".tile").count()
    assert 0 < count < 40
    page.evaluate("scrollTo(0, 1e6)")
    expect(page.locator("a[data-image='7001']")).to_be_in_viewport()
    assert page.locator("a[data-image='3']").count() == 0


def test_the_photograph_its_licence_and_its_masks(page: Page, address: str) -> None:
    page.goto(address + "#/image/1001")
    expect(page.locator("main h1")).to_have_text("A violin and a violinist")
    expect(page.locator(".credit")).to_contain_text("CC0-1.0")
    expect(page.locator(".credit")).to_contain_text("Ana Petrova")
    assert (
        page.get_by_role("link", name="https://example.org/1001").get_attribute("rel") == "noopener noreferrer nofollow"
    )
    violin = page.locator(".viewer path.mask[data-at='0']")
    expect(violin).to_be_visible()
    page.get_by_role("checkbox", name="Show violin", exact=True).uncheck()
    expect(violin).to_be_hidden()
    page.get_by_role("checkbox", name="Show violin", exact=True).check()
    page.keyboard.press("m")
    expect(violin).to_be_hidden()
    page.keyboard.press("m")
    expect(violin).to_be_visible()
    violin.hover()
    expect(page.locator(".tip")).to_contain_text("04536866-n")
    expect(page.locator(".arrow text")).to_have_text("is played by")
    expect(page.locator(".part-captions")).to_contain_text("Цигулка и цигулар")
    page.locator("#names").select_option("bg")
    expect(page.locator(".part-objects")).to_contain_text("цигулка")


def test_keys_go_through_the_photographs_that_were_filtered(page: Page, address: str) -> None:
    page.goto(address + "#/images?category=dog")
    expect(page.locator("main h1")).to_have_text("31 photographs")
    hrefs = [page.locator(".tile a").nth(place).get_attribute("href") or "" for place in range(2)]
    page.locator(".tile a").first.click()
    expect(page.locator(".steps")).to_contain_text("1 of 31")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".steps")).to_contain_text("2 of 31")
    assert page.url.endswith(hrefs[1])
    page.keyboard.press("Escape")
    expect(page.locator("main h1")).to_have_text("31 photographs")


def test_zoom_and_move(page: Page, address: str) -> None:
    page.goto(address + "#/image/1001")
    picture = page.locator("svg.picture")
    picture.wait_for()
    before = picture.get_attribute("viewBox")
    page.get_by_role("button", name="Closer").click()
    near = picture.get_attribute("viewBox")
    assert near != before
    picture.hover()
    page.mouse.down()
    page.mouse.move(400, 300)
    page.mouse.up()
    assert picture.get_attribute("viewBox") != near
    page.keyboard.press("0")
    assert picture.get_attribute("viewBox") == before


def test_harmful_texts_do_nothing(page: Page, address: str) -> None:
    page.goto(address + "#/image/1002")
    expect(page.locator("main h1")).to_contain_text("<img src=x onerror=")
    expect(page.locator(".details").last).to_contain_text("../../etc/passwd")
    expect(page.locator(".credit")).to_contain_text("javascript:alert(1)")
    assert page.locator("main img, main script, a[href^='javascript']").count() == 0
    page.goto(address + "#/images")
    page.locator(".tile").first.wait_for()
    page.wait_for_timeout(300)
    assert page.evaluate("document.title") == "65 photographs · release"


def test_a_script_put_into_the_page_does_not_run(page: Page) -> None:
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.harmed = 1\">')")
    page.wait_for_timeout(200)
    assert page.evaluate("window.harmed") is None


def test_bad_addresses_get_a_clear_page(page: Page, address: str) -> None:
    for bad, said in (
        ("#/image/5", "no photograph 5"),
        ("#/category/nothing", "nothing"),
        ("#/elsewhere", "no such page"),
    ):
        page.goto(address + bad)
        expect(page.locator("main h1")).to_have_text("Not found")
        expect(page.locator("main")).to_contain_text(said)
    page.goto(address + "nowhere")
    expect(page.locator("h1")).to_have_text("Not found")
    page.get_by_role("link", name="mic21").click()
    expect(page.locator("main h1")).to_have_text("65 photographs")


def test_ontology_leads_from_a_theme_to_a_category_to_its_photographs(page: Page) -> None:
    page.get_by_role("link", name="Ontology").click()
    page.locator("summary", has_text=re.compile("^violinist")).click()
    page.get_by_role("link", name="violin", exact=True).first.click()
    expect(page.locator("main h1")).to_have_text("violin")
    expect(page.get_by_role("row", name=re.compile("^Bulgarian"))).to_contain_text("цигулка")
    expect(page.get_by_role("row", name=re.compile("^Bulgarian"))).to_contain_text("not reviewed")
    expect(page.get_by_role("navigation", name="What it is a kind of")).to_contain_text("stringed instrument")
    page.get_by_role("link", name="See 30 photographs").click()
    expect(page.locator("main h1")).to_have_text("30 photographs")


def test_a_bar_of_the_statistics_filters(page: Page) -> None:
    page.get_by_role("link", name="Statistics").click()
    page.locator(".plot", has_text="Categories").get_by_role("link", name=re.compile("^bicycle")).click()
    expect(page.locator("main h1")).to_have_text("30 photographs")


def test_the_worst_mask_comes_first(page: Page) -> None:
    page.get_by_role("link", name="Single masks").click()
    page.locator("#sort").select_option("score")
    expect(page.locator(".tile a").first).to_contain_text("violin 88%")


def test_masks_are_compared_worst_first(page: Page) -> None:
    page.get_by_role("link", name="Predictions").click()
    expect(page.locator("main h1")).to_have_text("Predictions")
    expect(page.locator(".figures .matched dd")).to_have_text("1")
    expect(page.locator(".figures .invented dd")).to_have_text("1")
    assert "quality 0%" in page.locator(".worst li").first.inner_text()
    page.goto(page.url.split("#")[0] + "#/image/1001")
    expect(page.locator(".part-predictions")).to_contain_text("overlap 100%")
    expect(page.locator("path.predicted.matched")).to_have_count(1)


def test_captioners_stand_beside_the_references(page: Page) -> None:
    page.get_by_role("link", name="Captioners").click()
    row = page.locator(".beside li").first
    expect(row).to_contain_text("A violin and a violinist")
    expect(row.locator("mark.unverified")).to_have_text("elephant")


def test_a_static_site_does_the_same_without_a_server_of_ours(
    released: Path, tmp_path: Path, context: BrowserContext
) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    documents, _ = open_documents(released, is_static=True, cache=tmp_path / "cache")
    write_site(documents, tmp_path / "site")
    server, found = _serve(Starlette(routes=[Mount("/deep", StaticFiles(directory=tmp_path / "site", html=True))]))
    page = context.new_page()
    page.goto(found + "deep/")
    expect(page.locator("main h1")).to_have_text("65 photographs")
    for word in ("цигулка", "tsigulka", "viulu"):
        page.fill("#word", word)
        page.get_by_role("option").first.wait_for()
        page.keyboard.press("Enter")
        expect(page.locator("main h1")).to_have_text("30 photographs")
        page.go_back()
        expect(page.locator("main h1")).to_have_text("65 photographs")
    page.goto(found + "deep/#/image/1001")
    expect(page.locator("path.mask")).to_have_count(2)
    server.should_exit = True


@pytest.mark.skipif(not AXE.exists(), reason="there is no axe-core; tools/fetch-axe gets it")
@pytest.mark.parametrize(
    ("scheme", "views"),
    [
        ("light", ("images", "masks", "image/1001", "ontology", "ontology/tree", "category/violin", "statistics")),
        ("dark", ("images", "image/1001", "category/violin", "comparison", "captions")),
    ],
)
def test_axe_finds_no_serious_fault(browser: Browser, address: str, scheme: str, views: tuple[str, ...]) -> None:
    with browser.new_context(color_scheme=scheme, locale="en") as context:  # type: ignore[arg-type]
        page = context.new_page()
        for view in views:
            page.goto(f"{address}#/{view}")
            page.locator("main h1").wait_for()
            page.wait_for_timeout(250)
            page.evaluate(AXE.read_text())
            found = page.evaluate("axe.run().then(report => report.violations)")
            faults = [
                (view, one["id"], one["nodes"][0]["html"][:120])
                for one in found
                if one["impact"] in ("serious", "critical")
            ]
            assert faults == []
