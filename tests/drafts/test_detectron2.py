"""Models of detectron2, real in all but their size and weights; skipped where detectron2 is not installed."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from mic21.drafts.finetune import load_learner
from mic21.drafts.finetune.step import finetune
from mic21.drafts.segmenters import Photograph, Region, load_segmenter
from mic21.errors import BackendError
from mic21.geometry import rle_to_mask
from mic21.ontology import Ontology

from .scenes import build

pytest.importorskip("detectron2")
pytestmark = [pytest.mark.detectron2, pytest.mark.filterwarnings("ignore::FutureWarning")]

from detectron2.checkpoint import DetectionCheckpointer  # noqa: E402
from detectron2.config import CfgNode, LazyConfig, get_cfg, instantiate  # noqa: E402
from detectron2.data.transforms import ResizeShortestEdge  # noqa: E402
from detectron2.engine import DefaultPredictor  # noqa: E402
from detectron2.modeling import build_model  # noqa: E402
from detectron2.projects.point_rend import add_pointrend_config  # noqa: E402
from detectron2.solver import build_lr_scheduler, build_optimizer  # noqa: E402

ONTO = Ontology.load()
PERSON, GIRAFFE = 0, 23  # of COCO's 80 classes
SMALL = """
MODEL:
  META_ARCHITECTURE: GeneralizedRCNN
  MASK_ON: True
  BACKBONE: {NAME: build_resnet_fpn_backbone}
  RESNETS: {STEM_OUT_CHANNELS: 8, RES2_OUT_CHANNELS: 16, WIDTH_PER_GROUP: 4, OUT_FEATURES: [res2, res3, res4, res5]}
  FPN: {IN_FEATURES: [res2, res3, res4, res5], OUT_CHANNELS: 16}
  ANCHOR_GENERATOR: {SIZES: [[32], [64], [128], [256], [512]]}
  RPN: {IN_FEATURES: [p2, p3, p4, p5, p6], PRE_NMS_TOPK_TEST: 100, POST_NMS_TOPK_TEST: 30}
  ROI_HEADS: {NAME: StandardROIHeads, IN_FEATURES: [p2, p3, p4, p5]}
  ROI_BOX_HEAD: {NAME: FastRCNNConvFCHead, NUM_FC: 1, FC_DIM: 16, POOLER_RESOLUTION: 7}
  ROI_MASK_HEAD: {NAME: MaskRCNNConvUpsampleHead, NUM_CONV: 1, CONV_DIM: 16, POOLER_RESOLUTION: 14}
