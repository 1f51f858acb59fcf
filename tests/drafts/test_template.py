from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mic21.drafts.captioners import Scene, SceneObject, english
from mic21.drafts.captioners.template import TemplateCaptioner
from mic21.errors import BackendError
from mic21.ontology import Ontology

ONTOLOGY = Ontology.load()
TEMPLATE = TemplateCaptioner(ONTOLOGY)
LEFT, RIGHT, TOP, BOTTOM = (0, 100, 90, 90), (500, 100, 90, 90), (200, 0, 90, 90), (200, 300, 90, 90)
INSIDE_LEFT = (20, 120, 30, 30)

Box = tuple[float, float, float, float]


def _object(key: str, box: Box = LEFT, *, iscrowd: bool = False) -> SceneObject:
    return SceneObject(ONTOLOGY[key].id, box, box[2] * box[3], None, iscrowd)


def _scene(*objects: SceneObject, subdomain: str | None = None) -> Scene:
    return Scene(640, 480, subdomain, objects, lambda: pytest.fail("a template does not look at the photograph"))


def _texts(scene: Scene, language: str) -> tuple[str | None, str | None]:
    (drafts,) = TEMPLATE.caption([scene], languages=[language], kinds=["title", "description"])
    texts = {draft.kind: draft.text for draft in drafts}
    return texts.get("title"), texts.get("description")


TITLES = [
    # one thing, with its article
    ([("motorcycle", 1)], "A motorcycle", "Мотоциклет"),
    ([("ambulance", 1)], "An ambulance", "Линейка"),
    ([("umbrella", 1)], "An umbrella", "Чадър"),
    ([("uniform", 1)], "A uniform", "Униформа"),
    ([("unicycle", 1)], "A unicycle", "Едноколесен велосипед"),
    # plurals and numerals: counted form, feminine, neuter, men, people
    ([("bus", 2)], "Two buses", "Два автобуса"),
    ([("bus", 5)], "Five buses", "Пет автобуса"),
    ([("boat", 2)], "Two boats", "Две лодки"),
    ([("wheel", 3)], "Three wheels", "Три колела"),
    ([("soldier", 2)], "Two soldiers", "Двама войници"),
    ([("soldier", 7)], "Seven soldiers", "Седем войници"),
    ([("person", 3)], "Three people", "Трима души"),
    ([("knife", 2)], "Two knives", "Два ножа"),
    ([("horse", 4)], "Four horses", "Четири коня"),
    ([("tram", 2)], "Two trams", "Два трамвая"),
    ([("fire_extinguisher", 2)], "Two fire extinguishers", "Два пожарогасителя"),
    ([("stop_sign", 2)], "Two stop signs", "Два знака „Стоп“"),
    ([("dump_truck", 10)], "Ten dump trucks", "Десет самосвала"),
    ([("person", 11)], "Many people", "Много хора"),
    # plural nouns, mass nouns, nouns whose plural is the same
    ([("skis", 1)], "A pair of skis", "Ски"),
    ([("skis", 2)], "Two pairs of skis", "Два чифта ски"),
    ([("goggles", 1)], "A pair of goggles", "Предпазни очила"),
    ([("parallel_bars", 1)], "Parallel bars", "Успоредка"),
    ([("sheep", 2)], "Two sheep", "Две овце"),
    ([("sheep", 1)], "A sheep", "Овца"),
    ([("broccoli", 1)], "Broccoli", "Броколи"),
]


@pytest.mark.parametrize(("counts", "title_en", "title_bg"), TITLES)
def test_titles_are_grammatical(counts: list[tuple[str, int]], title_en: str, title_bg: str) -> None:
    scene = _scene(*(_object(key) for key, count in counts for _ in range(count)))
    assert _texts(scene, "en")[0] == title_en
    assert _texts(scene, "bg")[0] == title_bg


def test_a_stated_relation_is_said_where_the_boxes_overlap() -> None:
    near = _scene(_object("violinist"), _object("violin", INSIDE_LEFT), subdomain="violinist")
    assert _texts(near, "en") == ("A violinist playing a violin", "A violinist plays a violin.")
    assert _texts(near, "bg") == ("Цигулар с цигулка", "Цигулар свири на цигулка.")
    apart = _scene(_object("violinist"), _object("violin", RIGHT), subdomain="violinist")
    assert _texts(apart, "en") == (
        "A violinist beside a violin",
        "The photograph shows a violinist and a violin. The violinist is on the left, the violin on the right.",
    )
    assert _texts(apart, "bg") == (
        "Цигулар до цигулка",
        "На снимката има цигулар и цигулка. Вляво има цигулар, а вдясно – цигулка.",
    )


