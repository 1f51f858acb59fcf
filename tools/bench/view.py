"""The page over a release of the size of MIC21: how soon pictures come, how fast filters answer, what it takes."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from view_release import make_release

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FIRST_PICTURES = """() => {
    const first = [...document.querySelectorAll(".tile img")].slice(0, 6);
    return first.length === 6 && first.every((image) => image.complete && image.naturalWidth);
}"""
# How long the page takes from a change of its address to the new count and rows of photographs.
FILTER = """(hash) => new Promise((resolve) => {
    const before = performance.now();
    const heading = document.querySelector("main h1");
    const look = new MutationObserver(() => {
        if (document.querySelector("main h1") === heading) return;
        look.disconnect();
        resolve(performance.now() - before);
    });
    look.observe(document.querySelector("main"), {childList: true, subtree: true});
    location.hash = hash;
})"""
FILTERS = (
    "#/images?category=person",
    "#/images?category=person&status=draft",
    "#/images?domain=sport&status=accepted",
    "#/images?subdomain=chess",
    "#/images?split=train&size=small&license=CC-BY-4.0",
    "#/images?category=vehicle&origin=model&sort=score",
    "#/images",
)


def main() -> None:
    """Build the release, then run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=21_000)
    parser.add_argument("--annotations", type=int, default=200_000)
    parser.add_argument("--release", type=Path, help="keep the release there, or take the one that is there")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        release = options.release or Path(folder) / "release"
        if not release.exists():
            make_release(release, options.images, options.annotations)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=options.chromium, args=FLAGS)
            runs = [_run(browser, release, Path(folder) / f"cache-{number}") for number in range(options.runs)]
    print(f"### {options.images:,} images, {options.annotations:,} masks, median of {options.runs}\n")
    for name in runs[0]:
        print(f"| {name} | {statistics.median(run[name] for run in runs):.3g} |")


def _run(browser: Browser, release: Path, cache: Path) -> dict[str, float]:
    """One start with empty caches; seconds and megabytes by name.

    On a busy machine the clock says more of the others than of us; so processor time stands beside it: of the server,
    and of the thread in the browser that runs the page.
    """
    start = time.perf_counter()
    environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
    program = "from mic21.cli import main; main()"
    command = [sys.executable, "-c", program, "view", str(release), "--no-browser", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[1]
        started, ready = time.perf_counter() - start, _processor(server.pid)
        with browser.new_context(viewport={"width": 1400, "height": 900}, locale="en") as context:
            page = context.new_page()
            clock = context.new_cdp_session(page)
            clock.send("Performance.enable", {"timeDomain": "threadTicks"})
            first = _first_pictures(page, address)
            first_processor = _processor(server.pid) - ready + _thread(clock)
            page.wait_for_timeout(1000)
            filters, busy = [], []
            for hash in FILTERS:
                before = _thread(clock)
                filters.append(page.evaluate(FILTER, hash) / 1000)
                busy.append(_thread(clock) - before)
            _scroll(page)
        with browser.new_context(viewport={"width": 1400, "height": 900}, locale="en") as context:
            again = _first_pictures(context.new_page(), address)
        return {
            "start, until the page answers, s": started,
            "the same, processor s": ready,
            "first pictures, nothing made before, s": first,
            "the same, processor s of server and page": first_processor,
            "first pictures, thumbnails made before, s": again,
            "a filter, median, s": statistics.median(filters),
            "a filter, slowest, s": max(filters),
            "a filter, median, processor s": statistics.median(busy),
            "a filter, slowest, processor s": max(busy),
            "memory of the server at its highest, MB": _peak_mb(server.pid),
        }
    finally:
        server.terminate()
        server.wait()


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _thread(clock: CDPSession) -> float:
    """Seconds of processor time that the page's main thread has taken."""
    metrics = clock.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


def _first_pictures(page: Page, address: str) -> float:
    page.goto(address, wait_until="commit")
    page.wait_for_function(FIRST_PICTURES)
    seconds: float = page.evaluate("performance.now()") / 1000
    return seconds


def _scroll(page: Page) -> None:
    """Through the whole gallery in fifty steps."""
    for step in range(50):
        page.evaluate("(share) => scrollTo(0, share * document.documentElement.scrollHeight)", step / 50)
        page.wait_for_timeout(60)


def _peak_mb(pid: int) -> float:
    return float(dict(_status(pid))["VmHWM"].split()[0]) / 1000


def _status(pid: int) -> Iterator[tuple[str, str]]:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        yield name, value.strip()


if __name__ == "__main__":
    main()
