"""YOLACT with weights made here; what the official implementation makes of them was written down once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor

from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.ingest import Facts, ingest
from mic21.corpus.store import Corpus
from mic21.drafts.naming import Naming
from mic21.drafts.segment import segment
from mic21.drafts.segmenters import Photograph, Region, Segmenter, load_segmenter
from mic21.drafts.segmenters.instances import to_regions
from mic21.drafts.segmenters.yolact.backbones import DeformableConvolution
from mic21.drafts.segmenters.yolact.configurations import COCO_CLASSES, CONFIGURATIONS, Configuration
from mic21.drafts.segmenters.yolact.detection import assemble, decode, fast_nms, make_priors
from mic21.drafts.segmenters.yolact.network import Yolact
from mic21.drafts.segmenters.yolact.segmenter import prepare
from mic21.errors import BackendError
from mic21.geometry import rle_to_mask
from mic21.ontology import Ontology

ONTO = Ontology.load()
PERSON, GIRAFFE = COCO_CLASSES.index("person"), COCO_CLASSES.index("giraffe")
ASTRONAUT = Path(str(files("skimage") / "data" / "astronaut.png"))
SMALL = Configuration(
    "resnet",
    (1, 1, 1, 1),
    deformable_every=1,
    image_size=256,
    sides=((16, 20), (32, 40), (64, 80), (128, 160), (200, 240)),
    square=False,
    mask_scoring=True,
)
PLAIN = replace(SMALL, mask_scoring=False)


def random_weights(shapes: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights that keep signals in bounds, the same on every machine."""
    random = np.random.RandomState(21)
    weights = {}
    for key in sorted(shapes):
        shape = tuple(shapes[key].shape)
        values = torch.from_numpy(np.asarray(random.standard_normal(shape), dtype=np.float32))
        if len(shape) == 4:
            weights[key] = values / float(np.prod(shape[1:])) ** 0.5
        elif key.endswith("running_var"):
            weights[key] = 1 + values.abs()
        elif key.endswith("num_batches_tracked"):
            weights[key] = torch.zeros((), dtype=torch.long)
        else:
            weights[key] = values / 4 + float(key.endswith("weight"))
    return weights


def empty(configuration: Configuration) -> Yolact:
    """The network without memory for its tensors."""
    with torch.device("meta"):
        return Yolact(configuration).eval()


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """Random, but for what it sees: people and, less surely, giraffes, where the picture's features say so."""
    weights = random_weights(empty(SMALL).state_dict())
    weights["prediction_layers.0.conf_layer.weight"] *= 3
    bias = torch.full((6, 81), -9.0)
    bias[:, 0], bias[:, 1 + PERSON], bias[:, 1 + GIRAFFE] = 5.5, 0, 1
    weights["prediction_layers.0.conf_layer.bias"] = bias.flatten()
    weights["maskiou_net.maskiou_net.10.weight"].zero_()
    weights["maskiou_net.maskiou_net.10.bias"] = torch.linspace(0.6, 1, 80)  # the IoU it expects: a class has one
    return weights


