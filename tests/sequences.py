"""Sequences of acts by several parties, out of turn and at once: how many are played, and two acts side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

# `make machines` plays many; a run of the suite plays a few, on PostgreSQL fewer.
MANY = int(os.environ.get("SEQUENCES", "0"))
STEPS = 15


def play(machine: type[RuleBasedStateMachine], few: int, **held: Any) -> None:
    """Play sequences of a machine that holds these things; the first that breaks a claim fails, as short as it gets."""
    kind = type(machine.__name__, (machine,), {name: _kept(value) for name, value in held.items()})
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=MANY or few,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not MANY,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Begin all acts together and return what each came to."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(act) for act in acts]]


def _kept(value: Any) -> Any:
    return staticmethod(value) if callable(value) and not isinstance(value, type) else value
