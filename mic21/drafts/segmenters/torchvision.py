"""Mask R-CNN of torchvision, and any model of its that gives boxes, labels, scores and masks."""

import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.models import detection as detection_models
from torchvision.models import get_model, get_model_weights, list_models
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_V2_Weights
from torchvision.ops import FrozenBatchNorm2d

from mic21.drafts.naming import Naming, meanings_by_name
from mic21.drafts.segmenters import Photograph, Region
from mic21.drafts.segmenters.instances import scaled, to_regions
from mic21.drafts.segmenters.small_maskrcnn import small_maskrcnn
from mic21.errors import BackendError
from mic21.networks.detector import WEIGHTS, read_classes, read_detector
from mic21.networks.weights import RUNS_CODE, digest_weights, read_state_dict, torch_device
from mic21.ontology import Ontology

DEFAULT = "maskrcnn_resnet50_fpn_v2"
LABEL_SET = "coco-80"
COCO_LABELS = MaskRCNN_ResNet50_FPN_V2_Weights.DEFAULT.meta["categories"]
_LONGEST = 1333  # pixels of the longer side, which these models scale their input to


class TorchvisionSegmenter:
    """Drafts masks with an instance segmentation model of torchvision."""

    name = "torchvision"

    def __init__(
        self,
        ontology: Ontology,
        *,
        weights: str | None = None,
        device: str = "cpu",
        min_score: float = 0.5,
        labels: str | None = None,
    ) -> None:
        """Load the model.

        Args:
            ontology: whose categories the regions get.
            weights: name of a model, whose published COCO weights torchvision downloads once; `NAME:FILE`, a state
                dict (.pth, .safetensors) for that model, of COCO's 91 classes unless a `.json` of FILE's name says
                others; or a folder that `mic21 finetune` wrote. The default is Mask R-CNN v2.
            device: a torch device.
            min_score: regions below are left out.
            labels: label set of the ontology that says what the model's labels mean. By default that of COCO; for
                classes of its own, a label means the category that has this key or English name.

        Raises:
            BackendError: there is no such model, file or device, or the file does not fit the model.
        """
        self._device = torch_device(device)
        name, network, own = _load(weights or DEFAULT, min_score)
        self._model: Any = network.eval().to(self._device)
        self._labels = own or COCO_LABELS
        is_named = own and labels is None
        self._naming = Naming(
            ontology, meanings_by_name(ontology, own) if is_named else ontology.label_map(labels or LABEL_SET)
        )
        self._min_score = min_score
        digest = digest_weights(self._model.state_dict())[:16]
        self._signature = f"{name} weights={digest} min_score={min_score} ontology={ontology.digest[:16]}"
        if labels:
            self._signature += f" labels={labels}"

    @property
    def signature(self) -> str:
        """Model, weights, settings and ontology, in one line."""
        return self._signature

    @torch.inference_mode()
    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        """The regions of each photograph, best first."""
        if not photographs:
            return []
        outputs = self._model([scaled(photograph.image, _LONGEST).to(self._device) for photograph in photographs])
        return [self._regions(*pair) for pair in zip(photographs, outputs, strict=True)]

    def _regions(self, photograph: Photograph, output: dict[str, Tensor]) -> list[Region]:
        if "masks" not in output:
            raise BackendError("weights: expected a model that gives masks, found one that gives none")
        kept = output["scores"] >= self._min_score
        labels = [self._labels[index] for index in output["labels"][kept].tolist()]
        height, width = photograph.image.shape[:2]
        masks = output["masks"][kept][:, 0]
        return to_regions(
            self._naming, photograph.subdomain, (height, width), labels, output["scores"][kept].tolist(), masks
        )


def _load(weights: str, min_score: float) -> tuple[str, Any, list[str]]:
    """Name, network, and labels where they are not COCO's."""
    if Path(weights).is_dir():
        detector = read_detector(Path(weights), "torchvision")
        network = make_network(detector.architecture, len(detector.categories) + 1, box_score_thresh=min_score)
        _fill(network, Path(weights) / WEIGHTS, detector.architecture)
        named = f"{detector.architecture} of {','.join(detector.categories)}"
        return named, network, ["background", *detector.categories]
    architecture, _, file = weights.partition(":")
    options = {"box_score_thresh": min_score} if architecture.startswith("maskrcnn") else {}
    labels: list[str] = []
    if file and (classes := Path(file).with_suffix(".json")).is_file():
        labels = ["background", *read_classes(classes)]
    network = make_network(architecture, len(labels or COCO_LABELS), **options)
    if file:
        _fill(network, Path(file), architecture)
        return f"{architecture} of {','.join(labels[1:])}" if labels else architecture, network, labels
    network.load_state_dict(published_weights(architecture))
    for module in network.modules():
        if isinstance(module, FrozenBatchNorm2d):
            module.eps = 0.0  # as the published weights were trained
    return architecture, network, []


def _fill(network: Any, file: Path, architecture: str) -> None:
    try:
        network.load_state_dict(read_state_dict(file))
    except RuntimeError as error:
        raise BackendError(f"{file}: expected the tensors of {architecture}, found others ({error})") from error


def make_network(architecture: str, classes: int, **options: Any) -> Any:
    """A detector with random weights.

    Args:
        architecture: name of a detection model of torchvision, or `small_maskrcnn`, which is ours.
        classes: how many, the background among them.
        options: of the model.

    Raises:
        BackendError: there is no such model.
    """
    if architecture == "small_maskrcnn":
        return small_maskrcnn(classes, **options)
    known = list_models(module=detection_models)
    if architecture not in known:
        shown = ", ".join(name for name in known if name.startswith("mask"))
        raise BackendError(f"weights: expected a model such as {shown}, or MODEL:FILE, found {architecture!r}")
    return get_model(architecture, weights=None, weights_backbone=None, num_classes=classes, **options)


def published_weights(architecture: str) -> dict[str, Tensor]:
    """The weights that torchvision publishes of a model, trained on COCO; downloaded once, and never unpickled.

    Raises:
        BackendError: there are none, or they cannot be had.
    """
    try:
        weights: dict[str, Tensor] = get_model_weights(architecture).DEFAULT.get_state_dict(
            progress=sys.stderr.isatty(), check_hash=True, weights_only=True
        )
    except pickle.UnpicklingError as error:
        raise BackendError(f"{architecture}: expected weights, found a download that {RUNS_CODE}") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise BackendError(
            f"{architecture}: its weights could not be had ({error}); give a file: {architecture}:FILE"
        ) from error
    return weights