@pytest.fixture(scope="module")
def file(weights: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("weights")
    torch.save(weights, folder / "small_54_800000.pth", _use_new_zipfile_serialization=False)  # as in 2019
    plain = {key: value for key, value in weights.items() if not key.startswith("maskiou_net")}
    safetensors.torch.save_file(plain, folder / "plain.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CONFIGURATIONS, "small", SMALL)
        patch.setitem(CONFIGURATIONS, "plain", PLAIN)
        yield folder / "small_54_800000.pth"


@pytest.fixture(scope="module")
def segmenter(file: Path) -> Segmenter:
    return load_segmenter("yolact", ONTO, weights=str(file), min_score=0.3)


def photograph() -> np.ndarray:
    return np.asarray(Image.open(ASTRONAUT).convert("RGB"))


# As the official implementation has them: parameters, tensors, deformable convolutions, prior boxes.
OFFICIAL = {
    "yolact_base": (50_157_071, 660, 0, 19_248),
    "yolact_im400": (50_157_071, 660, 0, 10_077),
    "yolact_im700": (50_157_071, 660, 0, 30_963),
    "yolact_resnet50": (31_164_943, 354, 0, 19_248),
    "yolact_darknet53": (47_783_087, 348, 0, 19_248),
    "yolact_resnet50_pascal": (30_734_623, 354, 0, 19_248),
    "yolact_plus_base": (52_571_142, 705, 11, 57_744),
    "yolact_plus_resnet50": (33_766_460, 405, 13, 57_744),
}


@pytest.mark.parametrize("name", OFFICIAL)
def test_tensors_are_those_of_the_official_files(name: str) -> None:
    network = empty(CONFIGURATIONS[name])
    tensors = network.state_dict()
    deformable = sum(key.endswith("conv_offset_mask.weight") for key in tensors)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert (parameters, len(tensors), deformable, len(network.priors)) == OFFICIAL[name]
    backbone = (
        {"backbone._preconv.1.running_mean", "backbone.layers.3.0.0.weight", "backbone.layers.4.4.conv2.1.bias"}
        if "darknet" in name
        else {"backbone.bn1.running_var", "backbone.layers.0.0.downsample.1.bias", "backbone.layers.3.2.conv2.weight"}
    )
    assert tensors.keys() >= backbone | {
        "fpn.lat_layers.2.bias",
        "fpn.pred_layers.0.weight",
        "fpn.downsample_layers.1.weight",
        "proto_net.8.weight",
        "proto_net.10.bias",
        "prediction_layers.0.upfeature.0.weight",
        "prediction_layers.0.mask_layer.bias",
        "semantic_seg_conv.weight",
    }
    assert ("maskiou_net.maskiou_net.10.weight" in tensors) == ("plus" in name)


# Mean, standard deviation, first and last value of what the official implementation gave for these weights and image.
OFFICIAL_OUTPUTS = {
    "yolact_darknet53": [
        (-0.015597, 2.7542, -1.3147, -0.47089),
        (0.012346, 0.043988, 0.028022, 0.0065827),
        (0.17163, 0.76203, -0.84667, -0.38454),
        (0.28803, 0.48251, 0.361, 0.22713),
    ],
    "yolact_plus_resnet50": [
        (0.0062725, 0.62463, 0.81135, -0.18494),
        (0.012346, 0.0089818, 0.027332, 0.01156),
        (0.018407, 0.51284, -0.089212, 0.26189),
        (0.17922, 0.22482, 0.3135, 0.0),
    ],
}


def figures(tensor: Tensor) -> list[float]:
    return [float(value) for value in (tensor.mean(), tensor.std(), tensor.flatten()[0], tensor.flatten()[-1])]


@pytest.mark.parametrize("name", OFFICIAL_OUTPUTS)
@torch.inference_mode()
def test_outputs_are_those_of_the_official_implementation(name: str) -> None:
    network = empty(CONFIGURATIONS[name])
    network.load_state_dict(random_weights(network.state_dict()), assign=True)
    image = torch.from_numpy(np.random.RandomState(7).standard_normal((1, 3, 128, 160)).astype(np.float32))
    outputs = network(image)
    found = [outputs.offsets, outputs.scores, outputs.coefficients, outputs.prototypes]
    for tensor, expected in zip(found, OFFICIAL_OUTPUTS[name], strict=True):
        assert figures(tensor) == pytest.approx(expected, rel=1e-3, abs=1e-5)
    if "plus" in name:
        masks = torch.from_numpy(np.random.RandomState(8).uniform(size=(2, 1, 138, 138)).astype(np.float32))
        assert figures(network.maskiou_net(masks)) == pytest.approx((0.21052, 0.27124, 0.25426, 0), rel=1e-3, abs=1e-5)


def test_prior_boxes_lie_row_by_row_with_all_shapes_at_each_place() -> None:
    base = make_priors(CONFIGURATIONS["yolact_base"])
    half, side = 2**0.5 / 2, 24 / 550
    first = 0.5 / 69
    assert base[:3].tolist() == [
        pytest.approx([first, first, side * scale, side * scale], rel=1e-6) for scale in (1, half, 1 / half)
    ]
    assert base[3, :2].tolist() == pytest.approx([1.5 / 69, first], rel=1e-6)
    assert base[-1].tolist() == pytest.approx([0.9, 0.9, 384 / 550 / half, 384 / 550 / half], rel=1e-6)
    plus = make_priors(CONFIGURATIONS["yolact_plus_base"])
    assert plus[1, 2:].tolist() == pytest.approx([side * half, side / half], rel=1e-6)
    assert plus[3, 2:].tolist() == pytest.approx([side * 2 ** (1 / 3)] * 2, rel=1e-6)


def test_offsets_move_and_scale_prior_boxes() -> None:
    prior = torch.tensor([[0.5, 0.4, 0.2, 0.1]])
    assert decode(torch.zeros(1, 4), prior)[0].tolist() == pytest.approx([0.4, 0.35, 0.6, 0.45])
    moved = decode(torch.tensor([[5.0, -10.0, 5 * np.log(2.0), 0.0]]), prior)  # half a width, a whole height
    assert moved[0].tolist() == pytest.approx([0.4, 0.25, 0.8, 0.35])


def overlap(one: list[float], other: list[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared)


def slow_fast_nms(boxes: list[list[float]], scores: list[list[float]]) -> list[tuple[int, int]]:
    """By its definition: of the 200 best of a class, those that no better one overlaps by more than half."""
    kept = []
    for label, row in enumerate(scores):
        order = sorted(range(len(row)), key=lambda index: -row[index])[:200]
        for rank, index in enumerate(order):
            if all(overlap(boxes[better], boxes[index]) <= 0.5 for better in order[:rank]):
                kept.append((row[index], label, index))
    return [(label, index) for _, label, index in sorted(kept, reverse=True)[:100]]


@pytest.mark.parametrize("min_score", [0.0, 0.4, 0.97, 1.0])
def test_fast_nms_is_its_definition(min_score: float) -> None:
    torch.manual_seed(21)
    corners = torch.rand(260, 2)
    boxes = torch.cat((corners, corners + 0.05 + torch.rand(260, 2) * 0.5), dim=1)
    scores = torch.rand(5, 260)
    expected = slow_fast_nms(boxes.tolist(), scores.tolist())
    classes, index = fast_nms(boxes, scores, min_score=min_score)
    assert len(expected) == 100 and scores[expected[-1]] < 0.97
    assert list(zip(classes.tolist(), index.tolist(), strict=True)) == [
        (label, box) for label, box in expected if scores[label, box] > min_score
    ]


def test_fast_nms_lets_suppressed_boxes_suppress() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 1], [3, 0, 13, 1], [6, 0, 16, 1]])  # each overlaps the next by more than half
    assert fast_nms(boxes, torch.tensor([[0.9, 0.8, 0.7]]))[1].tolist() == [0]
    assert fast_nms(boxes[[0, 2]], torch.tensor([[0.9, 0.7]]))[1].tolist() == [0, 1]


