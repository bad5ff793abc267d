"""Backup of a suite under load, restored elsewhere: what was acknowledged before is there, and all of it is whole."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from drills import Act, Journal, acting, invoices, kept
from town import Answer, Town, wait_for_peers

from smecredit.report import Reporter
from smecredit.running import upkeep
from smecredit.running.backups import back_up, bring_back

# Between two files: each has its figures of peers made and its firms looked at, and no test asks for many of them.
PAUSE_SECONDS = 6.0
# Between two consents or scores: some twenty a second are load enough, and leave room for what is tested.
BREATH_SECONDS = 0.05


@dataclass(frozen=True)
class Drill:
    """A restored home, the moment of its backup, what was acknowledged, and what `verify` said of the running suite."""

    home: Path
    moment: str
    journal: Journal
    verified: Mapping[str, dict[str, Any]]
    # How the imports ended in the town.
    ended: set[str]


def acts(town: Town) -> dict[str, Act]:
    """Return what is done meanwhile: files of a firm of its own, and consents and scores that no test lists."""
    until = (datetime.now(UTC).date() + timedelta(days=20)).isoformat()
    wish = {"grantee": "buyer-1", "purposes": ["procurement"], "fields": ["portrait"], "valid_until": until}

    def send(number: int) -> str:
        time.sleep(PAUSE_SECONDS if number else 0)
        headers = {"Content-Type": "text/csv", "Idempotency-Key": f"drill-{number}"}
        path = "/v1/imports?kind=invoices.sale&filename=sales.csv"
        return acknowledged(town.send("data source", "POST", path, invoices("drill", number, 200, "drill"), headers))

    def ask(who: str, path: str, body: dict[str, Any]) -> Act:
        def act(_: int) -> str:
            time.sleep(BREATH_SECONDS)
            return acknowledged(town.ask(who, "POST", path, body))

        return act

    return {
        "imports": send,
        "consents": ask("another enterprise", "/v1/consents", wish),
        "scores": ask("bank with consent", "/v1/scores", {"enterprise": town.disputant}),
    }


def acknowledged(answer: Answer) -> str:
    assert answer.status in {201, 202}, answer.data
    return str(answer.json["id"])


def found(told: Mapping[str, dict[str, Any]]) -> list[Any]:
    """Return what `verify` found, in whichever part."""
    return [finding for answer in told.values() for finding in answer["findings"]]


@pytest.fixture(scope="module")
def drill(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Drill:
    """Back the town up while acts of every kind are acknowledged, and bring it back into an empty home."""
    folder = tmp_path_factory.mktemp("drill")
    place, keys, home = str(folder / "vault"), folder / "keys", folder / "home"
    with acting(acts(town)) as journal:
        verified = upkeep.each("verify", "usual", home=town.folder)
        told = back_up(place, town.folder, Reporter(), keys=keys, most=None)
    wait_for_peers(town)
    bring_back(place, home, Reporter(), at="", keys=keys)
    sent = [name for kind, name, _ in journal.entries if kind == "imports"]
    ended = {town.ask("data source", "GET", f"/v1/imports/{name}").json["state"] for name in sent}
    return Drill(home, told["moment"], journal, verified, ended)


def test_verify_finds_nothing_while_everything_is_at_work(drill: Drill) -> None:
    """Imports, consents and scores under way are no fault."""
    assert found(drill.verified) == []
    assert drill.verified["profile"]["checked"]


def test_all_that_was_acknowledged_before_the_backup_comes_back(drill: Drill) -> None:
    """Of every kind something was; what came later may be there or not."""
    assert drill.journal.broken == []
    assert drill.journal.kinds(drill.moment) == {"imports", "consents", "scores"}
    assert drill.journal.before(drill.moment) - kept(drill.home) == set()
    assert drill.ended == {"done"}


def test_what_came_back_is_whole(drill: Drill) -> None:
    """`verify --deep` reads every value and every digest."""
    told = upkeep.each("verify", "deep", home=drill.home)
    assert found(told) == []
