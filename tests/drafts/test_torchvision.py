"""torchvision's Mask R-CNN, real in all but its weights, which are made so that its answers are known."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torchvision.models import get_model, get_model_weights

from mic21.corpus.ingest import ingest
from mic21.corpus.metadata import Facts
from mic21.corpus.store import Corpus
from mic21.drafts.segment import segment
from mic21.drafts.segmenters import Photograph, Segmenter, load_segmenter
from mic21.drafts.segmenters.torchvision import make_network
from mic21.errors import BackendError
from mic21.geometry import rle_to_mask
from mic21.ontology import Ontology

from ..conftest import MINI

NAME = "maskrcnn_resnet50_fpn"
PERSON, GIRAFFE = 1, 25  # of COCO's 91 classes
ONTO = Ontology.load()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights, but for the boxes and scores: people and giraffes, most as large as the picture."""
    torch.manual_seed(21)
    weights = get_model(NAME, weights=None, weights_backbone=None).state_dict()
    for layer in ("cls_score", "bbox_pred"):
        weights[f"roi_heads.box_predictor.{layer}.weight"].zero_()
    weights["roi_heads.box_predictor.cls_score.bias"][[PERSON, GIRAFFE]] = torch.tensor([9.0, 8.5])
    weights["roi_heads.box_predictor.bbox_pred.bias"].view(-1, 4)[:, 2:] = 20  # the whole picture
    weights["roi_heads.mask_predictor.mask_fcn_logits.bias"][PERSON] = 0.5
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    safetensors.torch.save_file(weights, path)
    return path


@pytest.fixture(scope="module")
def segmenter(file: Path) -> Segmenter:
    return load_segmenter("torchvision", ONTO, weights=f"{NAME}:{file}", min_score=0.2)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(21).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_regions_are_what_the_model_gives(segmenter: Segmenter, file: Path) -> None:
    image = picture(120, 160)
    (regions,) = segmenter.segment([Photograph(image)])
    model = get_model(NAME, weights=None, weights_backbone=None, box_score_thresh=0.2).eval()
    model.load_state_dict(safetensors.torch.load_file(file))
    with torch.inference_mode():
        (output,) = model([torch.from_numpy(image).permute(2, 0, 1) / 255])
    masks = output["masks"][:, 0].numpy() >= 0.5
    expected = [
        (round(score, 4), ["person", "giraffe"][label == GIRAFFE], mask.tobytes())
        for score, label, mask in zip(output["scores"].tolist(), output["labels"].tolist(), masks, strict=True)
        if mask.any()
    ]
    assert {label for _, label, _ in expected} == {"person", "giraffe"}
    assert [
        (region.score, region.label, rle_to_mask(region.rle).astype(bool).tobytes()) for region in regions
    ] == expected


def test_masks_of_large_photographs_have_their_size(segmenter: Segmenter) -> None:
    (regions,) = segmenter.segment([Photograph(picture(1600, 2000))])
    assert {rle_to_mask(region.rle).shape for region in regions} == {(1600, 2000)}


def test_what_no_category_of_the_theme_fits_is_kept_or_dropped(segmenter: Segmenter, tmp_path: Path) -> None:
    corpus = Corpus.create(tmp_path / "corpus")
    ingest(corpus, [next((MINI / "images").iterdir())], facts=Facts(subdomain="violinist", license="CC0-1.0"))
    kept = segment(corpus, segmenter)
    names = corpus.annotations(status="draft").to_pandas().groupby("category_id").size().to_dict()
    (unmapped,) = [id for id, (name, key) in corpus.imported_categories().items() if name == "unmapped:giraffe"]
    assert names == {ONTO["violinist"].id: kept.drafts - kept.unmapped["giraffe"], unmapped: kept.unmapped["giraffe"]}
    dropped = segment(corpus, segmenter, unmapped="drop")
    assert (dropped.drafts, dropped.unmapped) == (kept.drafts - kept.unmapped["giraffe"], kept.unmapped)
    assert set(corpus.annotations(status="draft")["category_id"].to_pylist()) == {ONTO["violinist"].id}


def test_classes_stand_beside_the_weights_and_mean_what_the_labels_say(tmp_path: Path) -> None:
    torch.manual_seed(21)
    weights = make_network("small_maskrcnn", 3).state_dict()
    for layer in ("cls_score", "bbox_pred"):
        weights[f"roi_heads.box_predictor.{layer}.weight"].zero_()
    weights["roi_heads.box_predictor.cls_score.bias"][1] = 9.0
    weights["roi_heads.box_predictor.bbox_pred.bias"].view(-1, 4)[:, 2:] = 20  # the whole picture
    weights["roi_heads.mask_predictor.mask_fcn_logits.bias"][1] = 0.5
    safetensors.torch.save_file(weights, tmp_path / "own.safetensors")
    place = f"small_maskrcnn:{tmp_path}/own.safetensors"
    for name, labels, key in (("violin", None, "violin"), ("cat", "coco-80", "cat"), ("violin", "coco-80", None)):
        (tmp_path / "own.json").write_text(json.dumps({"thing_classes": [name, "dog"]}))
        loaded = load_segmenter("torchvision", ONTO, weights=place, labels=labels)
        (regions,) = loaded.segment([Photograph(picture(96, 128))])
        assert {(region.label, region.category_id) for region in regions} == {(name, key and ONTO[key].id)}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("no_such_model", "expected a model such as maskrcnn_resnet50_fpn"),
        (f"{NAME}:nowhere.pth", "nowhere.pth: expected weights"),
        (f"{NAME}:{{pickle}}", "expected weights"),
        (f"{NAME}:{{other}}", "expected the tensors of maskrcnn_resnet50_fpn"),
    ],
)
def test_bad_weights_are_refused(weights: str, message: str, tmp_path: Path) -> None:
    torch.save(print, tmp_path / "pickle.pth")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pth")
    place = weights.format(pickle=tmp_path / "pickle.pth", other=tmp_path / "other.pth")
    with pytest.raises(BackendError, match=message):
        load_segmenter("torchvision", ONTO, weights=place)


def test_published_weights_are_not_unpickled_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that somebody else put a pickle into; torch keeps it where it looks before it downloads."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    url = get_model_weights(NAME).DEFAULT.url
    torch.save(print, tmp_path / "hub/checkpoints" / url.rpartition("/")[2])
    with pytest.raises(BackendError, match="expected weights, found a download that holds more"):
        load_segmenter("torchvision", ONTO, weights=NAME)


def test_a_backend_of_no_package_index_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "detectron2.data", None)
    for module in ("mic21.drafts.segmenters.detectron2", "mic21.networks.detectron2_models"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(BackendError, match=r"missing .*git\+https://github.com/facebookresearch/detectron2"):
        load_segmenter("detectron2", ONTO)


def test_an_option_that_a_backend_lacks_is_refused() -> None:
    with pytest.raises(BackendError, match="segmenter 'embedded': it has no option --min-score"):
        load_segmenter("embedded", ONTO, min_score=0.5)
