"""What a corpus may add to the ontology, and every way in which a file can be wrong."""

import pytest

from mic21.errors import OntologyError
from mic21.ontology import Ontology

from .conftest import Local

CURLER = "900001\tcurler\t\t\t\tperson\ta person who plays curling\t\tnot in WordNet"


def test_additions_join_the_packaged_ones(curling: Local) -> None:
    onto = curling.load()
    curler = onto["curler"]
    assert (curler.id, curler.parents, curler.note) == (900001, ("person",), "not the one who only watches")
    assert (curler.name("en"), curler.name("bg"), curler.name("de")) == ("curler", "кърлингист", None)
    assert curler.synonyms("bg") == ("играч на кърлинг",)
    assert [category.key for category in onto.categories("curling")] == ["curler", "curling_stone"]
    assert onto.roles("person")["curling"] == "parent"
    assert curler in onto.under("person")
    assert onto.subdomain("curling").name("en") == "curling"
    assert onto.find("Curler") == curler
    assert len(onto) == len(Ontology.load()) + 2
    assert onto["chess_player"].name("bg") == "шахматист"


def test_additions_change_the_digest_and_not_the_version(curling: Local) -> None:
    packaged, added = Ontology.load(), curling.load()
    assert added.version == packaged.version
    assert added.digest != packaged.digest
    before = added.digest
    curling.write("names/bg", "category\tcurler\tкърлингистка\t\tf\tкърлингистки\tus\tno")
    assert curling.load().digest != before


def test_packaged_subdomain_takes_a_new_attribute_and_a_new_language(local: Local) -> None:
    local.write("categories", "900001\tscore_sheet\t\t\t\t\ta sheet where moves are written\t\tnot in WordNet")
    local.write("memberships", "chess\tscore_sheet\tattribute")
    local.write("names/mk", "category\tchess_player\tшахист\t\tm\tшахисти\tus\tno")
    onto = local.load()
    assert onto["score_sheet"] in onto.categories("chess", role="attribute")
    assert onto["chess_player"].name("mk") == "шахист"
    assert onto.languages()[-1] == "mk"


def test_domains_predicates_relations_and_labels_may_be_added(curling: Local) -> None:
    curling.write("domains", "crafts")
    curling.write("subdomains", "curling\tcrafts")
    curling.write("predicates", "slides\tslid_by\tperson\tcurling_stone", "slid_by\tslides\tcurling_stone\tperson")
    curling.write("relations", "curler\tslides\tcurling_stone")
    curling.write("labels/mine", "stone\t\tcurling_stone", "nothing\t\t")
    onto = curling.load()
    assert [subdomain.key for subdomain in onto.subdomains("crafts")] == ["curling"]
    assert [relation.object for relation in onto.relations(subject="curler")] == ["curling_stone"]
    assert onto.label_map("mine") == {"stone": "curling_stone"}


