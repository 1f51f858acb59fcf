"""The encoder `detectron2`, real in all but its size and weights; skipped where detectron2 is not installed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mic21.captioner.cache import Cache
from mic21.captioner.encoders import load_encoder
from mic21.cli import run
from mic21.errors import BackendError
from mic21.networks.pixels import decode_photograph

from .conftest import make_release

pytest.importorskip("detectron2")
pytestmark = [pytest.mark.detectron2, pytest.mark.filterwarnings("ignore::FutureWarning")]

from detectron2 import model_zoo  # noqa: E402
from detectron2.data.transforms import ResizeShortestEdge  # noqa: E402
from detectron2.modeling import build_model  # noqa: E402
from detectron2.structures import Boxes  # noqa: E402

MASK_RCNN = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
CASCADE = "Misc/cascade_mask_rcnn_R_50_FPN_1x.yaml"


def save_small(folder: Path, zoo: str, *, channels: str = "BGR") -> tuple[Any, str]:
    """A narrow network of a configuration of the zoo, and what `--weights` names it by."""
    config = model_zoo.get_config(zoo)
    resnet = ["STEM_OUT_CHANNELS", 8, "RES2_OUT_CHANNELS", 16, "WIDTH_PER_GROUP", 4]
    config.merge_from_list([f"MODEL.RESNETS.{one}" if isinstance(one, str) else one for one in resnet])
    config.merge_from_list(["MODEL.ROI_BOX_HEAD.FC_DIM", 16, "INPUT.MIN_SIZE_TEST", 128, "INPUT.MAX_SIZE_TEST", 200])
    config.merge_from_list(["MODEL.DEVICE", "cpu", "INPUT.FORMAT", channels])
    torch.manual_seed(21)
    network = build_model(config).eval()
    for name, parameter in network.named_parameters():
        if name.endswith("stem.conv1.weight"):
            parameter.data.mul_(0.001)  # so tame that its features fit half precision
    (folder / "small.yaml").write_text(config.dump())
    save_file(network.state_dict(), folder / "small.safetensors")
    return network, f"{folder / 'small.yaml'}:{folder / 'small.safetensors'}"


def see(network: Any, image: np.ndarray) -> dict[str, torch.Tensor]:
    """The pyramid of an image in the network's order of channels, by detectron2 alone."""
    resized = ResizeShortestEdge(128, 200).get_transform(image).apply_image(image)
    images = network.preprocess_image([{"image": torch.as_tensor(resized.transpose(2, 0, 1).astype("float32"))}])
    return network.backbone(images.tensor)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("zoo", "channels"), [(MASK_RCNN, "BGR"), (MASK_RCNN, "RGB"), (CASCADE, "BGR")])
@torch.inference_mode()
def test_features_are_those_of_detectron2s_own_modules(zoo: str, channels: str, tmp_path: Path) -> None:
    network, weights = save_small(tmp_path, zoo, channels=channels)
    encoder = load_encoder("detectron2", weights=weights, side=2)
    assert (encoder.grid_dim, encoder.object_dim) == (256, 256 + 16)
    image = np.random.default_rng(21).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    mask = np.zeros((60, 90), np.uint8)
    mask[15:45, 30:60] = 255  # of 128×192 pixels, which the network sees, 32 to 96 by 64 to 128
    encoded = encoder.encode(image, [mask])
    pyramid = see(network, image if channels == "RGB" else image[:, :, ::-1])
    cells = pyramid["p5"][0].reshape(256, 2, 2, 2, 3).mean(dim=(2, 4)).permute(1, 2, 0).reshape(4, 256)
    np.testing.assert_allclose(encoded.grid, cells, rtol=1e-4, atol=1e-5)
    under = pyramid["p3"][0, :, 4:12, 8:16].mean(dim=(1, 2))
    heads = network.roi_heads
    levels = [pyramid[level] for level in ("p2", "p3", "p4", "p5")]
    box_head = heads.box_head[2] if zoo == CASCADE else heads.box_head
    head = box_head(heads.box_pooler(levels, [Boxes(torch.tensor([[64.0, 32.0, 128.0, 96.0]]))]))[0]
    np.testing.assert_allclose(encoded.objects, torch.cat([under, head])[None], rtol=1e-4, atol=1e-5)
    assert encoded.grid.std() > 0 and head.std() > 0
    assert encoder.encode(image, []).objects.shape == (0, 256 + 16)


@torch.inference_mode()
def test_what_fills_an_image_up_is_no_part_of_an_object(tmp_path: Path) -> None:
    network, weights = save_small(tmp_path, MASK_RCNN)
    image = np.random.default_rng(21).integers(0, 256, (60, 80, 3), dtype=np.uint8)  # 128×171, filled up to 192
    encoded = load_encoder("detectron2", weights=weights).encode(image, [np.full((60, 80), 255, np.uint8)])
    pyramid = see(network, image[:, :, ::-1])
    assert pyramid["p3"].shape == (1, 256, 16, 24)
    expected = pyramid["p3"][0, :, :, :22].mean(dim=(1, 2))
    np.testing.assert_allclose(encoded.objects[0, :256], expected, rtol=1e-4, atol=1e-5)


def test_features_of_a_release(tmp_path: Path) -> None:
    _, weights = save_small(tmp_path, MASK_RCNN)
    release = make_release(tmp_path / "made", 6)
    out = tmp_path / "features"
    command = ["features", str(release.path), "--encoder", "detectron2", "--weights", weights, "--out", str(out)]
    assert run(command) == 0
    encoder = load_encoder("detectron2", weights=weights)
    (sample, *_) = release.samples("train")
    grid, objects, geometry, _ = Cache(out, release).split("train").view(sample.record["id"], 0)
    assert grid.shape == (256, 256) and objects.shape == (len(geometry), 256 + 16)
    expected = encoder.encode(decode_photograph(sample.image_bytes), []).grid
    np.testing.assert_allclose(grid, expected, rtol=1e-3, atol=1e-3)
    assert grid.float().std() > 0.1


def test_other_weights_have_another_signature(tmp_path: Path) -> None:
    network, weights = save_small(tmp_path, MASK_RCNN)
    one = load_encoder("detectron2", weights=weights).signature
    assert load_encoder("detectron2", weights=weights).signature == one
    changed = network.state_dict()
    changed["roi_heads.box_head.fc1.bias"] += 1
    save_file(changed, tmp_path / "small.safetensors")
    other = load_encoder("detectron2", weights=weights).signature
    assert other != one and other.partition(" weights=")[0] == one.partition(" weights=")[0]


@pytest.mark.parametrize(
    ("zoo", "found"),
    [
        ("COCO-Detection/retinanet_R_50_FPN_1x.yaml", "small.yaml with p3, p4, p5, p6, p7 and no heads"),
        ("COCO-InstanceSegmentation/mask_rcnn_R_50_C4_3x.yaml", "small.yaml with res4 and Res5ROIHeads"),
    ],
)
def test_a_model_without_pyramid_or_box_head_is_refused(zoo: str, found: str, tmp_path: Path) -> None:
    _, weights = save_small(tmp_path, zoo)
    with pytest.raises(BackendError, match=f"expected an R-CNN with a box head and a feature pyramid .*found {found}"):
        load_encoder("detectron2", weights=weights)
