"""Segmenters of Hugging Face transformers: Mask2Former, MaskFormer, OneFormer, EoMT, DETR, and Segment Anything.

The masks of query-based models are read off the queries here and not by the processors' own post-processing: that one
scales them to a square of 384 pixels and forgets the padding of a batch, so that they lie beside the objects.
"""

import sys
from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor
from torch.nn.functional import interpolate
from transformers import AutoConfig, AutoImageProcessor, AutoModelForUniversalSegmentation, AutoProcessor
from transformers.image_transforms import get_size_with_aspect_ratio
from transformers.utils import logging

from mic21.drafts.naming import Naming
from mic21.drafts.segmenters import Photograph, Region, sam
from mic21.drafts.segmenters.instances import to_regions
from mic21.errors import BackendError
from mic21.networks.weights import digest_weights, torch_device
from mic21.ontology import Ontology

DEFAULT = "facebook/mask2former-swin-small-coco-instance"
MIN_SCORE = 0.5
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
        min_score: float | None = None,
        labels: str = "coco-80",
    ) -> None:
        """Load the model and its processor.

        Args:
            ontology: whose categories the regions get.
            weights: a folder that `save_pretrained` wrote, or a name on the hub, which is downloaded once. A model of
                Segment Anything gives masks of everything, all with the label `object`.
            device: a torch device.
            min_score: regions below are left out; 0.5 by default, for Segment Anything 0.88.
            labels: label set of the ontology that says what the model's labels mean.

        Raises:
            BackendError: there is no such model or device, or it is no segmentation model.
        """
        name = weights or DEFAULT
        if not sys.stderr.isatty():
            logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            kind = AutoConfig.from_pretrained(name).model_type
            finder = sam.AutomaticMasks if kind in sam.MODELS else _Queries
            self._finder = finder(name, torch_device(device), min_score)
        except (OSError, ValueError, KeyError, AttributeError, SafetensorError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise BackendError(f"weights: expected a segmentation model, found {name!r}: {reason}") from error
        self._naming = Naming(ontology, ontology.label_map(labels))
        digest = digest_weights(self._finder.model.state_dict())[:16]
        self._signature = (
            f"{kind} method={_METHOD} weights={digest} min_score={self._finder.min_score} labels={labels} "
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
        found = self._finder.find([Image.fromarray(photograph.image) for photograph in photographs])
        return [self._regions(photograph, *masks) for photograph, masks in zip(photographs, found, strict=True)]

    def _regions(
        self, photograph: Photograph, labels: Sequence[str], scores: Sequence[float], masks: Tensor
    ) -> list[Region]:
        height, width = photograph.image.shape[:2]
        return to_regions(self._naming, photograph.subdomain, (height, width), labels, scores, masks)


class _Queries:
    """A model each of whose queries is a mask and a label."""

    def __init__(self, name: str, device: torch.device, min_score: float | None) -> None:
        self.min_score = MIN_SCORE if min_score is None else min_score
        self._device = device
        self.model: Any = AutoModelForUniversalSegmentation.from_pretrained(name).eval().to(device)
        is_oneformer = self.model.config.model_type == "oneformer"
        loader: Any = AutoProcessor if is_oneformer else AutoImageProcessor
        self._processor = loader.from_pretrained(name)
        if getattr(self._processor, "do_split_image", False):
            raise BackendError(f"weights: expected a model of instances, found {name!r}, one of semantic segmentation")
        self._extra = {"task_inputs": ["instance"]} if is_oneformer else {}
        self._labels = {index: label.lower() for index, label in self.model.config.id2label.items()}

    def find(self, images: Sequence[Image.Image]) -> list[tuple[list[str], list[float], Tensor]]:
        """Labels, scores and n×h×w soft masks of each image."""
        extra = {name: values * len(images) for name, values in self._extra.items()}
        inputs = self._processor(images=images, return_tensors="pt", **extra).to(self._device)
        outputs = self.model(**inputs)
        classes = outputs["class_queries_logits" if "class_queries_logits" in outputs else "logits"]
        masks = outputs["masks_queries_logits" if "masks_queries_logits" in outputs else "pred_masks"]
        found = []
        for index, image in enumerate(images):
            seen = inputs["pixel_mask"][index] if "pixel_mask" in inputs else self._seen(image, inputs["pixel_values"])
            scores, labels, soft = read_queries(classes[index], masks[index], seen, self.min_score)
            found.append(([self._labels[label] for label in labels], scores, soft))
        return found

    def _seen(self, image: Image.Image, pixels: Tensor) -> Tensor:
        """1 where the input is image: EoMT's processor pads it, right and below, and does not say where."""
        height, width = pixels.shape[-2:]
        if getattr(self._processor, "do_pad", False):
            size = self._processor.size
            height, width = get_size_with_aspect_ratio(image.size[::-1], size["shortest_edge"], size["longest_edge"])
        seen = torch.zeros(pixels.shape[-2:])
        seen[:height, :width] = 1
        return seen


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
