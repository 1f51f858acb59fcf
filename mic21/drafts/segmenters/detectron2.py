"""Instance segmentation models of detectron2: its model zoo, configurations of one's own, fine-tuned ones."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch

from mic21.drafts.naming import Naming, meanings_by_name
from mic21.drafts.segmenters import Photograph, Region
from mic21.drafts.segmenters.instances import to_regions
from mic21.errors import BackendError
from mic21.networks.detectron2_models import load_model, to_input
from mic21.networks.weights import digest_weights, torch_device
from mic21.ontology import Ontology

DEFAULT = "COCO-InstanceSegmentation/mask_rcnn_X_101_32x8d_FPN_3x.yaml"  # what MIC21 was drafted with
_LABEL_SETS = {"coco_": "coco-80", "lvis_": "lvis-1203"}  # beginning of a dataset's name → whose labels it has


class Detectron2Segmenter:
    """Drafts masks with a model of detectron2."""

    name = "detectron2"

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
            weights: name in the model zoo, whose weights are downloaded once; `CONFIG:FILE`, where CONFIG is such a
                name or a configuration file (YAML or lazy `.py`) and FILE its weights (.pkl, .pth, .safetensors); or a
                folder that `mic21 finetune` wrote. The default is Mask R-CNN X-101.
            device: a torch device.
            min_score: regions below are left out.
            labels: label set of the ontology that says what the model's labels mean. By default that of COCO or LVIS
                for a model of theirs; else a label means the category that has this key or English name.

        Raises:
            BackendError: there is no such model, file or device, or the file does not fit the model.
        """
        self._model = load_model(weights or DEFAULT, torch_device(device))
        for module in self._model.network.modules():
            if hasattr(module, "test_score_thresh"):
                module.test_score_thresh = min_score
        labels = labels or _label_set(self._model.dataset, ontology)
        meanings = ontology.label_map(labels) if labels else meanings_by_name(ontology, self._model.classes)
        self._naming = Naming(ontology, meanings)
        digest = digest_weights(self._model.network.state_dict())[:16]
        self._signature = (
            f"{self._model.name} config={self._model.digest[:16]} weights={digest} min_score={min_score} "
            f"labels={labels} ontology={ontology.digest[:16]}"
        )

    @property
    def signature(self) -> str:
        """Model, weights, settings and ontology, in one line."""
        return self._signature

    @torch.inference_mode()
    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        """The regions of each photograph, best first.

        Photographs that the network pads to one size go through it together: beside a larger one, the padding would
        change what it sees along the edge, and drafts would depend on their neighbours.
        """
        inputs = [to_input(self._model, photograph.image)[0] for photograph in photographs]
        alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
        multiple = getattr(self._model.network.backbone, "size_divisibility", 0) or 1
        for index, one in enumerate(inputs):
            alike[tuple(-(-length // multiple) for length in one["image"].shape)].append(index)
        found: list[list[Region]] = [[] for _ in photographs]
        for indices in alike.values():
            outputs = self._model.network([inputs[index] for index in indices])
            for index, output in zip(indices, outputs, strict=True):
                found[index] = self._regions(photographs[index], output)
        return found

    def _regions(self, photograph: Photograph, output: dict[str, Any]) -> list[Region]:
        instances = output.get("instances")
        if instances is None or not instances.has("pred_masks"):
            raise BackendError("weights: expected a model that gives masks, found one that gives none")
        labels = [self._model.classes[index] for index in instances.pred_classes.tolist()]
        return to_regions(
            self._naming,
            photograph.subdomain,
            instances.image_size,
            labels,
            instances.scores.tolist(),
            instances.pred_masks,
        )


def _label_set(dataset: str, ontology: Ontology) -> str | None:
    found = next((name for start, name in _LABEL_SETS.items() if dataset.startswith(start)), None)
    return found if found in ontology.label_sets() else None
