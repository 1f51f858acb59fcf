"""Whether a release is what its manifest says, to the byte."""

from pathlib import Path

from mic21.release.manifest import MANIFEST, hash_files, read_manifest


def verify_release(path: str | Path) -> list[str]:
    """Every file of a release that is changed, missing or added, in words; empty for a good release.

    Raises:
        ReleaseError: there is no manifest, or it cannot be read.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    problems = []
    if (folder / MANIFEST).read_bytes() != manifest.sealed().to_bytes():
        problems.append(f"{MANIFEST}: changed: its digest is not that of its content")
    expected = {entry.path: entry for entry in manifest.files}
    present = {
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir() or file.is_symlink()
    }
    problems += [f"{name}: missing" for name in sorted(expected.keys() - present)]
    problems += [
        f"{name}: added: the manifest does not name it" for name in sorted(present - expected.keys() - {MANIFEST})
    ]
    for found in hash_files(folder, sorted(expected.keys() & present)):
        entry = expected[found.path]
        if found.bytes != entry.bytes:
            problems.append(f"{found.path}: changed: expected {entry.bytes} bytes, found {found.bytes}")
        elif found.sha256 != entry.sha256:
            problems.append(f"{found.path}: changed: expected sha256 {entry.sha256[:12]}…, found {found.sha256[:12]}…")
    return problems
