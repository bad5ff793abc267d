"""The command about rings of invoices: rings."""

from __future__ import annotations

from datetime import date

import click

from smecredit.answers import Purpose, RingList, Rings
from smecredit.cli.options import as_of, connected, printed, purpose_of
from smecredit.client import Client
from smecredit.rendering.rings import rings


@click.command("rings")
@click.argument("enterprise", required=False)
@purpose_of("credit-assessment", "credit-monitoring", "supervision")
@as_of
@printed(rings)
@connected("bank-demo")
def rings_command(bank: Client, enterprise: str | None, purpose: Purpose, as_of: date | None) -> Rings | RingList:
    """Show the rings of invoices that an enterprise is on; without one, those of all firms whose files are open."""
    if enterprise is None:
        return bank.ring_list(purpose=purpose, as_of=as_of)
    return bank.rings(enterprise, purpose=purpose, as_of=as_of)
