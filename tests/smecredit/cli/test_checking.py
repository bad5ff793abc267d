"""The command that checks all that a home keeps, on the services' own commands."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner
from databases import lay

from services.profile.book.lake import lakes
from smecredit.cli.checking import verify_command

PACKAGES = ("gateway", "services.profile", "services.scoring", "services.matching")


def test_every_part_is_checked_and_what_is_wrong_ends_the_command_with_one(home: Path) -> None:
    """One table or JSON over all parts: here a log of one lake that nobody can read."""
    for package in PACKAGES:
        lay(f"sqlite:///{home}/{package.rpartition('.')[2]}.db", package)
    for lake in lakes(str(home / "lake")).values():
        lake.create()
    (home / "lake-orders" / "_delta_log" / f"{0:020}.json").write_text("{")
    done = CliRunner().invoke(verify_command, ["--json"])
    assert done.exit_code == 1, done.output
    told = json.loads(done.output)
    assert told["checked"]["databases"] == len(PACKAGES)
    (found,) = told["findings"]
    assert (found["part"], found["what"]) == ("profile", "file")
    assert found["where"] == f"lake of orders, log, _delta_log/{0:020}.json"
    assert "rebuild" in found["todo"]
