"""Names masks with CLIP: what a region shows is whichever category of the theme its picture is most like.

The prompts are averaged (Radford et al. 2021, section 3.1.4). A region is looked at twice, once as it lies in the
photograph and once with all around it painted over, and the two views are averaged: CLIP knows things by their
surroundings, but must not name the surroundings.
"""

import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import open_clip
import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor
from torch.nn.functional import normalize

from mic21.drafts.segmenters import Photograph, Region, Segmenter
from mic21.errors import BackendError
from mic21.geometry import rle_to_mask
from mic21.networks.weights import digest_weights, torch_device
from mic21.ontology import Category, Ontology

PROMPTS = ("a photo of the {}.", "a close-up photo of the {}.", "a photo of one {}.", "the {} in a photo.")
MARGIN = 0.1  # of the longer side of a region's box, on each side
_METHOD = 1  # raise it when the code changes the drafts

Pixels = npt.NDArray[np.uint8]


class OpenVocabulary:
    """A segmenter whose masks are another's and whose names are CLIP's."""

    def __init__(
        self,
        masks: Segmenter,
        ontology: Ontology,
        *,
        clip: str,
        device: str = "cpu",
        min_probability: float = 0.5,
    ) -> None:
        """Load the model.

        Args:
            masks: finds the objects; what it calls them does not count.
            ontology: whose categories the regions get.
            clip: `MODEL:FILE` or `MODEL:TAG`, a model of open_clip with weights from a file (.safetensors, .pt) or
                published under a tag; `hf-hub:NAME`; or a folder with `open_clip_config.json` and weights.
            device: a torch device.
            min_probability: a region whose likeliest category is less likely is left without one; a half means that it
                must be likelier than all others together.

        Raises:
            BackendError: there is no such model, file or device, or the file does not fit the model.
        """
        self.name = masks.name
        self._masks = masks
        self._ontology = ontology
        self._min_probability = min_probability
        self._device = torch_device(device)
        self._model, self._preprocess, self._tokenizer = load_clip(clip, self._device)
        mean = open_clip.get_model_preprocess_cfg(self._model)["mean"]
        self._paint = tuple(round(255 * value) for value in mean)
        self._names: dict[str | None, tuple[list[Category], Tensor]] = {}
        self._digest = digest_weights(self._model.state_dict())[:16]

    @property
    def signature(self) -> str:
        """That of the masks, and model, method and ontology of the names."""
        return (
            f"{self._masks.signature} clip={self._digest} method={_METHOD} min_probability={self._min_probability} "
            f"ontology={self._ontology.digest[:16]}"
        )

    @torch.inference_mode()
    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        """The regions of each photograph, best first: by the mask's score times the name's probability."""
        found = self._masks.segment(photographs)
        return [self._named(*pair) for pair in zip(photographs, found, strict=True)]

    def _named(self, photograph: Photograph, regions: Sequence[Region]) -> list[Region]:
        if not regions:
            return []
        categories, names = self._candidates(photograph.subdomain)
        pictures = self._pictures(photograph.image, regions)
        probabilities = (self._model.logit_scale.exp() * pictures @ names.T).softmax(-1)
        named = []
        for region, row in zip(regions, probabilities, strict=True):
            probability, index = (value.item() for value in row.max(-1))
            if probability >= self._min_probability:
                category = categories[int(index)]
                score = round(region.score * probability, 4)
                region = replace(region, category_id=category.id, label=_english(category), score=score)
            else:
                region = replace(region, category_id=None)
            named.append(region)
        return sorted(named, key=lambda region: -region.score)

    def _candidates(self, subdomain: str | None) -> tuple[list[Category], Tensor]:
        """The categories that are drawn in a theme, or in any, and their names' n×d unit vectors."""
        if subdomain not in self._names:
            themes = [subdomain] if subdomain else [theme.key for theme in self._ontology.subdomains()]
            drawn = {category.id: category for theme in themes for category in self._ontology.categories(theme)}
            categories = [drawn[id] for id in sorted(drawn)]
            names = [self._embed_name(_english(category)) for category in categories]
            self._names[subdomain] = categories, torch.stack(names)
        return self._names[subdomain]

    def _embed_name(self, name: str) -> Tensor:
        tokens = self._tokenizer([prompt.format(name) for prompt in PROMPTS]).to(self._device)
        return normalize(self._model.encode_text(tokens, normalize=True).mean(0), dim=-1)

    def _pictures(self, image: Pixels, regions: Sequence[Region]) -> Tensor:
        """The regions' n×d unit vectors."""
        views = [self._preprocess(view) for region in regions for view in crops(image, region, self._paint)]
        seen = self._model.encode_image(torch.stack(views).to(self._device), normalize=True)
        return normalize(seen.view(len(regions), 2, -1).mean(1), dim=-1)


def crops(image: Pixels, region: Region, paint: tuple[int, ...]) -> tuple[Image.Image, Image.Image]:
    """A region with a margin, squared with paint: as it lies in the photograph, and with all around it painted over.

    Args:
        image: h×w×3 RGB.
        region: with a mask that is not empty.
        paint: RGB; the mean of what the model was trained on, which it sees as zeros.
    """
    mask = rle_to_mask(region.rle).astype(bool)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    height, width = rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    margin = round(MARGIN * max(height, width))
    top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
    window = np.s_[top : rows[-1] + 1 + margin, left : columns[-1] + 1 + margin]
    seen = image[window]
    alone = np.where(mask[window][..., None], seen, np.asarray(paint, np.uint8))
    return _square(seen, paint), _square(alone, paint)


def _square(pixels: Pixels, paint: tuple[int, ...]) -> Image.Image:
    height, width = pixels.shape[:2]
    side = max(height, width)
    canvas = Image.new("RGB", (side, side), paint)
    canvas.paste(Image.fromarray(pixels), ((side - width) // 2, (side - height) // 2))
    return canvas


def _english(category: Category) -> str:
    return category.name("en") or category.key.replace("_", " ")


def load_clip(clip: str, device: torch.device) -> tuple[Any, Any, Any]:
    """Model, preprocessing and tokenizer of an open_clip model, named as `OpenVocabulary` takes it.

    Raises:
        BackendError: there is no such model or file, or the file does not fit the model.
    """
    if Path(clip).is_dir():
        clip = f"local-dir:{clip}"
    schema = clip.startswith(("local-dir:", "hf-hub:"))
    model, _, weights = (clip, "", "") if schema else clip.partition(":")
    if not schema and not weights:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(model)) or "none, for there is no such model"
        raise BackendError(f"clip: expected MODEL:FILE or MODEL:TAG, found {clip!r}; published tags: {tags}")
    try:
        loaded, preprocess = open_clip.create_model_from_pretrained(
            model, pretrained=weights or None, device=device, weights_only=True
        )
        return loaded.eval(), preprocess, open_clip.get_tokenizer(model)
    except (AssertionError, OSError, RuntimeError, ValueError, pickle.UnpicklingError, SafetensorError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise BackendError(f"clip: expected a model of open_clip with its weights, found {clip!r}: {reason}") from error
