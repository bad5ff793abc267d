"""Doing the steps of one thing at the same time, in order: Polars reads, sorts and writes without Python's lock.

At most one item is made ahead and one is put away behind, so that memory stays bounded; what comes of it is what comes
of one step after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
END = object()


@contextmanager
def ahead(items: Iterable[T]) -> Iterator[Iterator[T]]:
    """Give the items in their order, each made while the one before is worked on; what they raise is raised in turn."""
    each = iter(items)
    with ThreadPoolExecutor(1, "ahead") as thread:
        yield _given(lambda: thread.submit(next, each, END))


def _given(ask: Callable[[], Future[T | object]]) -> Iterator[T]:
    coming = ask()
    while (one := coming.result()) is not END:
        coming = ask()
        yield one  # type: ignore[misc]  # the end alone is of another type


@contextmanager
def behind() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Give what has work done beside, piece after piece; what one raises is raised with the next, or at the end."""
    under_way: list[Future[object]] = []
    with ThreadPoolExecutor(1, "behind") as thread:

        def do(work: Callable[[], object]) -> None:
            _end(under_way)
            under_way.append(thread.submit(work))

        yield do
        _end(under_way)


def _end(under_way: list[Future[object]]) -> None:
    while under_way:
        under_way.pop().result()
