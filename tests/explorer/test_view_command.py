"""`mic21 view` as one types it."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from mic21.cli import run


def test_the_command_serves_the_page_until_it_is_ended(released: Path, tmp_path: Path) -> None:
    program = "from mic21.cli import main; main()"
    command = [sys.executable, "-c", program, "view", str(released), "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"XDG_CACHE_HOME": str(tmp_path)}) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[1]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address) as answer:
            assert b'<script type="module" src="page/main.js">' in answer.read()
        with urllib.request.urlopen(f"{address}data/thumbnails/1001.webp") as answer:
            assert answer.read()[:4] == b"RIFF"
        server.terminate()
    assert list(tmp_path.rglob("*.webp"))


def test_the_command_writes_a_static_site(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert run(["view", str(released), "--static", str(tmp_path / "site")]) == 0
    assert "any web host serves them" in capsys.readouterr().out
    assert (tmp_path / "site" / "data" / "photographs" / "1001.jpg").is_file()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["."], 2, "expected a release or a corpus"),
        (["RELEASE", "--static", "RELEASE"], 2, "new or empty"),
        (["RELEASE", "--predictions", "no.json"], 1, "no.json: expected COCO results"),
        (["RELEASE", "--captions", "no.jsonl"], 1, "no.jsonl: expected a captioner's texts"),
        (["RELEASE", "--no-browser", "--host", "192.0.2.1"], 2, "cannot listen there"),
    ],
)
def test_what_cannot_be_shown_is_named(
    released: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, message: str
) -> None:
    words = [str(released) if word == "RELEASE" else word for word in arguments]
    assert run(["view", *words]) == status
    assert message in capsys.readouterr().err
