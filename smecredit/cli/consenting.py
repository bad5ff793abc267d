"""The command by which a firm gives its consent."""

from __future__ import annotations

from typing import Any

import click

from smecredit.cli.options import as_json, client, connected, day, print_json

PURPOSES = ("credit-assessment", "financing-match", "credit-monitoring", "model-training")
FIELDS = ("features", "portrait", "score", "records")
DAY = click.DateTime(["%Y-%m-%d"])
MOST = click.IntRange(1, 1_000_000)


@click.command("consent")
@click.argument("grantee")
@click.option(
    "--purpose", "purposes", type=click.Choice(PURPOSES), multiple=True, required=True, help="May be repeated."
)
@click.option("--field", "fields", type=click.Choice(FIELDS), multiple=True, default=FIELDS[:3], show_default=True)
@click.option("--until", "valid_until", type=DAY, required=True, help="The last day on which the consent holds.")
@click.option("--as-of-from", type=DAY, help="The first day as of which the file may be read.")
@click.option("--as-of-until", type=DAY, help="The last such day.")
@click.option("--most-reads-a-day", type=MOST, help="How many new looks into the file on one day (UTC).")
@click.option("--most-reads-a-month", type=MOST, help="How many in one calendar month (UTC).")
@as_json
@connected("enterprise")
def consent_command(as_json: bool, url: str, identity: str, **terms: Any) -> None:
    """Consent that the client GRANTEE reads your own file, on these terms; revoke it at any time."""
    terms |= {name: day(terms[name]) for name in ("valid_until", "as_of_from", "as_of_until")}
    given = client(url, identity).grant_consent(**terms)
    print_json(given) if as_json else click.echo(f"{given['id']}  {given['grantee']} until {given['valid_until']}")
