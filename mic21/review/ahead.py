"""Makes the next while the last is in use: a server and we work at the same time."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T], depth: int = 1) -> Iterator[T]:
    """The items in their order, made in another thread, up to `depth` of them before they are asked for.

    >>> list(ahead(range(3)))
    [0, 1, 2]
    """
    iterator, end = iter(items), object()
    coming: deque[Future[T | object]] = deque()
    with ThreadPoolExecutor(1) as pool:
        coming.extend(pool.submit(next, iterator, end) for _ in range(depth))
        while (item := coming.popleft().result()) is not end:
            coming.append(pool.submit(next, iterator, end))
            yield item  # type: ignore[misc] # it is not the end, hence a T
