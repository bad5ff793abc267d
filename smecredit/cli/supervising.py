"""Commands of supervision: a firm's class, and the integrity index."""

from __future__ import annotations

from datetime import date

import click

from smecredit.answers import EnterpriseClass, IndexOrder, IndexPage, Purpose
from smecredit.cli.options import as_of, connected, printed
from smecredit.client import Client
from smecredit.rendering.supervision import enterprise_class, index, published

PURPOSES = click.Choice(["credit-assessment", "credit-monitoring", "supervision"])


@click.command("class")
@click.argument("enterprise")
@click.option("--sector", help="Whose rules, such as construction or general; those of its industry unless given.")
@click.option("--purpose", type=PURPOSES, default="credit-assessment", show_default=True, help="Why you read it.")
@as_of
@printed(enterprise_class)
@connected("bank-demo")
def class_command(
    bank: Client, enterprise: str, sector: str | None, purpose: Purpose, as_of: date | None
) -> EnterpriseClass:
    """Show an enterprise's class for supervision, A to D: what counts, what caps it, what would raise it."""
    return bank.class_of(enterprise, sector=sector, purpose=purpose, as_of=as_of)


@click.command("index")
@click.option("--level", type=click.Choice(["nation", "province", "prefecture"]), help="How fine the regions are.")
@click.option("--region", help="A region by code or name; with a finer --level, every region within it.")
@click.option("--industry", help="A section such as C; `each` for all of them apart.")
@click.option("--from", "first", help="The first month, such as 2022-01.")
@click.option("--to", "last", help="The last month.")
@printed(index)
@connected("bank-demo")
def index_command(
    anybody: Client,
    level: str | None,
    region: str | None,
    industry: str | None,
    first: str | None,
    last: str | None,
) -> IndexPage:
    """Show the published integrity index by month, what each component adds, and what moved it."""
    chosen = next((each for each in ("nation", "province", "prefecture") if each == level), None)
    return anybody.index(level=chosen, region=region, industry=industry, first=first, last=last)


@click.command("publish-index")
@click.option("--from", "first", help="The first month, such as 2022-01; the one after the latest unless given.")
@click.option("--to", "last", help="The last month; the last that is over unless given.")
@printed(published)
@connected("operator-demo")
def publish_index_command(operator: Client, first: str | None, last: str | None) -> IndexOrder:
    """Publish months of the integrity index, as the operator; each is published once."""
    return operator.publish_index(first, last)
