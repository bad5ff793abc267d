"""Requests that wait together share one turn."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.scoring.usecases.turn import Turns


def doubled(items: Sequence[int]) -> list[int | BaseException]:
    return [ValueError(item) if item < 0 else item * 2 for item in items]


class Slow:
    """Work that waits at its first turn until told to go on; `turns` keeps what each was given."""

    def __init__(self) -> None:
        self.turns: list[list[int]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[int]) -> list[int | BaseException]:
        self.turns.append(list(items))
        self.begun.set()
        self.go_on.wait(10)
        return doubled(items)


def test_a_lone_item_has_a_turn_of_its_own_at_once() -> None:
    """Nobody waits for company."""
    assert Turns(doubled)(4) == 8


def test_who_comes_while_one_works_shares_the_next_turn() -> None:
    """Twelve items, two turns; each gets its own answer."""
    work = Slow()
    turns = Turns(work, at_once=1)
    with ThreadPoolExecutor(12) as pool:
        first = pool.submit(turns, 0)
        work.begun.wait(10)
        rest = [pool.submit(turns, item) for item in range(1, 12)]
        while len(turns._waiting) < 11:
            pass
        work.go_on.set()
        assert [one.result() for one in (first, *rest)] == [item * 2 for item in range(12)]
    assert [len(turn) for turn in work.turns] == [1, 11]


def test_a_turn_is_not_larger_than_allowed() -> None:
    """What does not fit goes into the turn after it."""
    work = Slow()
    turns = Turns(work, most=4, at_once=1)
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(turns, 0)
        work.begun.wait(10)
        rest = [pool.submit(turns, item) for item in range(1, 10)]
        while len(turns._waiting) < 9:
            pass
        work.go_on.set()
        assert sum(one.result() for one in (first, *rest)) == 90
    assert [len(turn) for turn in work.turns] == [1, 4, 4, 1]


def test_what_fails_for_one_fails_for_it_alone() -> None:
    """Its neighbours in the turn get their answers."""
    work = Slow()
    turns = Turns(work, at_once=1)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(turns, 1)
        work.begun.wait(10)
        bad, good = pool.submit(turns, -5), pool.submit(turns, 5)
        while len(turns._waiting) < 2:
            pass
        work.go_on.set()
        assert (first.result(), good.result()) == (2, 10)
        with pytest.raises(ValueError, match="-5"):
            bad.result()


def test_a_crash_of_the_work_reaches_each_and_the_next_turn_goes_on() -> None:
    """Nobody is left waiting."""

    def crash(items: Sequence[int]) -> list[int | BaseException]:
        raise RuntimeError("broken") if items[0] == 0 else ValueError("again")

    turns: Turns[int, int] = Turns(crash, at_once=1)
    with pytest.raises(RuntimeError):
        turns(0)
    with pytest.raises(ValueError, match="again"):
        turns(1)


def test_two_turns_are_worked_on_side_by_side() -> None:
    """While one waits for another service the next has begun; a third waits."""
    work = Slow()
    turns = Turns(work, at_once=2)
    with ThreadPoolExecutor(3) as pool:
        pending = [pool.submit(turns, item) for item in (1, 2, 3)]
        while len(work.turns) < 2 or not turns._waiting:
            pass
        assert sorted(len(turn) for turn in work.turns) == [1, 1]
        work.go_on.set()
        assert [one.result() for one in pending] == [2, 4, 6]


def test_each_of_very_many_gets_its_own_answer() -> None:
    """Whatever the order of coming and going, nobody is lost and nobody is worked for twice."""
    worked: list[int] = []

    def work(items: Sequence[int]) -> list[int | BaseException]:
        worked.extend(items)
        return doubled(items)

    turns = Turns(work, most=5)
    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(turns, range(1, 4001))) == [item * 2 for item in range(1, 4001)]
    assert sorted(worked) == list(range(1, 4001))
