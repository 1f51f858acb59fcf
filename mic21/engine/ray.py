"""The engine of a cluster: the step runs in a pool of Ray Data's actors, each a machine of its own to the local engine.

An actor gets some batches at a time, so that it can load one while it computes another. It writes nothing anywhere:
where one dies, Ray starts another and hands it the same items again.
"""

import copy
import logging
import os
import pickle
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import ray
import ray.data
from ray.exceptions import RayError

from mic21.engine import Batch, Item, Loaded, Result, Step
from mic21.engine.local import LocalEngine
from mic21.errors import BackendError, Mic21Error

_BATCHES_A_TASK = 8


class RayEngine:
    """Runs a step on a Ray cluster, one actor for each of its GPUs or processors."""

    def __init__(self, address: str | None = None, *, device: str = "cpu") -> None:
        """Keep where to run.

        Args:
            address: of the cluster, as `ray.init` takes it; without one, Ray starts on this machine. Where the program
                is connected to Ray already, that is used.
            device: an actor gets a GPU for itself unless this is `cpu`.
        """
        self._address = address
        self._resource = "CPU" if device == "cpu" else "GPU"

    def run(
        self, make: Callable[[], Step[Item, Loaded, Result]], items: Sequence[Item], *, batch_size: int
    ) -> Generator[Batch[Item, Result], None, None]:
        """Each batch of items with what came of them, in their order; closing it stops the work.

        Raises:
            BackendError: the cluster cannot be reached, has no such device, or its workers failed.
        """
        size = batch_size * _BATCHES_A_TASK
        tasks = [{"items": pickle.dumps(items[start : start + size])} for start in range(0, len(items), size)]
        try:
            with _connected(self._address), ray.data.DataContext.current(_context()):
                actors = min(len(tasks), self._slots())
                done = ray.data.from_items(tasks, override_num_blocks=len(tasks)).map_batches(
                    _Worker,
                    fn_constructor_args=(make, batch_size),
                    batch_size=1,
                    compute=ray.data.ActorPoolStrategy(size=actors),
                    num_cpus=1,
                    num_gpus=1 if self._resource == "GPU" else None,
                )
                for row in done.iter_rows():
                    outcome = pickle.loads(row["outcome"])
                    if isinstance(outcome, str):
                        raise BackendError(f"engine 'ray': a worker failed: {outcome}")
                    yield from outcome
        except RayError as error:
            raise BackendError(f"engine 'ray': {str(error).strip().splitlines()[0]}") from error

    def _slots(self) -> int:
        resources = ray.cluster_resources()  # type: ignore[no-untyped-call]
        found = int(resources.get(self._resource, 0))
        if not found:
            raise BackendError(f"engine 'ray': expected a cluster with a {self._resource}, found one with none")
        return found


class _Worker:
    """What an actor does: the whole step on some batches, as one machine does it."""

    def __init__(self, make: Callable[[], Step[Any, Any, Any]], batch_size: int) -> None:
        self._make = cache(make)
        self._batch_size = batch_size

    def __call__(self, rows: dict[str, npt.NDArray[np.object_]]) -> dict[str, list[bytes]]:
        return {"outcome": [pickle.dumps(self._outcome(pickle.loads(items))) for items in rows["items"]]}

    def _outcome(self, items: Sequence[Any]) -> list[Batch[Any, Any]] | str:
        """The batches, or what went wrong: of an exception that leaves an actor, Ray Data keeps nothing but a text."""
        try:
            return list(LocalEngine().run(self._make, items, batch_size=self._batch_size))
        except Mic21Error as error:
            return str(error)
        except Exception:
            return traceback.format_exc()


@contextmanager
def _connected(address: str | None) -> Generator[None, None, None]:
    """Connected to Ray, and to nothing outside of the cluster."""
    if ray.is_initialized():
        yield
        return
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    dashboard = None if address else False  # the cluster's own affair
    try:
        ray.init(address or "local", include_dashboard=dashboard, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError) as error:  # ValueError: an address without its port
        raise BackendError(f"engine 'ray': no cluster answers at {address!r}: {error}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _context() -> ray.data.DataContext:
    """Ray Data's settings: results in the order of the items, and nothing printed among ours."""
    context = copy.deepcopy(ray.data.DataContext.get_current())
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return context
