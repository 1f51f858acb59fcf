"""Segmentation models of transformers: small ones, built here and loaded as large ones are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    DetrConfig,
    DetrForSegmentation,
    DetrImageProcessor,
    Mask2FormerConfig,
    Mask2FormerForUniversalSegmentation,
    Mask2FormerImageProcessor,
    ResNetConfig,
    SwinConfig,
)

from mic21.drafts.segmenters import Photograph, load_segmenter
from mic21.drafts.segmenters.transformers import read_queries
from mic21.errors import BackendError
from mic21.geometry import rle_to_mask
from mic21.ontology import Ontology

ONTO = Ontology.load()
LABELS = {0: "person", 1: "chair", 2: "giraffe"}
MEANT = {"person": ONTO["violinist"].id, "chair": ONTO["chair"].id, "giraffe": None}


def mask2former() -> Any:
    swin = SwinConfig(
        image_size=64, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1], window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = Mask2FormerConfig(
        backbone_config=swin, hidden_dim=32, feature_size=32, mask_feature_size=32, encoder_layers=1, decoder_layers=2,
        num_attention_heads=2, dim_feedforward=16, encoder_feedforward_dim=16, num_queries=6, id2label=LABELS,
        label2id={label: index for index, label in LABELS.items()},
    )  # fmt: skip
    return Mask2FormerForUniversalSegmentation(config)


def detr() -> Any:
    resnet = ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1],
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = DetrConfig(
        backbone_config=resnet, backbone=None, use_pretrained_backbone=False, use_timm_backbone=False, d_model=16,
        encoder_layers=1, decoder_layers=1, encoder_attention_heads=8, decoder_attention_heads=8, encoder_ffn_dim=16,
        decoder_ffn_dim=16, num_queries=6, id2label=LABELS, label2id={label: index for index, label in LABELS.items()},
    )  # fmt: skip
    return DetrForSegmentation(config)


@pytest.mark.parametrize(
    ("model", "processor"),
    [
        (mask2former, Mask2FormerImageProcessor(size={"shortest_edge": 64, "longest_edge": 96}, size_divisor=32)),
        (detr, DetrImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})),
    ],
)
def test_a_model_from_a_folder_gives_regions_of_the_theme(model: Any, processor: Any, tmp_path: Path) -> None:
    torch.manual_seed(21)
    model().save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    segmenter = load_segmenter("transformers", ONTO, weights=str(tmp_path), min_score=0.05)
    random = np.random.default_rng(21)
    photographs = [
        Photograph(random.integers(0, 256, (*shape, 3), dtype=np.uint8), "violinist")
        for shape in ((90, 120), (130, 70))
    ]
    drafts = segmenter.segment(photographs)
    assert all(drafts)
    for photograph, regions in zip(photographs, drafts, strict=True):
        assert {rle_to_mask(region.rle).shape for region in regions} == {photograph.image.shape[:2]}
        assert [region.category_id for region in regions] == [MEANT[region.label] for region in regions]
        assert [region.score for region in regions] == sorted((region.score for region in regions), reverse=True)
    again = load_segmenter("transformers", ONTO, weights=str(tmp_path), min_score=0.05)
    assert (again.segment(photographs), again.signature) == (drafts, segmenter.signature)


def test_masks_lie_where_they_are_in_spite_of_padding() -> None:
    """The left half of an image that fills the upper left 64×96 of 64×128 padded pixels."""
    classes = torch.tensor([[8.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 8.0]])
    masks = torch.full((2, 16, 32), -20.0)
    masks[0, :, :12] = 20
    seen = torch.zeros(64, 128)
    seen[:, :96] = 1
    scores, labels, soft = read_queries(classes, masks, seen, 0.5)
    assert labels == [0]
    assert scores[0] == pytest.approx(0.998, abs=0.01)
    assert soft.shape == (1, 64, 96)
    assert (soft[0] >= 0.5).float().mean(0).tolist() == [1.0] * 48 + [0.0] * 48


def test_what_is_no_segmentation_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(BackendError, match="expected a segmentation model"):
        load_segmenter("transformers", ONTO, weights=str(tmp_path))
