"""The model: projections of what was seen, and a pre-norm transformer decoder that attends to grid and objects at once.

Frozen are the encoder, whose features come in, and the text embedding, which gives the vectors of tokens and of
category names. Trained are the projections, the decoder and its output layer. The parallel gated cross-attention is
that of GRIT (Nguyen, Suganuma & Okatani, "GRIT: Faster and Better Image Captioning Transformer Using Dual Visual
Features", ECCV 2022). Dropout is on residual paths only: inside attention it would rule out the fused kernels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from mic21.captioner.features import GEOMETRY

Stream = Literal["grid", "objects", "names"]
STREAMS: tuple[Stream, ...] = ("grid", "objects", "names")


class Shape(BaseModel):
    """The sizes of a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dim: int = Field(ge=1, description="of the decoder")
    layers: int = Field(ge=1)
    heads: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    streams: tuple[Stream, ...] = STREAMS
    vocabulary: int = Field(ge=1)
    text_dim: int = Field(ge=1, description="of the frozen text embedding")
    grid_dim: int = Field(ge=1)
    grid_cells: int = Field(ge=1)
    object_dim: int = Field(ge=1)
    max_tokens: int = Field(ge=4, description="of a sequence, the prompt and the end included")


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a batch of images.

    Attributes:
        grid: images×cells×grid_dim.
        objects: images×n×object_dim, zeros after an image's last object.
        geometry: images×n×6.
        names: images×n×text_dim, vectors of the names of the categories.
        is_object: images×n, where there is an object.
    """

    grid: Tensor
    objects: Tensor
    geometry: Tensor
    names: Tensor
    is_object: Tensor

    def to(self, device: torch.device) -> "Seen":
        """The same on a device."""
        parts = (self.grid, self.objects, self.geometry, self.names, self.is_object)
        return Seen(*(part.to(device, non_blocking=True) for part in parts))


@dataclass(slots=True)
class State:
    """Where decoding stands: keys and values of all tokens so far, and those of what is seen, made once.

    Attributes:
        seen: for each layer, stream → (keys, values, mask), images×heads×n×dim.
        cache: max_tokens×layers×2×rows×heads×dim, keys and values of each token, rows = images × beams; tokens come
            first, so that rows change places in one copy of what is there.
        length: tokens so far.
    """

    seen: list[dict[str, tuple[Tensor, Tensor, Tensor | None]]]
    cache: Tensor
    length: int
    _spare: Tensor | None = None

    def expand(self, beams: int) -> None:
        """Make each row into so many."""
        self.cache = self.cache.repeat_interleave(beams, dim=3)

    def reorder(self, rows: Tensor) -> None:
        """Let each row go on from another row of the same image."""
        if self._spare is None:
            self._spare = torch.empty_like(self.cache)
        torch.index_select(self.cache[: self.length], 3, rows, out=self._spare[: self.length])
        self.cache, self._spare = self._spare, self.cache


class CaptionerModel(nn.Module):
    """Gives the logits of each next token, from what is seen and the tokens before."""

    def __init__(self, shape: Shape, embedding: Tensor) -> None:
        """Make a model with fresh parameters.

        Args:
            shape: its sizes.
            embedding: vocabulary×text_dim, frozen.
        """
        super().__init__()
        self.shape = shape
        self.embedding: Tensor
        self.register_buffer("embedding", embedding, persistent=False)
        self.token = nn.Linear(shape.text_dim, shape.dim)
        self.position = nn.Parameter(torch.randn(shape.max_tokens, shape.dim) * 0.02)
        self.projection = Projection(shape)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.dim)
        self.output = nn.Linear(shape.dim, shape.vocabulary)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, seen: Seen, tokens: Tensor, start: int = 0) -> Tensor:
        """Logits, rows×(n-start)×vocabulary, of the token after each of `tokens`, rows×n, from place `start` on."""
        streams = self.projection(seen)
        x = self._embed(tokens, 0)
        for block in self._blocks():
            x = block(x, block.look(streams))
        logits: Tensor = self.output(self.norm(x[:, start:]))
        return logits

    def begin(self, seen: Seen, prompt: Tensor) -> tuple[Tensor, State]:
        """Logits after a prompt, rows×n, and the state to go on from."""
        streams = self.projection(seen)
        looks = [block.look(streams) for block in self._blocks()]
        shape, rows = self.shape, len(prompt)
        size = (shape.max_tokens, shape.layers, 2, rows, shape.heads, shape.dim // shape.heads)
        state = State(looks, self.token.weight.new_empty(size), 0)
        return self._go_on(prompt, state), state

    def step(self, tokens: Tensor, state: State) -> Tensor:
        """Logits after one more token in each row; the state takes it in."""
        return self._go_on(tokens[:, None], state)

    def _blocks(self) -> Iterator["Block"]:
        return iter(self.blocks)  # type: ignore[arg-type]  # a list of modules forgets which they are

    def _go_on(self, tokens: Tensor, state: State) -> Tensor:
        x = self._embed(tokens, state.length)
        for number, block in enumerate(self._blocks()):
            x = block(x, state.seen[number], (state.cache[:, number], state.length))
        state.length += tokens.shape[1]
        logits: Tensor = self.output(self.norm(x[:, -1]))
        return logits

    def _embed(self, tokens: Tensor, first: int) -> Tensor:
        x = self.token(self.embedding[tokens]) + self.position[first : first + tokens.shape[1]]
        dropped: Tensor = self.dropout(x)
        return dropped


class Projection(nn.Module):
    """What is seen, stream by stream, as vectors of the decoder's size."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._streams = shape.streams
        parts: dict[str, nn.Module] = {}
        if "grid" in shape.streams:
            parts["grid"] = _projected(shape.grid_dim, shape.dim)
            self.place = nn.Parameter(torch.randn(shape.grid_cells, shape.dim) * 0.02)
        if "objects" in shape.streams:
            parts["objects"] = _projected(shape.object_dim, shape.dim)
            parts["geometry"] = nn.Linear(GEOMETRY, shape.dim)
        if "names" in shape.streams:
            parts["names"] = _projected(shape.text_dim, shape.dim)
        if len(parts) > ("grid" in parts):
            self.nothing = nn.Parameter(torch.randn(shape.dim) * 0.02)  # always there to attend to
        self.parts = nn.ModuleDict(parts)

    def forward(self, seen: Seen) -> dict[str, tuple[Tensor, Tensor | None]]:
        """Stream (`grid`, `objects`) → images×n×dim and the mask of what is there, or None where all is."""
        streams: dict[str, tuple[Tensor, Tensor | None]] = {}
        if "grid" in self._streams:
            streams["grid"] = (self.parts["grid"](seen.grid.float()) + self.place, None)
        things = []
        if "objects" in self._streams:
            things += [self.parts["objects"](seen.objects.float()), self.parts["geometry"](seen.geometry)]
        if "names" in self._streams:
            things.append(self.parts["names"](seen.names))
        if things:
            x = torch.stack(things).sum(dim=0)
            nothing = self.nothing.to(x.dtype).expand(len(x), 1, -1)
            there = torch.ones(len(x), 1, dtype=torch.bool, device=x.device)
            mask = torch.cat([there, seen.is_object], dim=1)[:, None, None]
            streams["objects"] = (torch.cat([nothing, x], dim=1), mask)
        return streams


