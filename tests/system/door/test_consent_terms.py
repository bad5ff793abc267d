"""The terms of a consent through the whole suite: given on the command line, kept by every service."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from click.testing import CliRunner
from town import Town

from smecredit.cli import commands

BANK, ITS_ID = "bank without consent", "door-0"


def test_a_bank_with_one_look_a_day_scores_once_and_reads_its_score_as_often_as_it_needs(town: Town) -> None:
    """A second score is refused with the time of the next; score, receipt and proof are read, and all is recorded."""
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    key = town.headers["owner"]["Authorization"].removeprefix("Bearer ")
    terms = ["--purpose", "credit-assessment", "--until", until, "--most-reads-a-day", "1", "--most-reads-a-month", "5"]
    env = {"SMECREDIT_API_KEY": key, "SMECREDIT_URL": town.url}
    given = CliRunner().invoke(commands, ["consent", ITS_ID, *terms, "--json"], env=env)
    assert given.exit_code == 0, given.output
    consent = json.loads(given.output)
    try:
        made = town.ask(BANK, "POST", "/v1/scores", {"enterprise": town.enterprise})
        assert made.status == 201, made.data
        place = f"/v1/scores/{made.json['id']}"
        read = [town.ask(BANK, "GET", place + path).status for path in ("", "", "/receipt", "/ledger-proof")]
        second = town.ask(BANK, "POST", "/v1/scores", {"enterprise": town.enterprise})
        seen = town.ask("owner", "GET", f"/v1/enterprises/{town.enterprise}/accesses").json["items"]
    finally:
        town.ask("owner", "POST", f"/v1/consents/{consent['id']}/revoke", {})
    assert (consent["most_reads_a_day"], consent["most_reads_a_month"]) == (1, 5)
    assert (read, second.status) == ([200] * 4, 429)
    assert 0 < int(second.headers["Retry-After"]) <= 86_400
    mine = [each["what"] for each in seen if each["consent"] == consent["id"]]
    assert mine == ["score", "score", "score", "score", "new-score"]
