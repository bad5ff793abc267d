"""A firm that sends an invoice moves nobody else's score: measured at the door, from its import to the bank's score."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from town import Town

from chassis.core.moments import today

TITLES = "enterprise,number,date,buyer,net,tax,total,status,synthetic\n"


def scored(town: Town) -> tuple[Any, ...]:
    given = town.ask("bank with consent", "POST", "/v1/scores", {"enterprise": town.enterprise}).json
    return tuple(given[name] for name in ("score", "grade", "pd", "as_of", "features_sha256"))


def hand_in(town: Town, row: str) -> dict[str, Any]:
    """Send an invoice of another firm by its own hand, and wait until the book has it."""
    path = "/v1/imports?kind=invoices.sale&filename=one.csv"
    sent = town.send("another enterprise", "POST", path, (TITLES + row).encode(), {})
    assert sent.status == 202, sent.data
    until = time.monotonic() + 60
    while (done := town.ask("another enterprise", "GET", f"/v1/imports/{sent.json['id']}").json)["finished_at"] is None:
        assert time.monotonic() < until, done
        time.sleep(0.1)
    return dict(done)


def test_an_invoice_of_today_by_one_firm_changes_no_score_of_another(town: Town) -> None:
    """The book's date and the score are to the last bit what they were, and so they are once it is taken back."""
    before, dated = scored(town), town.ask("operator", "GET", "/v1/book").json["date"]
    done = hand_in(town, f"{town.other},one-yuan,{today()},A1,1.00,0.00,1.00,valid,true\n")
    assert done["accepted"] == 1, done
    book = town.ask("operator", "GET", "/v1/book").json
    assert (book["date"], book["latest"]) == (dated, today().isoformat())
    assert scored(town) == before
    assert town.ask("operator", "POST", f"/v1/imports/{done['id']}/withdraw").status == 200
    assert scored(town) == before


def test_the_command_tells_as_of_which_day_files_are_read(town: Town) -> None:
    """The demonstration's operator dated the book with its latest invoice, and whoever asks is told."""
    key = town.headers["operator"]["Authorization"].removeprefix("Bearer ")
    command = [Path(sys.executable).with_name("smecredit"), "book", "--url", town.url, "--json"]
    done = subprocess.run(
        command, env={**os.environ, "SMECREDIT_API_KEY": key}, capture_output=True, text=True, check=True
    )
    told, versions = json.loads(done.stdout), town.ask("owner", "GET", "/v1/book/dates").json["items"]
    assert (told["date"], told["dated"]) == (versions[0]["date"], True)
    assert [each["set_by"] for each in versions] == ["operator-demo", "operator-demo"]
