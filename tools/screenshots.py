"""Pictures of the page over a release: screenshots.py RELEASE FOLDER."""

import io
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its file, the view, the window, the colours, the language, and what is typed into the search."""

    name: str
    view: str
    size: tuple[int, int] = (1280, 800)
    colors: str = "light"
    language: str = "en"
    word: str = ""


SHOTS = (
    Shot("view-gallery", "images"),
    Shot("view-photograph", "image/2", colors="dark", language="bg"),
    Shot("view-search", "images", language="bg", word="цигулка"),
    Shot("view-worst-mask", "masks?sort=score"),
    Shot("view-phone", "images", (390, 760), language="bg"),
)


def main() -> None:
    """Start the page, take the pictures, end it."""
    release, folder = Path(sys.argv[1]), Path(sys.argv[2])
    command = [
        sys.executable,
        "-c",
        "from mic21.cli import main; main()",
        "view",
        release,
        "--no-browser",
        "--port",
        "0",
    ]
    server = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[1]
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            for shot in SHOTS:
                picture = Image.open(io.BytesIO(_take(browser, address, shot))).convert("RGB")
                picture.save(folder / f"{shot.name}.jpg", quality=82, optimize=True)
    finally:
        server.terminate()


def _take(browser: Browser, address: str, shot: Shot) -> bytes:
    width, height = shot.size
    with browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=shot.colors,  # type: ignore[arg-type]  # a literal in playwright
        locale=shot.language,
    ) as context:
        page = context.new_page()
        page.goto(f"{address}#/{shot.view}")
        page.locator("main h1").wait_for()
        page.wait_for_load_state("networkidle")
        if shot.word:
            page.fill("#word", shot.word)
            page.get_by_role("option").first.wait_for()
        page.wait_for_timeout(300)
        return page.screenshot()


if __name__ == "__main__":
    main()
