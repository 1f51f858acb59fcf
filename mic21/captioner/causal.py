"""A frozen causal language model as the decoder: what is seen stands before the text, projected into its vectors.

Any model that `transformers` loads with AutoModelForCausalLM, such as TinyLlama or Gemma, from a folder of safetensors.
Trained are the projections and the vectors of our control tokens, nothing else.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM

from mic21.captioner.model import Projection, Seen, Shape
from mic21.errors import CaptionerError
from mic21.networks.weights import digest_weights


@dataclass(slots=True)
class CausalState:
    """Where decoding stands: the language model's cache, and which of its places count, rows×places."""

    cache: Any  # transformers' own, without types
    mask: Tensor

    def expand(self, beams: int) -> None:
        """Make each row into so many."""
        self.cache.batch_repeat_interleave(beams)
        self.mask = self.mask.repeat_interleave(beams, dim=0)

    def reorder(self, rows: Tensor) -> None:
        """Let each row go on from another row of the same image."""
        self.cache.reorder_cache(rows)


class CausalDecoder(nn.Module):
    """Gives the logits of each next token, as `CaptionerModel` does."""

    def __init__(self, shape: Shape, folder: Path, text_size: int, tokens: int) -> None:
        """Load the language model and make fresh projections.

        Args:
            shape: sizes; `dim` is the language model's.
            folder: of the language model.
            text_size: ids below are its own tokens.
            tokens: ids in all; those from `text_size` on are ours.
        """
        super().__init__()
        self.shape = shape
        self.language_model: Any = _load(folder).requires_grad_(False).eval()
        self.projection = Projection(shape)
        self._text_size = text_size
        vectors = self.language_model.get_input_embeddings().weight
        self.scale = float(vectors.std())  # projections begin as long as its own vectors
        self.control = nn.Embedding(max(1, tokens - text_size), shape.dim)
        with torch.no_grad():
            self.control.weight.mul_(self.scale)

    def train(self, mode: bool = True) -> "CausalDecoder":
        """Train or not; the language model never does."""
        super().train(mode)
        self.language_model.eval()
        return self

    def forward(self, seen: Seen, tokens: Tensor, start: int = 0) -> Tensor:
        """Logits, rows×(n-start)×vocabulary, of the token after each of `tokens`, rows×n, from place `start` on."""
        before, there = self._before(seen)
        mask = torch.cat([there, there.new_ones(tokens.shape)], dim=1)
        found = self._read(torch.cat([before, self._embed(tokens)], dim=1), mask, use_cache=False)
        logits: Tensor = found.logits[:, before.shape[1] + start :, : self.shape.vocabulary].float()
        return logits

    def begin(self, seen: Seen, prompt: Tensor) -> tuple[Tensor, CausalState]:
        """Logits after a prompt, rows×n, and the state to go on from."""
        before, there = self._before(seen)
        mask = torch.cat([there, there.new_ones(prompt.shape)], dim=1)
        found = self._read(torch.cat([before, self._embed(prompt)], dim=1), mask, use_cache=True)
        return found.logits[:, -1, : self.shape.vocabulary].float(), CausalState(found.past_key_values, mask)

    def step(self, tokens: Tensor, state: CausalState) -> Tensor:
        """Logits after one more token in each row; the state takes it in."""
        state.mask = torch.cat([state.mask, state.mask.new_ones(len(tokens), 1)], dim=1)
        found = self._read(self._embed(tokens[:, None]), state.mask, past_key_values=state.cache, use_cache=True)
        logits: Tensor = found.logits[:, -1, : self.shape.vocabulary].float()
        return logits

    def _read(self, vectors: Tensor, mask: Tensor, **options: Any) -> Any:
        """What the language model gives at the last places of `mask`, in the precision it is stored in."""
        return self.language_model(
            inputs_embeds=vectors.to(self.language_model.dtype),
            attention_mask=mask,
            position_ids=_places(mask)[:, -vectors.shape[1] :],
            **options,
        )

    def _before(self, seen: Seen) -> tuple[Tensor, Tensor]:
        """What is seen as vectors, rows×places×dim, and which places count."""
        parts, masks = [], []
        for vectors, mask in self.projection(seen).values():
            parts.append(vectors * self.scale)
            masks.append(vectors.new_ones(vectors.shape[:2]) if mask is None else mask[:, 0, 0].to(vectors.dtype))
        return torch.cat(parts, dim=1), torch.cat(masks, dim=1).long()

    def _embed(self, tokens: Tensor) -> Tensor:
        is_own = tokens < self._text_size
        own = self.language_model.get_input_embeddings()(tokens.clamp(max=self._text_size - 1))
        ours = self.control((tokens - self._text_size).clamp(min=0))
        embedded: Tensor = torch.where(is_own[..., None], own, ours)
        return embedded


def _places(mask: Tensor) -> Tensor:
    """The place of each token among those that count; what fills up a batch takes none."""
    return (mask.cumsum(dim=1) - 1).clamp(min=0)


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """What a run must know of a language model: the size of its vectors, its own ends, and a digest of its weights."""

    dim: int
    bos: int
    eos: int
    digest: str


def inspect_language_model(folder: Path) -> LanguageModel:
    """What a run must know of the language model in a folder.

    Raises:
        CaptionerError: there is none, or it says no end of a text.
    """
    model = _load(folder)
    config = AutoConfig.from_pretrained(folder)
    eos = config.eos_token_id
    eos = eos[0] if isinstance(eos, list) else eos
    if eos is None:
        raise CaptionerError(f"{folder}: expected a model with an eos_token_id in config.json, found none")
    bos = eos if config.bos_token_id is None else config.bos_token_id
    dim = model.get_input_embeddings().weight.shape[1]
    return LanguageModel(dim, bos, eos, digest_weights(model.state_dict()))


def _load(folder: Path) -> Any:
    try:
        return AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise CaptionerError(f"{folder}: expected a causal language model in safetensors, found: {reason}") from error
