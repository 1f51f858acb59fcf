"""A folder of fine-tuned weights: what `mic21 finetune` writes and `mic21 segment --weights DIR` takes.

It holds `model.safetensors`, and in `model.json` what the tensors do not say.
"""

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mic21.errors import BackendError

MODEL = "model.json"
WEIGHTS = "model.safetensors"


class Detector(BaseModel):
    """What a detector is, beside its tensors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    backend: str = Field(description="the segmenter that runs it")
    architecture: str = Field(description="name of a model of torchvision, or the YAML configuration of detectron2")
    categories: list[str] = Field(min_length=1, description="keys of the ontology, in the order of the model's classes")


def read_detector(folder: Path, backend: str) -> Detector:
    """What the detector of a folder is.

    Raises:
        BackendError: the folder holds none, or one of another backend.
    """
    path = folder / MODEL
    try:
        detector = Detector.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BackendError(f"{folder}: expected a folder that `mic21 finetune` wrote, found no {MODEL}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BackendError(f"{path}: {place or 'JSON'}: {first['msg']}, found {first['input']!r:.80}") from error
    if detector.backend != backend:
        raise BackendError(f"{path}: backend: expected {backend}, found {detector.backend}; segment with that one")
    return detector


def read_classes(path: Path) -> list[str]:
    """The names of a model's classes from the `.json` beside its weights: `{"thing_classes": ["chess player"]}`.

    Raises:
        BackendError: the file has another form.
    """
    try:
        classes = json.loads(path.read_text(encoding="utf-8"))["thing_classes"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackendError(f'{path}: expected {{"thing_classes": [...]}}, found: {error!r}') from error
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise BackendError(f"{path}: thing_classes: expected a list of names, found {classes!r:.80}")
    return classes


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all."""
    partial = path.with_name(f".{path.name}")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
