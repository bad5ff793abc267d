"""What the clock orders of the profile service is done by its worker and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from profile_house import HEADER, ROW, House
from sqlalchemy import update

from chassis.data import clock, jobs, schedule
from chassis.data.schedule import TABLE, listed, tick
from chassis.data.worker import Worker
from services.profile.book import lake_care
from services.profile.jobs import all_handlers, plan, scheduled
from services.profile.problems import KINDS
from services.profile.settings import Settings
from services.profile.upkeep import tend_lakes


def test_the_night_looks_shreds_tends_the_lakes_and_says_so(cottage: House) -> None:
    """Each once, whatever was missed; the operator reads what came of it."""
    cottage.send("invoices.purchase", HEADER + ROW)
    context, nightly = cottage.context, scheduled(cottage.context)
    tick(context.database, nightly)
    with context.database.begin() as session:
        session.execute(update(TABLE).values(due_at=clock.ahead(-3 * 86_400)))
    assert sorted(tick(context.database, nightly)) == ["daily-look", "lakes", "shred"]
    worker = Worker(context.database, all_handlers(context), KINDS)
    while worker.run_once():
        pass
    lines = listed(context.database, nightly).splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["daily-look", "lakes", "shred"]
    with context.database.read() as session:
        looked = jobs.state(session, lines[0].split()[-1])
    assert (looked.state, looked.total) == ("done", 1)
    assert all("  done" in line for line in lines[1:])


def test_a_host_that_is_ahead_removes_no_file_before_its_time(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day is a day by the database's clock: what was replaced just now stays on a host three hours ahead."""
    monkeypatch.setattr(lake_care, "KEPT_HOURS", 0)
    for number in range(3):
        cottage.send("invoices.purchase", HEADER + ROW.replace("1001", f"200{number}"))
    ahead = replace(cottage.context, now=lambda: datetime.now(UTC) + timedelta(hours=3))
    assert tend_lakes(ahead) == {"joined": 3, "removed": 0}
    assert tend_lakes(cottage.context) == {"joined": 0, "removed": 3}


def test_the_operator_moves_the_look_and_turns_shredding_off(monkeypatch: pytest.MonkeyPatch, cottage: House) -> None:
    """By one setting; a job that was ordered before is done all the same."""
    monkeypatch.setenv("PROFILE_SCHEDULE", "daily-look=02:05, shred=off")
    wishes = Settings.from_environment().schedule
    nightly = schedule.arranged(plan(cottage.context), wishes, "PROFILE_SCHEDULE")
    assert [(each.name, each.when.told) for each in nightly] == [("daily-look", "02:05"), ("lakes", "05:15")]
    assert {kind.name for kind in all_handlers(cottage.context)} >= {"daily-look", "shred"}
