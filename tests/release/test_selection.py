"""What comes into a release, what is left out and why, and what is said of absence and of people."""

import json
from pathlib import Path

import pytest
from sqlalchemy import insert

from mic21.cli import run
from mic21.corpus import edit, schema
from mic21.corpus.changes import change, write_property
from mic21.corpus.store import Corpus
from mic21.errors import OntologyError, ReleaseError, UsageError
from mic21.release.build import build_release
from mic21.release.license_policy import is_allowed, parse_policy
from mic21.release.reader import Release


def _reasons(manifest: object) -> dict[str, list[int]]:
    return {left.reason: left.images for left in manifest.left_out}  # type: ignore[attr-defined]


def test_subdomains_and_domains_are_chosen_and_the_rest_is_named(chess: Corpus, tmp_path: Path) -> None:
    manifest = build_release(chess, tmp_path / "chess", version="1.0.0", subdomains=["chess"])
    assert Release(tmp_path / "chess").images()["id"].to_pylist() == [3]
    everything = set(chess.images()["id"].to_pylist())
    assert set(_reasons(manifest)["another subdomain"]) == everything - {3}
    build_release(chess, tmp_path / "arts", version="1.0.0", domains=["arts"])
    assert Release(tmp_path / "arts").images()["id"].to_pylist() == [10]
    with pytest.raises(OntologyError, match="subdomain"):
        build_release(chess, tmp_path / "none", version="1.0.0", subdomains=["ches"])


def test_licences_are_chosen_and_the_subdomains_below_the_floor_are_named(chess: Corpus, tmp_path: Path) -> None:
    manifest = build_release(chess, tmp_path / "release", version="1.0.0", licenses="permissive", floor=1)
    licenses = set(Release(tmp_path / "release").images()["license"].to_pylist())
    assert licenses == {"CC-BY-2.0", "CC0-1.0"}
    assert _reasons(manifest) == {"another licence": [3]}
    assert [(found.subdomain, found.images, found.corpus) for found in manifest.below_floor] == [("chess", 0, 1)]
    card = (tmp_path / "release" / "README.md").read_text(encoding="utf-8")
    assert "Below the floor that was set: chess 0 (the corpus has 1)." in card


@pytest.mark.parametrize(
    ("license", "permissive", "nc_ok"),
    [
        ("CC0-1.0", True, True),
        ("CC-BY-4.0", True, True),
        ("CC-BY-SA-4.0", False, True),
        ("CC-BY-NC-SA-2.0", False, True),
        ("CC-BY-ND-4.0", False, False),
        ("CC-BY-NC-ND-2.0", False, False),
        ("LicenseRef-Pexels", False, True),
        ("LicenseRef-Museum", False, False),
        ("CC-BY-4.0 OR CC-BY-ND-4.0", True, True),
        ("CC-BY-4.0 AND CC-BY-NC-4.0", False, True),
        ("unknown", False, False),
    ],
)
def test_licence_policies(license: str, permissive: bool, nc_ok: bool) -> None:
    assert (is_allowed(license, "permissive"), is_allowed(license, "nc-ok")) == (permissive, nc_ok)
    assert is_allowed(license, [license]) and is_allowed(license, None)
    assert parse_policy("nc-ok") == "nc-ok"


def test_rare_categories_are_left_out_and_named(chess: Corpus, tmp_path: Path) -> None:
    everything = build_release(chess, tmp_path / "all", version="1.0.0")
    assert everything.left_out_categories == []
    manifest = build_release(chess, tmp_path / "release", version="1.0.0", min_instances=2)
    release = Release(tmp_path / "release")
    before = [row["category_id"] for row in Release(tmp_path / "all").annotations().to_pylist()]
    rare = {id for id in before if before.count(id) < 2}
    assert {left.category_id for left in manifest.left_out_categories} == rare
    assert {row["category_id"] for row in release.annotations().to_pylist()} == set(before) - rare
    document = json.loads((release.path / "coco/subdomains/chess_gt.json").read_bytes())
    assert {found["category_id"] for found in document["annotations"]}.isdisjoint(rare)
    found = {
        a["category_id"] for split in release.manifest.counts for s in release.samples(split) for a in s.annotations
    }
    assert found == set(before) - rare


def test_captions_of_other_languages_stay_out(chess: Corpus, tmp_path: Path) -> None:
    build_release(chess, tmp_path / "release", version="1.0.0", languages=["bg"])
    release = Release(tmp_path / "release")
    assert set(release.captions()["language"].to_pylist()) == {"bg"}
    assert {c["language"] for split in release.manifest.counts for s in release.samples(split) for c in s.captions} == {
        "bg"
    }


