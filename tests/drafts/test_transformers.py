"""Segmentation models of transformers: small ones, built here and loaded as large ones are."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    CLIPTokenizer,
    DetrConfig,
    DetrForSegmentation,
    DetrImageProcessor,
    EomtConfig,
    EomtForUniversalSegmentation,
    EomtImageProcessor,
    Mask2FormerConfig,
    Mask2FormerForUniversalSegmentation,
    Mask2FormerImageProcessor,
    OneFormerConfig,
    OneFormerForUniversalSegmentation,
    OneFormerImageProcessor,
    OneFormerProcessor,
    ResNetConfig,
    Sam2Config,
    Sam2ImageProcessor,
    Sam2Model,
    SamConfig,
    SamImageProcessor,
    SamModel,
    SwinConfig,
    pipeline,
)

from mic21.drafts.segmenters import Photograph, load_segmenter
from mic21.drafts.segmenters.transformers import read_queries
from mic21.errors import BackendError
from mic21.geometry import rle_to_mask
from mic21.ontology import Ontology

ONTO = Ontology.load()
LABELS = {0: "person", 1: "chair", 2: "giraffe"}
NAMED = {"id2label": LABELS, "label2id": {label: index for index, label in LABELS.items()}}
SIZE = {"shortest_edge": 64, "longest_edge": 96}
MEANT = {"person": ONTO["violinist"].id, "chair": ONTO["chair"].id, "giraffe": None}


def swin() -> SwinConfig:
    return SwinConfig(
        image_size=64, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1], window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip


def mask2former(folder: Path) -> Any:
    config = Mask2FormerConfig(
        backbone_config=swin(), hidden_dim=32, feature_size=32, mask_feature_size=32, encoder_layers=1,
        decoder_layers=2, num_attention_heads=2, dim_feedforward=16, encoder_feedforward_dim=16, num_queries=6, **NAMED,
    )  # fmt: skip
    Mask2FormerImageProcessor(size=SIZE, size_divisor=32).save_pretrained(folder)
    return Mask2FormerForUniversalSegmentation(config)


def oneformer(folder: Path) -> Any:
    config = OneFormerConfig(
        backbone_config=swin(), hidden_dim=32, conv_dim=32, mask_dim=32, encoder_layers=1, decoder_layers=2,
        num_attention_heads=2, dim_feedforward=16, encoder_feedforward_dim=16, num_queries=6, query_dec_layers=1,
        text_encoder_width=16, text_encoder_num_layers=1, text_encoder_vocab_size=60, text_encoder_n_ctx=2,
        use_auxiliary_loss=False, output_auxiliary_logits=False, **NAMED,
    )  # fmt: skip
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={token: id for id, token in enumerate(tokens)}, merges=[])
    classes = {str(id): {"name": label, "isthing": 1} for id, label in LABELS.items()}
    (folder / "classes.json").write_text(json.dumps(classes))
    images = OneFormerImageProcessor(size=SIZE, repo_path=str(folder), class_info_file="classes.json", num_text=4)
    OneFormerProcessor(images, tokenizer).save_pretrained(folder)
    return OneFormerForUniversalSegmentation(config)


def eomt(folder: Path) -> Any:
    config = EomtConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=64, patch_size=8, num_blocks=1,
        num_upscale_blocks=1, num_queries=6, mlp_ratio=2, num_register_tokens=1, **NAMED,
    )  # fmt: skip
    EomtImageProcessor(size={"shortest_edge": 64, "longest_edge": 64}, do_pad=True).save_pretrained(folder)
    return EomtForUniversalSegmentation(config)


def detr(folder: Path) -> Any:
    resnet = ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1],
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = DetrConfig(
        backbone_config=resnet, backbone=None, use_pretrained_backbone=False, use_timm_backbone=False, d_model=16,
        encoder_layers=1, decoder_layers=1, encoder_attention_heads=8, decoder_attention_heads=8, encoder_ffn_dim=16,
        decoder_ffn_dim=16, num_queries=6, **NAMED,
    )  # fmt: skip
    DetrImageProcessor(size=SIZE).save_pretrained(folder)
    return DetrForSegmentation(config)


def sam(folder: Path) -> Any:
    vision = {
        "hidden_size": 16, "output_channels": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 64,
        "patch_size": 8, "window_size": 0, "global_attn_indexes": [0], "num_pos_feats": 8, "mlp_dim": 16,
        "initializer_range": 0.5,
    }  # fmt: skip
    prompts = {"hidden_size": 16, "image_size": 64, "patch_size": 8, "mask_input_channels": 4}
    decoder = {
        "hidden_size": 16, "mlp_dim": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "iou_head_hidden_dim": 16,
    }  # fmt: skip
    processor = SamImageProcessor(
        size={"longest_edge": 64}, pad_size={"height": 64, "width": 64}, mask_size={"longest_edge": 16},
        mask_pad_size={"height": 16, "width": 16},
    )  # fmt: skip
    processor.save_pretrained(folder)
    config = SamConfig(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder)
    return decided(SamModel(config))


def sam2(folder: Path) -> Any:
    backbone = {
        "model_type": "sam2_hiera_det_model", "hidden_size": 8, "image_size": [64, 64],
        "embed_dim_per_stage": [8, 16, 24, 32],
        "num_attention_heads_per_stage": [1, 1, 1, 1], "blocks_per_stage": [1, 1, 2, 1],
        "window_size_per_stage": [4, 4, 4, 4], "global_attention_blocks": [3], "initializer_range": 0.5,
    }  # fmt: skip
    vision = {
        "backbone_config": backbone, "backbone_channel_list": [32, 24, 16, 8], "fpn_hidden_size": 16,
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
    }  # fmt: skip
    prompts = {"hidden_size": 16, "image_size": 64, "patch_size": 16, "mask_input_channels": 4}
    decoder = {
        "hidden_size": 16, "mlp_dim": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "iou_head_hidden_dim": 16,
    }  # fmt: skip
    Sam2ImageProcessor(size={"height": 64, "width": 64}, mask_size={"height": 16, "width": 16}).save_pretrained(folder)
    config = Sam2Config(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder)
    return decided(Sam2Model(config))


def decided(model: Any) -> Any:
    """With masks that are far from their threshold, which the pipeline takes for stable."""
    with torch.no_grad():
        for network in model.mask_decoder.output_hypernetworks_mlps:
            network.proj_out.weight *= 1e8
    return model


@pytest.mark.parametrize("build", [mask2former, detr, oneformer, eomt])
def test_a_model_from_a_folder_gives_regions_of_the_theme(build: Callable[[Path], Any], tmp_path: Path) -> None:
    torch.manual_seed(21)
    build(tmp_path).save_pretrained(tmp_path)
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


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    mask2former(tmp_path).save_pretrained(tmp_path)
    whole = (tmp_path / "model.safetensors").read_bytes()
    for damaged in (b"", b"\xff" * 2000, whole[:2000], whole[: len(whole) // 2]):
        (tmp_path / "model.safetensors").write_bytes(damaged)
        with pytest.raises(BackendError, match="expected a segmentation model"):
            load_segmenter("transformers", ONTO, weights=str(tmp_path))


def test_masks_of_eomt_lie_where_its_own_processor_says(tmp_path: Path) -> None:
    torch.manual_seed(21)
    model = eomt(tmp_path).eval()
    model.save_pretrained(tmp_path)
    image = np.random.default_rng(21).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    (regions,) = load_segmenter("transformers", ONTO, weights=str(tmp_path), min_score=0.2).segment([Photograph(image)])
    ours = np.any([rle_to_mask(region.rle) for region in regions], axis=0)
    processor = EomtImageProcessor.from_pretrained(tmp_path)
    inputs = processor(images=Image.fromarray(image), return_tensors="pt")
    with torch.inference_mode():
        outputs = model(**inputs)
    (theirs,) = processor.post_process_instance_segmentation(outputs, target_sizes=[(90, 120)], threshold=0.2)
    assert 0.05 < ours.mean() < 0.95
    assert (ours == (theirs["segmentation"].numpy() >= 0)).mean() > 0.97


def test_a_model_that_looks_at_pieces_of_a_picture_is_refused(tmp_path: Path) -> None:
    eomt(tmp_path).save_pretrained(tmp_path)
    EomtImageProcessor(size={"shortest_edge": 64}, do_split_image=True).save_pretrained(tmp_path)
    with pytest.raises(BackendError, match="expected a model of instances"):
        load_segmenter("transformers", ONTO, weights=str(tmp_path))


@pytest.mark.parametrize("build", [sam, sam2])
def test_segment_anything_gives_what_its_pipeline_gives(build: Callable[[Path], Any], tmp_path: Path) -> None:
    torch.manual_seed(21)
    build(tmp_path).save_pretrained(tmp_path)
    image = np.random.default_rng(21).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    segmenter = load_segmenter("transformers", ONTO, weights=str(tmp_path), min_score=-1.0)
    (regions,) = segmenter.segment([Photograph(image, "violinist")])
    generate = pipeline("mask-generation", model=str(tmp_path), image_processor=str(tmp_path))
    found = generate(Image.fromarray(image), pred_iou_thresh=-1.0)
    expected = {np.asarray(mask).astype(bool).tobytes() for mask in found["masks"] if np.asarray(mask).any()}
    assert expected
    assert {rle_to_mask(region.rle).astype(bool).tobytes() for region in regions} == expected
    assert {(region.label, region.category_id) for region in regions} == {("object", None)}
