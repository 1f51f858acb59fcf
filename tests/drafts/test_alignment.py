"""CLIP scores drafts: a small model of open_clip, built here and loaded as a large one is."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import safetensors.torch
import torch
from PIL import Image

from mic21.cli import run
from mic21.corpus.store import Corpus
from mic21.drafts.alignment import Alignment
from mic21.drafts.photographs import load_photograph
from mic21.errors import BackendError

SMALL = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "patch_size": 8, "head_width": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
IMAGE = np.random.default_rng(21).integers(0, 256, (60, 80, 3), dtype=np.uint8)
TEXTS = ["A violin", "Two dogs run after a ball."]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model as open_clip keeps it, and the same as a file of weights for a registered name."""
    folder = tmp_path_factory.mktemp("clip")
    (folder / "small-captions.json").write_text(json.dumps(SMALL))
    open_clip.add_model_config(folder / "small-captions.json")
    torch.manual_seed(21)
    made = open_clip.create_model("small-captions")
    safetensors.torch.save_file(made.state_dict(), folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": SMALL, "preprocess_cfg": {}}))
    return folder


def cosines(model: Path, image: np.ndarray, texts: list[str]) -> list[float]:
    """What open_clip itself gives."""
    name: Any = f"local-dir:{model}"
    clip, _, preprocess = open_clip.create_model_and_transforms(name)
    with torch.no_grad():
        seen = clip.eval().encode_image(preprocess(Image.fromarray(image))[None])
        read = clip.encode_text(open_clip.get_tokenizer(name)(texts))
    return torch.cosine_similarity(seen, read).tolist()


@pytest.mark.parametrize("name", ["{}", "small-captions:{}/open_clip_model.safetensors"])
def test_a_score_is_the_cosine_of_picture_and_text(model: Path, name: str) -> None:
    scores = Alignment(name.format(model)).score(IMAGE, TEXTS)
    assert scores == pytest.approx(cosines(model, IMAGE, TEXTS), abs=1e-4)
    assert len(set(scores)) == 2


def test_drafts_keep_their_score_and_are_scored_again_by_another_model(model: Path, mini: Corpus) -> None:
    command = ["caption", "-C", str(mini.path), "--clip", str(model), "--kind", "title"]
    assert run(command) == 0
    found = {row["image_id"]: row for row in mini.captions(status="draft", kind="title", language="en").to_pylist()}
    assert found
    for image in mini.images(images=list(found)).to_pylist():
        pixels = load_photograph(mini, image["sha256"], image["extension"])
        (score,) = cosines(model, pixels, [found[image["id"]]["text"]])
        assert json.loads(found[image["id"]]["attributes"])["clip"] == pytest.approx(score, abs=1e-4)
    assert run(command) == 0
    assert len(mini.captions(status="draft", kind="title", language="en")) == len(found)


def test_what_is_no_model_is_refused(model: Path, tmp_path: Path) -> None:
    other = SMALL | {"text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}}
    (tmp_path / "other-captions.json").write_text(json.dumps(other))
    open_clip.add_model_config(tmp_path / "other-captions.json")
    with pytest.raises(BackendError, match="clip: expected MODEL:FILE or MODEL:TAG, found 'ViT-B-32'"):
        Alignment("ViT-B-32")
    for name in (f"other-captions:{model}/open_clip_model.safetensors", "no-such:laion2b", str(tmp_path)):
        with pytest.raises(BackendError, match="clip: expected a model of open_clip"):
            Alignment(name)
