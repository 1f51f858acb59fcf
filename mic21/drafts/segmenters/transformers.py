"""Query-based segmenters of Hugging Face transformers: Mask2Former, MaskFormer, OneFormer, EoMT, DETR.

The masks are read off the queries here and not by the processors' own post-processing: that one scales them to a
square of 384 pixels and forgets the padding of a batch, so that they lie beside the objects.
"""

import sys
from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate
from transformers import AutoImageProcessor, AutoModelForUniversalSegmentation, AutoProcessor
from transformers.utils import logging

from mic21.drafts.naming import Naming
from mic21.drafts.segmenters import Photograph, Region
from mic21.drafts.segmenters.instances import to_regions
from mic21.errors import BackendError
from mic21.networks.weights import digest_weights, torch_device
from mic21.ontology import Ontology

DEFAULT = "facebook/mask2former-swin-small-coco-instance"
_METHOD = 1  # raise it when the code changes the drafts


class TransformersSegmenter:
    """Drafts masks with a segmentation model by hub name or from a folder."""

    name = "transformers"

    def __init__(
        self,
        ontology: Ontology,
        *,
        weights: str | None = None,
        device: str = "cpu",
        min_score: float = 0.5,
        labels: str = "coco-80",
    ) -> None:
        """Load the model and its processor.

        Args:
            ontology: whose categories the regions get.
            weights: a folder that `save_pretrained` wrote, or a name on the hub, which is downloaded once.
            device: a torch device.
            min_score: regions below are left out.
            labels: label set of the ontology that says what the model's labels mean.

        Raises:
            BackendError: there is no such model or device, or it is no segmentation model.
        """
        name = weights or DEFAULT
        self._device = torch_device(device)
        if not sys.stderr.isatty():
            logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model: Any = AutoModelForUniversalSegmentation.from_pretrained(name)
            is_oneformer = model.config.model_type == "oneformer"
            loader: Any = AutoProcessor if is_oneformer else AutoImageProcessor
            self._processor = loader.from_pretrained(name)
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise BackendError(f"weights: expected a segmentation model, found {name!r}: {reason}") from error
        self._model = model.eval().to(self._device)
        self._extra = {"task_inputs": ["instance"]} if is_oneformer else {}
        self._naming = Naming(ontology, ontology.label_map(labels))
        self._labels = {index: label.lower() for index, label in model.config.id2label.items()}
        self._min_score = min_score
        digest = digest_weights(model.state_dict())[:16]
        self._signature = (
            f"{model.config.model_type} method={_METHOD} weights={digest} min_score={min_score} labels={labels} "
            f"ontology={ontology.digest[:16]}"
        )

    @property
    def signature(self) -> str:
        """Model, weights, settings and ontology, in one line."""
        return self._signature

    @torch.inference_mode()
    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        """The regions of each photograph, best first."""
        if not photographs:
            return []
        images = [Image.fromarray(photograph.image) for photograph in photographs]
        extra = {name: values * len(images) for name, values in self._extra.items()}
        inputs = self._processor(images=images, return_tensors="pt", **extra).to(self._device)
        outputs = self._model(**inputs)
        classes = outputs["class_queries_logits" if "class_queries_logits" in outputs else "logits"]
        masks = outputs["masks_queries_logits" if "masks_queries_logits" in outputs else "pred_masks"]
        height, width = inputs["pixel_values"].shape[-2:]
        found = []
        for index, photograph in enumerate(photographs):
            seen = inputs["pixel_mask"][index] if "pixel_mask" in inputs else torch.ones(height, width)
            scores, labels, soft = read_queries(classes[index], masks[index], seen, self._min_score)
            names = [self._labels[label] for label in labels]
            shape = photograph.image.shape[:2]
            found.append(to_regions(self._naming, photograph.subdomain, (shape[0], shape[1]), names, scores, soft))
        return found


def read_queries(
    classes: Tensor, masks: Tensor, seen: Tensor, min_score: float
) -> tuple[list[float], list[int], Tensor]:
    """Scores, labels and soft masks of one image out of a model's queries.

    A score is the probability of the class times the mean of the mask over its pixels, as Mask2Former reckons it
    (Cheng et al. 2022, section 4.1).

    Args:
        classes: q×(c+1) logits, the last of no object.
        masks: q×h×w logits over the padded image.
        seen: H×W, 1 where the padded image is image.
        min_score: queries below are left out.

    Returns:
        The n scores, the n labels, and n×H'×W' soft masks over the image without its padding.
    """
    probabilities = classes.softmax(-1)[:, :-1]
    query, label = (probabilities >= min_score).nonzero(as_tuple=True)
    soft = interpolate(masks[query][None].float(), size=tuple(seen.shape), mode="bilinear", align_corners=False)[0]
    soft = soft[:, : int(seen.any(1).sum()), : int(seen.any(0).sum())].sigmoid()
    inside = soft >= 0.5
    certainty = (soft * inside).sum((1, 2)) / inside.sum((1, 2)).clamp(min=1)
    scores = probabilities[query, label] * certainty
    kept = scores >= min_score
    return scores[kept].tolist(), label[kept].tolist(), soft[kept]