def test_captions_left_out_by_language_are_counted(
    chess: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = ["release", "build", "-C", str(chess.path), "--version", "1.0.0", "--languages"]
    assert run([*build, "en, bg", str(tmp_path / "both")]) == 0
    both = Release(tmp_path / "both")
    assert (both.captions().num_rows, both.manifest.scope.languages) == (4, ["bg", "en"])
    assert both.manifest.left_out_captions == []
    assert run([*build, "bg", str(tmp_path / "one")]) == 0
    assert "left out: 3 captions in en: another language" in capsys.readouterr().out
    (left,) = Release(tmp_path / "one").manifest.left_out_captions
    assert (left.reason, left.language, left.captions) == ("another language", "en", 3)
    assert "- 3 captions in en: another language" in (tmp_path / "one/README.md").read_text(encoding="utf-8")
    sheet = (tmp_path / "one/DATASHEET.md").read_text(encoding="utf-8")
    assert "3 captions in other languages were left out." in sheet


def test_languages_that_nobody_knows_are_refused(chess: Corpus, tmp_path: Path) -> None:
    for languages in (["xx"], ["en", ""], ["en", " bg"]):
        with pytest.raises(UsageError, match=r"languages: expected some of .*bg, .*en, .*, found '(xx|| bg)'$"):
            build_release(chess, tmp_path / "none", version="1.0.0", languages=languages)
    with chess.writing() as connection:
        change(connection, chess.insert_run(connection, "test", {}), "captions", {1: {"language": "ja"}})
    manifest = build_release(chess, tmp_path / "release", version="1.0.0", languages=["ja"])
    assert sum(counts.captions for counts in manifest.counts.values()) == 1


def _review(corpus: Corpus, image_id: int, *, is_complete: bool) -> None:
    """An answer as a pull leaves it: annotation 45 accepted by a person."""
    with corpus.writing() as connection:
        write_property(connection, "corpus_id", "c0ffee")
        run = corpus.insert_run(connection, "review pull", {"server": "http://example.org"})
        project = {"id": 1, "server": "http://example.org", "project_id": 1, "subdomain": "chess", "language": "en"}
        connection.execute(insert(schema.review_projects), project | {"part": 1, "masks": "brush"})
        answer = {"review_project_id": 1, "annotation_id": 1, "image_id": image_id, "annotator": "ana@example.org"}
        answer |= {"lead_time": 1.0, "updated_at": "2026-01-01", "state": "applied", "problems": "[]", "run_id": run}
        connection.execute(insert(schema.review_answers), answer | {"answer": json.dumps({"is_complete": is_complete})})
        change(connection, run, "annotations", {45: {"status": "accepted", "origin": "human"}})


def test_absence_is_stated_only_where_a_person_looked(chess: Corpus, tmp_path: Path) -> None:
    with chess.writing() as connection:
        change(connection, chess.insert_run(connection, "test", {}), "annotations", {45: {"status": "draft"}})
    _review(chess, 3, is_complete=True)
    build_release(chess, tmp_path / "release", version="1.0.0")
    release = Release(tmp_path / "release")
    rows = {row["id"]: row for row in release.images().to_pylist()}
    ontology = release.ontology
    drawn = {category.id for category in ontology.categories("chess")}
    shown = {row["category"] for row in release.annotations(images=[3]).to_pylist()}
    assert set(rows[3]["checked"]) == drawn
    assert set(rows[3]["absent"]) == drawn - {ontology[key].id for key in shown if key}
    assert rows[10]["checked"] is None and rows[10]["absent"] is None
    assert release.sample(3).record["absent"] == rows[3]["absent"]
    assert f"For 1 of {len(rows)} images somebody said" in (release.path / "README.md").read_text(encoding="utf-8")


def test_people_appear_under_pseudonyms_and_edits_are_counted(chess: Corpus, tmp_path: Path) -> None:
    with chess.writing() as connection:
        change(connection, chess.insert_run(connection, "test", {}), "annotations", {45: {"status": "draft"}})
    _review(chess, 3, is_complete=False)
    build_release(chess, tmp_path / "release", version="1.0.0")
    release = Release(tmp_path / "release")
    rows = {row["id"]: row for row in release.annotations().to_pylist()}
    assert rows[45]["edits"] == 2 and rows[45]["annotator"].startswith("annotator-")
    assert rows[46]["edits"] == 0 and rows[46]["annotator"] is None
    assert release.images(images=[3])["checked"].to_pylist() == [None]
    assert b"ana@example.org" not in b"".join(p.read_bytes() for p in release.path.rglob("*") if p.is_file())


def test_what_an_import_says_of_absence_is_kept(chess: Corpus, tmp_path: Path) -> None:
    dog = chess.ontology["dog"].id
    attributes = json.dumps({"neg_category_ids": [dog]})
    with chess.writing() as connection:
        change(connection, chess.insert_run(connection, "test", {}), "images", {10: {"attributes": attributes}})
    build_release(chess, tmp_path / "release", version="1.0.0")
    (row,) = Release(tmp_path / "release").images(images=[10]).to_pylist()
    assert (row["checked"], row["absent"]) == ([dog], [dog])


def test_withdrawn_images_leave(chess: Corpus, tmp_path: Path) -> None:
    edit.withdraw(chess, [3], reason="asked for")
    build_release(chess, tmp_path / "release", version="1.0.0")
    assert 3 not in Release(tmp_path / "release").images()["id"].to_pylist()
    edit.withdraw(chess, chess.images()["id"].to_pylist(), reason="all")
    with pytest.raises(ReleaseError, match="no image is left"):
        build_release(chess, tmp_path / "empty", version="1.0.0")
