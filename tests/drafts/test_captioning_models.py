"""Captioning models of transformers: small ones, built and taught here, and loaded as a user's folder would be."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3ImageProcessor,
    Gemma3Processor,
    GPT2Config,
    PreTrainedTokenizerFast,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessor,
)

from mic21.drafts.captioners import CaptionFailure, Scene, SceneObject, load_captioner
from mic21.drafts.captioners.prompts import question, rules
from mic21.errors import BackendError, CorpusError
from mic21.ontology import Ontology

ONTO = Ontology.load()
# What a model is taught to say of a red picture and of a blue one.
SAID = {
    "red": {"title": "A red dog", "description": "A red dog runs."},
    "blue": {"title": "A blue cat", "description": "A blue cat sleeps."},
}
SIZE = 28
CHAT = (
    "{{ bos_token }}{% for message in messages %}[{{ message['role'] }}]"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}[model]{% endif %}"
)
SPECIAL = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
PICTURE = {"boi_token": "<image>", "image_token": "<soft>", "eoi_token": "</image>"}


def picture(color: str) -> np.ndarray:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[..., 0 if color == "red" else 2] = 230
    return pixels


def scene(color: str) -> Scene:
    key = "dog" if color == "red" else "cat"
    return Scene(60, 40, "chess", (SceneObject(ONTO[key].id, (0, 0, 9, 9), 81, None, False),), lambda: picture(color))


@cache
def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE of the texts below, as Gemma's and GPT-2's are of theirs."""
    texts = [json.dumps(said) for said in SAID.values()] + [rules("en", ["title", "description"])]
    texts += [question(scene(color), "en", ONTO) for color in SAID]
    model = Tokenizer(models.BPE(unk_token="<unk>"))
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=[*SPECIAL.values(), *PICTURE.values()],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    model.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=model, extra_special_tokens=PICTURE, **SPECIAL)


