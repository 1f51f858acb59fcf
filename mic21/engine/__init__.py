"""Runs a batch step over many images: on this machine, or on Ray.

An engine computes and never writes. It gives the batches in the order of their items, whichever was ready first, so
that whoever writes them down gives out the same ids every time, and one writer is enough for a whole cluster.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from mic21.errors import BackendError

__all__ = ["Batch", "Engine", "Failure", "Name", "Step", "load_engine"]

Name = Literal["local", "ray"]

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Step(Generic[Item, Loaded, Result]):
    """What is done with the items.

    Attributes:
        load: makes of an item what `run` takes; called ahead, in threads. A `Mic21Error` that it raises is noted as the
            item's failure, and the others of its batch go on.
        run: the results of a batch, in its order; called in one thread at a time. What it raises ends the whole.
    """

    load: Callable[[Item], Loaded]
    run: Callable[[Sequence[Loaded]], Sequence[Result]]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item could not be loaded."""

    reason: str


Batch = list[tuple[Item, Result | Failure]]


class Engine(Protocol):
    """What runs a step."""

    def run(
        self, make: Callable[[], Step[Item, Loaded, Result]], items: Sequence[Item], *, batch_size: int
    ) -> Generator[Batch[Item, Result], None, None]:
        """Each batch of items with what came of them, in their order; closing it stops the work.

        Args:
            make: makes the step where it runs; another machine gets it pickled.
            items: what to do, picklable too.
            batch_size: items of a batch; they are the same for every engine.
        """
        ...


def load_engine(name: Name, *, address: str | None = None, device: str = "cpu") -> Engine:
    """The engine of a name.

    Args:
        name: which.
        address: of a Ray cluster, as `ray.init` takes it; without one, Ray starts on this machine.
        device: a worker of Ray gets a GPU for itself where this is one.

    Raises:
        BackendError: Ray is not installed.

    >>> type(load_engine("local")).__name__
    'LocalEngine'
    """
    if name == "local":
        from mic21.engine.local import LocalEngine

        return LocalEngine()
    try:
        from mic21.engine.ray import RayEngine
    except ImportError as error:
        raise BackendError(
            f"engine 'ray': it needs a package that is missing ({error}): pip install 'mic21[ray]'"
        ) from error
    return RayEngine(address, device=device)
