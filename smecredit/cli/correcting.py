"""Commands that put a file right: disputes, their decision, credit repair, and what has to be told."""

from __future__ import annotations

from datetime import UTC, date, datetime

import click

from smecredit import render
from smecredit.cli.options import as_json, client, connected, print_json

REASONS = ("not-ours", "wrong-amount", "wrong-date", "wrong-status", "already-settled", "other")


@click.command("dispute")
@click.argument("record")
@click.option("--kind", default="invoices", show_default=True, help="invoices, payments, public-records, …")
@click.option("--reason", type=click.Choice(REASONS), required=True)
@click.option("--statement", required=True, help="What you say of it; whoever reads the file sees this.")
@as_json
@connected("enterprise")
def dispute_command(
    record: str, kind: str, reason: str, statement: str, as_json: bool, url: str, identity: str
) -> None:
    """Dispute a record of your own file; RECORD is its name (rec_…) in the evidence behind a figure."""
    made = client(url, identity).dispute({"kind": kind, "record": record}, reason, statement)
    print_json(made) if as_json else render.disputes([made], datetime.now(UTC))


@click.command("disputes")
@click.option("--state", type=click.Choice(["open", "corrected", "confirmed", "unresolved", "withdrawn"]))
@as_json
@connected("operator-demo")
def disputes_command(state: str | None, as_json: bool, url: str, identity: str) -> None:
    """List disputes: a firm its own, the operator all."""
    found = list(client(url, identity).disputes(state=state))
    print_json(found) if as_json else render.disputes(found, datetime.now(UTC))


@click.command("decide")
@click.argument("dispute")
@click.argument("decision", type=click.Choice(["corrected", "confirmed", "unresolved"]))
@click.option("--reply", required=True, help="The written answer to the firm.")
@click.option("--correction", type=click.Choice(["removed", "restated"]), help="How a wrong item was put right.")
@as_json
@connected("operator-demo")
def decide_command(
    dispute: str, decision: str, reply: str, correction: str | None, as_json: bool, url: str, identity: str
) -> None:
    """Decide a dispute and answer it; a correction is told to all readers of the last twelve months."""
    made = client(url, identity).decide_dispute(dispute, decision, reply, correction=correction)
    print_json(made) if as_json else render.disputes([made], datetime.now(UTC))


@click.command("repair")
@click.argument("enterprise")
@click.argument("record")
@click.option("--decided-on", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--authority", required=True)
@click.option("--document", required=True, help="Number of the decision.")
@connected("operator-demo")
def repair_command(
    enterprise: str, record: str, decided_on: datetime, authority: str, document: str, url: str, identity: str
) -> None:
    """Take a repaired public record out of display, sharing and use; RECORD is its document's number or its name."""
    day: date = decided_on.date()
    made = client(url, identity).repair(enterprise, record, decided_on=day, authority=authority, document=document)
    print_json(made)


@click.command("notices")
@click.option("--open", "open_only", is_flag=True, help="Only those that nobody has acknowledged.")
@as_json
@connected("bank-demo")
def notices_command(open_only: bool, as_json: bool, url: str, identity: str) -> None:
    """List corrections and repairs in files that you read, and the terms of disputes."""
    found = list(client(url, identity).notices(open_only=open_only))
    print_json(found) if as_json else render.notices(found)
