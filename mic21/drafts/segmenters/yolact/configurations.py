"""The published models of YOLACT, by the names that their weight files begin with."""

from dataclasses import dataclass, replace
from typing import Literal

from torchvision.models.detection import MaskRCNN_ResNet50_FPN_V2_Weights

COCO_CLASSES = tuple(
    label
    for label in MaskRCNN_ResNet50_FPN_V2_Weights.DEFAULT.meta["categories"]
    if label not in ("__background__", "N/A")
)
# In Pascal VOC's order, under the names that COCO has for them, which a label map knows.
PASCAL_CLASSES = (
    "airplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dining table", "dog",
    "horse", "motorcycle", "person", "potted plant", "sheep", "couch", "train", "tv",
)  # fmt: skip
_SIDES = (24, 48, 96, 192, 384)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a YOLACT is made of.

    Attributes:
        backbone: the family of its feature extractor.
        blocks: residual blocks in each stage of the backbone; the last three stages feed the pyramid.
        deformable_every: every so many blocks, from the first of a stage, a convolution is deformable (ResNet, all
            stages but the first); 0 for none.
        image_size: sides in pixels of the square that photographs are scaled to.
        sides: for each of the five levels of the pyramid, the sides in pixels of its prior boxes.
        square: the boxes of all aspect ratios are squares, as they came to be by accident in the first version.
        mask_scoring: scores are multiplied with a predicted mask IoU.
        classes: the labels, in the order of the scores.
    """

    backbone: Literal["resnet", "darknet"]
    blocks: tuple[int, ...]
    deformable_every: int = 0
    image_size: int = 550
    sides: tuple[tuple[float, ...], ...] = tuple((side,) for side in _SIDES)
    square: bool = True
    mask_scoring: bool = False
    classes: tuple[str, ...] = COCO_CLASSES


def _for_images_of(size: int) -> Configuration:
    sides = tuple((int(side / 550 * size),) for side in _SIDES)
    return replace(_BASE, image_size=size, sides=sides)


_BASE = Configuration("resnet", (3, 4, 23, 3))
_RESNET50 = Configuration("resnet", (3, 4, 6, 3))
_PLUS = replace(
    _BASE,
    deformable_every=3,
    sides=tuple(tuple(side * 2 ** (octave / 3) for octave in range(3)) for side in _SIDES),
    square=False,
    mask_scoring=True,
)

CONFIGURATIONS = {
    "yolact_base": _BASE,
    "yolact_im400": _for_images_of(400),
    "yolact_im700": _for_images_of(700),
    "yolact_resnet50": _RESNET50,
    "yolact_darknet53": Configuration("darknet", (1, 2, 8, 8, 4)),
    "yolact_resnet50_pascal": replace(
        _RESNET50, sides=tuple((side,) for side in (32, 64, 128, 256, 512)), square=False, classes=PASCAL_CLASSES
    ),
    "yolact_plus_base": _PLUS,
    "yolact_plus_resnet50": replace(_PLUS, blocks=_RESNET50.blocks, deformable_every=1),
}
