"""Publishing: to a folder, to an S3 server on loopback, and to a fake of the hub on the disk."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import fsspec
import pytest
from huggingface_hub.hf_api import GitRefInfo, GitRefs, RepoFile, RepoFolder

from mic21.cli import run
from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError, UsageError
from mic21.release.build import build_release
from mic21.release.manifest import MANIFEST
from mic21.release.publish import publish_release
from mic21.release.reader import Release
from mic21.release.targets.hub import HubTarget, matches, open_target
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
    system.pipe(f"{bucket}/coco/subdomains/old_gt.json", b"{}")
    with pytest.raises(ReleaseError, match=r"files of this release, found coco/subdomains/old_gt\.json$"):
        publish_release(release.path, bucket)


def test_another_release_and_a_damaged_one_are_refused(release: Release, chess: Corpus, tmp_path: Path) -> None:
    build_release(chess, tmp_path / "two", version="1.0.1")
    publish_release(tmp_path / "two", str(tmp_path / "published"))
    before = _tree(tmp_path / "published")
    with pytest.raises(ReleaseError, match="found another one: a release never changes"):
        publish_release(release.path, str(tmp_path / "published"))
    (release.path / "README.md").write_text("changed")
    with pytest.raises(ReleaseError, match=r"expected a good release, found: README\.md: changed"):
        publish_release(release.path, str(tmp_path / "elsewhere"))
    assert _tree(tmp_path / "published") == before and not (tmp_path / "elsewhere").exists()


def test_a_target_with_files_of_something_else_is_refused_and_they_are_named(release: Release, tmp_path: Path) -> None:
    """An upload that broke off left a file that this release does not have."""
    target = tmp_path / "published"
    (target / "coco/subdomains").mkdir(parents=True)
    (target / "coco/subdomains/old_gt.json").write_text("{}")
    (target / "README.md").write_text("half")
    with pytest.raises(ReleaseError, match=r"files of this release, found coco/subdomains/old_gt\.json$"):
        publish_release(release.path, str(target))
    (target / "coco/subdomains/old_gt.json").unlink()
    publish_release(release.path, str(target))
    (target / "notes.txt").write_text("mine")
    with pytest.raises(ReleaseError, match=r"found notes\.txt"):
        publish_release(release.path, str(target))


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


class DiskHub:
    """A dataset repository on the disk with the methods of `HfApi` that publishing uses; a tag is a copy of `main`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._main = folder, folder / "main"
        self.uploads = 0
        self.losing: str | None = None  # path of a file that an upload loses the last byte of

    def create_repo(self, repo_id: str, *, repo_type: str, exist_ok: bool) -> None:
        self._main.mkdir(parents=True, exist_ok=exist_ok)
        (self._main / ".gitattributes").write_text("*.parquet filter=lfs")

    def list_repo_refs(self, repo_id: str, *, repo_type: str) -> GitRefs:
        names = [path.name for path in self._folder.iterdir() if path != self._main]
        return GitRefs([], [], [GitRefInfo(n, f"refs/tags/{n}", n) for n in names])

    def list_repo_tree(self, repo_id: str, *, repo_type: str, recursive: bool) -> Iterator[RepoFile | RepoFolder]:
        for path in self._main.rglob("*"):
            name = path.relative_to(self._main).as_posix()
            if path.is_dir():
                yield RepoFolder(path=name, oid="0" * 40)
                continue
            data = path.read_bytes()
            sha256 = hashlib.sha256(data).hexdigest()
            lfs = {"size": len(data), "oid": sha256, "pointerSize": 130} if path.suffix == ".parquet" else None
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            yield RepoFile(path=name, size=len(data), oid=blob, lfs=lfs)

    def upload_folder(
        self, *, repo_id: str, folder_path: str, repo_type: str, commit_message: str, delete_patterns: str
    ) -> None:
        assert delete_patterns == "*"
        shutil.rmtree(self._main)
        shutil.copytree(folder_path, self._main)
        self.create_repo(repo_id, repo_type=repo_type, exist_ok=True)
        self.uploads += 1
        if self.losing:
            (self._main / self.losing).write_bytes((self._main / self.losing).read_bytes()[:-1])

    def create_tag(self, repo_id: str, *, tag: str, repo_type: str, tag_message: str, exist_ok: bool) -> None:
        shutil.copytree(self._main, self._folder / tag)

    def hf_hub_download(self, repo_id: str, filename: str, *, repo_type: str, revision: str) -> str:
        return str(self._folder / revision / filename)

    def main(self) -> dict[str, bytes]:
        return {name: data for name, data in _tree(self._main).items() if name != ".gitattributes"}


def test_the_hub_gets_every_byte_a_tag_and_nothing_twice(release: Release, tmp_path: Path) -> None:
    hub = DiskHub(tmp_path / "hub")
    hub.create_repo("o/n", repo_type="dataset", exist_ok=True)
    (tmp_path / "hub/main/old_gt.json").write_text("{}")
    target = HubTarget("o/n", hub)  # type: ignore[arg-type]
    report = target.send(release.path, release.manifest.files, release.manifest, None)
    assert hub.main() == _tree(release.path) and verify_release(tmp_path / "hub/v1.0.0") == [
        ".gitattributes: added: the manifest does not name it"
    ]
    assert report.sent[-1] == MANIFEST and report.there == []
    shutil.rmtree(tmp_path / "hub/v1.0.0")  # it broke off before the tag
    again = target.send(release.path, release.manifest.files, release.manifest, None)
    assert (hub.uploads, again.sent, again.there) == (1, [], report.sent)
    assert (tmp_path / "hub/v1.0.0").is_dir()


def test_the_hubs_main_never_goes_back_to_an_earlier_release(release: Release, chess: Corpus, tmp_path: Path) -> None:
    build_release(chess, tmp_path / "two", version="1.0.1")
    build_release(chess, tmp_path / "other", version="1.0.0", subdomains=["chess"])
    later, other = Release(tmp_path / "two"), Release(tmp_path / "other")
    hub = DiskHub(tmp_path / "hub")
    target = HubTarget("o/n", hub)  # type: ignore[arg-type]
    target.send(release.path, release.manifest.files, release.manifest, None)
    target.send(later.path, later.manifest.files, later.manifest, None)
    report = target.send(release.path, release.manifest.files, release.manifest, None)
    assert (report.sent, len(report.there)) == ([], len(release.manifest.files) + 1)
    with pytest.raises(ReleaseError, match=r"expected no v1\.0\.0 yet, found another release"):
        target.send(other.path, other.manifest.files, other.manifest, None)
    assert hub.main() == _tree(later.path) and hub.uploads == 2


@pytest.mark.parametrize("name", [MANIFEST, "README.md", "tables/images.parquet"])
def test_what_arrives_damaged_on_the_hub_gets_no_tag(name: str, release: Release, tmp_path: Path) -> None:
    hub = DiskHub(tmp_path / "hub")
    hub.losing = name
    target = HubTarget("o/n", hub)  # type: ignore[arg-type]
    with pytest.raises(ReleaseError, match=f"hf:o/n: {name}: not what was sent"):
        target.send(release.path, release.manifest.files, release.manifest, None)
    assert not (tmp_path / "hub/v1.0.0").exists()
    hub.losing = None
    report = target.send(release.path, release.manifest.files, release.manifest, None)
    assert report.sent == [name] and (tmp_path / "hub/v1.0.0").is_dir()


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
