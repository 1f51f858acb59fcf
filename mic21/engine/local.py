"""The engine of one machine: reads ahead in threads, computes in one, and gives back while both go on."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from mic21.engine import Batch, Failure, Item, Loaded, Result, Step
from mic21.errors import Mic21Error

_READERS = 4


class LocalEngine:
    """Overlaps loading, computing and what the caller does with the results."""

    def run(
        self, make: Callable[[], Step[Item, Loaded, Result]], items: Sequence[Item], *, batch_size: int
    ) -> Generator[Batch[Item, Result], None, None]:
        """Each batch of items with what came of them, in their order; closing it stops the work.

        >>> step = Step(load=int, run=lambda numbers: [number * number for number in numbers])
        >>> list(LocalEngine().run(lambda: step, ["1", "2", "3"], batch_size=2))
        [[('1', 1), ('2', 4)], [('3', 9)]]
        """
        step = make()
        # While the caller has one batch, one is computed and one is loaded; small batches keep every reader busy.
        ahead = 2 + _READERS // batch_size
        computing: deque[Future[Batch[Item, Result]]] = deque()
        readers, model = ThreadPoolExecutor(_READERS, "load"), ThreadPoolExecutor(1, "compute")
        try:
            for start in range(0, len(items), batch_size):
                batch = items[start : start + batch_size]
                loading = [(item, readers.submit(step.load, item)) for item in batch]
                computing.append(model.submit(_compute, step.run, loading))
                if len(computing) > ahead:
                    yield computing.popleft().result()
            while computing:
                yield computing.popleft().result()
        finally:
            model.shutdown(wait=False, cancel_futures=True)
            readers.shutdown(cancel_futures=True)
            model.shutdown()


def _compute(
    run: Callable[[Sequence[Loaded]], Sequence[Result]], loading: Sequence[tuple[Item, Future[Loaded]]]
) -> Batch[Item, Result]:
    inputs: list[Loaded] = []
    failures: list[Failure | None] = []
    for _, future in loading:
        try:
            inputs.append(future.result())
            failures.append(None)
        except Mic21Error as error:
            failures.append(Failure(str(error)))
    results = iter(run(inputs) if inputs else ())
    return [(item, failure or next(results)) for (item, _), failure in zip(loading, failures, strict=True)]
