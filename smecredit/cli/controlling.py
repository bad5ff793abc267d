"""Commands about ownership and control: controllers, group, bods."""

from __future__ import annotations

from datetime import date

import click

from smecredit.answers import ControlGroup, Controllers, Purpose
from smecredit.cli.options import as_of, connected, print_json, printed, purpose_of
from smecredit.client import Client
from smecredit.rendering.control import controllers, group

purpose = purpose_of("credit-assessment", "credit-monitoring", "financing-match", "supervision")


@click.command("controllers")
@click.argument("enterprise")
@purpose
@as_of
@printed(controllers)
@connected("bank-demo")
def controllers_command(bank: Client, enterprise: str, purpose: Purpose, as_of: date | None) -> Controllers:
    """Show who owns and controls an enterprise, directly and through others."""
    return bank.controllers(enterprise, purpose=purpose, as_of=as_of)


@click.command("group")
@click.argument("enterprise")
@purpose
@as_of
@printed(group)
@connected("bank-demo")
def group_command(bank: Client, enterprise: str, purpose: Purpose, as_of: date | None) -> ControlGroup:
    """Show the control group of an enterprise, the path that ties each firm, and its close links."""
    return bank.control_group(enterprise, purpose=purpose, as_of=as_of)


@click.command("bods")
@click.argument("enterprise")
@purpose
@as_of
@connected("bank-demo")
def bods_command(bank: Client, enterprise: str, purpose: Purpose, as_of: date | None) -> None:
    """Print who owns and controls an enterprise as statements of BODS 0.4 (JSON); persons are keyed hashes."""
    print_json(bank.bods(enterprise, purpose=purpose, as_of=as_of))
