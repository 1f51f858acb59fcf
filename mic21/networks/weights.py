"""Weights of networks: read without ever unpickling, told apart by a digest, put on a device."""

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from mic21.errors import BackendError

RUNS_CODE = "holds more than tensors, which would run when it is read"


def torch_device(name: str) -> torch.device:
    """A device that a tensor really gets to.

    Raises:
        BackendError: there is no such device here.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise BackendError(f"device {name!r} cannot be used: {str(error).splitlines()[0]}") from error
    return device


def digest_weights(weights: Mapping[str, Tensor]) -> str:
    """SHA-256, in hexadecimal, over the names and values of a network's tensors."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` file, or of one that torch saved, which is never unpickled.

    Raises:
        BackendError: the file is not there, or holds anything but tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BackendError(f"{path}: expected weights, found a file that {RUNS_CODE}") from error
    except (OSError, RuntimeError, EOFError, safetensors.SafetensorError) as error:
        raise BackendError(f"{path}: expected weights, a file of tensors, found: {error}") from error
    found = found.get("model", found) if isinstance(found, dict) else found
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise BackendError(f"{path}: expected a state dict, found something else")
    return found
