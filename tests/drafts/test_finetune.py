"""Fine-tuning, on scenes whose masks are known: a small Mask R-CNN must learn to find what was drawn."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from mic21.cli import run
from mic21.drafts.finetune import load_learner
from mic21.drafts.finetune.examples import read_samples, to_example
from mic21.drafts.finetune.report import FinetuneReport
from mic21.drafts.finetune.step import finetune
from mic21.drafts.segmenters import Photograph, load_segmenter
from mic21.errors import BackendError, OntologyError, ReleaseError, UsageError
from mic21.geometry import bbox, rle_to_mask, segmentation_to_rle
from mic21.ontology import Ontology
from mic21.release.reader import Release

from .scenes import SHAPES, build, scene

ONTO = Ontology.load()
IDS = {ONTO[key].id: number for number, key in enumerate(SHAPES)}
SMALL: dict[str, Any] = {"weights": "small_maskrcnn", "from_scratch": True}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return build(tmp_path_factory.mktemp("scenes"), 100)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return build(tmp_path_factory.mktemp("few"), 40)


@pytest.fixture(scope="module")
def detector(release: Release, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FinetuneReport]:
    folder = tmp_path_factory.mktemp("detector") / "chess"
    options = {"batch_size": 4, "learning_rate": 4e-3, "max_steps": 280, "patience": 100}
    return folder, finetune(release, "chess", "torchvision", folder, **SMALL, **options)


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(folder / "model.safetensors")


def test_it_learns_to_find_what_was_drawn(detector: tuple[Path, FinetuneReport]) -> None:
    folder, report = detector
    assert report.test["AP50"] is not None
    assert report.test["AP50"] > 0.5
    assert report.categories == list(SHAPES)
    assert FinetuneReport.model_validate_json((folder / "report.json").read_bytes()) == report
    assert {file.name for file in folder.iterdir()} == {"model.json", "model.safetensors", "report.json"}
    best = max(report.evaluations, key=lambda one: one.ap)
    assert report.best_step == best.step


def test_what_it_wrote_segments_at_once(detector: tuple[Path, FinetuneReport]) -> None:
    segmenter = load_segmenter("torchvision", ONTO, weights=str(detector[0]))
    random = np.random.default_rng(7)
    right = found = 0
    for _ in range(10):
        pixels, drawn = scene(random)
        (regions,) = segmenter.segment([Photograph(pixels, "chess")])
        for shape, mask in drawn:
            found += 1
            right += any(
                IDS[region.category_id or 0] == shape and _iou(rle_to_mask(region.rle), mask) > 0.5
                for region in regions
            )
    assert right > found / 2


def _iou(a: Any, b: Any) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_the_same_seed_gives_the_same_weights(few: Release, tmp_path: Path) -> None:
    for name, seed in {"a": 1, "b": 1, "c": 2}.items():
        finetune(few, "chess", "torchvision", tmp_path / name, **SMALL, max_steps=3, seed=seed)
    files = {name: (tmp_path / name / "model.safetensors").read_bytes() for name in "abc"}
    assert files["a"] == files["b"] != files["c"]
    assert (tmp_path / "a" / "report.json").read_bytes() == (tmp_path / "b" / "report.json").read_bytes()


def test_it_stops_when_the_figure_no_longer_rises(few: Release, tmp_path: Path) -> None:
    options = {"learning_rate": 0.0, "patience": 2, "epochs": 9, "batch_size": 16}
    seen: list[int] = []
    report = finetune(
        few, "chess", "torchvision", tmp_path / "out", **SMALL, **options,
        on_evaluation=lambda one: seen.append(one.step),
    )  # fmt: skip
    assert seen == [one.step for one in report.evaluations] == [2, 4, 6]
    assert report.best_step == 2


def test_a_killed_run_leaves_the_best_weights_so_far(few: Release, tmp_path: Path) -> None:
    def stop(step: int, _: int) -> None:
        if step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finetune(few, "chess", "torchvision", tmp_path / "out", **SMALL, batch_size=16, on_progress=stop)
    load_segmenter("torchvision", ONTO, weights=str(tmp_path / "out"))
    assert not (tmp_path / "out" / "report.json").exists()


def test_it_starts_from_weights_where_the_classes_are_the_same_and_where_not(
    detector: tuple[Path, FinetuneReport], tmp_path: Path
) -> None:
    start = tensors(detector[0])
    for name, categories in {"same": SHAPES, "other": ("trophy",)}.items():
        learner = load_learner("torchvision", categories, weights=str(detector[0]), learning_rate=1e-4, steps=1, seed=0)
        learner.save(tmp_path / name)
    same, other = tensors(tmp_path / "same"), tensors(tmp_path / "other")
    assert all(torch.equal(same[name], tensor) for name, tensor in start.items())
    changed = {name for name, tensor in start.items() if not torch.equal(other[name], tensor)}
    heads = ("box_predictor.cls_score", "box_predictor.bbox_pred", "mask_predictor.mask_fcn_logits")
    assert changed == {f"roi_heads.{head}.{part}" for head in heads for part in ("weight", "bias")}


def test_examples_are_the_masks_of_the_release(few: Release) -> None:
    sample = max(read_samples(few, "chess", "train"), key=lambda sample: len(sample.annotations))
    example, flipped = (to_example(sample, IDS, flipped=flipped) for flipped in (False, True))
    rles = [segmentation_to_rle(one["segmentation"], 128, 128) for one in sample.annotations]
    assert (example.image == np.asarray(sample.image)).all()
    assert (example.masks == np.stack([rle_to_mask(rle) for rle in rles])).all()
    assert example.boxes.tolist() == [[x, y, x + w, y + h] for x, y, w, h in map(bbox, rles)]
    assert example.classes.tolist() == [IDS[one["category_id"]] for one in sample.annotations]
    assert (flipped.image[:, ::-1] == example.image).all()
    assert (flipped.masks[:, :, ::-1] == example.masks).all()
    assert flipped.boxes.tolist() == [[128 - x1, y0, 128 - x0, y1] for x0, y0, x1, y1 in example.boxes.tolist()]


def test_crowds_and_other_categories_are_no_examples(few: Release) -> None:
    sample = read_samples(few, "chess", "train")[0]
    first = sample.annotations[0]
    crowd = replace(sample, annotations=[{**first, "iscrowd": 1}, {**first, "category_id": ONTO["pen"].id}, first])
    assert len(to_example(crowd, IDS).masks) == 1


def test_a_large_photograph_is_made_smaller_with_its_masks(few: Release, tmp_path: Path) -> None:
    sample = read_samples(few, "chess", "train")[0]
    Image.new("RGB", (2666, 400)).save(tmp_path / "large.png")
    mask = {"size": [400, 2666], "counts": [0, 400 * 1333, 400 * 1333]}
    large = replace(
        sample,
        image_bytes=(tmp_path / "large.png").read_bytes(),
        annotations=[{**sample.annotations[0], "segmentation": mask}],
    )
    example = to_example(large, IDS)
    assert (example.image.shape, example.masks.shape) == ((200, 1333, 3), (1, 200, 1333))
    assert example.boxes.tolist() in ([[0, 0, 666, 200]], [[0, 0, 667, 200]])


@pytest.mark.parametrize(
    ("subdomain", "options", "error", "message"),
    [
        ("chess", {"batch_size": 0}, UsageError, "batch_size: expected 1 or more, found 0"),
        ("chess", {"backend": "yolo"}, BackendError, "learner: expected one of detectron2, torchvision, found 'yolo'"),
        ("chess", {"weights": "no_such_model"}, BackendError, "expected a model such as maskrcnn_resnet50_fpn"),
        ("chess", {"weights": "fcos_resnet50_fpn"}, BackendError, "expected a Mask R-CNN, found fcos_resnet50_fpn"),
        ("chess", {"weights": "small_maskrcnn:nowhere.pth", "from_scratch": False}, BackendError, "nowhere.pth"),
        ("chess", {"out": "."}, BackendError, "expected a folder that is not there yet"),
        ("skiing", {}, ReleaseError, "expected objects of skiing in train, found none in 0 photographs"),
        ("ches", {}, OntologyError, "ches"),
    ],
)
def test_what_cannot_be_learnt_is_refused(
    few: Release, subdomain: str, options: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    given = {"backend": "torchvision", "out": tmp_path / "out", **SMALL, **options}
    with pytest.raises(error, match=message):
        finetune(few, subdomain, given.pop("backend"), given.pop("out"), **given)
    assert not (tmp_path / "out").exists()


def test_a_loss_that_is_no_number_stops_it(few: Release, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="expected a finite loss, found"):
        finetune(few, "chess", "torchvision", tmp_path / "out", **SMALL, learning_rate=1e30, max_steps=9)


def test_the_command_reports_what_came_of_it(few: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "out")
    options = ["--weights", "small_maskrcnn", "--from-scratch", "--max-steps", "2"]
    assert run(["finetune", str(few.path), "--subdomain", "chess", "--out", folder, *options, "--json"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out) == json.loads((tmp_path / "out" / "report.json").read_bytes())
    assert output.err.startswith("step 2: loss ")
