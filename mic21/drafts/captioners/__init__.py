"""What drafts captions: the interface of a captioner, and how to get one by name.

Backends are entry points of the group `mic21.captioners`, ours and other people's alike; see `mic21.drafts.backends`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

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
        failures: language → answers that came to nothing so far.
    """

    width: int
    height: int
    subdomain: str | None
    objects: tuple[SceneObject, ...]
    image: Callable[[], npt.NDArray[np.uint8]]
    masks: Callable[[], Sequence[Rle]] = tuple
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaptionDraft:
    """A caption that nobody has checked.

    Attributes:
        language: BCP 47 tag.
        kind: `title` or `description`.
        text: the caption.
        attributes: how it was made, as JSON values: model, seed, temperature; stored with it.
    """

    language: str
    kind: str
    text: str
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaptionFailure:
    """An answer that is no caption.

    Attributes:
        language: BCP 47 tag that was asked for.
        reason: one line: what was expected and what came.
        answer: what the model said, as far as it said anything.
        attributes: as of a draft.
    """

    language: str
    reason: str
    answer: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)


class Captioner(Protocol):
    """What a backend offers; its class takes `(ontology, *, weights, device)` and options of its own by name."""

    name: str

    @property
    def signature(self) -> str:
        """Changes when the drafts would: model, weights, settings, ontology."""
        ...

    def caption(
        self, scenes: Sequence[Scene], *, languages: Sequence[str], kinds: Sequence[str]
    ) -> Sequence[Sequence[CaptionDraft | CaptionFailure]]:
        """For each scene at most one draft of each language and kind, or one failure of a language.

        Raises:
            BackendError: a language or kind that it does not write, or a model that cannot be reached at all.
        """
        ...


@runtime_checkable
class Metered(Protocol):
    """A captioner that counts what it uses."""

    @property
    def usage(self) -> Mapping[str, float]:
        """What it has used so far: requests, retries, tokens, cost."""
        ...


@runtime_checkable
class Concurrent(Protocol):
    """A captioner that asks for several answers at once, so that it should get as many images or more at a time."""

    @property
    def concurrency(self) -> int:
        """How many answers it asks for at once."""
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
