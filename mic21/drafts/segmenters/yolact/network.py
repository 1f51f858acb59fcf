"""The network of YOLACT and YOLACT++, its parts named as in the official weight files, and loading those files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from mic21.drafts.segmenters.yolact.backbones import DarkNet, ResNet
from mic21.drafts.segmenters.yolact.configurations import Configuration
from mic21.drafts.segmenters.yolact.detection import ASPECT_RATIOS, make_priors
from mic21.errors import BackendError
from mic21.networks.weights import read_state_dict

PROTOTYPES = 32
_FEATURES = 256
_EXTRA_LEVELS = 2


@dataclass(frozen=True, slots=True)
class Predictions:
    """What the network says of b images, at each of p prior boxes.

    Attributes:
        offsets: b×p×4, from the prior boxes to the objects' boxes.
        scores: b×p×(c+1) probabilities, the first of no object.
        coefficients: b×p×k, of each prototype in the mask.
        prototypes: b×k×h×w.
    """

    offsets: Tensor
    scores: Tensor
    coefficients: Tensor
    prototypes: Tensor


class Yolact(nn.Module):
    """YOLACT (Bolya et al. 2019), and YOLACT++ (2020) where its configuration says so."""

    priors: Tensor

    def __init__(self, configuration: Configuration) -> None:
        super().__init__()
        blocks = configuration.blocks
        is_resnet = configuration.backbone == "resnet"
        self.backbone = ResNet(blocks, configuration.deformable_every) if is_resnet else DarkNet(blocks)
        self.fpn = FeaturePyramid(self.backbone.channels[-3:])
        self.proto_net = nn.Sequential(
            *_convolutions(3),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.Identity(),  # official files count an activation here
            *_convolutions(1),
            nn.Conv2d(_FEATURES, PROTOTYPES, 1),
            nn.ReLU(),
        )
        count = len(configuration.classes)
        boxes = len(configuration.sides[0]) * len(ASPECT_RATIOS)
        self.prediction_layers = nn.ModuleList([PredictionHead(boxes, count + 1)])  # one for all levels
        self.semantic_seg_conv = nn.Conv2d(_FEATURES, count, 1)  # of use in training only, but official files have it
        self.maskiou_net = MaskScoring(count) if configuration.mask_scoring else None
        self.register_buffer("priors", make_priors(configuration), persistent=False)

    def forward(self, images: Tensor) -> Predictions:
        """Predictions of b×3×s×s images, prepared as `prepare` does."""
        levels = self.fpn(self.backbone(images)[-3:])
        offsets, logits, coefficients = (
            torch.cat(parts, dim=1) for parts in zip(*map(self.prediction_layers[0], levels), strict=True)
        )
        return Predictions(offsets, logits.softmax(-1), coefficients.tanh(), self.proto_net(levels[0]))

    def rescore(self, scores: Tensor, classes: Tensor, masks: Tensor) -> Tensor:
        """The scores of n objects times the IoU that the network expects of their masks, if it has learned to.

        Args:
            scores: n.
            classes: n.
            masks: n×h×w soft masks, of the prototypes' size.
        """
        if self.maskiou_net is None:
            return scores
        expected: Tensor = self.maskiou_net(masks[:, None])
        return scores * expected.gather(1, classes[:, None])[:, 0]


class FeaturePyramid(nn.Module):
    """Feature pyramid (Lin et al. 2017) with levels 3 to 5 from the backbone, and 6 and 7 by strided convolutions."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.lat_layers = nn.ModuleList(nn.Conv2d(count, _FEATURES, 1) for count in reversed(channels))
        self.pred_layers = nn.ModuleList(nn.Conv2d(_FEATURES, _FEATURES, 3, padding=1) for _ in channels)
        self.downsample_layers = nn.ModuleList(
            nn.Conv2d(_FEATURES, _FEATURES, 3, stride=2, padding=1) for _ in range(_EXTRA_LEVELS)
        )

    def forward(self, stages: Sequence[Tensor]) -> list[Tensor]:
        """The levels, the finest first, of three stages in the same order."""
        levels: list[Tensor] = []
        merged: Tensor | None = None
        for stage, lateral, smooth in zip(reversed(stages), self.lat_layers, self.pred_layers, strict=True):
            above = merged
            merged = lateral(stage)
            if above is not None:
                merged = merged + interpolate(above, size=stage.shape[-2:], mode="bilinear", align_corners=False)
            levels.insert(0, torch.relu(smooth(merged)))
        for layer in self.downsample_layers:
            levels.append(layer(levels[-1]))
        return levels


