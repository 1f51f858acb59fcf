"""What the documentation says is run."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from mic21.cli import run
from mic21.corpus.check import CHECKS

from .conftest import MINI

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def _run(script: str, folder: Path) -> None:
    environment = os.environ | {"HOME": str(folder), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("MIC21_CORPUS", None)
    done = subprocess.run(["bash", "-euxc", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_readme_does_what_it_says(tmp_path: Path) -> None:
    photographs = tmp_path / "photographs" / "chess"
    photographs.mkdir(parents=True)
    for file in (MINI / "images").iterdir():
        # Large enough for a segmenter; the pictures themselves do not matter here.
        Image.open(file).convert("RGB").resize((320, 240)).save(photographs / f"{file.stem}.jpg")
    for name in ("instances.json", "captions.json"):
        shutil.copy(MINI / name, tmp_path / name)
    shutil.copytree(MINI / "images", tmp_path / "train2017")
    (tmp_path / "table.csv").write_text("from,to\ntable,dining_table\n")
    loop, coco = _blocks(ROOT / "README.md", "console")
    commands = [
        line.removeprefix("$ ") for line in loop.splitlines() if line.startswith("$ mic21") or line.startswith("$ cd")
    ]
    assert len(commands) == 11
    # As the page says, for who has no Label Studio; tests/review has one.
    alone = [line for line in commands if not line.startswith("mic21 review")]
    assert len(alone) == 9
    _run("\n".join(alone).replace("--version 0.1.0", "--version 0.1.0 --status draft,accepted"), tmp_path)
    _run(f"mic21 init coco\nexport MIC21_CORPUS=coco\n{coco.replace('$ ', '')}", tmp_path)
    (python,) = _blocks(ROOT / "README.md", "python")
    subprocess.run([sys.executable, "-c", python], cwd=tmp_path, check=True)


def test_the_captioner_tutorial_does_what_it_says_on_fewer_scenes(tmp_path: Path) -> None:
    pytest.importorskip("timm")
    _, small, full = _blocks(ROOT / "docs" / "tutorial-captioner.md", "console")
    assert [line.split()[:3] for line in small.splitlines()] == [line.split()[:3] for line in full.splitlines()]
    fewer = small.replace("$ ", "").replace("--images 200", "--images 14").replace("--epochs 60", "--max-steps 2")
    _run(fewer, tmp_path)
    assert (tmp_path / "predictions.jsonl").read_text(encoding="utf-8").count('"language": "en"') > 1


def test_the_loop_of_the_paper_is_spelt_in_options_that_exist() -> None:
    (loop,) = _blocks(ROOT / "docs" / "reproduce-ranlp2025.md", "bash")
    commands = [line.split() for line in loop.splitlines() if line.startswith("    mic21 ")]
    assert [words[1] for words in commands] == ["train", "generate", "evaluate"]
    for words in commands:
        help_ = _help(words[1:3] if words[1] == "evaluate" else words[1:2]) or ""
        assert [word for word in words if word.startswith("--") and word not in help_] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_in_the_pages_exist(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    for block in _blocks(page, "console"):
        for line in block.splitlines():
            words = re.sub(r"#.*", "", line.removeprefix("$ ")).split()
            if not line.startswith("$ mic21"):
                continue
            command = [word for word in words[1:4] if re.fullmatch(r"[a-z][a-z0-9-]*", word)]
            for length in range(len(command), 0, -1):
                done = _help(command[:length])
                if done is not None:
                    break
            assert done is not None, line
            options = [word for word in words if word.startswith("--")]
            assert [option for option in options if option not in done] == [], line


def _help(command: list[str]) -> str | None:
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        status = run([*command, "--help"])
    return output.getvalue() if status == 0 else None


def test_the_table_of_checks_is_the_codes() -> None:
    page = (ROOT / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| ([EW]\d+) \| (\w+) \| (.*) \|$", page, re.MULTILINE)
    defined = [
        (code, record, (check.__doc__ or "").strip())
        for record, checks in CHECKS.items()
        for code, check in checks.items()
    ]
    assert listed == defined
