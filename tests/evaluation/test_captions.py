"""Captions against a release: figures, hallucinations, baselines, comparisons, and what is refused."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mic21.cli import run
from mic21.corpus import schema
from mic21.corpus.changes import insert_rows, next_id
from mic21.corpus.store import Corpus
from mic21.errors import CheckError, UsageError
from mic21.evaluation import DocumentFrequencies, bleu, tokenize
from mic21.evaluation.baselines import baseline_captions
from mic21.evaluation.bleu_score import BleuOptions, bleu_signature
from mic21.evaluation.caption_report import read_caption_report, to_markdown, write_caption_report
from mic21.evaluation.captions import document_frequencies, evaluate_captions, read_references
from mic21.evaluation.chair import Objects, count_objects
from mic21.evaluation.compare import MEASURES, compare_captions
from mic21.evaluation.truth import Truth, downward, read_truths, upward
from mic21.ontology import Ontology
from mic21.ontology.mentions import Mentions
from mic21.release.build import build_release
from mic21.release.reader import Release
from mic21.synth.synthesize import synthesize

ONTO = Ontology.load()
Write = Callable[..., Path]
Row = dict[str, Any]


def truth(annotated: list[str], labels: list[str]) -> Truth:
    lines = {key: upward([key], ONTO) for key in annotated}
    supported = frozenset[str]().union(*lines.values())
    return Truth(None, lines, supported, downward(labels, ONTO) | upward(labels, ONTO), downward(labels, ONTO))


def counts(text: str, language: str, annotated: list[str]) -> Objects:
    labels = ["violin", "violinist", "car", "dog", "cat", "chair"]
    return count_objects(Mentions(ONTO, language).find(text), truth(annotated, labels))


def perfect(release: Release, split: str = "test") -> list[Row]:
    rows = release.captions(split=split).to_pylist()
    return [{**{n: row[n] for n in ("image_id", "language", "kind")}, "caption": row["text"]} for row in rows]


def swapped(release: Release) -> list[Row]:
    """Every caption that of another image."""
    rows = perfect(release)
    by_group: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_group.setdefault((row["language"], row["kind"]), []).append(row)
    return [
        row | {"caption": of_group[index - 1]["caption"]}
        for of_group in by_group.values()
        for index, row in enumerate(of_group)
    ]


@pytest.mark.parametrize(
    ("text", "language", "said", "hallucinated"),
    [
        ("A violinist plays a violin", "en", 2, 0),
        ("A musician plays a musical instrument", "en", 2, 0),  # hypernyms
        ("Цигулари свирят на музикални инструменти", "bg", 2, 0),
        ("A violinist with a dog and two cats", "en", 3, 2),
        ("Цигулар с две кучета", "bg", 2, 1),
        ("Ein Geiger und ein Hund", "de", 2, 1),
        ("Hotel on a hill", "en", 0, 0),
    ],
)
def test_a_hypernym_is_no_hallucination(text: str, language: str, said: int, hallucinated: int) -> None:
    found = counts(text, language, ["violin", "violinist"])
    assert (found.said, found.hallucinated) == (said, hallucinated)


def test_a_hyponym_that_is_not_annotated_is_a_hallucination() -> None:
    found = counts("a taxi", "en", ["car"])
    assert (found.hallucinated, found.recalled, found.named) == (1, 0, 0)
    assert counts("a car", "en", ["car"]) == Objects(1, 0, 1, 0, 1, 1, 1)


def test_recall_counts_what_a_hypernym_says_and_names_what_is_said_outright() -> None:
    found = counts("a violinist with a musical instrument", "en", ["violin", "violinist"])
    assert (found.annotated, found.recalled, found.named) == (2, 2, 1)


def test_another_hypernym_is_wrong_yet_not_known_to_be() -> None:
    found = counts("a vehicle", "en", ["dog"])
    assert (found.said, found.hallucinated, found.said_known, found.hallucinated_known) == (1, 1, 0, 0)


def test_the_truth_of_a_release_is_its_annotations(scenes: Release) -> None:
    truths = read_truths(scenes, "train")
    rows = scenes.annotations(split="train").to_pylist()
    assert {(id, key) for id, one in truths.items() for key in one.annotated} == {
        (row["image_id"], row["category"]) for row in rows
    }
    chess = next(one for one in truths.values() if one.subdomain == "chess")
    assert "chess_player" in chess.supported
    assert "person" in chess.supported
    assert "spectator" in chess.looked_for
    assert "bus" in chess.judged - chess.looked_for


def test_the_references_themselves_are_perfect(scenes: Release, write: Write) -> None:
    report = evaluate_captions(write(perfect(scenes)), scenes, "test")
    assert [(group.language, group.kind) for group in report.groups] == [
        (language, kind) for language in ("bg", "en") for kind in ("description", "title")
    ]
    for group in report.groups:
        assert (group.figures.bleu_4, group.figures.rouge_l, group.figures.chair_i) == (1, 1, 0)
        assert group.images == group.references == len(group.scores) == scenes.images(split="test").num_rows
    descriptions = report.groups[0].figures
    assert descriptions.cider_d == pytest.approx(10)
    assert (descriptions.object_recall, descriptions.object_recall_named) == (1, 1)
    assert set(report.groups[0].subdomains) == set(scenes.images(split="test")["subdomain"].to_pylist())


def test_captions_of_other_images_hallucinate(scenes: Release, write: Write) -> None:
    report = evaluate_captions(write(swapped(scenes)), scenes, "test", language="en", kind="description")
    (group,) = report.groups
    assert group.figures.chair_i is not None
    assert group.figures.chair_i > 0.5
    assert group.figures.chair_s > 0.5
    assert group.figures.bleu_4 < 0.6
    assert group.figures.object_recall is not None
    assert group.figures.object_recall < 0.5


def test_baselines_stand_in_the_same_table_and_reports_of_others_are_quoted(scenes: Release, write: Write) -> None:
    path = write(perfect(scenes))
    report = evaluate_captions(path, scenes, "test", language="en", kind="title", baselines=[baseline_captions])
    (group,) = report.groups
    assert set(group.baselines) == {"constant", "nearest neighbour", "object names"}
    assert group.baselines["object names"].object_recall == 1
    assert group.baselines["object names"].chair_i == 0
    assert group.baselines["constant"].vocabulary <= 8
    assert group.baselines["nearest neighbour"].cider_d > group.baselines["constant"].cider_d
    lines = to_markdown(report).splitlines()
    assert "| captioner of the paper, as reported, on MIC21 | 0.71 | 0.53 | 0.47 | 0.39 |" in "\n".join(lines)
    assert any(line.startswith("| predictions.jsonl | 1.000 |") for line in lines)


def test_meteor_has_its_own_name_and_signature(scenes: Release, write: Write) -> None:
    report = evaluate_captions(write(perfect(scenes)), scenes, "test", language="bg", kind="description", meteor=True)
    assert report.signatures["nltk METEOR, bg"].startswith("nltk METEOR|match:exact|")
    assert report.groups[0].figures.nltk_meteor == pytest.approx(1, abs=0.01)


def test_an_image_with_several_captions_shows_what_people_reach(tmp_path: Path, write: Write) -> None:
    synthesize(tmp_path / "corpus", images=24, seed=2, languages=("en",))
    corpus = Corpus(tmp_path / "corpus")
    with corpus.writing() as connection:
        run_id = corpus.insert_run(connection, "test", {})
        first = next_id(connection, schema.captions)
        rows = [
            {**{n: row[n] for n in ("image_id", "language", "kind", "status", "origin")}, "text": "Nothing of the sort"}
            for row in corpus.captions(kind="title").to_pylist()
        ]
        insert_rows(connection, schema.captions, [r | {"id": first + n, "run_id": run_id} for n, r in enumerate(rows)])
    build_release(corpus, tmp_path / "release", version="0.1.0")
    release = Release(tmp_path / "release")
    firsts = {(row["image_id"], row["kind"]): row for row in reversed(perfect(release, "train"))}
    report = evaluate_captions(write(firsts.values()), release, "train", baselines=[baseline_captions])
    description, title = report.groups
    assert title.references == 2 * title.images
    assert title.figures.bleu_4 == 1
    # The last title of each image says nothing that the first one says.
    assert title.baselines["one reference against the others"].bleu_4 == 0
    assert "one reference against the others" not in description.baselines


def test_document_frequencies_of_the_training_split_change_cider_alone(scenes: Release, write: Write) -> None:
    path = write(swapped(scenes))
    one = evaluate_captions(path, scenes, "test", language="en", kind="title")
    other = evaluate_captions(path, scenes, "test", language="en", kind="title", idf="train")
    assert one.groups[0].figures.bleu_4 == other.groups[0].figures.bleu_4
    assert one.groups[0].figures.cider_d != other.groups[0].figures.cider_d
    assert other.signatures["CIDEr-D"] == "CIDEr-D|n:4|sigma:6|idf:train"


def test_a_report_fits_its_schema_and_is_read_back(scenes: Release, write: Write, tmp_path: Path) -> None:
    report = evaluate_captions(write(perfect(scenes)), scenes, "test", baselines=[baseline_captions])
    write_caption_report(report, tmp_path / "report.json")
    schema = json.loads((Path(__file__).parents[2] / "schemas" / "captions-report.schema.json").read_text())
    jsonschema.validate(json.loads((tmp_path / "report.json").read_text()), schema)
    assert read_caption_report(tmp_path / "report.json") == report


def test_bad_predictions_are_refused_with_their_place(scenes: Release, write: Write, tmp_path: Path) -> None:
    rows = perfect(scenes)
    with pytest.raises(CheckError, match=r"line 2: expected one title in en of image 1, found another on line 1"):
        evaluate_captions(
            write([{"image_id": 1, "language": "en", "kind": "title", "caption": "a"}] * 2), scenes, "test"
        )
    with pytest.raises(CheckError, match=r"line 1: expected image_id, language, kind and caption"):
        evaluate_captions(write([{"image_id": 1, "caption": "a"}]), scenes, "test")
    fewer = [row for row in rows if row["image_id"] != rows[0]["image_id"]]
    with pytest.raises(CheckError, match=rf"found none of 1: {rows[0]['image_id']}; --partial"):
        evaluate_captions(write(fewer), scenes, "test")
    report = evaluate_captions(write(fewer), scenes, "test", partial=True)
    assert {group.missing for group in report.groups} == {1}
    with pytest.raises(CheckError, match=r"expected images of the release .* that it does not have: 999999"):
        evaluate_captions(write([*rows, rows[0] | {"image_id": 999_999}]), scenes, "test")
    with pytest.raises(UsageError, match="no caption of any kind in fr has a reference in test"):
        evaluate_captions(write(rows), scenes, "test", language="fr")
    with pytest.raises(UsageError, match="expected one of train, val, test, found 'dev'"):
        evaluate_captions(write(rows), scenes, "dev")
    with pytest.raises(CheckError, match="expected JSON lines"):
        evaluate_captions(tmp_path / "none.jsonl", scenes, "test")


def test_captions_of_other_splits_are_counted_and_left_out(scenes: Release, write: Write) -> None:
    rows = [*perfect(scenes), *perfect(scenes, "train")]
    report = evaluate_captions(write(rows), scenes, "test")
    assert report.unreferenced == []
    french = [row | {"language": "fr"} for row in rows if row["language"] == "en"]
    assert evaluate_captions(write([*rows, *french]), scenes, "test").unreferenced == [
        "description in fr",
        "title in fr",
    ]
    assert report.elsewhere == len(perfect(scenes, "train"))
    assert report.groups[0].images == scenes.images(split="test").num_rows


def test_a_comparison_has_intervals_of_the_difference(scenes: Release, write: Write, tmp_path: Path) -> None:
    paths = []
    for name, rows in (("a", swapped(scenes)), ("b", perfect(scenes))):
        report = evaluate_captions(write(rows), scenes, "test", language="en", kind="description")
        paths.append(tmp_path / f"{name}.json")
        write_caption_report(report, paths[-1])
    found = {one.measure: one for one in compare_captions(*paths, resamples=200)}
    assert set(found) == set(MEASURES)
    bleu = found["BLEU-4"]
    assert bleu.b == 1
    assert bleu.difference == pytest.approx(bleu.b - bleu.a)
    assert 0 < bleu.low <= bleu.difference <= bleu.high
    assert bleu.b_higher == 1
    assert found["CHAIR-i"].high < 0
    assert {one.measure: one for one in compare_captions(*paths, resamples=200)} == found
    same = compare_captions(paths[0], paths[0], resamples=50)
    assert {(one.difference, one.low, one.high, one.b_higher) for one in same} == {(0, 0, 0, 0.5)}


def test_a_figure_that_is_none_is_none_in_a_comparison(scenes: Release, write: Write, tmp_path: Path) -> None:
    silent = [row | {"caption": "Nothing of the sort"} for row in perfect(scenes)]
    for name, rows in (("a", silent), ("b", perfect(scenes))):
        report = evaluate_captions(write(rows), scenes, "test", language="en", kind="title")
        write_caption_report(report, tmp_path / f"{name}.json")
    chair = next(
        one
        for one in compare_captions(tmp_path / "a.json", tmp_path / "b.json", resamples=50)
        if one.measure == "CHAIR-i"
    )
    assert (chair.a, chair.b, chair.difference, chair.low, chair.high, chair.b_higher) == (None, 0, *[None] * 4)
    few = [row if index else silent[0] for index, row in enumerate(perfect(scenes))]
    report = evaluate_captions(write(few), scenes, "test", language="en", kind="title")
    write_caption_report(report, tmp_path / "few.json")
    found = compare_captions(tmp_path / "few.json", tmp_path / "b.json", resamples=50)
    assert [(one.low, one.high) for one in found if one.measure == "CHAIR-i"] == [(0, 0)]


@pytest.mark.parametrize(
    "options",
    [
        BleuOptions(mode="sentence", smoothing="add-one"),
        BleuOptions(mode="sentence", smoothing="floor", cumulative=False),
        BleuOptions(smoothing="floor"),
        BleuOptions(cumulative=False),
    ],
)
def test_reports_and_comparisons_have_the_bleu_that_was_asked_for(
    scenes: Release, write: Write, tmp_path: Path, options: BleuOptions
) -> None:
    rows = [row for row in swapped(scenes) if (row["language"], row["kind"]) == ("en", "title")]
    for name, captions in (("a", rows), ("b", perfect(scenes))):
        report = evaluate_captions(write(captions), scenes, "test", language="en", kind="title", bleu=options)
        write_caption_report(report, tmp_path / f"{name}.json")
    references = read_references(scenes, "test", "en", "title")
    hypotheses = [tokenize(row["caption"]) for row in rows]
    expected = bleu(
        hypotheses, [[tokenize(text) for text in references[row["image_id"]]] for row in rows], **options.model_dump()
    )
    one = read_caption_report(tmp_path / "a.json")
    figures = one.groups[0].figures
    assert [figures.bleu_1, figures.bleu_2, figures.bleu_3, figures.bleu_4] == pytest.approx(expected)
    assert one.signatures["BLEU"] == bleu_signature(options) != bleu_signature(BleuOptions())
    found = {one.measure: one for one in compare_captions(tmp_path / "a.json", tmp_path / "b.json", resamples=9)}
    assert [found["BLEU-1"].a, found["BLEU-4"].a] == pytest.approx([expected[0], expected[3]])


def test_reports_that_cannot_be_compared_are_refused(scenes: Release, write: Write, tmp_path: Path) -> None:
    for split in ("test", "train"):
        report = evaluate_captions(write(perfect(scenes, split)), scenes, split)
        write_caption_report(report, tmp_path / f"{split}.json")
    with pytest.raises(CheckError, match="split: expected the same, found 'test' and 'train'"):
        compare_captions(tmp_path / "test.json", tmp_path / "train.json")
    with pytest.raises(CheckError, match="expected a report that `mic21 evaluate captions --out` wrote"):
        compare_captions(tmp_path / "test.json", write([{}], "none.json"))


def test_the_command_shows_and_writes(
    scenes: Release, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write(perfect(scenes)), tmp_path / "report.json"
    words = ["evaluate", "captions", str(path), str(scenes.path), "--split", "test", "-l", "en", "--kind", "title"]
    assert run([*words, "--out", str(out)]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert dict(zip(head.split("\t"), line.split("\t"), strict=True))["bleu_4"] == "1"
    assert run([*words, "--markdown", "--baselines"]) == 0
    table = capsys.readouterr().out
    assert table.startswith("## Title in en, test split, ")
    assert "| baseline: template | " in table
    compare = ["evaluate", "captions", "--compare", str(out), str(out)]
    assert run([*compare, "--json", "--out", str(tmp_path / "new" / "differences.json")]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {one["difference"] for one in shown} == {0}
    assert json.loads((tmp_path / "new" / "differences.json").read_text()) == shown
    assert run([*compare, "--markdown"]) == 0
    images = scenes.images(split="test").num_rows
    lines = capsys.readouterr().out.splitlines()
    assert f"| en | title | {images} | BLEU-4 | 1.000 | 1.000 | 0.000 | 0.000 | 0.000 | 0.500 |" in lines
    options = ["--bleu-mode", "sentence", "--smoothing", "floor", "--individual"]
    assert run([*words, *options, "--json"]) == 0
    signature = json.loads(capsys.readouterr().out)["signatures"]["BLEU"]
    assert signature == "BLEU|mode:sentence|length:closest|smoothing:floor|cumulative:no"


def test_document_frequencies_are_saved_and_scored_with(
    scenes: Release, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, idf = write(swapped(scenes)), tmp_path / "new" / "idf.json"
    words = ["evaluate", "captions", str(path), str(scenes.path), "--json"]
    of_group = [*words, "-l", "en", "--kind", "title"]

    def report(*more: str) -> Row:
        capsys.readouterr()
        assert run([*of_group, *more]) == 0
        found: Row = json.loads(capsys.readouterr().out)
        return found

    trained = report("--idf", "train", "--save-idf", str(idf))
    assert DocumentFrequencies.load(idf) == document_frequencies(scenes, "train", "en", "title")
    stored = report("--idf", str(idf))
    assert stored["groups"] == trained["groups"] != report()["groups"]
    digest = hashlib.sha256(idf.read_bytes()).hexdigest()[:12]
    assert stored["signatures"]["CIDEr-D"] == f"CIDEr-D|n:4|sigma:6|idf:stored {digest}"
    capsys.readouterr()
    assert run([*words, "--idf", str(idf)]) == 2
    assert "is of one language and kind: say which by --language and --kind" in capsys.readouterr().err
    assert run([*words, "--save-idf", str(idf)]) == 2
    assert run([*of_group, "--idf", "nothing"]) == 1
    assert "nothing: expected document frequencies" in capsys.readouterr().err
