"""CLIP names masks: a small model of open_clip, built here and loaded as a large one is."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import safetensors.torch
import torch
from sqlalchemy import select

from mic21.cli import run
from mic21.corpus import schema
from mic21.corpus.store import Corpus
from mic21.drafts.open_vocabulary import PROMPTS, OpenVocabulary, crops
from mic21.drafts.segmenters import Photograph, Region, load_segmenter
from mic21.errors import BackendError
from mic21.geometry import mask_to_rle
from mic21.ontology import Ontology

ONTO = Ontology.load()
TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "patch_size": 8, "head_width": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
IMAGE = np.random.default_rng(21).integers(0, 256, (60, 80, 3), dtype=np.uint8)


class TwoBoxes:
    """Masks without names: a wide one and a high one with a hole."""

    name = "boxes"
    signature = "1"

    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        return [self._regions(*photograph.image.shape[:2]) for photograph in photographs]

    def _regions(self, height: int, width: int) -> list[Region]:
        wide, high = np.zeros((height, width), bool), np.zeros((height, width), bool)
        wide[30:40, 20:70] = True
        high[2:58, 1:11] = True
        high[20:30, 3:6] = False
        return [Region(None, mask_to_rle(mask), score, "object") for mask, score in ((wide, 0.9), (high, 0.8))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as open_clip keeps it in a folder, and its configuration alone as open_clip registers it."""
    path = tmp_path_factory.mktemp("clip")
    (path / "tiny.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(path / "tiny.json")
    torch.manual_seed(21)
    model = open_clip.create_model("tiny")
    safetensors.torch.save_file(model.state_dict(), path / "open_clip_model.safetensors")
    torch.save(model.state_dict(), path / "tiny.pt")
    preprocess = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2]}
    (path / "open_clip_config.json").write_text(json.dumps({"model_cfg": TINY, "preprocess_cfg": preprocess}))
    return path


def expected(folder: Path, subdomain: str | None) -> list[tuple[int, float]]:
    """Category and score of both boxes, by open_clip itself."""
    clip: Any = f"local-dir:{folder}"
    model, _, preprocess = open_clip.create_model_and_transforms(clip)
    tokenizer = open_clip.get_tokenizer(clip)
    keys = [subdomain] if subdomain else [theme.key for theme in ONTO.subdomains()]
    drawn = sorted({category.id for key in keys for category in ONTO.categories(key)})
    found = []
    with torch.no_grad():
        texts = []
        for id in drawn:
            features = model.eval().encode_text(tokenizer([p.format(ONTO.by_id(id).name("en")) for p in PROMPTS]))
            mean = (features / features.norm(dim=-1, keepdim=True)).mean(0)
            texts.append(mean / mean.norm())
        for region in TwoBoxes().segment([Photograph(IMAGE)])[0]:
            views = torch.stack([preprocess(view) for view in crops(IMAGE, region, (128, 102, 76))])
            features = model.encode_image(views)
            mean = (features / features.norm(dim=-1, keepdim=True)).mean(0)
            probabilities = (model.logit_scale.exp() * torch.stack(texts) @ (mean / mean.norm())).softmax(0)
            best = int(probabilities.argmax())
            found.append((drawn[best], region.score * float(probabilities[best])))
    return sorted(found, key=lambda pair: -pair[1])


@pytest.mark.parametrize("subdomain", ["chess", "violinist"])
def test_names_are_what_open_clip_gives(folder: Path, subdomain: str | None) -> None:
    segmenter = OpenVocabulary(TwoBoxes(), ONTO, clip=str(folder), min_probability=0)
    (regions,) = segmenter.segment([Photograph(IMAGE, subdomain)])
    names = expected(folder, subdomain)
    assert [region.category_id for region in regions] == [id for id, _ in names]
    assert [region.score for region in regions] == pytest.approx([score for _, score in names], abs=2e-4)
    assert [region.label for region in regions] == [ONTO.by_id(id).name("en") for id, _ in names]
    assert {region.rle for region in regions} == {region.rle for region in TwoBoxes()._regions(60, 80)}


def test_the_command_names_masks(folder: Path, mini: Corpus) -> None:
    arguments = ["segment", "--open-vocabulary", "--clip", str(folder), "--limit", "1", "--include-annotated"]
    assert run(["-C", str(mini.path), *arguments]) == 0
    with mini.reading() as connection:
        (signature,) = connection.execute(select(schema.processed.c.signature)).scalars()
    assert signature == "embedded " + load_segmenter("embedded", mini.ontology, clip=str(folder)).signature


def test_what_is_not_sure_stays_without_a_name(folder: Path) -> None:
    segmenter = OpenVocabulary(TwoBoxes(), ONTO, clip=str(folder), min_probability=1)
    assert segmenter.segment([Photograph(IMAGE, "chess")]) == TwoBoxes().segment([Photograph(IMAGE)])


def test_the_signature_follows_masks_model_and_settings(folder: Path) -> None:
    one = OpenVocabulary(TwoBoxes(), ONTO, clip=str(folder))
    assert one.signature.startswith("1 clip=")
    assert OpenVocabulary(TwoBoxes(), ONTO, clip=f"tiny:{folder / 'tiny.pt'}").signature == one.signature
    assert OpenVocabulary(TwoBoxes(), ONTO, clip=str(folder), min_probability=0.3).signature != one.signature


def test_views_are_square_and_the_second_shows_the_region_alone() -> None:
    high = TwoBoxes()._regions(60, 80)[1]
    seen, alone = (np.asarray(view) for view in crops(IMAGE, high, (1, 2, 3)))
    assert seen.shape == alone.shape == (60, 60, 3)  # 56 high, a margin of 6, no more than there is
    assert (seen[:, 21:38] == IMAGE[:, :17]).all()
    inside = np.zeros((60, 60), bool)
    inside[2:58, 22:32] = True
    inside[20:30, 24:27] = False
    assert (alone[inside] == seen[inside]).all()
    assert (alone[~inside] == (1, 2, 3)).all()


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        ("ViT-B-32", "expected MODEL:FILE or MODEL:TAG, found 'ViT-B-32'; published tags: openai"),
        ("no-such-model", "there is no such model"),
        ("tiny:nowhere.pt", "found 'tiny:nowhere.pt'"),
        ("tiny:{folder}/pickle.pt", "found 'tiny:"),
        ("tiny:{folder}/other.pt", "found 'tiny:"),
    ],
)
def test_bad_models_are_refused(folder: Path, clip: str, message: str) -> None:
    torch.save(print, folder / "pickle.pt")
    torch.save({"weight": torch.zeros(2)}, folder / "other.pt")
    with pytest.raises(BackendError, match=message):
        load_segmenter("embedded", ONTO, clip=clip.format(folder=folder))
