"""Encoders that users have weights for: run as they are, with small models and weights made here."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mic21.captioner.encoders import Encoder, load_encoder
from mic21.errors import BackendError

pytest.importorskip("timm")
RANDOM = np.random.default_rng(4)
IMAGE = RANDOM.integers(0, 255, (60, 90, 3), dtype=np.uint8)
LEFT, RIGHT = np.zeros((60, 90), np.uint8), np.zeros((60, 90), np.uint8)
LEFT[10:50, 5:40], RIGHT[10:50, 50:85] = 255, 255


def _prove(encoder: Encoder, side: int) -> None:
    """Shapes; the same each time; objects depend on where they are, and a mirrored image swaps left and right."""
    one, two = encoder.encode(IMAGE, [LEFT, RIGHT]), encoder.encode(IMAGE, [LEFT, RIGHT])
    assert one.grid.shape == (side * side, encoder.grid_dim) and one.objects.shape == (2, encoder.object_dim)
    assert (one.grid == two.grid).all() and (one.objects == two.objects).all()
    assert np.abs(one.objects[0] - one.objects[1]).max() > 1e-4
    assert encoder.encode(IMAGE, []).objects.shape == (0, encoder.object_dim)
    dark = IMAGE.copy()
    dark[:, 45:] = 0
    changed = np.abs(encoder.encode(dark, []).grid - one.grid).reshape(side, side, -1).mean(axis=(0, 2))
    assert changed[-1] > changed[0]  # what changes on the right is seen on the right


@pytest.mark.parametrize("name", ["test_vit", "test_efficientnet", "test_convnext"])
def test_timm(name: str, tmp_path: Path) -> None:
    import timm

    torch.manual_seed(2)
    model = timm.create_model(name, pretrained=False)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    encoder = load_encoder("timm", weights=f"{name}:{tmp_path / 'model.safetensors'}", side=4)
    _prove(encoder, 4)
    save_file({"other": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(BackendError, match="expected the tensors of"):
        load_encoder("timm", weights=f"{name}:{tmp_path / 'other.safetensors'}")


def test_clip(tmp_path: Path) -> None:
    open_clip = pytest.importorskip("open_clip")
    vision = {"image_size": 64, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16}
    text = {"context_length": 8, "vocab_size": 100, "width": 32, "heads": 2, "layers": 1}
    config = tmp_path / "tiny-clip.json"
    config.write_text(json.dumps({"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}))
    open_clip.add_model_config(config)
    torch.manual_seed(2)
    weights = tmp_path / "clip.safetensors"
    save_file(open_clip.create_model("tiny-clip").state_dict(), weights)
    _prove(load_encoder("clip", weights=f"tiny-clip:{weights}", side=4), 4)
    for wrong, message in (("tiny-clip", "found 'tiny-clip' alone"), ("no-clip:x", "found 'no-clip'")):
        with pytest.raises(BackendError, match=message):
            load_encoder("clip", weights=wrong)
    with pytest.raises(BackendError, match="its weights could not be loaded"):
        load_encoder("clip", weights="tiny-clip:nowhere")


def test_torchvision(tmp_path: Path) -> None:
    models = pytest.importorskip("torchvision.models")
    torch.manual_seed(2)
    name, weights = "maskrcnn_resnet50_fpn", tmp_path / "weights.safetensors"
    with pytest.raises(BackendError, match=r"expected one of .*maskrcnn_resnet50_fpn_v2"):
        load_encoder("torchvision", weights="resnet50")
    save_file(models.get_model(name, weights=None, weights_backbone=None).state_dict(), weights)
    encoder = load_encoder("torchvision", weights=f"{name}:{weights}", side=4)
    assert (encoder.grid_dim, encoder.object_dim) == (256, 256 + 1024)
    encoder._model.transform.min_size = (160,)  # type: ignore[attr-defined]  # 800 pixels take seconds here
    _prove(encoder, 4)
