"""Checkpoints: folders of safetensors and JSON, there whole or not at all; `last` and `best` are links to them."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mic21.errors import CaptionerError

FOLDER = "checkpoints"


class Progress(BaseModel):
    """How far a training is; all else that it needs to go on is a function of the step.

    Attributes:
        step: steps done.
        best: the best score so far.
        worse: evaluations since then.
        loss: sum over the epoch's tokens so far.
        tokens: of the epoch so far.
        stopped: whether it ended early, for lack of a better score.
    """

    model_config = ConfigDict(extra="forbid")

    step: int = 0
    best: float | None = None
    worse: int = 0
    loss: float = 0.0
    tokens: int = 0
    stopped: bool = False


def save_checkpoint(
    run: Path, progress: Progress, tensors: Mapping[str, Mapping[str, Tensor]], *, keep: int, is_best: bool
) -> None:
    """Write a checkpoint, point `last` (and `best`) at it, and delete those that are neither nor among the last `keep`.

    Until something has been evaluated, `best` is `last`.

    Args:
        run: the run's folder.
        progress: how far the training is.
        tensors: name of a file → its tensors.
        keep: how many of the last ones stay.
        is_best: whether it is the best one so far.
    """
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    target = folder / f"step-{progress.step:08d}"
    temporary = folder / f".{target.name}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    for name, values in tensors.items():
        save_file(
            {key: value.detach().contiguous() for key, value in values.items()}, temporary / f"{name}.safetensors"
        )
    (temporary / "state.json").write_text(json.dumps(progress.model_dump(), indent=1) + "\n", encoding="utf-8")
    for file in temporary.iterdir():
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
    shutil.rmtree(target, ignore_errors=True)  # from before the run went on from an earlier one
    temporary.rename(target)
    if is_best or progress.best is None:
        _link(run / "best", target)  # before `last`: killed in between, training comes here once more
    _link(run / "last", target)
    named = {(run / name).resolve() for name in ("last", "best")}
    for old in sorted(folder.glob("step-*"))[:-keep]:
        if old.resolve() not in named:
            shutil.rmtree(old)


def load_progress(run: Path) -> Progress | None:
    """How far the last checkpoint of a run is, or None where there is none."""
    path = run / "last" / "state.json"
    if not path.exists():
        return None
    return Progress.model_validate_json(path.read_bytes())


def load_tensors(checkpoint: Path, name: str) -> dict[str, Tensor]:
    """The tensors of a file of a checkpoint.

    Raises:
        CaptionerError: the file is missing or damaged.
    """
    path = checkpoint / f"{name}.safetensors"
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CaptionerError(f"{path}: expected tensors of a checkpoint, found: {error}") from error


def trained(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that training changes, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


@torch.no_grad()
def load_weights(model: nn.Module, tensors: Mapping[str, Tensor], place: Path) -> None:
    """Put a checkpoint's weights into a model.

    Raises:
        CaptionerError: they are those of another model.
    """
    parameters = trained(model)
    wrong = parameters.keys() ^ tensors.keys()
    wrong |= {name for name in parameters.keys() & tensors.keys() if parameters[name].shape != tensors[name].shape}
    if wrong:
        raise CaptionerError(
            f"{place}: expected the weights of this model, found others: {', '.join(sorted(wrong)[:3])}"
        )
    for name, parameter in parameters.items():
        parameter.copy_(tensors[name])


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state of an optimizer as tensors: `NUMBER.NAME`, NUMBER of the parameter."""
    states: dict[int, dict[str, Tensor]] = optimizer.state_dict()["state"]
    return {f"{number}.{name}": value for number, state in states.items() for name, value in state.items()}


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put the tensors that `optimizer_tensors` gave back."""
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        number, _, part = name.partition(".")
        state.setdefault(int(number), {})[part] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _link(link: Path, target: Path) -> None:
    temporary = link.with_name(f".{link.name}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target.relative_to(link.parent))
    temporary.replace(link)
