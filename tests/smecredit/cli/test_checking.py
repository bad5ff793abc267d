"""The command that checks all that a home keeps, on the services' own commands."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner
from databases import lay

from services.profile.book.lake import lakes
from smecredit.cli.checking import rebucket_command, verify_command

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


def test_lakes_of_a_home_are_divided_and_told(home: Path) -> None:
    """Each with its rows and numbers; done again it says that nothing was left to do."""
    lay(f"sqlite:///{home}/profile.db", "services.profile")
    made = lakes(str(home / "lake"))
    for lake in made.values():
        lake.create()
    done = CliRunner().invoke(rebucket_command, ["5", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)["lakes"]
    assert {each["lake"] for each in told} == set(made)
    assert {(each["before"], each["buckets"], each["rows"]) for each in told} == {(16, 5, 0)}
    again = CliRunner().invoke(rebucket_command, ["5", "invoices"])
    assert again.output == "invoices: in 5 buckets already\n"
