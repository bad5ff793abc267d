"""The short form of `make bench ARGS=soak`: a suite at work for some seconds, and what is made of looks at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from demonstrations import Demonstration
from faults.door import Door
from faults.load import settle
from faults.run import plain

from benchmarks import soak as measured
from benchmarks.health import Look, trend
from benchmarks.load import Load, asks
from benchmarks.soak import ROWS, Soak, peers_behind, report
from benchmarks.standing import Standing
from smecredit.running.home import keys
from smecredit.running.journey import GRANTEE

SECONDS, RATE = 12.0, 4.0


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, demonstration: Demonstration) -> Iterator[Standing]:
    """Return a suite on a copy of a demonstration's home."""
    stage = plain(tmp_path_factory.mktemp("soak"), demonstration.home)
    stage.start()
    try:
        yield Standing(stage.parent, stage.home, stage.url)
    finally:
        stage.stop()


def test_some_seconds_at_a_rate_are_told_by_the_table_of_half_an_hour(standing: Standing) -> None:
    """Every row has its figure: imports end with all their rows, peers say how far they are, each process is named."""
    firms = settle(Door(standing.url, keys(standing.home))).firms
    soak = Soak(standing, firms)
    load = Load(standing.url, keys(standing.home)[GRANTEE], asks(firms))
    with load.under_way(RATE):
        soak.stay(SECONDS)
    soak.end()
    told = report(load.told, soak, 2 * RATE)
    rows = {row["what"]: row for row in told["rows"]}
    assert soak.sent
    assert rows["rows accepted (peer: sent)"]["ours"] == ROWS * len(soak.sent)
    assert rows["answers of 5xx, or none"]["ours"] == 0, told["refused or failed"]
    assert None not in [*soak.behind, rows["SLO peers: behind by at most"]["ours"]]
    for kind in ("gateway web", "profile web", "scoring web", "profile worker imports", "profile worker peers"):
        assert any(what.startswith(f"{kind} ") for what in rows), kind
    assert told["files of the home, before and after"].keys() >= {"lake", "uploads", "logs"}


def looks(memory: list[float]) -> list[Look]:
    return [Look(5.0 * number, each, 20) for number, each in enumerate(memory)]


@pytest.mark.parametrize(
    ("memory", "says"),
    [
        ([100.0 + number % 3 for number in range(60)], "flat"),
        ([100.0 + 20 * (1 - 0.9**number) for number in range(60)], "settles"),
        ([100.0 + number + number % 3 for number in range(60)], "GROWS"),
        ([100.0 + (number**2) / 60 for number in range(60)], "GROWS"),
    ],
)
def test_what_fills_up_is_told_from_what_is_kept_for_ever(memory: list[float], says: str) -> None:
    """A cache on its way to its bound adds less and less; a leak as much as before, or more."""
    assert trend(looks(memory), 0.0).says == says


def test_peers_are_as_far_behind_as_the_service_says() -> None:
    """A service that does not say it is no service whose peers are at hand."""
    page = '# TYPE peers_behind_seconds gauge\npeers_behind_seconds{of="book"} 2.5\n'
    assert peers_behind(page) == 2.5
    assert peers_behind("# TYPE up gauge\nup 1.0\n") is None
    assert measured.BEHIND in page
