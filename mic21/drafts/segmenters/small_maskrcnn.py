"""A Mask R-CNN of a third of a million parameters, for machines without a GPU, for trying things out and for tests.

It looks at photographs scaled to 128 pixels, and there are no weights of it: it learns what it is shown.
"""

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, FastRCNNPredictor
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign

_WIDTHS = (16, 24, 32, 48)  # channels at strides of 2, 4, 8 and 16 pixels
_CHANNELS = 32
_LEVELS = ["0", "1", "2"]


class _Backbone(nn.Module):
    """Four convolutional stages, and a feature pyramid (Lin et al. 2017) over the last three."""

    out_channels = _CHANNELS

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        before = 3
        for width in _WIDTHS:
            self.stages.append(nn.Sequential(_convolution(before, width, 2), _convolution(width, width, 1)))
            before = width
        self.pyramid = FeaturePyramidNetwork(list(_WIDTHS[1:]), _CHANNELS, norm_layer=_norm)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        found = [self.stages[0](images)]
        for stage in self.stages[1:]:
            found.append(stage(found[-1]))
        levels: dict[str, Tensor] = self.pyramid(OrderedDict(zip(_LEVELS, found[1:], strict=True)))
        return levels


def _convolution(before: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, width, 3, stride, 1, bias=False), _norm(width), nn.ReLU(inplace=True))


def _norm(width: int) -> nn.Module:
    return nn.GroupNorm(8, width)


def small_maskrcnn(classes: int, **options: Any) -> MaskRCNN:
    """The model with random weights.

    Args:
        classes: how many, the background among them.
        options: of torchvision's MaskRCNN.
    """
    return MaskRCNN(
        _Backbone(),
        min_size=128,
        max_size=224,
        rpn_anchor_generator=AnchorGenerator(((12, 18), (28, 42), (64, 96)), ((0.5, 1.0, 2.0),) * 3),
        rpn_pre_nms_top_n_train=200,
        rpn_post_nms_top_n_train=100,
        rpn_pre_nms_top_n_test=200,
        rpn_post_nms_top_n_test=100,
        box_roi_pool=MultiScaleRoIAlign(_LEVELS, 7, 1),
        box_head=FastRCNNConvFCHead((_CHANNELS, 7, 7), [_CHANNELS, _CHANNELS], [128], norm_layer=_norm),
        box_predictor=FastRCNNPredictor(128, classes),
        box_batch_size_per_image=24,
        box_positive_fraction=0.5,
        mask_roi_pool=MultiScaleRoIAlign(_LEVELS, 14, 1),
        mask_head=MaskRCNNHeads(_CHANNELS, (_CHANNELS, _CHANNELS), 1),
        mask_predictor=MaskRCNNPredictor(_CHANNELS, _CHANNELS, classes),
        **options,
    )
