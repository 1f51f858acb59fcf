"""Same bytes wherever a release is built; whole or not at all, whatever happens meanwhile."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError
from mic21.release.build import build_release
from mic21.release.formats import FORMATS
from mic21.release.verify import verify_release

_BUILD = f"""
import os, sys
os.umask(int(sys.argv[3], 8))
from mic21.corpus.store import Corpus
from mic21.release import build
hook = sys.argv[4]
if hook:
    import signal
    setattr(build, hook, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
build.build_release(Corpus(sys.argv[1]), sys.argv[2], version="1.0.0", formats={list(FORMATS)!r})
"""


def _build(corpus: Corpus, target: Path, *, umask: str = "022", hook: str = "", **environment: str) -> int:
    command = [sys.executable, "-c", _BUILD, str(corpus.path), str(target), umask, hook]
    return subprocess.run(command, env=os.environ | environment, check=False, stderr=subprocess.PIPE).returncode


def _tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode) for path in files}


def test_two_builds_are_the_same_bytes(chess: Corpus, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "another place" / "цигулка"
    first = {"LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "0"}
    second = {"LC_ALL": "C.UTF-8", "TZ": "America/Lima", "PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "4"}
    assert _build(chess, one, umask="077", **first) == 0
    assert _build(chess, two, umask="000", **second, ARROW_DEFAULT_MEMORY_POOL="system") == 0
    assert _tree(one) == _tree(two)


@pytest.mark.parametrize("moment", ["write_contents", "write_shards", "hash_files", "_flush_folder"])
def test_a_kill_leaves_no_release_and_the_next_run_finishes(chess: Corpus, tmp_path: Path, moment: str) -> None:
    target = tmp_path / "release"
    assert _build(chess, target, hook=moment) == -signal.SIGKILL
    assert not target.exists()
    build_release(chess, target, version="1.0.0")
    assert verify_release(target) == []
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["corpus", "release"]


def test_a_kill_at_any_time_leaves_a_whole_release_or_none(chess: Corpus, tmp_path: Path) -> None:
    target = tmp_path / "release"
    command = [sys.executable, "-c", _BUILD, str(chess.path), str(target), "022", ""]
    process = subprocess.Popen(command)
    partial = tmp_path / ".release.partial"
    while not (partial / "shards").exists() and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    process.wait()
    assert not target.exists() or verify_release(target) == []


def _failing(corpus: Corpus, target: Path, limit: Callable[[], None]) -> subprocess.CompletedProcess[bytes]:
    command = ["-C", str(corpus.path), "release", "build", str(target), "--version", "1.0.0"]
    program = f"import sys; from mic21.cli import run; sys.exit(run({command!r}))"
    return subprocess.run([sys.executable, "-c", program], preexec_fn=limit, capture_output=True, check=False)


def test_a_full_disk_leaves_nothing_and_says_so(chess: Corpus, tmp_path: Path) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    old = tmp_path / "releases" / "old"
    build_release(chess, old, version="0.9.0")
    before = _tree(old)
    done = _failing(chess, tmp_path / "releases" / "new", limit)
    assert done.returncode == 1
    assert b"expected room to write a release, found: [Errno 27]" in done.stderr
    assert [entry.name for entry in (tmp_path / "releases").iterdir()] == ["old"] and _tree(old) == before
    build_release(chess, tmp_path / "releases" / "new", version="1.0.0")
    assert verify_release(tmp_path / "releases" / "new") == []


def test_a_target_that_cannot_be_written_is_named(chess: Corpus, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReleaseError, match="expected room to write a release, found"):
        build_release(chess, tmp_path / "file" / "release", version="1.0.0")
    if os.getuid() != 0:  # who is root may write anywhere
        (tmp_path / "closed").mkdir(mode=0o555)
        with pytest.raises(ReleaseError, match="Permission denied"):
            build_release(chess, tmp_path / "closed" / "release", version="1.0.0")
