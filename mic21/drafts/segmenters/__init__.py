"""What drafts masks: the interface of a segmenter, and how to get one by name.

Backends are entry points of the group `mic21.segmenters`, ours and other people's alike. None is imported until it is
asked for, so that this package needs no machine-learning library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mic21.drafts.backends import load_backend
from mic21.errors import BackendError
from mic21.geometry import Rle
from mic21.ontology import Ontology

GROUP = "mic21.segmenters"
CLIP = "ViT-B-32:laion2b_s34b_b79k"

__all__ = ["CLIP", "GROUP", "Photograph", "Region", "Segmenter", "load_segmenter"]


@dataclass(frozen=True, slots=True)
class Photograph:
    """An image and the theme it was collected for.

    Attributes:
        image: uint8 h×w×3 RGB, upright.
        subdomain: key of its subdomain, or None.
    """

    image: npt.NDArray[np.uint8]
    subdomain: str | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """One object that a segmenter found.

    Attributes:
        category_id: id of a category of the ontology; None where what the model saw is none that the theme has.
        rle: its mask, of the photograph's size.
        score: 0 to 1; it orders the regions of one segmenter.
        label: what the model itself called it.
    """

    category_id: int | None
    rle: Rle
    score: float
    label: str


class Segmenter(Protocol):
    """What a backend offers; its class takes `(ontology, *, weights, device)` and options of its own by name."""

    name: str

    @property
    def signature(self) -> str:
        """Changes when the drafts would: model, weights, settings, ontology."""
        ...

    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        """The regions of each photograph, best first."""
        ...


def load_segmenter(
    name: str,
    ontology: Ontology,
    *,
    weights: str | None = None,
    device: str = "cpu",
    clip: str | None = None,
    **options: object,
) -> Segmenter:
    """The segmenter that an installed package registers under a name.

    Args:
        name: name of the entry point, `embedded`.
        ontology: whose categories the regions get.
        weights: path of weights in place of the backend's own.
        device: a torch device.
        clip: name the masks with this model of CLIP; see `mic21.drafts.open_vocabulary`.
        options: of that backend, such as `min_score`.

    Raises:
        BackendError: the name is unknown, packages that the backend needs are missing, or it lacks one of the options.
    """
    segmenter: Segmenter = load_backend(GROUP, name, ontology, weights=weights, device=device, options=options)
    if clip is None:
        return segmenter
    try:
        from mic21.drafts.open_vocabulary import OpenVocabulary
    except ImportError as error:
        raise BackendError(
            f"open vocabulary: it needs a package that is missing ({error}): pip install 'mic21[clip]'"
        ) from error
    return OpenVocabulary(segmenter, ontology, clip=clip, device=device)