DATASETS: {TEST: [coco_2017_val]}
INPUT: {MIN_SIZE_TEST: 128, MAX_SIZE_TEST: 200}
"""
KINDS = {
    "mask_rcnn": {},
    "cascade": {
        "MODEL": {"ROI_HEADS": {"NAME": "CascadeROIHeads"}, "ROI_BOX_HEAD": {"CLS_AGNOSTIC_BBOX_REG": True}}
    },
    "point_rend": {
        "MODEL": {
            "ROI_MASK_HEAD": {
                "NAME": "PointRendMaskHead", "POOLER_TYPE": "", "FC_DIM": 16, "NUM_FC": 1, "OUTPUT_SIDE_RESOLUTION": 7,
                "IN_FEATURES": ["p2"], "POINT_HEAD_ON": True,
            },
            "POINT_HEAD": {"FC_DIM": 16, "NUM_FC": 1, "IN_FEATURES": ["p2"], "SUBDIVISION_STEPS": 3},
        }
    },
    "rgb": {"INPUT": {"FORMAT": "RGB"}},
}  # fmt: skip
LAZY = """
from detectron2 import model_zoo
model = model_zoo.get_config("common/models/mask_rcnn_fpn.py").model
dataloader = model_zoo.get_config("common/data/coco.py").dataloader
dataloader.test.mapper.augmentations[0].short_edge_length = 128
model.roi_heads.box_head.fc_dims = [16]
model.roi_heads.box_predictor.input_shape.channels = 16
"""


def save_config(folder: Path, changes: dict[str, Any]) -> Path:
    (folder / "small.yaml").write_text(SMALL)
    path = folder / "config.yaml"
    path.write_text(json.dumps({"_BASE_": "small.yaml", **changes}))  # JSON is YAML
    return path


def config_of(path: Path) -> CfgNode:
    config = get_cfg()
    add_pointrend_config(config)
    config.merge_from_file(str(path))
    config.MODEL.DEVICE = "cpu"
    return config


def with_answers(network: Any) -> dict[str, torch.Tensor]:
    """Random weights, but for the scores: everything is a person, or a giraffe; so tame that boxes stay boxes."""
    weights = network.state_dict()
    for name, tensor in weights.items():
        if name.endswith("stem.conv1.weight"):
            tensor.mul_(0.001)
        elif name.endswith("cls_score.weight"):
            tensor.zero_()
        elif name.endswith("cls_score.bias"):
            tensor[[PERSON, GIRAFFE]] = torch.tensor([9.0, 8.5])
    return weights


def save_as_zoo(weights: dict[str, torch.Tensor], path: Path) -> Path:
    arrays = {name: tensor.numpy() for name, tensor in weights.items()}
    path.write_bytes(pickle.dumps({"model": arrays, "__author__": "Detectron2 Model Zoo"}, 2))
    return path


def photographs() -> list[Photograph]:
    random = np.random.default_rng(21)
    shapes = [(90, 120), (200, 100), (90, 120)]
    return [Photograph(random.integers(0, 256, (*shape, 3), dtype=np.uint8), "violinist") for shape in shapes]


def as_theirs(regions: list[Region]) -> list[tuple[float, str, bytes]]:
    return [(region.score, region.label, rle_to_mask(region.rle).astype(bool).tobytes()) for region in regions]


def as_ours(instances: Any) -> list[tuple[float, str, bytes]]:
    rows = zip(instances.scores.tolist(), instances.pred_classes.tolist(), instances.pred_masks.numpy(), strict=True)
    return [
        (round(score, 4), {PERSON: "person", GIRAFFE: "giraffe"}[label], mask.tobytes())
        for score, label, mask in rows
        if mask.any()
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_masks_are_those_of_the_default_predictor_bit_for_bit(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(21)
    path = save_config(tmp_path, KINDS[kind])
    config = config_of(path)
    config.MODEL.WEIGHTS = str(save_as_zoo(with_answers(build_model(config)), tmp_path / "model.pkl"))
    config.MODEL.ROI_HEADS.SCORE_THRESH_TEST = 0.2
    predictor = DefaultPredictor(config)
    segmenter = load_segmenter("detectron2", ONTO, weights=f"{path}:{tmp_path / 'model.pkl'}", min_score=0.2)
    found = [segmenter.segment([photograph])[0] for photograph in photographs()]
    expected = [as_ours(predictor(photograph.image[:, :, ::-1])["instances"]) for photograph in photographs()]
    assert all(expected)
    assert [as_theirs(regions) for regions in found] == expected
    meant = {"person": ONTO["violinist"].id, "giraffe": None}
    assert all(region.category_id == meant[region.label] for regions in found for region in regions)
    # Together, sums come about in another order, which moves a pixel here and there; padding would move many.
    for alone, together in zip(found, segmenter.segment(photographs()), strict=True):
        assert [(one.label, one.score) for one in together] == [(one.label, one.score) for one in alone]
        for one, other in zip(alone, together, strict=True):
            assert (rle_to_mask(one.rle) != rle_to_mask(other.rle)).sum() <= 2


def test_a_lazy_config_gives_what_its_model_gives(tmp_path: Path) -> None:
    torch.manual_seed(21)
    path = tmp_path / "lazy.py"
    path.write_text(LAZY)
    network = instantiate(LazyConfig.load(str(path)).model).eval()
    safetensors.torch.save_file(with_answers(network), tmp_path / "model.safetensors")
    network.roi_heads.box_predictor.test_score_thresh = 0.2
    segmenter = load_segmenter("detectron2", ONTO, weights=f"{path}:{tmp_path / 'model.safetensors'}", min_score=0.2)
    image = photographs()[0].image
    resized = ResizeShortestEdge(128, 1333).get_transform(image).apply_image(image[:, :, ::-1])
    tensor = torch.as_tensor(resized.astype("float32").transpose(2, 0, 1))
    with torch.no_grad():
        (expected,) = network([{"image": tensor, "height": 90, "width": 120}])
    (regions,) = segmenter.segment([Photograph(image)])
    assert regions
    assert as_theirs(regions) == as_ours(expected["instances"])
    again = load_segmenter("detectron2", ONTO, weights=f"{path}:{tmp_path / 'model.safetensors'}", min_score=0.2)
    assert again.signature == segmenter.signature


def test_a_checkpoint_of_a_training_run_and_names_beside_it(tmp_path: Path) -> None:
    torch.manual_seed(21)
    path = save_config(tmp_path, {"MODEL": {"ROI_HEADS": {"NUM_CLASSES": 2}}, "DATASETS": {"TEST": ["of_ours"]}})
    config = config_of(path)
    network = build_model(config)
    network.backbone.bottom_up.stem.conv1.weight.data.mul_(0.001)
    network.roi_heads.box_predictor.cls_score.weight.data.zero_()
    network.roi_heads.box_predictor.cls_score.bias.data[:] = torch.tensor([9.0, 8.5, 0.0])
    optimizer = build_optimizer(config, network)
    rest = {"optimizer": optimizer, "scheduler": build_lr_scheduler(config, optimizer)}
    DetectionCheckpointer(network, str(tmp_path), **rest).save("model_final", iteration=7)
    weights = f"{path}:{tmp_path / 'model_final.pth'}"
    with pytest.raises(BackendError, match=r"found of_ours; name them in .*model_final\.json"):
        load_segmenter("detectron2", ONTO, weights=weights)
    (tmp_path / "model_final.json").write_text('{"thing_classes": ["Chess clock"]}')
    with pytest.raises(BackendError, match="expected the names of its 2 classes, found 1"):
        load_segmenter("detectron2", ONTO, weights=weights)
    (tmp_path / "model_final.json").write_text('{"thing_classes": ["Chess clock", "chess_player"]}')
    (regions,) = load_segmenter("detectron2", ONTO, weights=weights, min_score=0.1).segment(photographs()[:1])
    assert {region.category_id for region in regions} <= {ONTO["chess_clock"].id, ONTO["chess_player"].id, None}
    assert {region.label for region in regions} == {"Chess clock", "chess_player"}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("no_such_model", "expected a model of detectron2's zoo such as COCO-InstanceSegmentation/mask_rcnn_R_50"),
        ("{folder}", "expected a folder that `mic21 finetune` wrote"),
        ("LVISv1-InstanceSegmentation/mask_rcnn_R_50_FPN_1x.yaml", "no weights of it; give a file"),
        ("{folder}/unsafe.yaml:{folder}/other.pkl", "unsafe.yaml: expected a configuration of detectron2"),
        ("{folder}/unknown.yaml:{folder}/other.pkl", "unknown.yaml: expected a configuration of detectron2"),
        ("{folder}/config.yaml", "config.yaml: detectron2 has no weights of it; give a file"),
        ("{folder}/config.yaml:{folder}/nowhere.pth", "nowhere.pth: expected weights"),
        ("{folder}/config.yaml:{folder}/runs.pth", "runs.pth: expected weights"),
        ("{folder}/config.yaml:{folder}/runs.pkl", "which would run when it is read"),
        ("{folder}/config.yaml:{folder}/list.pkl", "list.pkl: expected the arrays of a model"),
        ("{folder}/config.yaml:{folder}/other.pkl", "expected the tensors of the configuration, found no "),
    ],
)
def test_bad_weights_are_refused(weights: str, message: str, tmp_path: Path) -> None:
    save_config(tmp_path, {})
    (tmp_path / "unsafe.yaml").write_text(f"X: !!python/object/apply:os.mkdir ['{tmp_path}/it_ran']")
    (tmp_path / "unknown.yaml").write_text("MODEL: {NO_SUCH_KEY: 1}")
    torch.save(print, tmp_path / "runs.pth")
    (tmp_path / "runs.pkl").write_bytes(pickle.dumps(print))
    (tmp_path / "list.pkl").write_bytes(pickle.dumps([1]))
    save_as_zoo({"weight": torch.zeros(2)}, tmp_path / "other.pkl")
    with pytest.raises(BackendError, match=message):
        load_segmenter("detectron2", ONTO, weights=weights.format(folder=tmp_path))
    assert not (tmp_path / "it_ran").exists()


def test_a_model_without_masks_is_refused(tmp_path: Path) -> None:
    path = save_config(tmp_path, {"MODEL": {"MASK_ON": False}})
    save_as_zoo(with_answers(build_model(config_of(path))), tmp_path / "model.pkl")
    segmenter = load_segmenter("detectron2", ONTO, weights=f"{path}:{tmp_path / 'model.pkl'}")
    with pytest.raises(BackendError, match="expected a model that gives masks"):
        segmenter.segment(photographs()[:1])


LEARNS = {
    "MODEL": {
        "ANCHOR_GENERATOR": {"SIZES": [[16], [24], [32], [48], [64]]},
        "RESNETS": {"DEPTH": 18, "NORM": "BN", "RES2_OUT_CHANNELS": 64},
        "FPN": {"OUT_CHANNELS": 32, "NORM": "BN"},
        "RPN": {"PRE_NMS_TOPK_TRAIN": 200, "POST_NMS_TOPK_TRAIN": 100, "BATCH_SIZE_PER_IMAGE": 64},
        "ROI_HEADS": {"BATCH_SIZE_PER_IMAGE": 24, "POSITIVE_FRACTION": 0.5},
        "ROI_BOX_HEAD": {"FC_DIM": 128},
    }
}


def test_it_learns_and_what_it_wrote_segments_at_once(tmp_path: Path) -> None:
    release = build(tmp_path, 60)
    weights = str(save_config(tmp_path, LEARNS))
    out = tmp_path / "detector"
    report = finetune(
        release, "chess", "detectron2", out, weights=weights, from_scratch=True, batch_size=4, learning_rate=1e-3,
        max_steps=60, patience=100,
    )  # fmt: skip
    losses = [one.loss for one in report.evaluations]
    assert losses[-1] < losses[0] * 0.8
    assert report.best_step > 0
    segmenter = load_segmenter("detectron2", ONTO, weights=str(out), min_score=0.01)
    sample = next(iter(release.samples("test")))
    (regions,) = segmenter.segment([Photograph(np.asarray(sample.image), "chess")])
    assert {region.category_id for region in regions} <= {ONTO["chess_clock"].id, ONTO["chessboard"].id}
    learner = load_learner("detectron2", report.categories, weights=str(out), learning_rate=1e-4, steps=1, seed=0)
    learner.save(tmp_path / "again")
    assert (tmp_path / "again/model.safetensors").read_bytes() == (out / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("new_baselines/mask_rcnn_R_50_FPN_100ep_LSJ.py", "expected a YAML configuration, found a lazy one"),
        ("COCO-PanopticSegmentation/panoptic_fpn_R_50_1x.yaml", "expected a configuration of an R-CNN with masks"),
        ("COCO-Detection/faster_rcnn_R_50_FPN_1x.yaml", "expected a configuration of an R-CNN with masks"),
    ],
)
def test_what_cannot_learn_masks_is_refused(config: str, message: str) -> None:
    with pytest.raises(BackendError, match=message):
        load_learner(
            "detectron2", ["chess_clock"], weights=config, from_scratch=True, learning_rate=1e-4, steps=1, seed=0
        )
