"""Weight files, read without running what is in them."""

import pickle
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from mic21.errors import BackendError


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` file, or of one that torch saved, which is never unpickled.

    Raises:
        BackendError: the file is not there, or holds anything but tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, safetensors.SafetensorError) as error:
        raise BackendError(f"{path}: expected weights, a file of tensors, found: {error}") from error
    found = found.get("model", found) if isinstance(found, dict) else found
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise BackendError(f"{path}: expected a state dict, found something else")
    return found
