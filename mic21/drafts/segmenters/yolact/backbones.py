"""The feature extractors of YOLACT; their parts are named as in the official weight files."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck
from torchvision.ops import deform_conv2d


class DeformableConvolution(nn.Conv2d):
    """A 3×3 convolution that samples where it learned to, each sample with a weight (Zhu et al. 2018, DCNv2)."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__(channels, channels, 3, stride=stride, padding=1)
        # Of each of the nine samples: its offset in y and x, then of each its weight.
        self.conv_offset_mask = nn.Conv2d(channels, 27, 3, stride=stride, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """B×c×h×w to b×c×h'×w'."""
        offsets, weights = self.conv_offset_mask(features).split((18, 9), dim=1)
        convolved: Tensor = deform_conv2d(
            features, offsets, self.weight, self.bias, stride=self.stride, padding=1, mask=weights.sigmoid()
        )
        return convolved


class ResNet(nn.Module):
    """ResNet with bottleneck blocks (He et al. 2016), some of them deformable.

    Attributes:
        channels: of the output of each stage.
    """

    def __init__(self, blocks: Sequence[int], deformable_every: int = 0) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.channels = [256 << stage for stage in range(len(blocks))]
        self.layers = nn.ModuleList()
        inputs = 64
        for stage, (count, outputs) in enumerate(zip(blocks, self.channels, strict=True)):
            stride = 2 if stage else 1
            shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))
            first = Bottleneck(inputs, outputs // 4, stride, shortcut)
            layer = [first, *(Bottleneck(outputs, outputs // 4) for _ in range(count - 1))]
            if deformable_every and stage:
                for block in layer[::deformable_every]:
                    block.conv2 = DeformableConvolution(outputs // 4, block.stride)
            self.layers.append(nn.Sequential(*layer))
            inputs = outputs

    def forward(self, images: Tensor) -> list[Tensor]:
        """B×3×h×w to the outputs of all stages, the finest first."""
        features = self.maxpool(torch.relu(self.bn1(self.conv1(images))))
        return _outputs(self.layers, features)


class DarkNet(nn.Module):
    """DarkNet-53 of YOLOv3 (Redmon and Farhadi 2018).

    Attributes:
        channels: of the output of each stage.
    """

    def __init__(self, blocks: Sequence[int]) -> None:
        super().__init__()
        self._preconv = _convolution(3, 32, 3)
        self.channels = [64 << stage for stage in range(len(blocks))]
        self.layers = nn.ModuleList(
            nn.Sequential(
                _convolution(outputs // 2, outputs, 3, stride=2), *(DarkNetBlock(outputs) for _ in range(count))
            )
            for count, outputs in zip(blocks, self.channels, strict=True)
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        """B×3×h×w to the outputs of all stages, the finest first."""
        return _outputs(self.layers, self._preconv(images))


class DarkNetBlock(nn.Module):
    """A 1×1 convolution to half the channels and a 3×3 one back, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = _convolution(channels, channels // 2, 1)
        self.conv2 = _convolution(channels // 2, channels, 3)

    def forward(self, features: Tensor) -> Tensor:
        """B×c×h×w to the same."""
        changed: Tensor = self.conv2(self.conv1(features))
        return features + changed


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1, inplace=True),
    )


def _outputs(layers: nn.ModuleList, features: Tensor) -> list[Tensor]:
    outputs = []
    for layer in layers:
        features = layer(features)
        outputs.append(features)
    return outputs
