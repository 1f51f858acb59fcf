"""Captions by picture-reading models of Hugging Face transformers: Gemma 3, Qwen-VL, PaliGemma, Florence-2, BLIP, GIT.

A model that chats gets the same questions as a served one and answers in JSON; one with a prompt of its own for each
task gets that; one that only ever describes gives its one sentence.
"""

import sys
from collections.abc import Sequence
from itertools import islice
from typing import Any

import torch
from PIL import Image
from safetensors import SafetensorError
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer
from transformers.utils import logging

from mic21.drafts.captioners import CaptionDraft, CaptionFailure, Scene
from mic21.drafts.captioners.prompts import VERSION, check_request, question, read_answer, rules
from mic21.errors import BackendError, CorpusError
from mic21.networks.weights import digest_weights, torch_device
from mic21.ontology import Ontology

DEFAULT = "google/gemma-3-4b-it"
_METHOD = 1  # raise it when the code changes the drafts
_AT_ONCE = 4  # images
_MOST_TOKENS = 512
# The prompts that models without a chat were trained with, by model type and kind.
_TASKS = {
    "florence2": {"title": "<CAPTION>", "description": "<DETAILED_CAPTION>"},
    "paligemma": {"title": "caption {language}", "description": "describe {language}"},
}


class TransformersCaptioner:
    """Captions with a model by hub name or from a folder.

    Attributes:
        name: `transformers`.
    """

    name = "transformers"

    def __init__(self, ontology: Ontology, *, weights: str | None = None, device: str = "cpu", beams: int = 1) -> None:
        """Load the model and its processor.

        Args:
            ontology: gives the names of what is annotated.
            weights: a folder that `save_pretrained` wrote, or a name on the hub, which is downloaded once.
            device: a torch device.
            beams: 1 takes the likeliest word each time, more search for the likeliest text.

        Raises:
            BackendError: there is no such model or device, or it does not make texts of pictures.
        """
        source = weights or DEFAULT
        self._ontology, self._beams = ontology, beams
        self._device = torch_device(device)
        if not sys.stderr.isatty():
            logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model: Any = AutoModelForImageTextToText.from_pretrained(source, dtype="auto")
            self._type: str = model.config.model_type
            if self._type == "vision-encoder-decoder":  # saved as two halves
                self._processor: Any = AutoImageProcessor.from_pretrained(source)  # type: ignore[no-untyped-call]
                self._tokenizer: Any = AutoTokenizer.from_pretrained(source)
            else:
                self._processor = AutoProcessor.from_pretrained(source)  # type: ignore[no-untyped-call]
                self._tokenizer = self._processor.tokenizer
        except (OSError, ValueError, KeyError, AttributeError, SafetensorError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise BackendError(f"weights: expected a model that captions, found {source!r}: {reason}") from error
        self._model = model.eval().to(self._device)
        self._tokenizer.padding_side = "left"  # what is generated goes on from the end
        self._chats = bool(getattr(self._processor, "chat_template", None))
        self._how: dict[str, object] = {"model": source if weights is None else self._type, "beams": beams}
        self._digest = digest_weights(self._model.state_dict())[:16]

    @property
    def signature(self) -> str:
        """Model, weights, settings, prompt and ontology, in one line."""
        return (
            f"{self._type} method={_METHOD} weights={self._digest} beams={self._beams} prompt={VERSION} "
            f"ontology={self._ontology.digest[:16]}"
        )

    def caption(
        self, scenes: Sequence[Scene], *, languages: Sequence[str], kinds: Sequence[str]
    ) -> list[list[CaptionDraft | CaptionFailure]]:
        """A draft of each language and kind for each scene, or a failure of a language.

        A model without prompts gives one text a scene: the description, or the title if only that is asked for.

        Raises:
            BackendError: a language or kind that there is no request for.
        """
        check_request(self.name, languages, kinds)
        answers: list[list[CaptionDraft | CaptionFailure]] = [[] for _ in scenes]
        images: dict[int, Image.Image] = {}
        for index, scene in enumerate(scenes):
            try:
                images[index] = Image.fromarray(scene.image())
            except CorpusError as error:
                answers[index] += [CaptionFailure(language, str(error)) for language in languages]
        readable = iter(images)
        while indices := list(islice(readable, _AT_ONCE)):
            for language in languages:
                batch = [scenes[index] for index in indices]
                found = self._answer(batch, [images[index] for index in indices], language, kinds)
                for index, of_scene in zip(indices, found, strict=True):
                    answers[index] += of_scene
        return answers

    def _answer(
        self, scenes: Sequence[Scene], images: Sequence[Image.Image], language: str, kinds: Sequence[str]
    ) -> list[list[CaptionDraft | CaptionFailure]]:
        if self._chats:
            return [self._read(text, language, kinds) for text in self._chat(scenes, images, language, kinds)]
        prompts: dict[str, str | None]
        if self._type in _TASKS:
            prompts = {kind: _TASKS[self._type][kind].format(language=language) for kind in kinds}
        else:
            prompts = {"description" if "description" in kinds else kinds[0]: None}
        texts = {kind: self._generate(self._inputs(images, prompt)) for kind, prompt in prompts.items()}
        return [
            [CaptionDraft(language, kind, of_kind[index], self._how) for kind, of_kind in texts.items()]
            for index in range(len(images))
        ]

    def _read(self, text: str, language: str, kinds: Sequence[str]) -> list[CaptionDraft | CaptionFailure]:
        try:
            texts = read_answer(text, kinds)
        except ValueError as error:
            return [CaptionFailure(language, str(error), text, self._how)]
        return [CaptionDraft(language, kind, texts[kind], self._how) for kind in kinds]

    def _chat(
        self, scenes: Sequence[Scene], images: Sequence[Image.Image], language: str, kinds: Sequence[str]
    ) -> list[str]:
        conversations = [
            [
                {"role": "system", "content": [{"type": "text", "text": rules(language, kinds)}]},
                {
                    "role": "user",
                    "content": [
                        {"type": "image", "image": image},
                        {"type": "text", "text": question(scene, language, self._ontology)},
                    ],
                },
            ]
            for scene, image in zip(scenes, images, strict=True)
        ]
        inputs = self._processor.apply_chat_template(
            conversations,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True},
        )
        return self._generate(inputs)

    def _inputs(self, images: Sequence[Image.Image], prompt: str | None) -> Any:
        if prompt is None:
            return self._processor(images=list(images), return_tensors="pt")
        texts = [prompt] * len(images)
        return self._processor(images=list(images), text=texts, return_tensors="pt", padding=True)

    @torch.inference_mode()
    def _generate(self, inputs: Any) -> list[str]:
        inputs = inputs.to(self._device, self._model.dtype)
        made = self._model.generate(**inputs, max_new_tokens=_MOST_TOKENS, do_sample=False, num_beams=self._beams)
        if "input_ids" in inputs and not self._model.config.is_encoder_decoder:
            made = made[:, inputs["input_ids"].shape[1] :]
        texts: list[str] = self._tokenizer.batch_decode(made, skip_special_tokens=True)
        return [text.strip() for text in texts]
