"""The formats of others, read back by what reads them."""

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest
import rdflib
import wn
from rdflib.namespace import RDF, SKOS

from mic21.cli import run
from mic21.ontology import Ontology
from mic21.ontology.export import FORMATS
from tests.ontology.conftest import Local

ROOT = Path(__file__).parents[2]
CATEGORY = rdflib.Namespace("urn:mic21:category:")


@pytest.fixture(scope="module")
def onto() -> Ontology:
    return Ontology.load()


def text(onto: Ontology, format: str) -> str:
    return "".join(FORMATS[format](onto))


@pytest.fixture(scope="module")
def graph(onto: Ontology) -> rdflib.Graph:
    return rdflib.Graph().parse(data=text(onto, "skos"), format="turtle")


def test_json_keeps_to_its_schema_and_says_everything(onto: Ontology) -> None:
    document = json.loads(text(onto, "json"))
    jsonschema.validate(document, json.loads((ROOT / "schemas/ontology.schema.json").read_text()))
    assert [found["key"] for found in document["categories"]] == [category.key for category in onto]
    assert len(document["names"]) == sum(len(onto.names(language)) for language in onto.languages())
    violin = next(found for found in document["categories"] if found["key"] == "violin")
    assert (violin["synset"], violin["parents"]) == ("04536866-n", ["stringed_instrument"])


def test_skos_has_every_label_of_every_category(onto: Ontology, graph: rdflib.Graph) -> None:
    concepts = set(graph.subjects(RDF.type, SKOS.Concept))
    assert concepts == {CATEGORY[category.key] for category in onto}
    preferred = {
        (category.key, language, name)
        for category in onto
        for language in onto.languages()
        if (name := category.name(language))
    }
    labels = graph.subject_objects(SKOS.prefLabel)
    assert preferred == {
        (str(subject).removeprefix(str(CATEGORY)), label.language, str(label))
        for subject, label in labels
        if subject in concepts
    }


def test_skos_has_one_preferred_label_a_language(graph: rdflib.Graph) -> None:
    for concept in graph.subjects(RDF.type, SKOS.Concept):
        languages = [label.language for label in graph.objects(concept, SKOS.prefLabel)]
        assert len(languages) == len(set(languages))


def test_skos_links_to_wordnet_and_upwards(graph: rdflib.Graph) -> None:
    violin = CATEGORY["violin"]
    wordnet = rdflib.URIRef("http://wordnet-rdf.princeton.edu/wn30/04536866-n")
    assert wordnet in set(graph.objects(violin, SKOS.exactMatch))
    assert set(graph.objects(violin, SKOS.broader)) == {CATEGORY["stringed_instrument"]}
    plays = rdflib.URIRef("urn:mic21:predicate:plays")
    assert (CATEGORY["violinist"], plays, violin) in graph


def test_a_map_of_the_interlingual_index_fills_it_in(tmp_path: Path) -> None:
    (tmp_path / "ili.tab").write_text("i61205\t04536866-n\ni35545\t00001740-n\n", encoding="utf-8")
    out = tmp_path / "mic21.json"
    arguments = ["ontology", "export", "--format", "json", "--ili", str(tmp_path / "ili.tab"), "--out", str(out)]
    assert run(arguments) == 0
    found = {category["key"]: category["ili"] for category in json.loads(out.read_text())["categories"]}
    assert found.pop("violin") == "i61205"
    assert set(found.values()) == {None}


def test_skos_collects_what_a_subdomain_draws(onto: Ontology, graph: rdflib.Graph) -> None:
    chess = rdflib.URIRef("urn:mic21:subdomain:chess")
    assert set(graph.objects(chess, SKOS.member)) == {CATEGORY[found.key] for found in onto.categories("chess")}


def test_quotes_and_backslashes_survive_turtle(curling: Local) -> None:
    curling.write("names/de", 'category\tcurler\tStein "A" \\ B\t\tm\t\tus\tno')
    graph = rdflib.Graph().parse(data=text(curling.load(), "skos"), format="turtle")
    labels = [str(found) for found in graph.objects(CATEGORY["curler"], SKOS.prefLabel) if found.language == "de"]
    assert labels == ['Stein "A" \\ B']


def test_lmf_is_what_wn_reads(onto: Ontology, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wn.config, "_dbpath", None, raising=False)
    monkeypatch.setattr(wn.config, "data_directory", tmp_path / "wn")
    file = tmp_path / "mic21.xml"
    file.write_text(text(onto, "lmf"), encoding="utf-8")
    wn.add(file, progress_handler=None)
    lexicons = {lexicon.id: lexicon.language for lexicon in wn.lexicons()}
    assert lexicons == {f"mic21-{language.lower()}": language for language in onto.languages()}
    bulgarian = wn.Wordnet("mic21-bg")
    (bicycle,) = bulgarian.synsets("велосипед")
    assert bicycle.id == "mic21-bg-bicycle"
    assert {found.id for found in bicycle.hypernyms()} == {f"mic21-bg-{key}" for key in onto["bicycle"].parents}
    assert set(bicycle.lemmas()) == {"велосипед", *onto["bicycle"].synonyms("bg")}


def test_csv_has_a_line_a_category_and_a_column_a_language(onto: Ontology) -> None:
    rows = list(csv.DictReader(io.StringIO(text(onto, "csv"))))
    assert [row["key"] for row in rows] == [category.key for category in onto]
    assert {row["key"]: row["bg"] for row in rows}["violin"] == onto["violin"].name("bg")


def test_tsv_has_every_name(onto: Ontology) -> None:
    rows = [line.split("\t") for line in text(onto, "tsv").splitlines()]
    assert rows[0][:4] == ["language", "kind", "key", "name"]
    assert len(rows) == 1 + sum(len(onto.names(language)) for language in onto.languages())


@pytest.mark.parametrize("format", FORMATS)
def test_same_ontology_gives_the_same_text(format: str) -> None:
    assert text(Ontology.load(), format) == text(Ontology.load(), format)
