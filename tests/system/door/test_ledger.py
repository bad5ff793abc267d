"""The ledger as a firm and a bank meet it: everything that happened is in it, and provable with a file and a key."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from town import Town

from smecredit.cli import commands
from smecredit.client import Client
from smecredit.ledger import NotProved, bundle


def client(town: Town, who: str) -> Client:
    return Client(town.url, town.headers[who]["Authorization"].removeprefix("Bearer "))


def kinds(found: dict[str, Any], subject: str | None) -> list[str]:
    return [json.loads(each["leaf"])["kind"] for each in found["entries"] if each["subject"] == subject]


def run(town: Town, who: str, *arguments: str) -> Result:
    key = town.headers[who]["Authorization"].removeprefix("Bearer ")
    return CliRunner().invoke(commands, arguments, env={"SMECREDIT_API_KEY": key, "SMECREDIT_URL": town.url})


def test_a_read_a_consent_and_its_end_are_entries(town: Town) -> None:
    """As the firm reads them, in plain."""
    read = town.ask("bank with consent", "GET", f"/v1/enterprises/{town.enterprise}/features")
    assert read.status == 200
    found = client(town, "owner").ledger_bundle()
    assert {"access", "consent-given", "consent-revoked"} <= set(kinds(found, town.enterprise))
    assert json.loads(found["entries"][0]["leaf"])["facts"]["what"] == "features"


def test_a_score_is_an_entry_of_the_scores_ledger(town: Town) -> None:
    """With its model and, sealed, the digests of what it was made from; without the score."""
    made = town.ask("bank with consent", "POST", "/v1/scores", {"enterprise": town.enterprise}).json
    newest = client(town, "owner").ledger_bundle("score-ledger")["entries"][0]
    said = json.loads(newest["leaf"])
    assert (said["kind"], newest["subject"]) == ("score", town.enterprise)
    assert said["facts"]["score"] == made["id"]
    salted = bytes.fromhex(newest["salt"]) + made["features_sha256"].encode()
    assert said["facts"]["features_sha256"] == hashlib.sha256(salted).hexdigest()
    assert "grade" not in newest["leaf"]


def test_a_score_of_a_batch_is_proved_to_its_firm_on_the_command_line(town: Town, tmp_path: Path) -> None:
    """The demonstration scores all firms as one order; the file names the firm, its score and its grade."""
    listed = town.ask("owner", "GET", f"/v1/enterprises/{town.enterprise}/scores").json["items"]
    score = next(each for each in listed if each["batch"])
    file = tmp_path / "score.json"
    written = run(town, "owner", "score-proof", score["id"], "--out", str(file))
    assert written.exit_code == 0, written.output
    key = written.output.split("--key '")[1].split("'")[0]
    told = run(town, "owner", "verify-ledger", str(file), "--key", key)
    assert told.exit_code == 0, told.output
    assert f"{score['id']} of {town.enterprise}: {score['score']}, {score['grade']}" in told.output


@pytest.mark.parametrize("log", ["ledger", "score-ledger"])
def test_what_is_exported_is_verified_by_the_key_alone(town: Town, log: Any) -> None:
    """And names nobody to anybody else."""
    owner = client(town, "owner")
    found, keys = owner.ledger_bundle(log), owner.ledger_keys(log)
    proved = bundle(found, keys["keys"][0])
    assert proved.entries == len(found["entries"]) > 0
    assert proved.checkpoint.size >= proved.entries


def test_a_ledger_is_shown_to_continue_the_one_that_was_kept(town: Town) -> None:
    owner = client(town, "owner")
    kept = owner.ledger_bundle()["checkpoint"]
    assert town.ask("bank with consent", "GET", f"/v1/enterprises/{town.enterprise}/portrait").status == 200
    found, key = owner.ledger_bundle(kept=kept), owner.ledger_keys()["keys"][0]
    assert bundle(found, key, kept).since == int(kept.splitlines()[1])
    with pytest.raises(NotProved, match="does not continue"):
        bundle(found | {"consistency": found["consistency"][:-1]}, key, kept)


def test_an_entry_is_hashes_to_whom_it_does_not_concern(town: Town) -> None:
    """Another enterprise reads the same leaf, and not whose it is."""
    entry = client(town, "owner").ledger_bundle()["entries"][0]
    other = town.ask("another enterprise", "GET", f"/v1/ledger/entries/{entry['n']}").json
    assert other["leaf"] == entry["leaf"]
    assert (other["subject"], other["actor"], other["salt"]) == (None, None, None)


def test_each_read_in_the_access_record_names_its_entry(town: Town) -> None:
    """So that what the firm sees on the page is what it can prove."""
    newest = town.ask("owner", "GET", f"/v1/enterprises/{town.enterprise}/accesses").json["items"][0]
    entry = town.ask("owner", "GET", f"/v1/ledger/entries/{newest['ledger_entry']}").json
    assert json.loads(entry["leaf"])["facts"]["purpose"] == newest["purpose"]
    assert entry["actor"] == newest["client"]


def test_a_file_is_verified_on_the_command_line(town: Town, tmp_path: Path) -> None:
    """Export, verify, and a changed file named with what fails: exit code 1."""
    file = tmp_path / "ledger.json"
    written = run(town, "owner", "ledger", "--out", str(file))
    assert written.exit_code == 0, written.output
    key = written.output.split("--key '")[1].split("'")[0]
    right = run(town, "owner", "verify-ledger", str(file), "--key", key)
    assert (right.exit_code, right.output.splitlines()[-1]) == (0, "valid")
    forged = json.loads(file.read_text())
    forged["entries"][0]["subject"] = "local:somebody-else"
    file.write_text(json.dumps(forged))
    wrong = run(town, "owner", "verify-ledger", str(file), "--key", key)
    assert wrong.exit_code != 0


def test_a_proof_of_what_is_not_there_is_refused(town: Town) -> None:
    """A size that the ledger has not reached, and an entry beyond it."""
    for path in (
        "proofs/inclusion?n=0&size=99999999",
        "proofs/consistency?old=0",
        "entries/99999999",
        f"entries/{10**30}",
    ):
        assert town.ask("owner", "GET", f"/v1/ledger/{path}").status == 404