def test_the_rest_is_listed_behind_a_relation() -> None:
    trees = (_object("tree", (300, 0, 20, 20)), _object("tree", (400, 0, 20, 20)))
    scene = _scene(_object("motorcyclist"), _object("motorcycle", INSIDE_LEFT), *trees)
    assert _texts(scene, "en")[1] == "A motorcyclist rides a motorcycle. The photograph also shows two trees."
    assert _texts(scene, "bg")[1] == "Мотоциклетист се вози на мотоциклет. На снимката има и две дървета."


@pytest.mark.parametrize(
    ("box", "title_en", "title_bg"),
    [
        (RIGHT, "A dog beside a cat", "Куче до котка"),
        (INSIDE_LEFT, "A dog with a cat", "Куче с котка"),
        ((0, 300, 60, 60), "A dog above a cat", "Куче над котка"),
        ((0, 0, 60, 60), "A dog below a cat", "Куче под котка"),
    ],
)
def test_places_are_what_the_boxes_bear_out(box: Box, title_en: str, title_bg: str) -> None:
    scene = _scene(_object("dog"), _object("cat", box), subdomain=None)
    assert _texts(scene, "en")[0] == title_en
    assert _texts(scene, "bg")[0] == title_bg


def test_with_becomes_longer_before_a_like_sound() -> None:
    assert _texts(_scene(_object("dog"), _object("chair", INSIDE_LEFT)), "bg")[0] == "Куче със стол"


def test_the_dominant_category_comes_first_however_small() -> None:
    scene = _scene(_object("person", (0, 0, 600, 400)), _object("violinist", RIGHT), subdomain="violinist")
    assert (_texts(scene, "en")[0] or "").startswith("A violinist ")


def test_a_crowd_is_many() -> None:
    assert _texts(_scene(_object("person", iscrowd=True)), "en")[0] == "Many people"


def test_an_image_without_annotations_names_its_subdomain_or_nothing() -> None:
    assert _texts(_scene(subdomain="chess"), "en") == ("Photograph: chess", None)
    assert _texts(_scene(subdomain="chess"), "bg") == ("Снимка: шахмат", None)
    assert _texts(_scene(), "en") == (None, None)


def test_objects_of_unknown_categories_are_left_out() -> None:
    stranger = SceneObject(7, LEFT, 100, None, False)
    assert _texts(_scene(stranger, _object("dog")), "en")[0] == "A dog"


def test_the_order_of_objects_does_not_matter() -> None:
    objects = [_object("dog"), _object("cat", RIGHT), _object("tree", TOP), _object("dog", BOTTOM)]
    assert len({_texts(_scene(*order), "en") for order in permutations(objects)}) == 1


keys = st.sampled_from([category.key for category in ONTOLOGY])
boxes = st.tuples(st.integers(0, 500), st.integers(0, 300), st.integers(1, 140), st.integers(1, 140))


@given(st.lists(st.tuples(keys, boxes, st.booleans()), min_size=1, max_size=14), st.sampled_from(["en", "bg"]))
def test_every_scene_gives_clean_sentences(found: list[tuple[str, Box, bool]], language: str) -> None:
    title, description = _texts(_scene(*(_object(key, box, iscrowd=crowd) for key, box, crowd in found)), language)
    assert title and description
    for text in (title, description):
        assert "  " not in text and text == text.strip()
        assert text[0] == text[0].upper()
    assert not title.endswith(".") and description.endswith(".")


def test_every_category_has_a_plural_in_both_languages() -> None:
    for category in ONTOLOGY:
        assert english.plural(category)
        assert category.plural("bg"), category.key


def test_what_there_are_no_templates_for_is_refused() -> None:
    with pytest.raises(BackendError, match="language 'de'"):
        TEMPLATE.caption([], languages=["de"], kinds=["title"])
    with pytest.raises(BackendError, match="kind 'poem'"):
        TEMPLATE.caption([], languages=["en"], kinds=["poem"])
    with pytest.raises(BackendError, match="no weights"):
        TemplateCaptioner(ONTOLOGY, weights="some.pt")
