"""Batches as they are needed, each drawn while the one before is learnt."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from mf_backend.training.data.batches import Batch, Drawer
from mf_backend.training.learning.processes import Processes
from mf_backend.training.recipe import Stage


@contextmanager
def drawn_ahead(
    drawer: Drawer, stage: Stage, numbers: range, processes: Processes
) -> Iterator[Iterator[Batch]]:
    """This process's parts of the batches of these numbers, in order, from a thread of its own."""
    with ThreadPoolExecutor(1) as pool:

        def draw(number: int) -> Future[Batch]:
            return pool.submit(drawer.batch, stage, number, processes.rank, processes.count)

        def every() -> Iterator[Batch]:
            ahead = draw(numbers[0]) if numbers else None
            for number in numbers:
                assert ahead is not None
                batch = ahead.result()
                ahead = draw(number + 1) if number + 1 in numbers else None
                yield batch

        yield every()