class PredictionHead(nn.Module):
    """Offsets, class logits and mask coefficients of the boxes at each place of a level."""

    def __init__(self, boxes: int, classes: int) -> None:
        super().__init__()
        self.upfeature = nn.Sequential(*_convolutions(1))
        self.bbox_layer = nn.Conv2d(_FEATURES, boxes * 4, 3, padding=1)
        self.conf_layer = nn.Conv2d(_FEATURES, boxes * classes, 3, padding=1)
        self.mask_layer = nn.Conv2d(_FEATURES, boxes * PROTOTYPES, 3, padding=1)
        self._boxes = boxes

    def forward(self, level: Tensor) -> tuple[Tensor, ...]:
        """B×f×h×w to three tensors b×(h·w·boxes)×…, row by row, the boxes of a place together."""
        features = self.upfeature(level)
        outputs = (layer(features) for layer in (self.bbox_layer, self.conf_layer, self.mask_layer))
        return tuple(
            output.permute(0, 2, 3, 1).reshape(len(level), -1, output.shape[1] // self._boxes) for output in outputs
        )


class MaskScoring(nn.Module):
    """The IoU of a mask with its object, guessed from the mask alone, for each class (YOLACT++)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, 8), (8, 16), (16, 32), (32, 64), (64, 128)):
            layers += [nn.Conv2d(inputs, outputs, 3, stride=2), nn.ReLU()]
        self.maskiou_net = nn.Sequential(*layers, nn.Conv2d(128, classes, 1), nn.ReLU())

    def forward(self, masks: Tensor) -> Tensor:
        """N×1×h×w soft masks to n×c."""
        expected: Tensor = self.maskiou_net(masks).amax((2, 3))
        return expected


def _convolutions(count: int) -> list[nn.Module]:
    return [
        layer for _ in range(count) for layer in (nn.Conv2d(_FEATURES, _FEATURES, 3, padding=1), nn.ReLU(inplace=True))
    ]


def load_network(name: str, configuration: Configuration, file: Path) -> Yolact:
    """A network with the weights of a file, ready to use.

    Args:
        name: of the configuration, for messages.
        configuration: what the file's network is made of.
        file: a state dict as the official implementation saves it, `.pth` or `.safetensors`.

    Raises:
        BackendError: the file is not there, holds more than tensors, or not those of the configuration.
    """
    network = Yolact(configuration)
    found = {key: value for key, value in read_state_dict(file).items() if not _is_left_over(key)}
    if difference := _difference(network.state_dict(), found):
        raise BackendError(
            f"{file}: expected the tensors of {name}, found {difference}; name the right one: NAME:{file.name}"
        )
    network.load_state_dict(found)
    return network.eval()


def _is_left_over(key: str) -> bool:
    """Whether it is one that files of version 1.0 have and no version uses: a copy of the backbone, further levels."""
    if key.startswith("fpn.downsample_layers."):
        return int(key.split(".")[2]) >= _EXTRA_LEVELS
    return key.startswith("backbone.layer") and not key.startswith("backbone.layers")


def _difference(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str:
    """How the tensors found differ by name and shape; empty if they do not."""
    expected = {key: value for key, value in expected.items() if not key.endswith(".num_batches_tracked")}
    lists = {
        "missing": sorted(expected.keys() - found.keys()),
        "of another shape": sorted(key for key in expected.keys() & found if expected[key].shape != found[key].shape),
        "unknown": sorted(key for key in found.keys() - expected if not key.endswith(".num_batches_tracked")),
    }
    return ", ".join(f"{len(keys)} {what} (such as {keys[0]})" for what, keys in lists.items() if keys)
