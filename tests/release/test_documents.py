"""What a release says of itself: from recorded facts, or unknown with the reason."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import mlcroissant
import pytest

from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError
from mic21.release.build import build_release
from mic21.release.documents.figures import PLOTS
from mic21.release.questions import QUESTIONS
from mic21.release.reader import Release

FACTS = """\
name = "Mini"
purpose = "To test releases."
curator = "The mic21 developers"
contact = "mic21@example.org"
license = "CC-BY-4.0"
citation = "@misc{mini}"
url = "https://example.org/mini"
date = "2026-01-01"

[answers]
consent = "Nobody is shown."
"""


@pytest.fixture
def told(chess: Corpus, tmp_path: Path) -> Release:
    """A release of a corpus with a `release.toml`."""
    (chess.path / "release.toml").write_text(FACTS, encoding="utf-8")
    build_release(chess, tmp_path / "told", version="1.0.0")
    return Release(tmp_path / "told")


def test_mlcroissant_validates_and_reads_every_record_set(told: Release) -> None:
    dataset = mlcroissant.Dataset(str(told.path / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors and not dataset.metadata.ctx.issues.warnings
    assert dataset.metadata.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"
    images = {record["photographs_with_records/id"]: record for record in dataset.records("photographs_with_records")}
    for id, record in images.items():
        sample = told.sample(id)
        assert record["photographs_with_records/image"].size == sample.image.size
        assert record["photographs_with_records/license"].decode() == sample.license["spdx"]
    assert images.keys() == set(told.images()["id"].to_pylist())
    annotations = {record["annotations/id"]: record for record in dataset.records("annotations")}
    expected = {row["id"]: row for row in told.annotations().to_pylist()}
    assert annotations.keys() == expected.keys()
    for id, record in annotations.items():
        assert record["annotations/origin"].decode() == expected[id]["origin"]
        assert (record["annotations/run_id"], record["annotations/edits"]) == (1, 0)


def test_croissant_has_the_rai_fields_licences_and_provenance(told: Release) -> None:
    document = json.loads((told.path / "croissant.json").read_bytes())
    assert document["rai:dataPreprocessingProtocol"] and document["rai:annotationsPerItem"] == "1.20 objects an image"
    assert document["rai:dataSocialImpact"].startswith("Unknown, because")
    assert len(document["license"]) == len(set(told.images()["license"].to_pylist()))
    by_id = {field["@id"]: field for found in document["recordSet"] for field in found["field"]}
    assert by_id["annotations/annotator"]["equivalentProperty"] == "http://www.w3.org/ns/prov#wasAttributedTo"
    assert by_id["annotations/run_id"]["equivalentProperty"] == "http://www.w3.org/ns/prov#wasGeneratedBy"
    assert by_id["images/license"]["equivalentProperty"] == "https://schema.org/license"
    hashes = {entry.path: entry.sha256 for entry in told.manifest.files}
    files = [node for node in document["distribution"] if node["@type"] == "cr:FileObject"]
    assert files and all(node["sha256"] == hashes[node["contentUrl"]] for node in files)


def test_every_question_is_answered_or_unknown_with_a_reason(told: Release, chess: Corpus, tmp_path: Path) -> None:
    sheet = (told.path / "DATASHEET.md").read_text(encoding="utf-8")
    answers = dict(re.findall(r"\(`(\w+)`\)\n\n(.*)", sheet))
    assert list(answers) == [question.key for question in QUESTIONS] and len(QUESTIONS) == 57
    assert answers["consent"] == "Nobody is shown." and answers["contact"] == "mic21@example.org"
    assert answers["counts"].startswith("5 photographs, 6 annotated objects")
    (chess.path / "release.toml").unlink()
    build_release(chess, tmp_path / "untold", version="1.0.0")
    untold = (tmp_path / "untold" / "DATASHEET.md").read_text(encoding="utf-8")
    answers = dict(re.findall(r"\(`(\w+)`\)\n\n(.*)", untold))
    assert answers["consent"] == "Unknown, because the corpus has no `release.toml`, and does not record it."
    assert len(answers) == len(QUESTIONS)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('contact = "mic21@example.org"\n', "", "contact: Field required"),
        ('purpose = "To test releases."', 'purpose = " "', "purpose: String should have at least 1 character"),
        ("consent", "consents", "answers.consents: no such question"),
        ('url = "', 'uri = "', "uri: Extra inputs are not permitted"),
        ("[answers]", "[answers", "expected TOML"),
    ],
)
def test_a_mandatory_gap_and_what_nobody_asks_for_stop_the_build(
    chess: Corpus, tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in FACTS
    (chess.path / "release.toml").write_text(FACTS.replace(old, new), encoding="utf-8")
    with pytest.raises(ReleaseError, match=re.escape(problem)):
        build_release(chess, tmp_path / "release", version="1.0.0")
    assert not (tmp_path / "release").exists()


def test_plots_are_svg_with_a_bar_for_each_number(told: Release) -> None:
    numbers = json.loads((told.path / "statistics/statistics.json").read_bytes())
    assert numbers["images_by_subdomain"].keys() == {"(none)", "chess", "violinist"}
    assert sum(numbers["objects_by_size"].values()) == 6
    for name in PLOTS:
        root = ET.fromstring((told.path / "statistics" / name).read_bytes())
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        assert texts[0] == PLOTS[name]
    bars = ET.fromstring((told.path / "statistics/subdomains.svg").read_bytes())
    labels = [
        element.text for element in bars.iter("{http://www.w3.org/2000/svg}text") if element.get("text-anchor") == "end"
    ]
    assert labels == ["(none)", "chess", "violinist"]


def test_documents_fit_their_schemas(told: Release) -> None:
    folder = Path(__file__).parents[2] / "schemas"
    schema = json.loads((folder / "manifest.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((told.path / "manifest.json").read_bytes()), schema)
