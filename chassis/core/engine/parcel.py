"""A unit and its work as bytes, and the bytes that come back: the same in every process that may do it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from chassis.core import traces
from chassis.core.engine.ran import Ran, T, U
from chassis.core.errors import Refused

log = structlog.get_logger()


class UnitFailed(Exception):
    """What a unit raised cannot be sent; this says its type and its text."""


def packed(work: Callable[[U], T], unit: U) -> bytes:
    """Return a parcel; raise what pickle raises where the work or the unit is bound to this process."""
    return pickle.dumps((work, unit, traces.current()))


def done(parcel: bytes) -> bytes:
    """Do the work of a parcel; return its result or its failure, for `unpacked`."""
    try:
        work, unit, ordered_in = pickle.loads(parcel)  # noqa: S301 - packed by a process of ours
    except Exception as error:  # of a module that is not here
        return _failure(error)
    try:
        with traces.doing(_named(work), ordered_in, unit):
            result = work(unit)
        return pickle.dumps((result, None))
    except Exception as error:
        if not isinstance(error, Refused):
            log.exception("unit broke off", unit=str(unit))  # here alone its places are known
        return _failure(error)


def unpacked(unit: U, answer: bytes) -> Ran[U, Any]:
    """Return how a unit has ended."""
    result, failure = pickle.loads(answer)  # noqa: S301 - packed by a process of ours
    return Ran(unit, result, failure)


def _named(work: Callable[..., Any]) -> str:
    """Return the name of a function, also of one that some arguments were given to."""
    return getattr(work.func if isinstance(work, partial) else work, "__name__", "unit")


def _failure(error: Exception) -> bytes:
    """Return an exception as it is where it comes through whole: one may ask for arguments that it does not tell."""
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)  # noqa: S301 - our own
    except Exception:
        return pickle.dumps((None, UnitFailed(f"{type(error).__name__}: {error}")))
    return answer
