"""The data that mic21 ships."""

import re
import unicodedata
from collections import Counter

import pytest

from mic21.ontology import LANGUAGES, Ontology
from mic21.ontology.rows import PACKAGED

SUBDOMAINS = {
    "sport": """chess skiing weightlifting climbing cricket flying hockey soccer volleyball tennis skateboarding
        swimming rowing roller_skating horse_racing steeplechase jogging gymnastics golf diving car_racing boxing
        bowling billiard beach_volleyball basketball baseball jumping running acrobatics figure_skating
        off_road_motorcycling motorcycle_racing fishing hunting hang_gliding rhythmic_gymnastics bicycle_racing sleigh
        handball pole_vaulting""",
    "transport": """airplane glider helicopter hot-air_balloon bicycle camper convertible jeep limousine sedan taxi
        wagon carriage motorcycle bus minibus tram trolleybus boat ferry gondola motorboat sailing_vessel ship yacht
        rocket spaceship train car_transporter dumper garbage_truck lorry pickup tow_truck truck van bulldozer digger
        forklift tractor baby_carriage wheelchair horse_sleigh dog_sleigh double-decker street_sign zebra_crossing
        rickshaw scooter""",
    "arts": """artist sculptor accordionist piper cellist clarinetist conductor flute_player guitar_player
        opera_singer percussionist piano_player rapper saxophonist singer trombonist trumpeter violinist ballet_dancer
        cameraman clown dancer makeup_artist photographer writer""",
    "security": """traffic_police fire_engine fireman police_car police_helicopter mounted_police policeman tank
        ambulance military_helicopter military_truck police_boat motorcycle_police soldier
        armoured_personnel_carrier""",
}
CYRILLIC = re.compile(r"[А-Яа-яЍѝ0-9 ,.()\-/’“„-]+")
KINDS = ("category", "subdomain", "domain", "predicate")


@pytest.fixture(scope="module")
def onto() -> Ontology:
    return Ontology.load()


def test_subdomains_and_domains_are_those_of_mic21(onto: Ontology) -> None:
    found = {domain.key: [one.key for one in onto.subdomains(domain.key)] for domain in onto.domains()}
    assert found == {domain: keys.split() for domain, keys in SUBDOMAINS.items()}
    assert len(onto.subdomains()) == 130


def test_each_subdomain_has_one_dominant_category_and_attributes(onto: Ontology) -> None:
    for subdomain in onto.subdomains():
        assert len(onto.categories(subdomain.key, role="dominant")) == 1, subdomain.key
        assert onto.categories(subdomain.key, role="attribute"), subdomain.key


def test_there_are_at_least_300_categories_with_unique_ids(onto: Ontology) -> None:
    ids = [category.id for category in onto]
    assert len(ids) >= 300
    assert ids == sorted(set(ids))
    assert ids[0] == 21001


def test_every_category_has_its_passport_or_a_reason() -> None:
    # The reason is for maintainers and so not in Python: read the file.
    lines = [line.split("\t") for line in (PACKAGED / "categories.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    assert [line[1] for line in lines if bool(line[2]) != bool(line[3]) or not (line[2] or line[8])] == []


def test_no_category_stands_alone(onto: Ontology) -> None:
    used = {category.key for role in ("dominant", "attribute", "parent") for category in onto.categories(role=role)}
    used |= {key for relation in onto.relations() for key in (relation.subject, relation.object)}
    used |= set(onto.label_map("coco-80").values())
    used |= {above.key for key in used for above in onto.ancestors(key)}
    assert [category.key for category in onto if category.key not in used] == []


def test_nothing_is_above_person_and_no_category_above_itself(onto: Ontology) -> None:
    assert onto["person"].parents == ()
    for category in onto:
        assert category not in onto.ancestors(category.key)


@pytest.mark.parametrize("language", ["en", "bg"])
def test_everything_has_a_name(onto: Ontology, language: str) -> None:
    named = Counter(entry.kind for entry in onto.names(language) if entry.name)
    expected = (len(onto), len(onto.subdomains()), len(onto.domains()), len(onto.predicates()))
    assert named == dict(zip(KINDS, expected, strict=True))


def test_bulgarian_is_in_cyrillic_with_gender_and_plural(onto: Ontology) -> None:
    for entry in onto.names("bg"):
        texts = [entry.name or "", *entry.synonyms, entry.plural or ""]
        assert [text for text in texts if text and not CYRILLIC.fullmatch(text)] == [], entry.key
        if entry.kind == "category":
            assert entry.gender in {"m", "f", "n", "p"}, entry.key
            assert entry.plural, entry.key


def test_english_names_are_in_latin_letters(onto: Ontology) -> None:
    for entry in onto.names("en"):
        assert all(text.isascii() for text in (entry.name or "", *entry.synonyms)), entry.key


def test_display_names_tell_categories_apart(onto: Ontology) -> None:
    for language in ("en", "bg"):
        names = Counter(category.name(language) for category in onto)
        assert [name for name, count in names.items() if count > 1] == [], language


def test_texts_are_in_nfc() -> None:
    for path in PACKAGED.rglob("*.tsv"):
        assert unicodedata.is_normalized("NFC", path.read_text(encoding="utf-8")), path


def test_relations_and_predicates_are_used_and_named(onto: Ontology) -> None:
    assert {relation.predicate for relation in onto.relations()} <= {predicate.key for predicate in onto.predicates()}
    assert len(onto.relations()) >= 100
    assert all(predicate.name("en") and predicate.name("bg") for predicate in onto.predicates())


def test_coco_labels_all_have_a_category(onto: Ontology) -> None:
    labels = onto.label_map("coco-80")
    assert len(labels) == 80
    assert labels["person"] == "person"
    assert onto[labels["stop sign"]]
    assert onto[labels["mouse"]].name("en") != "mouse" or "comput" in onto[labels["mouse"]].definition


@pytest.mark.parametrize(
    ("label_set", "count", "mapped", "some"),
    [
        (
            "lvis-1203",
            1203,
            864,
            {"stop_sign": "stop_sign", "broccoli": "broccoli", "gull": "seagull", "cub_(animal)": "animal"},
        ),
        (
            "open-images",
            601,
            491,
            {"Stop sign": "stop_sign", "Violin": "violin", "Man": "person", "Bat (Animal)": "mammal"},
        ),
    ],
)
def test_labels_of_large_datasets_lead_to_the_nearest_category(
    onto: Ontology, label_set: str, count: int, mapped: int, some: dict[str, str]
) -> None:
    lines = (PACKAGED / "labels" / f"{label_set}.tsv").read_text(encoding="utf-8").splitlines()
    labels = onto.label_map(label_set)
    assert (len(lines) - 1, len(labels)) == (count, mapped)
    assert {label: labels[label] for label in some} == some


def test_imagenet_labels_lead_to_the_nearest_category(onto: Ontology) -> None:
    labels = onto.label_map("imagenet-1k")
    lines = (PACKAGED / "labels" / "imagenet-1k.tsv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1001
    assert labels["n04536866"] == "violin"
    assert len(labels) >= 150


def test_languages_are_in_the_order_of_mic21(onto: Ontology) -> None:
    assert onto.languages()[:2] == ("en", "bg")
    assert set(onto.languages()) <= set(LANGUAGES)


def test_version_and_digest_name_the_data(onto: Ontology) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", onto.version)
    assert re.fullmatch(r"[0-9a-f]{64}", onto.digest)
    assert onto.digest == Ontology.load().digest
