"""A run's folder, opened: the model at one of its checkpoints, with all that it needs to write."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from pydantic import ValidationError
from safetensors.numpy import save_file
from torch import Tensor

from mic21.captioner.checkpoint import load_tensors, load_weights
from mic21.captioner.embedding import NameOf, NameVectors
from mic21.captioner.model import CaptionerModel
from mic21.captioner.settings import RunRecord, Settings
from mic21.captioner.tokenizer import Tokenizer
from mic21.errors import CaptionerError, UsageError
from mic21.networks.weights import torch_device
from mic21.ontology import Ontology
from mic21.release.reader import Release

if TYPE_CHECKING:
    from mic21.captioner.causal import CausalDecoder

Model: TypeAlias = "CaptionerModel | CausalDecoder"
RECORD, TOKENIZER, EMBEDDING = "run.json", "tokenizer.json", "embedding"


@dataclass(frozen=True, slots=True)
class Run:
    """A trained model.

    Attributes:
        folder: of the run.
        record: what it is made of.
        tokenizer: of its captions.
        embedding: vocabulary×dim, of the text.
        model: with the weights of a checkpoint, in evaluation mode.
        never: vocabulary, True for the tokens that no text may have.
        device: where the model is.
        digest: SHA-256 of the weights, in hexadecimal.
    """

    folder: Path
    record: RunRecord
    tokenizer: Tokenizer
    embedding: Tensor
    model: Model
    never: Tensor
    device: torch.device
    digest: str

    def names(self, name_of: NameOf) -> NameVectors:
        """Vectors of categories' names, for what gives a category's name in a language."""
        return NameVectors(self.embedding, self.tokenizer, name_of)


def open_run(folder: Path, *, checkpoint: str = "best", device: str = "cpu") -> Run:
    """Open a run for writing captions.

    Args:
        folder: that `mic21 train` wrote.
        checkpoint: `best` or `last`.
        device: a torch device.

    Raises:
        BackendError: there is no such device.
        CaptionerError: it holds no run, or none of that checkpoint yet.
    """
    where = torch_device(device)
    record = read_record(folder)
    place = folder / checkpoint
    if not place.exists():
        raise CaptionerError(f"{folder}: expected a checkpoint `{checkpoint}`, found none; train for longer")
    tokenizer = read_tokenizer(folder, record)
    embedding = read_embedding(folder, record)
    model = build_model(record, embedding)
    moved = "ema" if (place / "ema.safetensors").exists() else "model"
    load_weights(model, load_tensors(place, moved), place)
    model.eval().to(where)
    digest = hashlib.sha256((place / f"{moved}.safetensors").read_bytes()).hexdigest()
    forbidden = never(tokenizer, record.shape.vocabulary).to(where)
    return Run(folder, record, tokenizer, embedding, model, forbidden, where, digest)


def read_record(folder: Path) -> RunRecord:
    """What a run is made of.

    Raises:
        CaptionerError: the folder holds no run that this version of mic21 reads.
    """
    path = folder / RECORD
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CaptionerError(f"{folder}: expected a run, found no {RECORD}; `mic21 train` makes one") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CaptionerError(f"{path}: {place}: {first['msg']}") from error


def write_run(folder: Path, record: RunRecord, tokenizer: Tokenizer, embedding: Tensor) -> None:
    """Write all of a run but its checkpoints; the record last."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(folder / TOKENIZER)
    save_file({EMBEDDING: embedding.numpy()}, folder / f"{EMBEDDING}.safetensors")
    temporary = folder / f".{RECORD}"
    temporary.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(folder / RECORD)


def read_embedding(folder: Path, record: RunRecord) -> Tensor:
    """The frozen text embedding of a run.

    Raises:
        CaptionerError: it is missing or not the one that the run was trained with.
    """
    embedding = load_tensors(folder, EMBEDDING)[EMBEDDING]
    if digest_of(embedding) != record.embedding_sha256:
        raise CaptionerError(f"{folder}: {EMBEDDING}.safetensors is not the one of {RECORD}")
    return embedding


def digest_of(tensor: Tensor) -> str:
    """SHA-256 of a tensor's values, in hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(tensor.numpy()).tobytes()).hexdigest()


def read_tokenizer(folder: Path, record: RunRecord) -> Tokenizer:
    """The tokenizer of a run."""
    return Tokenizer.load(folder / TOKENIZER, record.text_size, record.ends)


def build_model(record: RunRecord, embedding: Tensor) -> Model:
    """A model as a record describes it, with fresh parameters.

    Raises:
        CaptionerError: its language model is not there, or is another one now.
    """
    if record.settings.decoder is None:
        return CaptionerModel(record.shape, embedding)
    from mic21.captioner.causal import CausalDecoder, inspect_language_model  # transformers is not in the extra

    folder = language_model_folder(record.settings)
    if inspect_language_model(folder).digest != record.decoder_digest:
        raise CaptionerError(f"{folder}: expected the language model of the training, found other weights")
    return CausalDecoder(record.shape, folder, record.text_size, len(embedding))


def language_model_folder(settings: Settings) -> Path:
    """The folder of `--decoder hf:FOLDER`.

    Raises:
        UsageError: it says something else.
    """
    kind, _, folder = (settings.decoder or "").partition(":")
    if kind != "hf" or not folder:
        raise UsageError(f"decoder: expected hf:FOLDER, found {settings.decoder!r}")
    return Path(folder)


def never(tokenizer: Tokenizer, size: int) -> Tensor:
    """The tokens, of the first `size` ones, that no text may have: all special and control tokens but the end."""
    mask = torch.zeros(size, dtype=torch.bool)
    mask[sorted(id for id in tokenizer.special - {tokenizer.eos} if id < size)] = True
    return mask


def names_of_release(release: Release) -> NameOf:
    """What gives the name of a release's category in a language; imported ones that are linked to none are English."""
    rows = {row["id"]: row for row in release.categories().select(["id", "name", "key"]).to_pylist()}
    return lambda id, language: _name(release.ontology, id, rows.get(id, {}), language)


def names_of_ontology(ontology: Ontology) -> NameOf:
    """What gives the name of a category of an ontology in a language."""
    return lambda id, language: _name(ontology, id, {}, language)


def _name(ontology: Ontology, id: int, row: dict[str, str | None], language: str) -> str | None:
    key = row.get("key")
    category = ontology.get(key) if key else ontology.get_id(id)
    if category is not None:
        return category.name(language)
    return row.get("name") if language == "en" else None
