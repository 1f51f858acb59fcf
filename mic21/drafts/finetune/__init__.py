"""Fine-tuning a detector of a subdomain: the interface of what learns, and how to get one by name.

Learners are entry points of the group `mic21.learners`, each under the name of the segmenter that runs what it saves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mic21.drafts.backends import find_backend

GROUP = "mic21.learners"


@dataclass(frozen=True, slots=True)
class Example:
    """A photograph and the objects to be found in it.

    Attributes:
        image: uint8 h×w×3 RGB, upright.
        masks: uint8 n×h×w of 0 and 1, none of them empty.
        boxes: float32 n×4, x0 y0 x1 y1 in pixels, around the masks.
        classes: int64 n, each the position of a category among those that are learnt.
    """

    image: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.uint8]
    boxes: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]


class Learner(Protocol):
    """What a backend offers; its class takes what `load_learner` takes after the name."""

    def learn(self, batch: Sequence[Example]) -> float:
        """Take one step; gives the loss before it."""
        ...

    def save(self, folder: Path) -> None:
        """Write what the segmenter of the same name takes as weights; each file appears whole or not at all."""
        ...


def load_learner(
    name: str,
    categories: Sequence[str],
    *,
    weights: str | None = None,
    from_scratch: bool = False,
    device: str = "cpu",
    learning_rate: float,
    steps: int,
    seed: int,
) -> Learner:
    """The learner that an installed package registers under a name.

    Args:
        name: name of the entry point, `torchvision`.
        categories: keys of the categories to learn.
        weights: to start from, as the segmenter takes them; by default what the backend's were trained on COCO.
        from_scratch: whether to start from random weights; `weights` then only names the model.
        device: a torch device.
        learning_rate: at its highest.
        steps: after how many it comes down to nothing.
        seed: of whatever is random.

    Raises:
        BackendError: the name is unknown, packages that the backend needs are missing, or the weights do not serve.
    """
    learner: Learner = find_backend(GROUP, name)(
        categories,
        weights=weights,
        from_scratch=from_scratch,
        device=device,
        learning_rate=learning_rate,
        steps=steps,
        seed=seed,
    )
    return learner
