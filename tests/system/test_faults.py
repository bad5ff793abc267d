"""The short form of `make faults`: some faults in a suite at work, the questions once, and that each can be no."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest
from demonstrations import Demonstration
from faults.fault import Scene
from faults.kills import Kill
from faults.run import Run, plain, rounds, scene_of, strike

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
    run = Run(SEED)
    strike(scene, [Kill(kind) for kind in STRUCK], run)
    assert run.clean, run.table()
    assert {row.times for row in run.rows.values()} == {1}
    journal = scene.load.journal
    assert all((journal.imports, journal.scores, journal.consents, journal.applications))


HARM = (
    ("scoring", "DELETE FROM scores WHERE id = '{scores[0]}'"),
    (
        "matching",
        "INSERT INTO webhook_deliveries SELECT 'again', endpoint, client, body, state, attempts, due_at, last_status, "
        "last_error, created_at, delivered_at FROM webhook_deliveries WHERE state = 'delivered' LIMIT 1",
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


def test_the_same_seed_strikes_the_same() -> None:
    """A run's order follows from its seed, and every fault comes as often as any other."""
    faults = [Kill(kind) for kind in ("a", "b", "c")]
    drawn = [[[each.name for each in round_] for round_ in rounds(faults, 9, random.Random(SEED))] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert Counter(name for round_ in drawn[0] for name in round_) == dict.fromkeys(("kill a", "kill b", "kill c"), 3)
