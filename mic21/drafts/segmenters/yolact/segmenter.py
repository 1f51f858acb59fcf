"""YOLACT as a segmenter."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from mic21.drafts.naming import Naming
from mic21.drafts.segmenters import Photograph, Region
from mic21.drafts.segmenters.instances import to_regions
from mic21.drafts.segmenters.yolact.configurations import CONFIGURATIONS, Configuration
from mic21.drafts.segmenters.yolact.detection import assemble, detect
from mic21.drafts.segmenters.yolact.network import Predictions, load_network
from mic21.errors import BackendError
from mic21.networks.weights import digest_weights, torch_device
from mic21.ontology import Ontology

LABEL_SET = "coco-80"
# ImageNet's, of red, green and blue from 0 to 255.
_MEAN = torch.tensor([123.68, 116.78, 103.94]).view(3, 1, 1)
_DEVIATION = torch.tensor([58.40, 57.12, 57.38]).view(3, 1, 1)


class YolactSegmenter:
    """Drafts masks with a YOLACT or YOLACT++."""

    name = "yolact"

    def __init__(
        self,
        ontology: Ontology,
        *,
        weights: str | None = None,
        device: str = "cpu",
        min_score: float = 0.3,
        labels: str | None = None,
    ) -> None:
        """Load the network.

        Args:
            ontology: whose categories the regions get.
            weights: an official weight file under its own name, which says the configuration
                (`yolact_base_54_800000.pth`), or `NAME:FILE`.
            device: a torch device.
            min_score: only regions above.
            labels: label set of the ontology that says what COCO's labels mean, in place of ours.

        Raises:
            BackendError: there is no such configuration, file or device, or the file does not fit the configuration.
        """
        name, file = find_configuration(weights or "")
        self._configuration = CONFIGURATIONS[name]
        self._device = torch_device(device)
        self._network = load_network(name, self._configuration, file).to(self._device)
        self._naming = Naming(ontology, ontology.label_map(labels or LABEL_SET))
        self._min_score = min_score
        digest = digest_weights(self._network.state_dict())[:16]
        self._signature = f"{name} weights={digest} min_score={min_score} ontology={ontology.digest[:16]}"
        if labels:
            self._signature += f" labels={labels}"

    @property
    def signature(self) -> str:
        """Configuration, weights, settings and ontology, in one line."""
        return self._signature

    @torch.inference_mode()
    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        """The regions of each photograph, best first."""
        if not photographs:
            return []
        images = torch.stack([prepare(photograph.image, self._configuration) for photograph in photographs])
        predictions = self._network(images.to(self._device))
        return [self._regions(photograph, predictions, index) for index, photograph in enumerate(photographs)]

    def _regions(self, photograph: Photograph, predictions: Predictions, index: int) -> list[Region]:
        found = detect(
            self._network.priors,
            predictions.offsets[index],
            predictions.scores[index],
            predictions.coefficients[index],
            min_score=self._min_score,
        )
        masks = assemble(predictions.prototypes[index], found.coefficients, found.boxes)
        scores = self._network.rescore(found.scores, found.classes, masks)
        kept = scores > self._min_score
        labels = [self._configuration.classes[label] for label in found.classes[kept].tolist()]
        height, width = photograph.image.shape[:2]
        return to_regions(
            self._naming, photograph.subdomain, (height, width), labels, scores[kept].tolist(), masks[kept]
        )


def find_configuration(weights: str) -> tuple[str, Path]:
    """The configuration and the file that `--weights` names.

    >>> find_configuration("weights/yolact_base_54_800000.pth")
    ('yolact_base', PosixPath('weights/yolact_base_54_800000.pth'))
    >>> find_configuration("yolact_plus_base:mine.pth")
    ('yolact_plus_base', PosixPath('mine.pth'))

    Raises:
        BackendError: it names no configuration.
    """
    name, _, file = weights.partition(":")
    if not file:  # EPOCH_ITERATION, and what training writes when it is interrupted
        name, file = re.sub(r"_\d+_\d+(_interrupt)?$", "", Path(weights).stem), weights
    if name not in CONFIGURATIONS:
        raise BackendError(
            "weights: expected NAME:FILE, or a file under its official name such as yolact_base_54_800000.pth, "
            f"NAME one of {', '.join(CONFIGURATIONS)}; found {weights!r}"
        )
    return name, Path(file)


def prepare(image: npt.NDArray[np.uint8], configuration: Configuration) -> Tensor:
    """A photograph as the network takes it: 3×s×s, a square whatever its proportions were."""
    size = configuration.image_size
    pixels = torch.tensor(image).permute(2, 0, 1).float()
    scaled = interpolate(pixels[None], size=(size, size), mode="bilinear", align_corners=False)[0]
    return scaled / 255 if configuration.backbone == "darknet" else (scaled - _MEAN) / _DEVIATION
