"""A check that may hang: it is given up on in time, begun once, and what it finds is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from chassis.core.bounded import Bounded
from chassis.core.errors import Conflict, UpstreamUnavailable
from chassis.core.identity import Verifier
from chassis.web.app import make_app


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Return what hanging checks wait for."""
    event = threading.Event()
    yield event
    event.set()


def test_what_a_check_raises_is_raised() -> None:
    """Also an error that waiting raises itself."""
    for error in (Conflict("gone"), TimeoutError("its own"), KeyError("x")):

        def check(error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error)) as told:
            Bounded(check)()
        assert told.value is error


def test_a_check_that_hangs_is_given_up_on_and_not_begun_again_until_it_ends(gate: threading.Event) -> None:
    """Who asks while it hangs waits for the same one."""
    begun: list[int] = []

    def hang() -> None:
        begun.append(1)
        gate.wait(30)

    bounded = Bounded(hang, seconds=0.05)
    for _ in range(3):
        with pytest.raises(UpstreamUnavailable, match="no answer"):
            bounded()
    assert len(begun) == 1
    gate.set()
    assert bounded._going
    bounded._going.result(30)
    bounded()
    assert len(begun) == 2


def test_readiness_names_a_check_that_hangs(
    verifier: Verifier, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that takes connections and answers nobody makes readiness say so, not hang too."""
    monkeypatch.setattr("chassis.core.bounded.Bounded.__init__.__defaults__", (0.05,))
    app = make_app("x", verifier=verifier, checks={"lake": lambda: gate.wait(30), "disk": lambda: None})
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, list(answer.json["missing"])) == (503, ["lake"])
