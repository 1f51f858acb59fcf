"""Publishing: to a folder, and to an S3 server on loopback."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import fsspec
import pytest

from mic21.cli import run
from mic21.errors import ReleaseError, UsageError
from mic21.release.build import build_release
from mic21.release.manifest import MANIFEST
from mic21.release.publish import publish_release
from mic21.release.reader import Release
from mic21.release.targets.hub import matches, open_target
from mic21.release.targets.storage import StorageTarget
from mic21.release.verify import verify_release


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of a server of our own."""
    server_module = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir("releases")
    yield "s3://releases/mini"
    server.stop()


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_gets_every_byte_and_a_second_run_sends_nothing(
    release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "published"
    report = publish_release(release.path, str(target))
    assert _tree(target) == _tree(release.path) and verify_release(target) == []
    assert report.sent[-1] == MANIFEST and report.there == []
    assert publish_release(release.path, str(target)).sent == []
    assert run(["release", "publish", str(release.path), str(target)]) == 0
    assert f"0 files sent, {len(report.sent)} were there" in capsys.readouterr().out


def test_a_publication_that_broke_off_goes_on(release: Release, tmp_path: Path) -> None:
    target = tmp_path / "published"
    shutil.copytree(release.path, target)
    (target / MANIFEST).unlink()
    (target / "README.md").write_text("half")
    (target / "tables/images.parquet").unlink()
    assert publish_release(release.path, str(target)).sent == ["README.md", "tables/images.parquet", MANIFEST]
    assert verify_release(target) == []


def test_s3_gets_every_byte_and_goes_on_where_it_stopped(release: Release, tmp_path: Path, bucket: str) -> None:
    system = fsspec.filesystem("s3")
    report = publish_release(release.path, bucket)
    system.get(bucket, str(tmp_path / "back"), recursive=True)
    assert _tree(tmp_path / "back") == _tree(release.path)
    system.rm(f"{bucket}/{MANIFEST}")
    system.pipe(f"{bucket}/README.md", b"half")
    again = publish_release(release.path, bucket)
    assert again.sent == ["README.md", MANIFEST] and len(again.there) == len(report.sent) - 2


def test_another_release_and_a_damaged_one_are_refused(release: Release, chess: object, tmp_path: Path) -> None:
    build_release(chess, tmp_path / "two", version="1.0.1")  # type: ignore[arg-type]
    publish_release(tmp_path / "two", str(tmp_path / "published"))
    before = _tree(tmp_path / "published")
    with pytest.raises(ReleaseError, match="found another one: a release never changes"):
        publish_release(release.path, str(tmp_path / "published"))
    (release.path / "README.md").write_text("changed")
    with pytest.raises(ReleaseError, match=r"expected a good release, found: README\.md: changed"):
        publish_release(release.path, str(tmp_path / "elsewhere"))
    assert _tree(tmp_path / "published") == before and not (tmp_path / "elsewhere").exists()


def test_what_arrives_damaged_is_named(release: Release, tmp_path: Path) -> None:
    class Damaging:
        """A file system that drops the last byte of one file on its way."""

        def __init__(self) -> None:
            self._system = fsspec.filesystem("file")

        def __getattr__(self, name: str) -> object:
            return getattr(self._system, name)

        def put_file(self, source: str, target: str) -> None:
            data = Path(source).read_bytes()
            Path(target).write_bytes(data[:-1] if target.endswith("README.md") else data)

    target = StorageTarget(Damaging(), str(tmp_path / "published"), "damaging")
    with pytest.raises(ReleaseError, match=r"README\.md: expected sha256 .* found another length"):
        target.send(release.path, release.manifest.files, release.manifest, None)
    assert not (tmp_path / "published" / MANIFEST).exists()


def test_addresses_that_are_none_are_refused(release: Release) -> None:
    with pytest.raises(ReleaseError, match="an address that fsspec knows"):
        publish_release(release.path, "nowhere://bucket/path")
    with pytest.raises(UsageError, match="hf:ORG/NAME, found hf:name"):
        open_target("name")


def test_files_on_the_hub_are_compared_by_the_hashes_it_has(release: Release) -> None:
    entry = next(entry for entry in release.manifest.files if entry.path == "README.md")
    path = release.path / entry.path
    data = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    assert matches(path, entry, SimpleNamespace(size=entry.bytes, lfs=None, blob_id=blob))
    assert not matches(path, entry, SimpleNamespace(size=entry.bytes, lfs=None, blob_id="0" * 40))
    large = SimpleNamespace(size=entry.bytes, lfs=SimpleNamespace(sha256=entry.sha256), blob_id="pointer")
    assert matches(path, entry, large) and not matches(path, entry, None)