def test_masks_are_sums_of_prototypes_cut_at_the_box_and_a_pixel() -> None:
    prototypes = torch.zeros(2, 4, 8)
    prototypes[0] = 1
    prototypes[1, :, 4:] = 3  # the right half
    boxes = torch.tensor([[0.375, 0.5, 0.625, 0.75], [0.0, 0.0, 1.0, 1.0]])
    masks = assemble(prototypes, torch.tensor([[2.0, -1.0], [0.0, 0.0]]), boxes)
    left, right = torch.tensor(2.0).sigmoid(), torch.tensor(-1.0).sigmoid()
    expected = torch.zeros(4, 8)
    expected[1:4, 2:4], expected[1:4, 4:6] = left, right  # columns 3 and 4, row 2, and one more on each side
    assert torch.equal(masks[0], expected)
    assert torch.equal(masks[1], torch.full((4, 8), 0.5))
    # Half is outside, as where all prototypes are nought.
    naming = Naming(ONTO, ONTO.label_map("coco-80"))
    (region,) = to_regions(naming, None, (4, 8), ["person", "person"], [0.9, 0.8], masks)
    assert np.array_equal(rle_to_mask(region.rle), expected.numpy() > 0.5)


@torch.inference_mode()
def test_deformable_convolution_is_its_definition() -> None:
    torch.manual_seed(21)
    layer = DeformableConvolution(2, stride=2)
    features = torch.randn(1, 2, 5, 6)
    learned = layer.conv_offset_mask(features)[0] * 3
    layer.conv_offset_mask.weight.mul_(3)
    layer.conv_offset_mask.bias.mul_(3)
    output = layer(features)[0]

    def sample(y: float, x: float) -> Tensor:
        value = torch.zeros(2)
        for row in (int(np.floor(y)), int(np.floor(y)) + 1):
            for column in (int(np.floor(x)), int(np.floor(x)) + 1):
                if 0 <= row < 5 and 0 <= column < 6:
                    value += features[0, :, row, column] * (1 - abs(y - row)) * (1 - abs(x - column))
        return value

    expected = torch.zeros_like(output)
    for y in range(output.shape[1]):
        for x in range(output.shape[2]):
            total = layer.bias.clone()
            for tap in range(9):
                down, right = learned[2 * tap, y, x].item(), learned[2 * tap + 1, y, x].item()
                value = sample(2 * y - 1 + tap // 3 + down, 2 * x - 1 + tap % 3 + right)
                total += layer.weight[:, :, tap // 3, tap % 3] @ value * learned[18 + tap, y, x].sigmoid()
            expected[:, y, x] = total
    torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-5)


def test_photographs_become_normalised_squares_of_red_green_and_blue() -> None:
    red = np.zeros((20, 30, 3), dtype=np.uint8)
    red[..., 0] = 255
    resnet = prepare(red, CONFIGURATIONS["yolact_im400"])
    assert resnet.shape == (3, 400, 400)
    assert resnet[:, 0, 0].tolist() == pytest.approx([131.32 / 58.4, -116.78 / 57.12, -103.94 / 57.38])
    assert prepare(red, CONFIGURATIONS["yolact_darknet53"])[:, 0, 0].tolist() == [1, 0, 0]


def slow_regions(weights: dict[str, Tensor], image: np.ndarray) -> list[tuple[str, float, np.ndarray]]:
    """What the network says of an image, put together one object at a time."""
    network = empty(SMALL)
    network.load_state_dict(weights, assign=True)
    with torch.inference_mode():
        output = network(prepare(image, SMALL)[None])
        boxes = decode(output.offsets[0], make_priors(SMALL))
        scores = output.scores[0, :, 1:]
        seen = (scores.amax(1) > 0.05).nonzero()[:, 0]
        found = []
        labels = (PERSON, GIRAFFE)
        for row, index in slow_fast_nms(boxes[seen].tolist(), scores[seen][:, labels].T.tolist()):
            label, place = labels[row], seen[index]
            score = scores[place, label].item()
            if score <= 0.3:
                continue
            prototypes = output.prototypes[0]
            mask = assemble(prototypes, output.coefficients[0, place][None], boxes[place][None])
            score *= network.maskiou_net(mask[None])[0, label].item()
            mask = torch.nn.functional.interpolate(mask[None], size=image.shape[:2], mode="bilinear")[0, 0]
            if score > 0.3 and (mask > 0.5).any():
                found.append((COCO_CLASSES[label], score, (mask > 0.5).numpy()))
    return sorted(found, key=lambda region: -region[1])


def test_regions_are_what_the_definitions_give(segmenter: Segmenter, weights: dict[str, Tensor]) -> None:
    image = photograph()
    (regions,) = segmenter.segment([Photograph(image)])
    expected = slow_regions(weights, image)
    assert {label for label, _, _ in expected} == {"person", "giraffe"}
    assert [region.label for region in regions] == [label for label, _, _ in expected]
    for region, (_, score, mask) in zip(regions, expected, strict=True):
        assert region.score == pytest.approx(min(1, score), abs=1e-4)
        assert (rle_to_mask(region.rle).astype(bool) != mask).mean() < 1e-4


def same(one: list[Region], other: list[Region]) -> bool:
    return len(one) == len(other) and all(
        a.label == b.label
        and abs(a.score - b.score) <= 2e-4
        and (rle_to_mask(a.rle) != rle_to_mask(b.rle)).mean() < 1e-4
        for a, b in zip(one, other, strict=True)
    )


def test_a_batch_gives_what_its_photographs_give_alone(segmenter: Segmenter) -> None:
    batch = [Photograph(photograph()), Photograph(photograph()[:200, ::-1].copy())]
    together = segmenter.segment(batch)
    assert [rle_to_mask(regions[0].rle).shape for regions in together] == [(512, 512), (200, 512)]
    assert all(same(regions, segmenter.segment([one])[0]) for one, regions in zip(batch, together, strict=True))


def test_mask_scoring_multiplies_the_scores(segmenter: Segmenter, file: Path) -> None:
    plain = load_segmenter("yolact", ONTO, weights=f"plain:{file.parent / 'plain.safetensors'}", min_score=0.3)
    (scored,), (unscored,) = (one.segment([Photograph(photograph())]) for one in (segmenter, plain))
    expected = {"person": 0.6, "giraffe": 0.6 + 0.4 * GIRAFFE / 79}
    products = [(region.score * expected[region.label], region.rle) for region in unscored]
    assert 0 < len(scored) < len(unscored)
    assert {region.rle: pytest.approx(region.score, abs=1e-4) for region in scored} == {
        rle: score for score, rle in products if score > 0.3
    }


def test_the_step_drafts_on_a_real_photograph(segmenter: Segmenter, tmp_path: Path) -> None:
    corpus = Corpus.create(tmp_path / "corpus")
    ingest(corpus, [ASTRONAUT], facts=Facts(subdomain="violinist", license="CC0-1.0"))
    report = segment(corpus, segmenter, unmapped="drop")
    (regions,) = segmenter.segment([Photograph(photograph(), "violinist")])
    people = [region for region in regions if region.label == "person"]
    drafts = corpus.annotations(status="draft").to_pylist()
    assert people and report.unmapped == {"giraffe": len(regions) - len(people)}
    assert [(draft["category_id"], draft["score"]) for draft in drafts] == [
        (ONTO["violinist"].id, region.score) for region in people
    ]
    assert [segmentation_rle(draft["segmentation"], 512, 512) for draft in drafts] == [region.rle for region in people]
    assert segment(corpus, segmenter, unmapped="drop").images == 0


def test_files_of_version_1_have_tensors_too_many(weights: dict[str, Tensor], segmenter: Segmenter, file: Path) -> None:
    old = {**weights, "backbone.layer1.0.conv1.weight": torch.zeros(3), "fpn.downsample_layers.2.bias": torch.zeros(3)}
    old = {key: value for key, value in old.items() if not key.endswith("num_batches_tracked")}
    torch.save(old, file.parent / "old.pth")
    loaded = load_segmenter("yolact", ONTO, weights=f"small:{file.parent / 'old.pth'}", min_score=0.3)
    assert loaded.signature == segmenter.signature


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("", "NAME one of yolact_base, .*; found ''"),
        ("no_such_54_800000.pth", "official name such as yolact_base_54_800000.pth, .*; found 'no_such_54_800000.pth'"),
        ("yolact_base_54_800000.pth", "yolact_base_54_800000.pth: expected weights"),
        ("small:{folder}/pickle.pth", "pickle.pth: expected weights"),
        (
            "plain:{folder}/small_54_800000.pth",
            r"expected the tensors of plain, found 12 unknown \(such as maskiou_net.maskiou_net.0.bias\)",
        ),
        (
            "yolact_im400:{folder}/other.pth",
            r"555 missing \(such as backbone.bn1.bias\), 1 of another shape \(such as .*conv1.weight\), 1 unknown",
        ),
    ],
)
def test_what_is_no_weights_of_ours_is_refused(named: str, message: str, file: Path) -> None:
    torch.save(print, file.parent / "pickle.pth")
    torch.save({"backbone.conv1.weight": torch.zeros(2), "w": torch.zeros(2)}, file.parent / "other.pth")
    with pytest.raises(BackendError, match=message):
        load_segmenter("yolact", ONTO, weights=named.format(folder=file.parent))
