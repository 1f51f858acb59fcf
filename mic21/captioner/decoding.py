"""Captions out of a model: greedy and beam search over a cache of keys and values, the same for any size of batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from mic21.captioner.model import Seen

# Tokens of a text so far that end so → tokens that may not come next; see mic21.captioner.words.
Blocked = Mapping[tuple[int, ...], frozenset[int]]
_NEVER = float("-inf")


class DecoderState(Protocol):
    """Where decoding stands."""

    def expand(self, beams: int) -> None:
        """Make each row into so many."""
        ...

    def reorder(self, rows: Tensor) -> None:
        """Let each row go on from another row of the same image."""
        ...


class Decoder(Protocol):
    """What writes: logits after a prompt, then after each further token."""

    def begin(self, seen: Seen, prompt: Tensor) -> tuple[Tensor, DecoderState]:
        """Logits, rows×vocabulary, after a prompt, rows×n, and the state to go on from."""
        ...

    def step(self, tokens: Tensor, state: Any) -> Tensor:  # the state that its own `begin` gave
        """Logits after one more token in each row."""
        ...


@dataclass(frozen=True, slots=True)
class Search:
    """How to look for the best caption.

    Attributes:
        beams: 1 is greedy.
        length_penalty: candidates are ranked by log-probability / tokens ** length_penalty.
        no_repeat: no sequence of so many tokens comes twice; 0 lets all repeat.
        max_tokens: of the text at most; a model's sequences may end before.
    """

    beams: int = 1
    length_penalty: float = 0.7
    no_repeat: int = 0
    max_tokens: int = 1_000


@torch.inference_mode()
def decode(
    decoder: Decoder,
    seen: Seen,
    prompt: Sequence[int],
    *,
    eos: int,
    never: Tensor,
    search: Search,
    blocked: Sequence[Blocked] = (),
) -> list[list[int]]:
    """The best text for each image, without prompt and end.

    All beams of all images advance together; a beam that has ended keeps its score and waits. The beams of an image are
    ranked by score over length, ended or not, so that one beam is greedy search.

    Args:
        decoder: the model.
        seen: what is seen of the images.
        prompt: what each text begins with.
        eos: the token that ends a text.
        never: vocabulary, True for the tokens that no text may have.
        search: how to look.
        blocked: for each image, what may not be said.
    """
    images, beams = len(seen.is_object), search.beams
    logits, state = decoder.begin(seen, torch.tensor([list(prompt)] * images, device=never.device))
    scores = _log_probabilities(logits, never)
    _block(scores, [[] for _ in range(images)], search, blocked, 1)
    beams = min(beams, scores.shape[1])
    scores, tokens = scores.topk(beams, dim=1)
    state.expand(beams)
    texts = tokens.reshape(-1, 1)
    ended = tokens == eos
    lengths = torch.ones_like(scores)
    first_row = torch.arange(images, device=never.device)[:, None] * beams
    for _ in range(search.max_tokens - 1):
        if ended.all():
            break
        found = _log_probabilities(decoder.step(texts[:, -1], state), never)
        _block(found, texts.tolist(), search, blocked, beams)
        size = found.shape[1]
        found = found.view(images, beams, size)
        found[ended] = _NEVER
        found[..., eos].masked_fill_(ended, 0.0)  # an ended beam goes on as it is
        sums = scores[..., None] + found
        grown = lengths + ~ended
        ranks = sums / grown[..., None] ** search.length_penalty
        chosen = ranks.view(images, -1).topk(beams, dim=1).indices
        scores = sums.view(images, -1).gather(1, chosen)
        beam, tokens = chosen // size, chosen % size
        lengths, ended = grown.gather(1, beam), ended.gather(1, beam) | (tokens == eos)
        rows = (first_row + beam).view(-1)
        texts = torch.cat([texts[rows], tokens.view(-1, 1)], dim=1)
        if beams > 1:
            state.reorder(rows)
    best = texts.view(images, beams, -1)[:, 0].tolist()
    return [text[: text.index(eos)] if eos in text else text for text in best]


def _log_probabilities(logits: Tensor, never: Tensor) -> Tensor:
    return logits.float().masked_fill(never, _NEVER).log_softmax(dim=-1)


def _block(
    scores: Tensor, texts: Sequence[Sequence[int]], search: Search, blocked: Sequence[Blocked], beams: int
) -> None:
    """Rule out, in place, what may not come next in each row."""
    if not search.no_repeat and not blocked:
        return
    for row, text in enumerate(texts):
        out = _repeats(text, search.no_repeat)
        if blocked:
            endings = blocked[row // beams]
            for length in range(min(len(text), max((len(ending) for ending in endings), default=0)) + 1):
                out |= endings.get(tuple(text[len(text) - length :]), frozenset())
        if out:
            scores[row, sorted(out)] = _NEVER


def _repeats(text: Sequence[int], length: int) -> set[int]:
    """Tokens that would make a sequence of `length` tokens come a second time.

    >>> _repeats([1, 2, 3, 1, 2], 3)
    {3}
    """
    if not length or len(text) < length:
        return set()
    ending = tuple(text[len(text) - length + 1 :])
    return {text[i + length - 1] for i in range(len(text) - length + 1) if tuple(text[i : i + length - 1]) == ending}
