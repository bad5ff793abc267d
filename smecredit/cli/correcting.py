"""Commands that put a file right: disputes, their decision, credit repair, and what has to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import click

from smecredit.answers import Dispute, Notice
from smecredit.cli.options import connected, day, print_json, printed
from smecredit.client import Client
from smecredit.rendering.corrections import disputes, notices

REASONS = ("not-ours", "wrong-amount", "wrong-date", "wrong-status", "already-settled", "other")


def _show_all(shown: Sequence[Dispute]) -> None:
    disputes(shown, datetime.now(UTC))


def _show(shown: Dispute) -> None:
    _show_all([shown])


@click.command("dispute")
@click.argument("record")
@click.option("--kind", default="invoices", show_default=True, help="invoices, payments, public-records, …")
@click.option("--reason", type=click.Choice(REASONS), required=True)
@click.option("--statement", required=True, help="What you say of it; whoever reads the file sees this.")
@printed(_show)
@connected("enterprise")
def dispute_command(enterprise: Client, record: str, kind: str, reason: str, statement: str) -> Dispute:
    """Dispute a record of your own file; RECORD is its name (rec_…) in the evidence behind a figure."""
    return enterprise.dispute({"kind": kind, "record": record}, reason, statement)


@click.command("disputes")
@click.option("--state", type=click.Choice(["open", "corrected", "confirmed", "unresolved", "withdrawn"]))
@printed(_show_all)
@connected("operator-demo")
def disputes_command(reader: Client, state: str | None) -> list[Dispute]:
    """List disputes: a firm its own, the operator all."""
    return list(reader.disputes(state=state))


@click.command("decide")
@click.argument("dispute")
@click.argument("decision", type=click.Choice(["corrected", "confirmed", "unresolved"]))
@click.option("--reply", required=True, help="The written answer to the firm.")
@click.option("--correction", type=click.Choice(["removed", "restated"]), help="How a wrong item was put right.")
@printed(_show)
@connected("operator-demo")
def decide_command(operator: Client, dispute: str, decision: str, reply: str, correction: str | None) -> Dispute:
    """Decide a dispute and answer it; all readers of the last twelve months get notice of a correction."""
    return operator.decide_dispute(dispute, decision, reply, correction=correction)


@click.command("repair")
@click.argument("enterprise")
@click.argument("record")
@day("--decided-on", required=True)
@click.option("--authority", required=True)
@click.option("--document", required=True, help="Number of the decision.")
@connected("operator-demo")
def repair_command(
    operator: Client, enterprise: str, record: str, decided_on: date, authority: str, document: str
) -> None:
    """Take a repaired public record out of display, sharing and use; RECORD is its document's number or its name."""
    print_json(operator.repair(enterprise, record, decided_on=decided_on, authority=authority, document=document))


@click.command("notices")
@click.option("--open", "open_only", is_flag=True, help="Only those that nobody has acknowledged.")
@printed(notices)
@connected("bank-demo")
def notices_command(bank: Client, open_only: bool) -> list[Notice]:
    """List corrections and repairs in files that you read, and the terms of disputes."""
    return list(bank.notices(open_only=open_only))
