"""What differs between releases, and the version that it calls for."""

import json
from pathlib import Path

import jsonschema
import pytest

from mic21.cli import run
from mic21.corpus import edit
from mic21.corpus.changes import change
from mic21.corpus.edit import Relabel
from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError, UsageError
from mic21.release.build import build_release
from mic21.release.diff import diff_releases, in_words
from mic21.release.versions import check_version, next_version, parse_version


def _change(corpus: Corpus, record: str, changes: dict[int, dict[str, object]]) -> None:
    with corpus.writing() as connection:
        change(connection, corpus.insert_run(connection, "test", {}), record, changes)


@pytest.fixture
def one(chess: Corpus, tmp_path: Path) -> Path:
    """The first release."""
    build_release(chess, tmp_path / "one", version="1.0.0")
    return tmp_path / "one"


def test_versions_are_ordered_as_semver_says() -> None:
    ordered = ["0.9.0", "1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-rc.2", "1.0.0", "1.0.1"]
    assert sorted(set(ordered), key=parse_version) == ordered
    for text in ("1.0", "01.0.0", "1.0.0-", "1.0.0-a..b", "v1.0.0"):
        with pytest.raises(UsageError, match=r"MAJOR\.MINOR\.PATCH"):
            parse_version(text)


@pytest.mark.parametrize(
    ("old", "level", "called_for"),
    [
        ("1.2.3", "none", "1.2.4"),
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "major", "2.0.0"),
        ("0.2.3", "minor", "0.2.4"),
        ("0.2.3", "major", "0.3.0"),
        ("2.0.0-rc.1", "major", "2.0.0"),
    ],
)
def test_the_version_that_is_called_for(old: str, level: str, called_for: str) -> None:
    assert next_version(old, level) == called_for  # type: ignore[arg-type]
    check_version(old, called_for, level, "why")  # type: ignore[arg-type]
    with pytest.raises(ReleaseError, match=f"expected {called_for} or higher after {old}"):
        check_version(old, old, level, "why")  # type: ignore[arg-type]


def test_a_release_of_the_same_corpus_differs_in_nothing(chess: Corpus, one: Path, tmp_path: Path) -> None:
    build_release(chess, tmp_path / "two", version="1.0.1", previous=one)
    found = diff_releases(one, tmp_path / "two")
    assert (found.level, found.called_for) == ("none", "1.0.1")
    assert in_words(found) == "1.0.0 → 1.0.1\nno record differs\ncalls for none: 1.0.1 or higher"


def test_what_comes_and_goes_is_a_minor_change(chess: Corpus, one: Path, tmp_path: Path) -> None:
    edit.withdraw(chess, [3], reason="asked for")
    with pytest.raises(ReleaseError, match=r"expected 1\.1\.0 or higher after 1\.0\.0 \(minor: 1 image withdrawn\)"):
        build_release(chess, tmp_path / "two", version="1.0.1", previous=one)
    assert not (tmp_path / "two").exists()
    build_release(chess, tmp_path / "two", version="1.1.0", previous=one)
    assert in_words(diff_releases(one, tmp_path / "two")).splitlines() == [
        "1.0.0 → 1.1.0",
        "1 image withdrawn (minor)",
        "−2 masks in chess (minor)",
        "−2 captions in chess (minor)",
        "calls for minor: 1.1.0 or higher",
    ]


def test_what_is_mended_is_a_patch(chess: Corpus, one: Path, tmp_path: Path) -> None:
    _change(chess, "captions", {1: {"text": "Another text."}})
    _change(chess, "annotations", {46: {"segmentation": "[[1,1,9,1,9,9]]"}})
    edit.relabel(chess, [Relabel("chess", "21", "chess_player")])
    build_release(chess, tmp_path / "two", version="1.0.1", previous=one)
    found = diff_releases(one, tmp_path / "two")
    records = found.records["annotations"]
    assert (found.level, records.changed, records.relabelled, found.records["captions"].changed) == ("patch", 2, 1, 1)


def test_what_was_looked_for_is_a_fact_of_an_image(chess: Corpus, one: Path, tmp_path: Path) -> None:
    dog = chess.ontology["dog"].id
    _change(chess, "images", {3: {"attributes": json.dumps({"checked": [dog], "absent": []})}})
    build_release(chess, tmp_path / "two", version="1.0.1", previous=one)
    _change(chess, "images", {3: {"attributes": json.dumps({"checked": [dog], "absent": [dog]})}})
    build_release(chess, tmp_path / "three", version="1.0.2", previous=tmp_path / "two")
    for old, new in ((one, tmp_path / "two"), (tmp_path / "two", tmp_path / "three")):
        found = diff_releases(old, new)
        assert (found.level, found.images.changed_facts) == ("patch", [3])


def test_another_split_is_a_break(chess: Corpus, one: Path, tmp_path: Path) -> None:
    shares = {"train": 0.0, "val": 1.0, "test": 0.0}
    build_release(chess, tmp_path / "two", version="2.0.0", shares=shares)
    found = diff_releases(one, tmp_path / "two")
    assert found.level == "major" and found.images.moved_split
    frozen = dict.fromkeys(found.images.moved_split, "val")
    with pytest.raises(ReleaseError, match=r"expected 2\.0\.0 .* \(major: \d images? in another split"):
        build_release(chess, tmp_path / "three", version="1.1.0", previous=one, frozen=frozen)


def test_relinked_categories_are_counted(chess: Corpus, one: Path, tmp_path: Path) -> None:
    _change(chess, "categories", {9: {"key": "ring"}} if "ring" in chess.ontology else {9: {"key": "dog"}})
    build_release(chess, tmp_path / "two", version="1.1.0", previous=one)
    found = diff_releases(one, tmp_path / "two")
    assert found.categories.relinked == [9] and "1 synset relinked (minor)" in in_words(found)


def test_an_id_that_stands_for_another_photograph_is_refused(chess: Corpus, one: Path, tmp_path: Path) -> None:
    _change(chess, "images", {3: {"original_sha256": "0" * 64}})
    with pytest.raises(ReleaseError, match=r"images \[3\]: expected the photographs of the earlier release"):
        build_release(chess, tmp_path / "two", version="2.0.0", previous=one)


def test_the_command_shows_words_or_json(
    chess: Corpus, one: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--version", "1.0.1", "--previous", str(one), "--format", "text", "--licenses", "nc-ok", "--json"]
    assert run(["-C", str(chess.path), "release", "build", str(tmp_path / "two"), *arguments]) == 1
    assert "expected 1.1.0 or higher" in capsys.readouterr().err
    arguments[1] = "1.1.0"
    assert run(["-C", str(chess.path), "release", "build", str(tmp_path / "two"), *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["previous"]["version"] == "1.0.0"
    assert run(["release", "diff", str(one), str(tmp_path / "two"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    schema = Path(__file__).parents[2] / "schemas" / "release-diff.schema.json"
    jsonschema.validate(shown, json.loads(schema.read_text(encoding="utf-8")))
    assert shown["formats_added"] == ["text"] and shown["level"] == "minor"
    assert run(["release", "diff", str(one), str(tmp_path / "two")]) == 0
    assert "1 format added (minor)" in capsys.readouterr().out
