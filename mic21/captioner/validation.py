"""How good a model in training is on captions that it does not learn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mic21.captioner.cache import SplitFeatures
from mic21.captioner.data import Caption, collate, in_turn
from mic21.captioner.decoding import Search
from mic21.captioner.embedding import NameVectors
from mic21.captioner.generate import capped, write_texts
from mic21.captioner.parallel import Ranks
from mic21.captioner.run import Model
from mic21.captioner.tokenizer import PROMPT, Tokenizer

# A language, a kind, texts, and the references of each → higher is better.
Score = Callable[[str, str, Sequence[str], Sequence[Sequence[str]]], float]
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """A caption that the model wrote, beside one that a person or a corpus has."""

    image_id: int
    language: str
    kind: str
    caption: str
    reference: str


@dataclass(frozen=True, slots=True)
class Validated:
    """Loss a token, score (minus the loss where nothing scores), and captions to look at.

    The score is the mean over languages and kinds, each scored apart.
    """

    loss: float
    score: float
    samples: list[Sample]


class Validation:
    """The captions of the first images of a split, and how to score a model on them."""

    def __init__(
        self,
        captions: Sequence[Caption],
        features: SplitFeatures,
        names: NameVectors,
        tokenizer: Tokenizer,
        never: Tensor,
        ranks: Ranks,
        *,
        batch_size: int,
        max_tokens: int,
        score: Score | None,
    ) -> None:
        self._captions = sorted(captions, key=lambda caption: (len(caption.tokens), caption.id))
        self._features = features
        self._names = names
        self._tokenizer = tokenizer
        self._never = never
        self._ranks = ranks
        self._batch_size = batch_size
        self._search = capped(Search(), max_tokens)
        self._score = score

    @torch.no_grad()
    def __call__(self, model: Model) -> Validated:
        """Score a model in evaluation mode; all processes take a part and get the same answer."""
        loss = self._loss(model)
        groups: dict[tuple[str, str], dict[int, list[str]]] = {}
        for caption in sorted(self._captions, key=lambda caption: caption.id):
            of_kind = groups.setdefault((caption.language, caption.kind), {})
            of_kind.setdefault(caption.image_id, []).append(caption.text)
        scores: list[float] = []
        samples = []
        for (language, kind), by_image in sorted(groups.items()):
            found = self._write(model, sorted(by_image), language, kind)
            if self._score:
                references = [by_image[image_id] for image_id in sorted(by_image)]
                scores.append(self._score(language, kind, found, references))
            samples += [
                Sample(image_id, language, kind, text, by_image[image_id][0])
                for image_id, text in list(zip(sorted(by_image), found, strict=True))[:_SAMPLES]
            ]
        return Validated(loss, fmean(scores) if scores else -loss, samples)

    def _write(self, model: Model, image_ids: Sequence[int], language: str, kind: str) -> list[str]:
        mine = write_texts(
            model,
            self._tokenizer,
            self._names,
            self._features,
            image_ids[self._ranks.rank :: self._ranks.world],
            language=language,
            kind=kind,
            never=self._never,
            search=self._search,
            batch_size=self._batch_size,
        )
        return self._ranks.gather(list(mine))

    def _loss(self, model: Model) -> float:
        sums = torch.zeros(2, dtype=torch.float64)
        for captions in in_turn(self._captions[self._ranks.rank :: self._ranks.world], self._batch_size):
            batch = collate(captions, [0] * len(captions), self._features, self._names, self._tokenizer)
            tokens = batch.tokens.to(self._never.device)
            logits = model(batch.seen.to(self._never.device), tokens[:, :-1], start=PROMPT - 1)
            wanted = tokens[:, PROMPT:]
            loss = cross_entropy(
                logits.transpose(1, 2).float(), wanted, ignore_index=self._tokenizer.pad, reduction="sum"
            )
            sums += torch.tensor([loss.item(), batch.targets], dtype=torch.float64)
        device_sums = sums.to(self._never.device)
        self._ranks.sum([device_sums])
        total, count = device_sums.tolist()
        return float(total / count)
