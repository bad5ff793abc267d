"""The command about rings of invoices: rings."""

from __future__ import annotations

from datetime import date

import click

from smecredit.answers import RingList, Rings
from smecredit.cli.options import as_of, connected, printed
from smecredit.client import Client
from smecredit.rendering.rings import rings


@click.command("rings")
@click.argument("enterprise", required=False)
@as_of
@printed(rings)
@connected("bank-demo")
def rings_command(bank: Client, enterprise: str | None, as_of: date | None) -> Rings | RingList:
    """Show the rings of invoices that an enterprise is on; without one, those of all firms whose files are open."""
    return bank.ring_list(as_of=as_of) if enterprise is None else bank.rings(enterprise, as_of=as_of)
