"""Mask R-CNN of torchvision, and any model of its that gives boxes, labels, scores and masks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.models import detection as detection_models
from torchvision.models import get_model, get_model_weights, list_models
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_V2_Weights

from mic21.drafts.naming import Naming
from mic21.drafts.segmenters import Photograph, Region
from mic21.drafts.segmenters.instances import scaled, to_regions
from mic21.errors import BackendError
from mic21.networks.weights import digest_weights, read_state_dict, torch_device
from mic21.ontology import Ontology

DEFAULT = "maskrcnn_resnet50_fpn_v2"
LABEL_SET = "coco-80"
_LONGEST = 1333  # pixels of the longer side, which these models scale their input to


class TorchvisionSegmenter:
    """Drafts masks with an instance segmentation model of torchvision."""

    name = "torchvision"

    def __init__(
        self, ontology: Ontology, *, weights: str | None = None, device: str = "cpu", min_score: float = 0.5
    ) -> None:
        """Load the model.

        Args:
            ontology: whose categories the regions get.
            weights: name of a model, whose published COCO weights torchvision downloads once; or `NAME:FILE`, a state
                dict (.pth, .safetensors) with COCO's 91 classes for that model. The default is Mask R-CNN v2.
            device: a torch device.
            min_score: regions below are left out.

        Raises:
            BackendError: there is no such model, file or device, or the file does not fit the model.
        """
        architecture, _, file = (weights or DEFAULT).partition(":")
        if architecture not in list_models(module=detection_models):
            known = ", ".join(name for name in list_models(module=detection_models) if name.startswith("mask"))
            raise BackendError(f"weights: expected a model such as {known}, or MODEL:FILE, found {weights!r}")
        self._device = torch_device(device)
        self._model: Any = _load(architecture, file, min_score).eval().to(self._device)
        self._labels = MaskRCNN_ResNet50_FPN_V2_Weights.DEFAULT.meta["categories"]
        self._naming = Naming(ontology, ontology.label_map(LABEL_SET))
        self._min_score = min_score
        digest = digest_weights(self._model.state_dict())[:16]
        self._signature = f"{architecture} weights={digest} min_score={min_score} ontology={ontology.digest[:16]}"

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


def _load(architecture: str, file: str, min_score: float) -> Any:
    options = {"box_score_thresh": min_score} if architecture.startswith("maskrcnn") else {}
    if not file:
        try:
            return get_model(architecture, weights=get_model_weights(architecture).DEFAULT, **options)
        except OSError as error:
            raise BackendError(
                f"{architecture}: its weights could not be downloaded ({error}); give a file: {architecture}:FILE"
            ) from error
    model = get_model(architecture, weights=None, weights_backbone=None, **options)
    try:
        model.load_state_dict(read_state_dict(Path(file)))
    except RuntimeError as error:
        raise BackendError(f"{file}: expected the tensors of {architecture}, found others ({error})") from error
    return model
