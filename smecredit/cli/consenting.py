"""The command by which a firm gives its consent."""

from __future__ import annotations

from typing import Any, get_args

import click

from smecredit.answers import Consent, Purpose
from smecredit.cli.options import connected, day, printed
from smecredit.client import Client

FIELDS = ("features", "portrait", "score", "records", "measures", "graph")
MOST = click.IntRange(1, 1_000_000)


def _show(consent: Consent) -> None:
    click.echo(f"{consent['id']}  {consent['grantee']} until {consent['valid_until']}")


@click.command("consent")
@click.argument("grantee")
@click.option(
    "--purpose",
    "purposes",
    type=click.Choice(get_args(Purpose)),
    multiple=True,
    required=True,
    help="May be repeated.",
)
@click.option("--field", "fields", type=click.Choice(FIELDS), multiple=True, default=FIELDS[:3], show_default=True)
@day("--until", "valid_until", required=True, help="The last day on which the consent holds.")
@day("--as-of-from", help="The first day as of which the file may be read.")
@day("--as-of-until", help="The last such day.")
@click.option("--most-reads-a-day", type=MOST, help="How many new looks into the file on one day of China.")
@click.option("--most-reads-a-month", type=MOST, help="How many in one calendar month of China.")
@printed(_show)
@connected("enterprise")
def consent_command(enterprise: Client, **terms: Any) -> Consent:
    """Consent that the client GRANTEE reads your own file, on these terms; revoke it at any time."""
    return enterprise.grant_consent(**terms)