@pytest.mark.parametrize(
    ("file", "line", "expected"),
    [
        ("domains", "sport", "key: expected a new value; a corpus adds rows and changes none ("),
        ("domains", "Sport", "key: expected lower-case ASCII words joined by _ or -, found 'Sport'"),
        ("subdomains", "chess\tarts", "key: expected a new value; a corpus adds rows and changes none ("),
        ("subdomains", "curling\tsports", "domain: expected a key of domains.tsv, found 'sports'"),
        (
            "subdomains",
            "curling\tsport",
            "key: expected a subdomain with a dominant category in memberships.tsv, found",
        ),
        ("categories", CURLER.replace("900001", "x"), "id: expected a positive integer, found 'x'"),
        ("categories", CURLER.replace("900001", "900000"), "id: expected 900001 or above in a corpus, found '900000'"),
        ("categories", CURLER.replace("curler", "Curler", 1), "key: expected lower-case ASCII words joined by _"),
        ("categories", CURLER.replace("curler", "chess_player", 1), "key: expected a new value; a corpus adds"),
        (
            "categories",
            "900001\tcurler\t9915834-n\tx%1:18:00::\t\t\ta\t\t",
            "synset: expected a WordNet 3.0 noun offset",
        ),
        (
            "categories",
            "900001\tcurler\t09915834-n\tx%1:18:00::\t\t\ta\t\t",
            "synset: expected a new value; a corpus adds",
        ),
        ("categories", "900001\tcurler\t00000009-n\t\t\t\ta\t\t", "sense_key: expected the sense key of 00000009-n"),
        ("categories", "900001\tcurler\t\tx%1:18:00::\t\t\ta\t\t", "synset: expected the offset of x%1:18:00::"),
        ("categories", "900001\tcurler\t00000009-n\tx%2:18:00::\t\t\ta\t\t", "sense_key: expected a noun sense key"),
        ("categories", "900001\tcurler\t\t\t88563\t\ta\t\tr", "ili: expected an ILI such as i88563"),
        ("categories", "900001\tcurler\t\t\t\t\ta\t\t", "reason: expected why the category has no synset, found ''"),
        ("categories", "900001\tcurler\t\t\t\t\t\t\tr", "definition: expected text, found ''"),
        ("categories", "900001\tcurler\t\t\t\tpersons\ta\t\tr", "parents: expected a key of categories.tsv, found"),
        ("categories", "900001\tcurler\t\t\t\tperson, ball\ta\t\tr", "parents: expected keys separated by one space"),
        ("categories", "900001\tcurler\t\t\t\tcurler\ta\t\tr", "parents: expected no way from a category to itself ("),
        ("categories", "900001\tcurler\t\t\t\t\t a\t\tr", "definition: expected no space around the text, found ' a'"),
        ("categories", "900001\tcurler", "expected 9 columns, found 2"),
        ("memberships", "chess\tperson\tparent", "role: expected dominant or attribute (parents are derived), found"),
        ("memberships", "ches\tperson\tattribute", "subdomain: expected a key of subdomains.tsv, found 'ches'"),
        ("memberships", "chess\tpersons\tattribute", "category: expected a key of categories.tsv, found 'persons'"),
        ("memberships", "chess\tchessboard\tattribute", "category: expected a new row; a corpus adds rows and"),
        (
            "memberships",
            "chess\tviolin\tdominant",
            "role: expected one dominant category a subdomain, it is chess_player",
        ),
        ("predicates", "throws\tthrown\t\t", "inverse: expected a predicate whose inverse is throws, found 'thrown'"),
        ("predicates", "throws\t\tpersons\t", "domain: expected a key of categories.tsv, found 'persons'"),
        ("relations", "person\tthrows\tball", "predicate: expected a key of predicates.tsv, found 'throws'"),
        ("relations", "nobody\tthrows\tball", "subject: expected a key of categories.tsv, found 'nobody'"),
        ("names/nb", "category\tpersons\tMensch\t\t\t\tus\tno", "key: expected the key of a category, found 'persons'"),
        ("names/nb", "thing\tperson\tMensch\t\t\t\tus\tno", "kind: expected category, subdomain, domain or predicate"),
        ("names/nb", "category\tperson\tMensch\t\tx\t\tus\tno", "gender: expected m, f, n, c, p or nothing, found 'x'"),
        ("names/nb", "category\tperson\tMensch\t\t\t\tus\t", "reviewed: expected yes or no, found ''"),
        ("names/nb", "category\tperson\tMensch\tLeute||\t\t\tus\tno", "synonyms: expected names separated by |, found"),
        ("names/bg", "category\tperson\tлице\t\t\t\tus\tno", "key: expected one name a category, the first is in"),
        ("names/nb", "category\tperson\tKo\u0308rper\t\t\t\tus\tno", "name: expected text in NFC, 'K\\xf6rper', found"),
    ],
)
def test_bad_row_is_named_with_file_line_and_column(local: Local, file: str, line: str, expected: str) -> None:
    path = local.write(file, line)
    with pytest.raises(OntologyError) as caught:
        local.load()
    assert f"\n{path}:2: {expected}" in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("domains", b"", ":1: expected the columns key, found nothing"),
        ("domains", b"keys\n", ":1: expected the columns key, found keys"),
        ("domains", b"key\ncraf\xff\n", ": expected UTF-8, found byte 0xff at offset 8"),
        ("domains", b"key\r\ncrafts\r\n", ":1: expected lines that end in LF, found CR"),
        ("domains", b"key\ncrafts", ":2: expected a newline at the end of the file, found none"),
        ("category", b"id\n", ": expected one of domains.tsv, subdomains.tsv, categories.tsv"),
        ("names/german", b"", ": expected a file named by a BCP 47 tag such as bg.tsv or sr-Latn.tsv"),
    ],
)
def test_bad_file_is_named(local: Local, file: str, content: bytes, expected: str) -> None:
    path = local.write_raw(file, content)
    with pytest.raises(OntologyError) as caught:
        local.load()
    assert f"\n{path}{expected}" in str(caught.value)


def test_all_problems_are_reported_together(local: Local) -> None:
    local.write("domains", "Crafts", "sport")
    local.write("memberships", "ches\tperson\tattribute")
    with pytest.raises(OntologyError, match=r"^ontology: 3 problem\(s\) in its files:\n") as caught:
        local.load()
    places = [line.split(": ")[0].removeprefix(f"{local.folder}/") for line in str(caught.value).splitlines()[1:]]
    assert places == ["domains.tsv:2", "domains.tsv:3", "memberships.tsv:2"]


def test_relation_outside_domain_or_range_is_named(curling: Local) -> None:
    curling.write("predicates", "slides\t\tperson\tcurling_stone")
    path = curling.write("relations", "curling_stone\tslides\tcurling_stone", "curler\tslides\tviolin")
    with pytest.raises(OntologyError) as caught:
        curling.load()
    message = str(caught.value)
    assert f"{path}:2: subject: expected person, or a category below (the domain of slides), found" in message
    assert f"{path}:3: object: expected curling_stone, or a category below (the range of slides), found" in message


def test_cycle_names_its_way(local: Local) -> None:
    local.write("categories", "900001\ta\t\t\t\tb\tx\t\tr", "900002\tb\t\t\t\ta\tx\t\tr")
    with pytest.raises(
        OntologyError, match=r"parents: expected no way from a category to itself \((a > b > a|b > a > b)\)"
    ):
        local.load()


def test_bad_label_file_is_named_when_it_is_asked_for(local: Local) -> None:
    path = local.write("labels/mine", "stone\t\tstone", "ball\t\tball", "ball\t\tball")
    onto = local.load()
    with pytest.raises(OntologyError) as caught:
        onto.label_map("mine")
    assert f"\n{path}:2: category: expected a key of categories.tsv, found 'stone'" in str(caught.value)
    assert f"\n{path}:4: label: expected each label once, found 'ball'" in str(caught.value)


def test_folder_that_is_not_there_is_named(local: Local) -> None:
    with pytest.raises(OntologyError, match="nowhere: expected a folder with ontology files, found none"):
        Ontology.load(local.folder / "nowhere")
