"""What drafts captions: the interface of a captioner, and how to get one by name.

Backends are entry points of the group `mic21.captioners`, ours and other people's alike; see `mic21.drafts.backends`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mic21.drafts.backends import load_backend
from mic21.geometry import Rle
from mic21.ontology import Ontology

GROUP = "mic21.captioners"


@dataclass(frozen=True, slots=True)
class SceneObject:
    """One annotated object.

    Attributes:
        category_id: of the ontology, or of an imported category that is linked to none.
        bbox: x, y, width, height in pixels.
        area: pixels.
        score: of the model that drew it, 0 to 1, or None.
        iscrowd: whether it stands for many.
    """

    category_id: int
    bbox: tuple[float, float, float, float]
    area: float
    score: float | None
    iscrowd: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """An image with its objects.

    Attributes:
        width: pixels.
        height: pixels.
        subdomain: key, or None.
        objects: the draft and accepted ones.
        image: gives the photograph, uint8 h×w×3 RGB, when it is called.
        masks: gives the masks of the objects, in their order, when it is called.
    """

    width: int
    height: int
    subdomain: str | None
    objects: tuple[SceneObject, ...]
    image: Callable[[], npt.NDArray[np.uint8]]
    masks: Callable[[], Sequence[Rle]] = tuple


@dataclass(frozen=True, slots=True)
class CaptionDraft:
    """A caption that nobody has checked: a `title` or `description` in a language (BCP 47)."""

    language: str
    kind: str
    text: str


class Captioner(Protocol):
    """What a backend offers; its class takes `(ontology, *, weights, device)` and options of its own by name."""

    name: str

    @property
    def signature(self) -> str:
        """Changes when the drafts would: model, weights, settings, ontology."""
        ...

    def caption(
        self, scenes: Sequence[Scene], *, languages: Sequence[str], kinds: Sequence[str]
    ) -> list[list[CaptionDraft]]:
        """At most one draft of each language and kind for each scene.

        Raises:
            BackendError: a language or kind that it does not write.
        """
        ...


def load_captioner(
    name: str, ontology: Ontology, *, weights: str | None = None, device: str = "cpu", **options: object
) -> Captioner:
    """The captioner that an installed package registers under a name.

    Args:
        name: name of the entry point, `template`.
        ontology: gives names and relations.
        weights: path of weights in place of the backend's own.
        device: a torch device.
        options: of that backend.

    Raises:
        BackendError: the name is unknown, packages that the backend needs are missing, or it lacks one of the options.
    """
    captioner: Captioner = load_backend(GROUP, name, ontology, weights=weights, device=device, options=options)
    return captioner
