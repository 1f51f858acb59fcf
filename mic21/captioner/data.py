"""Captions of a release as batches: in an order that depends on seed and epoch alone, short ones with short ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mic21.captioner.cache import SplitFeatures, View
from mic21.captioner.embedding import NameVectors
from mic21.captioner.model import Seen
from mic21.captioner.tokenizer import PROMPT, Tokenizer
from mic21.release.reader import Release

_WINDOW = 50  # batches that are sorted by length together
Integers = npt.NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption as the model learns it.

    Attributes:
        tokens: from `<bos>` to `<eos>`; where they are too many, the first ones, without an end to learn.
        is_cut: whether they are too many.
    """

    id: int
    image_id: int
    language: str
    kind: str
    text: str
    tokens: tuple[int, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Captions and what is seen of their images.

    Attributes:
        caption_ids: which they are.
        image_ids: of the images.
        tokens: captions×n, padded at the end.
        seen: of their images.
        targets: how many tokens are to be predicted.
    """

    caption_ids: list[int]
    image_ids: list[int]
    tokens: Tensor
    seen: Seen
    targets: int


def caption_rows(
    release: Release, split: str, languages: Sequence[str] | None, kinds: Sequence[str]
) -> list[dict[str, object]]:
    """The captions of a split, ordered by id."""
    table = release.captions(split=split, kind=list(kinds), **({"language": list(languages)} if languages else {}))
    rows: list[dict[str, object]] = (
        table.sort_by("id").select(["id", "image_id", "language", "kind", "text"]).to_pylist()
    )
    return rows


def tokenize(rows: Sequence[dict[str, object]], tokenizer: Tokenizer, max_tokens: int) -> list[Caption]:
    """Captions with their tokens."""
    texts = tokenizer.encode_batch([str(row["text"]) for row in rows])
    captions = []
    for row, text in zip(rows, texts, strict=True):
        prompt = tokenizer.prompt(str(row["language"]), str(row["kind"]))
        tokens = (*prompt, *text, tokenizer.eos)
        is_cut = len(tokens) > max_tokens
        captions.append(Caption(**row, tokens=tokens[:max_tokens], is_cut=is_cut))  # type: ignore[arg-type]
    return captions


def batches(lengths: Sequence[int], batch_size: int, *, seed: int, epoch: int) -> list[Integers]:
    """The batches of an epoch, as indices; the same for the same lengths, seed and epoch.

    Captions are shuffled, and within windows of some batches sorted by length, so that little is padded; then the
    batches are shuffled.

    >>> [batch.tolist() for batch in batches([5, 9, 5, 9], 2, seed=1, epoch=0)]
    [[0, 2], [1, 3]]
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    size = np.asarray(lengths)
    found = []
    for start in range(0, len(order), batch_size * _WINDOW):
        window = order[start : start + batch_size * _WINDOW]
        window = window[np.argsort(size[window], kind="stable")]
        found += [window[first : first + batch_size] for first in range(0, len(window), batch_size)]
    return [found[index] for index in random.permutation(len(found))]


def view_of(caption_index: int, views: int, *, seed: int, epoch: int) -> int:
    """Which view of its image a caption is shown with in an epoch."""
    return 0 if views == 1 else int(np.random.default_rng([seed, epoch, caption_index]).integers(views))


def collate(
    captions: Sequence[Caption], views: Sequence[int], features: SplitFeatures, names: NameVectors, tokenizer: Tokenizer
) -> Batch:
    """A batch of captions, each with a view of its image; what to predict begins after the prompt."""
    length = max(len(caption.tokens) for caption in captions)
    tokens = torch.full((len(captions), length), tokenizer.pad)
    for row, caption in enumerate(captions):
        tokens[row, : len(caption.tokens)] = torch.tensor(caption.tokens)
    seen = see(
        [features.view(caption.image_id, view) for caption, view in zip(captions, views, strict=True)],
        [caption.language for caption in captions],
        names,
    )
    targets = sum(len(caption.tokens) - PROMPT for caption in captions)
    return Batch([one.id for one in captions], [one.image_id for one in captions], tokens, seen, targets)


def see(images: Sequence[View], languages: Sequence[str], names: NameVectors) -> Seen:
    """Views of images as tensors, their categories named in the language of each."""
    counts = [len(category_ids) for _, _, _, category_ids in images]
    most = max(counts)
    grid = torch.stack([grid for grid, _, _, _ in images])
    objects = torch.zeros(len(images), most, images[0][1].shape[1], dtype=images[0][1].dtype)
    geometry = torch.zeros(len(images), most, images[0][2].shape[1])
    rows = torch.zeros(len(images), most, dtype=torch.long)
    is_object = torch.zeros(len(images), most, dtype=torch.bool)
    for index, ((_, found, shapes, category_ids), language) in enumerate(zip(images, languages, strict=True)):
        count = counts[index]
        objects[index, :count] = found
        geometry[index, :count] = shapes
        rows[index, :count] = torch.tensor([names.row(id, language) for id in category_ids.tolist()], dtype=torch.long)
        is_object[index, :count] = True
    return Seen(grid, objects, geometry, names.table[rows], is_object)


def in_turn(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Items in their order, some at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
