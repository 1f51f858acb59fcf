"""Captions by a model behind any server that speaks OpenAI's chat protocol with images: Ollama, vLLM, IfGPT."""

import base64
import io
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PIL import Image

from mic21.drafts.captioners import CaptionDraft, CaptionFailure, Scene
from mic21.drafts.captioners.chat import ChatServer, RequestFailed
from mic21.drafts.captioners.prompts import VERSION, answer_schema, check_request, question, read_answer, rules
from mic21.errors import CorpusError
from mic21.ontology import Ontology

DEFAULT_MODEL = "gemma3"
DEFAULT_URL = "http://127.0.0.1:11434/v1"  # Ollama's
_LONGEST_SIDE = 1024  # pixels; Gemma 3 looks at 896
_MOST_TOKENS = 1024
_SECOND_TEMPERATURE = 0.3  # at least, where the first answer was none
# How JSON is asked for, the strictest first; a server that does not know one is asked by the next.
_FORMATS = ("json_schema", "json_object", None)


class OpenaiCaptioner:
    """Asks a served model for a title and a description.

    Attributes:
        name: `openai`.
        concurrency: requests at once.
    """

    name = "openai"

    def __init__(
        self,
        ontology: Ontology,
        *,
        weights: str | None = None,
        device: str = "cpu",
        url: str | None = None,
        temperature: float = 0.0,
        seed: int = 0,
        concurrency: int = 4,
        timeout: float = 300.0,
        retries: int = 5,
        prompt_price: float | None = None,
        completion_price: float | None = None,
    ) -> None:
        """Take the address; the server is asked nothing yet. Its key, if it wants one, is read from OPENAI_API_KEY.

        Args:
            ontology: gives the names of what is annotated.
            weights: the model's name on the server.
            device: does not matter; the model runs elsewhere.
            url: the server's address with the version; else MIC21_CAPTION_URL, OPENAI_BASE_URL, or Ollama on this
                machine.
            temperature: 0 for the likeliest words.
            seed: of the sampling, on servers that take one.
            concurrency: requests at once.
            timeout: seconds until an answer must have come.
            retries: how often a request is repeated where the server is busy (429), broken (5xx) or gone.
            prompt_price: of a million tokens that are sent, if cost is to be counted.
            completion_price: of a million tokens that are answered.

        Raises:
            BackendError: the address is none of HTTP.
        """
        self._ontology = ontology
        self._model = weights or DEFAULT_MODEL
        address = url or os.environ.get("MIC21_CAPTION_URL") or os.environ.get("OPENAI_BASE_URL") or DEFAULT_URL
        self._server = ChatServer(address, os.environ.get("OPENAI_API_KEY"), timeout=timeout, retries=retries)
        self._temperature, self._seed, self.concurrency = temperature, seed, concurrency
        self._prices = (prompt_price, completion_price)
        self._format = 0  # of _FORMATS; those before it are known to be refused
        self._lock = threading.Lock()

    @property
    def signature(self) -> str:
        """Model, settings, prompt and ontology; not the server's address, which may change from day to day."""
        return (
            f"{self._model} temperature={self._temperature:g} seed={self._seed} prompt={VERSION} "
            f"ontology={self._ontology.digest[:16]}"
        )

    @property
    def usage(self) -> Mapping[str, float]:
        """Requests, retries and tokens so far, and what they cost if prices were given."""
        counts: dict[str, float] = {
            name: self._server.counts[name] for name in ("requests", "retries", "prompt_tokens", "completion_tokens")
        }
        if self._prices != (None, None):
            prompt, completion = (price or 0.0 for price in self._prices)
            counts["cost"] = (counts["prompt_tokens"] * prompt + counts["completion_tokens"] * completion) / 1e6
        return counts

    def caption(
        self, scenes: Sequence[Scene], *, languages: Sequence[str], kinds: Sequence[str]
    ) -> list[list[CaptionDraft | CaptionFailure]]:
        """A draft of each language and kind for each scene, or a failure of a language.

        Raises:
            BackendError: a language or kind that there is no request for; no server, or one that will not have us.
        """
        check_request(self.name, languages, kinds)
        with ThreadPoolExecutor(self.concurrency) as pool:
            asked = [[pool.submit(self._ask, scene, language, kinds) for language in languages] for scene in scenes]
            try:
                return [[found for future in of_scene for found in future.result()] for of_scene in asked]
            except BaseException:  # no server, or interrupted: what was not yet asked need not be
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _ask(self, scene: Scene, language: str, kinds: Sequence[str]) -> list[CaptionDraft | CaptionFailure]:
        failures = scene.failures.get(language, 0)
        sampling = {"temperature": self._temperature, "seed": self._seed + failures}
        if failures:  # at 0 a model would say the same again
            sampling["temperature"] = max(self._temperature, _SECOND_TEMPERATURE)
        how: dict[str, object] = {"model": self._model, **sampling}
        try:
            response = self._complete(self._messages(scene, language, kinds), sampling, kinds)
        except (RequestFailed, CorpusError) as error:
            return [CaptionFailure(language, str(error), attributes=how)]
        try:
            text, fault = read_response(response)
        except ValueError as error:
            return [CaptionFailure(language, str(error), attributes=how)]
        if fault:
            return [CaptionFailure(language, fault, text, how)]
        try:
            texts = read_answer(text, kinds)
        except ValueError as error:
            return [CaptionFailure(language, str(error), text, how)]
        return [CaptionDraft(language, kind, texts[kind], how) for kind in kinds]

    def _messages(self, scene: Scene, language: str, kinds: Sequence[str]) -> list[dict[str, Any]]:
        image = {"type": "image_url", "image_url": {"url": _data_url(Image.fromarray(scene.image()))}}
        text = {"type": "text", "text": question(scene, language, self._ontology)}
        return [{"role": "system", "content": rules(language, kinds)}, {"role": "user", "content": [image, text]}]

    def _complete(
        self, messages: list[dict[str, Any]], sampling: Mapping[str, float], kinds: Sequence[str]
    ) -> Mapping[str, Any]:
        """The response, to the strictest request for JSON that the server does not refuse."""
        body = {
            "model": self._model,
            "messages": messages,
            "max_tokens": _MOST_TOKENS,
            **sampling,
        }
        first = self._format
        for index in range(first, len(_FORMATS)):
            try:
                response = self._server.ask(body | _response_format(_FORMATS[index], kinds))
            except RequestFailed as error:
                if error.status not in (400, 415, 422) or index == len(_FORMATS) - 1:
                    raise
                continue
            with self._lock:
                self._format = max(self._format, index)
            return response
        raise AssertionError("the last format returns or raises")


def read_response(response: Mapping[str, Any]) -> tuple[str, str | None]:
    """The text of a chat completion, and what is wrong with it, if anything is: a refusal, or one that was cut off.

    Raises:
        ValueError: it is no chat completion.
    """
    try:
        choice = response["choices"][0]
        message = choice["message"]
        text, refusal, reason = message.get("content"), message.get("refusal"), choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"expected a chat completion, found one without {error}") from error
    if refusal:
        return str(refusal), f"refused: {' '.join(str(refusal).split())[:100]}"
    if text is not None and not isinstance(text, str):
        raise ValueError(f"expected a text as content, found {type(text).__name__}")
    if reason == "content_filter":
        return text or "", "refused: the server's content filter"
    if reason == "length":
        return text or "", f"cut off after {_MOST_TOKENS} tokens"
    return text or "", None


def _response_format(name: str | None, kinds: Sequence[str]) -> dict[str, Any]:
    if name is None:
        return {}
    if name == "json_object":
        return {"response_format": {"type": name}}
    schema = {"name": "caption", "strict": True, "schema": answer_schema(kinds)}
    return {"response_format": {"type": name, "json_schema": schema}}


def _data_url(image: Image.Image) -> str:
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
