"""What readiness asks to be served is what the worker command serves, in each service."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from chassis.data.crew import Post
from chassis.data.database import Database
from chassis.data.schedule import QUEUE as SCHEDULED

SERVICES = ("profile", "scoring", "matching")


@pytest.mark.parametrize("service", SERVICES)
def test_the_worker_command_fills_every_post(service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A post that nobody can fill would make the service degraded for ever; one that is not named would be missed."""
    monkeypatch.setenv("SMECREDIT_HOME", str(tmp_path))
    cli: Any = import_module(f"services.{service}.cli")
    filled: list[str] = []

    class Roll:
        def __init__(self, _: Database, places: Sequence[Post]) -> None:
            filled.extend(post.name for post in places)

        def run(self) -> None:
            pass

    monkeypatch.setattr(cli, "Crew", Roll)
    cli.worker()
    context = cli.make_context(cli.Settings.from_environment())
    where: Any = import_module(f"services.{service}.{'posts' if service == 'profile' else 'jobs'}")
    assert sorted(filled) == (where.posts() if service == "profile" else where.posts(context))


@pytest.mark.parametrize("service", SERVICES)
def test_a_kind_of_job_has_one_name_and_one_queue(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A second kind of the same name would be taken from the wrong queue, or by nobody."""
    monkeypatch.setenv("SMECREDIT_HOME", str(tmp_path))
    cli: Any = import_module(f"services.{service}.cli")
    kinds = list(cli.all_handlers(cli.make_context(cli.Settings.from_environment())))
    assert len({kind.name for kind in kinds}) == len(kinds)
    assert all(kind.queue and len(kind.queue) <= 40 for kind in kinds)


def test_the_guide_names_every_queue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And none that is not there: whoever divides queues over hosts reads them there."""
    monkeypatch.setenv("SMECREDIT_HOME", str(tmp_path))
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    named = set(re.findall(r"^\| (\w+) \| `([a-z]+)` \|", guide, re.MULTILINE))
    served = set()
    for service in SERVICES:
        cli: Any = import_module(f"services.{service}.cli")
        kinds = cli.all_handlers(cli.make_context(cli.Settings.from_environment()))
        served |= {(service, kind.queue) for kind in kinds if kind.queue != SCHEDULED}
    assert {row for row in named if row[0] in SERVICES} == served
    assert ("each", SCHEDULED) in named