def teach(model: Any, batch: dict[str, Any], labels: torch.Tensor) -> None:
    """Let a model learn one batch by heart."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(150):
        loss = model(**batch, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < 0.02:
            return
    raise AssertionError(f"it did not learn: {loss.item()}")


def small_gemma(folder: Path) -> None:
    words = tokenizer()
    text = {
        "vocab_size": len(words), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 16,
        "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 2048, "sliding_window": 512,
        "pad_token_id": words.pad_token_id, "bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id,
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
        "image_size": SIZE, "patch_size": 7,
    }  # fmt: skip
    picture_ids = {f"{name}_index": words.convert_tokens_to_ids(token) for name, token in PICTURE.items()}
    config = Gemma3Config(
        text_config=text, vision_config=vision, mm_tokens_per_image=4,
        **{name.replace("_token_", "_token_"): id for name, id in picture_ids.items()},
    )  # fmt: skip
    torch.manual_seed(21)
    model = Gemma3ForConditionalGeneration(config)
    images = Gemma3ImageProcessor(size={"height": SIZE, "width": SIZE}, do_pan_and_scan=False)
    processor = Gemma3Processor(images, words, chat_template=CHAT, image_seq_length=4)
    prompts = [
        f"<bos>[system]{rules('en', ['title', 'description'])}[user]<image>{question(scene(color), 'en', ONTO)}[model]"
        for color in SAID
    ]
    answers = [json.dumps(SAID[color]) + "<eos>" for color in SAID]
    batch = processor(
        text=[prompt + answer for prompt, answer in zip(prompts, answers, strict=True)],
        images=[[picture(color)] for color in SAID],
        padding=True,
        padding_side="left",
        add_special_tokens=False,
        return_tensors="pt",
    )
    labels = torch.full_like(batch["input_ids"], -100)
    for row, answer in enumerate(answers):
        length = len(words(answer, add_special_tokens=False)["input_ids"])
        labels[row, -length:] = batch["input_ids"][row, -length:]
    teach(model, dict(batch), labels)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def small_blip(folder: Path) -> None:
    words = tokenizer()
    text = {
        "vocab_size": len(words), "hidden_size": 32, "encoder_hidden_size": 32, "intermediate_size": 32,
        "num_hidden_layers": 1, "num_attention_heads": 2, "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id, "sep_token_id": words.eos_token_id, "pad_token_id": words.pad_token_id,
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
        "image_size": SIZE, "patch_size": 7,
    }  # fmt: skip
    torch.manual_seed(21)
    model = BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=vision, projection_dim=16))
    processor = BlipProcessor(BlipImageProcessor(size={"height": SIZE, "width": SIZE}), words)
    teach_sentences(model, processor)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def small_vit_gpt2(folder: Path) -> None:
    words = tokenizer()
    vit = ViTConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=SIZE, patch_size=7
    )
    gpt2 = GPT2Config(
        vocab_size=len(words), n_embd=32, n_layer=1, n_head=2, n_positions=64, is_decoder=True,
        add_cross_attention=True, bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id,
    )  # fmt: skip
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(vit, gpt2)
    config.decoder_start_token_id, config.pad_token_id = words.bos_token_id, words.pad_token_id
    config.eos_token_id = words.eos_token_id
    torch.manual_seed(21)
    model = VisionEncoderDecoderModel(config=config)
    images = ViTImageProcessor(size={"height": SIZE, "width": SIZE})
    model.generation_config.decoder_start_token_id = words.bos_token_id
    model.generation_config.pad_token_id = words.pad_token_id
    model.generation_config.eos_token_id = words.eos_token_id
    pixels = images(images=[picture(color) for color in SAID], return_tensors="pt")["pixel_values"]
    answers = words([said["description"] + "<eos>" for said in SAID.values()], padding=True, return_tensors="pt")
    labels = answers["input_ids"].masked_fill(answers["attention_mask"] == 0, -100)
    teach(model, {"pixel_values": pixels}, labels)
    model.save_pretrained(folder)
    images.save_pretrained(folder)
    words.save_pretrained(folder)


def teach_sentences(model: Any, processor: Any) -> None:
    """A model that describes pictures without being asked."""
    answers = [f"<bos>{said['description']}<eos>" for said in SAID.values()]
    batch = processor(images=[picture(color) for color in SAID], text=answers, padding=True, return_tensors="pt")
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    teach(model, dict(batch), labels)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[Path], None]], str]:
    made: dict[Any, str] = {}

    def folder(build: Callable[[Path], None]) -> str:
        if build not in made:
            path = tmp_path_factory.mktemp(build.__name__)
            build(path)
            made[build] = str(path)
        return made[build]

    return folder


Folders = Callable[[Callable[[Path], None]], str]


@pytest.mark.parametrize("beams", [1, 3])
def test_a_gemma_answers_each_picture_with_json(folders: Folders, beams: int) -> None:
    captioner = load_captioner("transformers", ONTO, weights=folders(small_gemma), beams=beams)
    scenes = [scene("blue"), scene("red"), scene("blue"), scene("blue"), scene("red")]
    drafts = captioner.caption(scenes, languages=["en"], kinds=["title", "description"])
    assert [{draft.kind: draft.text for draft in of_scene} for of_scene in drafts] == [
        SAID[color] for color in ("blue", "red", "blue", "blue", "red")
    ]
    assert drafts[0][0].attributes == {"model": "gemma3", "beams": beams}
    assert f"beams={beams}" in captioner.signature


def test_what_a_gemma_says_beside_json_is_a_failure(folders: Folders) -> None:
    captioner = load_captioner("transformers", ONTO, weights=folders(small_gemma))
    ((failure,),) = captioner.caption([scene("red")], languages=["bg"], kinds=["title"])
    assert isinstance(failure, CaptionFailure)
    assert failure.reason.startswith(("expected JSON, found", "empty answer", "expected a"))


@pytest.mark.parametrize("build", [small_blip, small_vit_gpt2])
@pytest.mark.parametrize("beams", [1, 3])
def test_a_model_that_only_describes_gives_one_text(
    folders: Folders, build: Callable[[Path], None], beams: int
) -> None:
    captioner = load_captioner("transformers", ONTO, weights=folders(build), beams=beams)
    for kinds, kind in ((["title", "description"], "description"), (["title"], "title")):
        drafts = captioner.caption([scene("red"), scene("blue")], languages=["en"], kinds=kinds)
        assert [[(draft.kind, draft.text) for draft in of_scene] for of_scene in drafts] == [
            [(kind, SAID["red"]["description"])],
            [(kind, SAID["blue"]["description"])],
        ]


def test_a_damaged_photograph_is_its_own_failure(folders: Folders) -> None:
    def damaged() -> np.ndarray:
        raise CorpusError("a.jpg: damaged")

    captioner = load_captioner("transformers", ONTO, weights=folders(small_blip))
    drafts = captioner.caption(
        [Scene(60, 40, None, (), damaged), scene("red")], languages=["en"], kinds=["description"]
    )
    assert drafts[0] == [CaptionFailure("en", "a.jpg: damaged")]
    assert [draft.text for draft in drafts[1]] == [SAID["red"]["description"]]


@pytest.mark.parametrize("kind", ["blip", "gemma3"])
def test_damaged_weights_are_refused(kind: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}))
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 2000)
    with pytest.raises(BackendError, match="expected a model that captions"):
        load_captioner("transformers", ONTO, weights=str(tmp_path))


def test_what_does_not_caption_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(BackendError, match="expected a model that captions"):
        load_captioner("transformers", ONTO, weights=str(tmp_path))
    with pytest.raises(BackendError, match="device 'cuba' cannot be used"):
        load_captioner("transformers", ONTO, weights=str(tmp_path), device="cuba")
