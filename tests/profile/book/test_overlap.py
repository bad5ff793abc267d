"""Steps overlap and their order does not change: what is given, what is done, what is raised, how much at once."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, get_ident

import pytest

from services.profile.book.overlap import ahead, behind


def test_items_come_in_order_from_a_thread_beside_and_one_ahead() -> None:
    made: list[int] = []
    threads = set[int]()

    def items() -> Iterator[int]:
        for place in range(5):
            threads.add(get_ident())
            made.append(place)
            yield place

    with ahead(items()) as each:
        for place in each:
            assert max(made) <= place + 1
    assert made == list(range(5))
    assert len(threads) == 1
    assert threads.isdisjoint({get_ident()})


def test_what_an_item_raises_comes_in_its_turn_and_nothing_runs_on() -> None:
    def items() -> Iterator[int]:
        yield from range(2)
        raise ValueError("third")

    taken = []
    with pytest.raises(ValueError, match="third"), ahead(items()) as each:
        taken += each
    with ahead(iter(range(9))) as each:
        taken.append(next(each))
    assert taken[-1] == 0


def test_work_is_done_in_order_while_the_next_is_made() -> None:
    """The first piece ends only once the second is under way here: both run at the same time."""
    here, done = Event(), list[int]()

    def first() -> None:
        assert here.wait(10)
        done.append(1)

    with behind() as do:
        do(first)
        here.set()
        do(lambda: done.append(2))
        assert done[:1] == [1]
    assert done == [1, 2]


def test_what_work_raises_is_raised_with_the_next_or_at_the_end() -> None:
    def fails() -> None:
        raise ValueError("full")

    done = list[int]()
    with pytest.raises(ValueError, match="full"), behind() as do:
        do(fails)
    with behind() as do:
        do(fails)
        with pytest.raises(ValueError, match="full"):
            do(lambda: done.append(1))
    assert done == []
