"""Mask R-CNN of torchvision, learning."""

from collections.abc import Sequence
from pathlib import Path

import torch

from mic21.drafts.finetune import Example
from mic21.drafts.finetune.descent import Descent, load_start, save_detector
from mic21.drafts.segmenters.torchvision import DEFAULT, make_network, published_weights
from mic21.errors import BackendError
from mic21.networks.detector import WEIGHTS, Detector, read_detector
from mic21.networks.weights import read_state_dict, torch_device


class TorchvisionLearner:
    """Trains a Mask R-CNN of torchvision, every layer of it."""

    def __init__(
        self,
        categories: Sequence[str],
        *,
        weights: str | None,
        from_scratch: bool,
        device: str,
        learning_rate: float,
        steps: int,
        seed: int,
    ) -> None:
        """Build the network and load what it starts from, as `load_learner` says."""
        self._device = torch_device(device)
        torch.manual_seed(seed)
        place = weights or DEFAULT
        folder = Path(place) if Path(place).is_dir() else None
        architecture, _, file = place.partition(":")
        if folder:
            architecture, file = read_detector(folder, "torchvision").architecture, str(folder / WEIGHTS)
        network = make_network(architecture, len(categories) + 1)
        if not hasattr(getattr(network, "roi_heads", None), "mask_predictor"):
            raise BackendError(f"weights: expected a Mask R-CNN, found {architecture}")
        if not from_scratch:
            start = read_state_dict(Path(file)) if file else published_weights(architecture)
            load_start(network, start, heads="roi_heads.")
        self._network = network.to(self._device)
        self._detector = Detector(backend="torchvision", architecture=architecture, categories=list(categories))
        self._descent = Descent(network, from_scratch=from_scratch, learning_rate=learning_rate, steps=steps)

    def learn(self, batch: Sequence[Example]) -> float:
        """Take one step; gives the loss before it."""
        images, targets = [], []
        for example in batch:
            images.append((torch.tensor(example.image).permute(2, 0, 1).float() / 255).to(self._device))
            targets.append(
                {
                    "boxes": torch.tensor(example.boxes, device=self._device),
                    "labels": torch.tensor(example.classes + 1, device=self._device),  # 0 is the background
                    "masks": torch.tensor(example.masks, device=self._device),
                }
            )
        return self._descent.step(self._network(images, targets))

    def save(self, folder: Path) -> None:
        """Write what the segmenter `torchvision` takes as weights."""
        save_detector(folder, self._detector, self._network)