class Block(nn.Module):
    """A layer of the decoder: self-attention, parallel gated cross-attention, and a perceptron, each after a norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        dim = shape.dim
        self._heads = shape.heads
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))
        self.self_qkv = nn.Linear(dim, 3 * dim)
        self.self_out = nn.Linear(dim, dim)
        streams = [
            stream for stream, of in (("grid", {"grid"}), ("objects", {"objects", "names"})) if of & {*shape.streams}
        ]
        self.cross = nn.ModuleDict({stream: CrossAttention(dim, shape.heads) for stream in streams})
        self.up = nn.Linear(dim, 4 * dim)
        self.down = nn.Linear(4 * dim, dim)
        self.dropout = nn.Dropout(shape.dropout)

    def look(
        self, streams: Mapping[str, tuple[Tensor, Tensor | None]]
    ) -> dict[str, tuple[Tensor, Tensor, Tensor | None]]:
        """Keys, values and mask of each stream for this layer."""
        looks = {}
        for name, attention in self.cross.items():
            vectors, mask = streams[name]
            keys, values = attention.keys_values(vectors)  # type: ignore[operator]
            looks[name] = (keys, values, mask)
        return looks

    def forward(
        self,
        x: Tensor,
        looks: Mapping[str, tuple[Tensor, Tensor, Tensor | None]],
        cache: tuple[Tensor, int] | None = None,
    ) -> Tensor:
        """The layer's output, rows×n×dim; rows may be several beams of each image that was looked at."""
        x = x + self.dropout(self._attend(self.norms[0](x), cache))
        y = self.norms[1](x)
        for name, attention in self.cross.items():
            x = x + self.dropout(attention(y, *looks[name]))
        step: Tensor = x + self.dropout(self.down(gelu(self.up(self.norms[2](x)))))
        return step

    def _attend(self, x: Tensor, cache: tuple[Tensor, int] | None) -> Tensor:
        rows, length, dim = x.shape
        qkv = self.self_qkv(x).view(rows, length, 3, self._heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        is_causal = length > 1
        if cache is not None:
            kept, first = cache
            kept[first : first + length] = qkv[:, :, 1:].permute(1, 2, 0, 3, 4)
            k, v = kept[: first + length].permute(1, 2, 3, 0, 4)
            assert first == 0 or length == 1  # a causal mask of torch is right only from the first token on
        out = scaled_dot_product_attention(q, k, v, is_causal=is_causal)
        attended: Tensor = self.self_out(out.transpose(1, 2).reshape(rows, length, dim))
        return attended


class CrossAttention(nn.Module):
    """Attention to one stream, let through by a gate that sees the token and what was found for it."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        self.q = nn.Linear(dim, dim)
        self.kv = nn.Linear(dim, 2 * dim)
        self.out = nn.Linear(dim, dim)
        self.gate = nn.Linear(2 * dim, dim)

    def keys_values(self, vectors: Tensor) -> Any:
        """Keys and values of what is seen, each images×heads×n×dim."""
        images, length, _ = vectors.shape
        return self.kv(vectors).view(images, length, 2, self._heads, -1).permute(2, 0, 3, 1, 4)

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """What each token finds, rows×n×dim; the rows of one image ask together, so that nothing seen is copied."""
        rows, length, dim = x.shape
        images = len(keys)
        q = self.q(x).view(images, rows // images * length, self._heads, -1).transpose(1, 2)
        found = scaled_dot_product_attention(q, keys, values, attn_mask=mask)
        found = self.out(found.transpose(1, 2).reshape(rows, length, dim))
        gate = torch.sigmoid(self.gate(torch.cat([x, found], dim=-1)))
        gated: Tensor = gate * found
        return gated


def _projected(given: int, dim: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(given), nn.Linear(given, dim))
