"""The short form of `make faults`: some faults in a suite at work, the questions once, and that each can be no."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from demonstrations import Demonstration
from faults.damage import damages
from faults.fault import Scene
from faults.kills import Kill, kills
from faults.plan import TIMES, remaining, rounds
from faults.record import Found, Record, Round
from faults.run import Striker, plain, scene_of
from faults.theatre import THEATRES

SEED = 14
STRUCK = ("profile worker", "gateway web", "matching worker")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, demonstration: Demonstration) -> Iterator[Scene]:
    """Return a suite under load."""
    folder = tmp_path_factory.mktemp("faults")
    with scene_of(plain(folder, demonstration.home), SEED) as running:
        yield running


def test_faults_one_after_the_other_lose_double_and_hide_nothing(scene: Scene) -> None:
    """Processes of three kinds are killed at random moments under load."""
    record = Record()
    record.add(Striker("short", scene).strike([Kill(kind) for kind in STRUCK]))
    assert record.clean, record.table()
    assert record.struck("short") == Counter(f"kill {kind}" for kind in STRUCK)
    assert all(record.rounds[0].acts[name] for name in ("imports", "scores", "consents", "applications"))


HARM = (
    ("scoring", "DELETE FROM scores WHERE id = '{scores[0]}'"),
    (
        "matching",
        "INSERT INTO webhook_deliveries (id, endpoint, client, sequence, body, state, attempts, created_at) "
        "SELECT 'again', endpoint, client, sequence, body, state, attempts, created_at FROM webhook_deliveries "
        "WHERE state = 'delivered' LIMIT 1",
    ),
    ("profile", "DELETE FROM consents WHERE id = '{consents[0][1]}'"),
    ("profile", "UPDATE book SET invoices = invoices + 1"),
    ("profile", "UPDATE ledger_entries SET leaf = x'00' WHERE n = 0"),
)
FOUND = ("scores/sco_", "told delivered and never came", "messages for", "consent con_", "the book gained", "ledger")


def test_what_is_taken_away_or_comes_twice_is_found(scene: Scene) -> None:
    """Each question is answered no where it has to be: rows are changed behind the suite's back, and all are told."""
    with scene.load.still():
        for part, statement in HARM:
            with closing(sqlite3.connect(scene.stage.home / f"{part}.db")) as kept, kept:
                kept.execute(statement.format(**vars(scene.load.journal)))
        (scene.stage.home / "uploads" / scene.load.journal.imports[0].id).unlink()
        found = [each.what for each in scene.asked.questions(anew=True)]
    assert {words for words in FOUND if not any(words in each for each in found)} == set(), found
    assert any("missing" in each for each in found), found


def test_the_plan_has_two_hundred_kills_and_ten_of_everything_else(tmp_path: Path) -> None:
    """All that the stages offer, as often as `make faults` strikes it by default."""
    names: Counter[str] = Counter()
    for number, theatre in enumerate(THEATRES.values()):
        (folder := tmp_path / str(number)).mkdir()
        with theatre(folder) as (_, faults, _):
            assert len({fault.name for fault in faults}) == len(faults)
            names.update({fault.name: TIMES for fault in faults})
    assert sum(times for name, times in names.items() if name.startswith("kill ")) >= 200
    assert min(names.values()) >= 10


def test_a_round_is_of_one_sort_and_strikes_no_part_twice() -> None:
    """What is missing after a round is of one of its faults; what is alone has a round of its own."""
    faults = [*kills(), *damages()]
    drawn = [rounds(remaining(faults, 3, Counter()), random.Random(SEED)) for _ in range(2)]
    names = [[[fault.name for fault in round_] for round_ in each] for each in drawn]
    assert names[0] == names[1]
    assert Counter(name for round_ in names[0] for name in round_) == {fault.name: 3 for fault in faults}
    for round_ in drawn[0]:
        assert len({fault.sort for fault in round_}) == 1
        assert len({fault.part for fault in round_}) == len(round_)
        assert len(round_) == 1 or round_[0].sort


def test_a_run_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Rounds that were noted count, the half of a line that was not ended does not, and the table adds up."""
    path = tmp_path / "faults.jsonl"
    first = Record(path)
    first.add(Round("here", ["kill a", "kill b"], [], {"struck": 1.0}, {"scores": 2}, {"503": 1}, "c1"))
    with path.open("a") as file:
        file.write('{"stage": "here", "faults": ["kill')
    second = Record(path)
    faults = [Kill("a"), Kill("b")]
    assert [fault.name for fault in remaining(faults, 2, second.struck("here"))] == ["kill a", "kill b"]
    lost = Found("kill a", "lost", "a score")
    second.add(Round("here", ["kill a"], [lost], {"struck": 3.0}, {"scores": 3}, {}, "c2"))
    third = Record(path)
    assert [fault.name for fault in remaining(faults, 2, third.struck("here"))] == ["kill b"]
    assert not third.clean
    table = third.table()
    for words in ("| here | kill a | 2 | 1 | 0 | 0 | 2 |", "| here | kill b | 1 | 0 | 0 | 0 | 1 |", "lost: a score"):
        assert words in table
    for words in ("3 strikes, 3 of them kills, in 2 rounds", "5 scores", "1 503", "2 c1, 1 c2"):
        assert words in table
