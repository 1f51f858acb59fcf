"""Several processes that train one model, started by torchrun, and everything of torch that makes runs differ.

Gradients are summed in one piece and divided by the tokens of all processes. torch's DistributedDataParallel would
average what each process averaged, which weighs a token by how few its process had.
"""

import atexit
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.distributed as distributed
from torch import Tensor

from mic21.networks.weights import torch_device


class Ranks:
    """The processes of a training; one alone needs no torchrun.

    Attributes:
        rank: number of this process.
        world: how many there are.
    """

    def __init__(self, device: torch.device) -> None:
        """Join the others until this process ends: on GPUs by nccl, which takes the current one, else by gloo."""
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        is_gpu = device.type == "cuda"
        if is_gpu:
            torch.cuda.set_device(device)
        if self.world > 1 and not distributed.is_initialized():
            distributed.init_process_group("nccl" if is_gpu else "gloo")
            atexit.register(distributed.destroy_process_group)

    @property
    def is_first(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their sums over all processes."""
        if self.world == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def from_first(self, value: Any) -> Any:
        """The first process's value."""
        if self.world == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box)
        return box[0]

    def gather(self, values: list[Any]) -> list[Any]:
        """The lists of all processes, dealt out in turn by `values[rank::world]`, put together again."""
        if self.world == 1:
            return values
        parts: list[Any] = [None] * self.world
        distributed.all_gather_object(parts, values)
        total = sum(len(part) for part in parts)
        return [parts[index % self.world][index // self.world] for index in range(total)]

    def wait(self) -> None:
        """Go on when all processes have come here."""
        if self.world > 1:
            distributed.barrier()


def device_of(name: str) -> torch.device:
    """A device by name; under torchrun each process takes the GPU of its number.

    Raises:
        BackendError: there is no such device here.
    """
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        return torch_device(f"cuda:{os.environ['LOCAL_RANK']}")
    return torch_device(name)


def seed_torch(*numbers: int) -> None:
    """Seed torch's random numbers by several numbers at once."""
    torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1))


@contextmanager
def same_bits(device: torch.device, threads: int) -> Iterator[None]:
    """Let a GPU use only what gives the same bits each time; the processor does, by as many threads as before."""
    before, threads_before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    torch.set_num_threads(threads)
    if device.type == "cuda":  # the switch imports torch's compiler, which takes seconds
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads_before)
        if device.type == "cuda":
            torch.use_deterministic_algorithms(before)
