"""Captions by the captioner that `mic21 train` made: better drafts for the next images."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from mic21.captioner.cache import View
from mic21.captioner.decoding import Search
from mic21.captioner.encoders import load_encoder
from mic21.captioner.features import SeenObject, encode_image
from mic21.captioner.generate import capped, write_texts
from mic21.captioner.run import names_of_ontology, open_run
from mic21.drafts.captioners import CaptionDraft, CaptionFailure, Scene
from mic21.errors import BackendError, CorpusError
from mic21.ontology import Ontology

_SEARCH = Search(beams=5)


class TrainedCaptioner:
    """Describes a photograph and its objects with a trained model.

    Attributes:
        name: `captioner`.
    """

    name = "captioner"

    def __init__(self, ontology: Ontology, *, weights: str | None = None, device: str = "cpu") -> None:
        """Open a run's best checkpoint, and the encoder that it was trained with.

        Args:
            ontology: names the categories of the objects.
            weights: the run's folder.
            device: a torch device.

        Raises:
            BackendError: no weights are given, or the encoder is not the one of the training.
            CaptionerError: the folder holds no run.
        """
        if weights is None:
            raise BackendError("captioner 'captioner': expected --weights RUN, a folder that `mic21 train` wrote")
        self._run = open_run(Path(weights), device=device)
        wanted = self._run.record.features
        self._encoder = load_encoder(wanted.encoder, weights=wanted.weights, device=device, side=wanted.side)
        if self._encoder.signature != wanted.signature:
            raise BackendError(f"{weights}: expected the encoder {wanted.signature}, found {self._encoder.signature}")
        self._names = self._run.names(names_of_ontology(ontology))
        self._ontology = ontology

    @property
    def signature(self) -> str:
        """Weights, encoder, search and ontology, in one line."""
        return f"{self._run.digest[:16]} {self._encoder.signature} {_SEARCH} ontology={self._ontology.digest[:16]}"

    def caption(
        self, scenes: Sequence[Scene], *, languages: Sequence[str], kinds: Sequence[str]
    ) -> list[list[CaptionDraft | CaptionFailure]]:
        """A draft of each language and kind that the model was trained on, or a failure of a language.

        Raises:
            BackendError: a language or kind that it was not trained on.
        """
        known = self._run.record.texts
        for wanted, place, what in ((languages, 0, "language"), (kinds, 1, "kind")):
            for one in wanted:
                if one not in {text[place] for text in known}:
                    trained = ", ".join(sorted({text[place] for text in known}))
                    raise BackendError(f"captioner 'captioner': expected the {what} {trained}, found {one!r}")
        answers: list[list[CaptionDraft | CaptionFailure]] = [[] for _ in scenes]
        seen: dict[int, View] = {}
        for index, scene in enumerate(scenes):
            try:
                seen[index] = self._see(scene)
            except CorpusError as error:
                answers[index] += [CaptionFailure(language, str(error)) for language in languages]
        for language, kind in [(one, two) for one in languages for two in kinds if (one, two) in known]:
            for index, text in zip(seen, self._write(seen, language, kind), strict=True):
                draft = CaptionDraft(language, kind, text) if text else CaptionFailure(language, f"empty {kind}")
                answers[index].append(draft)
        return answers

    def _write(self, seen: Mapping[int, View], language: str, kind: str) -> Iterator[str]:
        return write_texts(
            self._run.model,
            self._run.tokenizer,
            self._names,
            _Scenes(seen),
            list(seen),
            language=language,
            kind=kind,
            never=self._run.never,
            search=capped(_SEARCH, self._run.record.settings.max_tokens),
        )

    def _see(self, scene: Scene) -> View:
        objects = [
            SeenObject.of(one.category_id, rle, one.bbox, one.score)
            for one, rle in zip(scene.objects, scene.masks(), strict=True)
        ]
        encoded = encode_image(np.asarray(scene.image()), objects, self._encoder)
        parts = (encoded.grid, encoded.objects, encoded.geometry, encoded.category_ids)
        grid, found, geometry, category_ids = (torch.from_numpy(part) for part in parts)
        return grid, found, geometry, category_ids


class _Scenes:
    """The features of some scenes, by number."""

    views = 1

    def __init__(self, seen: Mapping[int, View]) -> None:
        self._seen = seen

    def __contains__(self, image_id: int) -> bool:
        return image_id in self._seen

    def view(self, image_id: int, view: int) -> View:
        return self._seen[image_id]
