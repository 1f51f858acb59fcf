"""What is loaded, computed and taken overlaps, in the order of the items."""

import threading
import time
from collections.abc import Sequence

import pytest

from mic21.engine import Failure, Step
from mic21.engine.local import LocalEngine
from mic21.errors import BackendError, Mic21Error


def load(item: int) -> int:
    time.sleep(0.002 * (item % 3))  # later ones are ready first
    if item % 5 == 4:
        raise Mic21Error(f"{item} is bad")
    return item


def double(items: Sequence[int]) -> list[int]:
    return [2 * item for item in items]


@pytest.mark.parametrize("batch_size", [1, 3, 10, 40])
def test_batches_come_in_order_with_failures_in_their_places(batch_size: int) -> None:
    batches = list(LocalEngine().run(lambda: Step(load, double), range(30), batch_size=batch_size))
    assert [len(batch) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
    assert [pair for batch in batches for pair in batch] == [
        (item, Failure(f"{item} is bad") if item % 5 == 4 else 2 * item) for item in range(30)
    ]


def test_loading_and_computing_go_on_while_the_caller_has_a_batch() -> None:
    computed, loaded = threading.Event(), threading.Event()

    def note_load(item: int) -> int:
        if item == 2:
            loaded.set()
        return item

    def note_run(items: Sequence[int]) -> Sequence[int]:
        if 1 in items:
            computed.set()
        return items

    run = LocalEngine().run(lambda: Step(note_load, note_run), range(20), batch_size=1)
    assert next(run) == [(0, 0)]
    assert computed.wait(10)
    assert loaded.wait(10)
    run.close()


def test_no_more_is_loaded_ahead_than_some_batches() -> None:
    seen: list[int] = []

    def note(item: int) -> int:
        seen.append(item)
        return item

    run = LocalEngine().run(lambda: Step(note, double), range(1000), batch_size=8)
    next(run)
    run.close()
    assert len(seen) <= 24


def test_what_a_step_raises_ends_the_work_and_its_threads() -> None:
    def broken(items: Sequence[int]) -> list[int]:
        raise BackendError("no answer")

    before = threading.active_count()
    with pytest.raises(BackendError, match="no answer"):
        list(LocalEngine().run(lambda: Step(load, broken), range(100), batch_size=2))
    with pytest.raises(ZeroDivisionError):
        list(LocalEngine().run(lambda: Step(lambda item: 1 // item, double), range(3), batch_size=2))
    assert threading.active_count() == before
