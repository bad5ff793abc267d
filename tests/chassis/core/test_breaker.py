"""The circuit breaker."""

from __future__ import annotations

import threading

import pytest

from chassis.core.breaker import Breaker, CircuitOpen


def test_failures_in_a_row_open_it() -> None:
    """What does not answer is left alone."""
    breaker = Breaker(most_failures=2, seconds=60)
    breaker.failed()
    breaker.admit()
    breaker.failed()

    with pytest.raises(CircuitOpen):
        breaker.admit()


def test_a_success_between_failures_keeps_it_closed() -> None:
    """Only failures in a row count."""
    breaker = Breaker(most_failures=2, seconds=60)
    for note in (breaker.failed, breaker.succeeded, breaker.failed):
        note()

    breaker.admit()


def test_after_its_time_one_call_tries() -> None:
    """One goes ahead, the others wait for what it finds."""
    breaker = Breaker(most_failures=1, seconds=0)
    breaker.failed()

    breaker.admit()

    breaker._seconds = 60
    breaker.admit()
    with pytest.raises(CircuitOpen):
        breaker.admit()


def test_a_success_closes_it() -> None:
    """The way is free as soon as one call was answered."""
    breaker = Breaker(most_failures=1, seconds=60)
    breaker.failed()
    breaker.succeeded()

    breaker.admit()


def test_calls_pass_side_by_side() -> None:
    """A call under way keeps nobody out."""
    breaker = Breaker(most_failures=1, seconds=60)
    both = threading.Barrier(2, timeout=5)

    def call() -> None:
        breaker.admit()
        both.wait()
        breaker.succeeded()

    other = threading.Thread(target=call)
    other.start()
    call()
    other.join()

    assert not both.broken
