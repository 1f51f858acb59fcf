"""Models of detectron2, learning."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.structures import BitMasks, Boxes, Instances
from detectron2.utils.events import EventStorage

from mic21.drafts.finetune import Example
from mic21.drafts.finetune.descent import Descent, save_detector
from mic21.drafts.segmenters.detectron2 import DEFAULT
from mic21.errors import BackendError
from mic21.networks.detector import WEIGHTS, Detector, read_detector
from mic21.networks.detectron2_models import (
    load_weights,
    make_model,
    parse_config,
    published_weights,
    read_config,
    to_input,
)
from mic21.networks.weights import torch_device


class Detectron2Learner:
    """Trains a model of detectron2 whose configuration is YAML, as its configuration freezes and resizes."""

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
        device_ = torch_device(device)
        torch.manual_seed(seed)
        place = weights or DEFAULT
        name, _, file = place.partition(":")
        if Path(place).is_dir():
            config = parse_config(read_detector(Path(place), "detectron2").architecture)
            file = str(Path(place) / WEIGHTS)
        else:
            config = read_config(name)
        if not isinstance(config, CfgNode):
            raise BackendError(f"{name}: expected a YAML configuration, found a lazy one; those can only segment")
        if config.MODEL.META_ARCHITECTURE != "GeneralizedRCNN" or not config.MODEL.MASK_ON:
            raise BackendError(f"{name}: expected a configuration of an R-CNN with masks, found another")
        if from_scratch:
            config.MODEL.BACKBONE.FREEZE_AT = 0
        config.MODEL.ROI_HEADS.NUM_CLASSES = config.MODEL.POINT_HEAD.NUM_CLASSES = len(categories)
        config.INPUT.MASK_FORMAT = "bitmask"
        self._detector = Detector(backend="detectron2", architecture=config.dump(), categories=list(categories))
        self._model = make_model(config, device_, name=name, classes=categories)
        network = self._model.network
        if not from_scratch:
            load_weights(network, file or published_weights(name), may_differ="roi_heads.")
        self._descent = Descent(network, from_scratch=from_scratch, learning_rate=learning_rate, steps=steps)

    def learn(self, batch: Sequence[Example]) -> float:
        """Take one step; gives the loss before it."""
        inputs = []
        for example in batch:
            seen, resized = to_input(self._model, example.image)
            instances = Instances(tuple(seen["image"].shape[1:]))
            instances.gt_boxes = Boxes(torch.tensor(resized.apply_box(example.boxes), dtype=torch.float32))
            instances.gt_classes = torch.tensor(example.classes)
            masks = [resized.apply_segmentation(mask) for mask in example.masks]
            shape = (0, *instances.image_size)
            instances.gt_masks = BitMasks(torch.tensor(np.stack(masks) if masks else np.zeros(shape, np.uint8)))
            inputs.append({**seen, "instances": instances})
        with EventStorage():  # where its parts note what nobody reads here
            return self._descent.step(self._model.network(inputs))

    def save(self, folder: Path) -> None:
        """Write what the segmenter `detectron2` takes as weights."""
        save_detector(folder, self._detector, self._model.network)
