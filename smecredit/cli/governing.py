"""Commands of those who answer for models: approve, rollback, drift."""

from __future__ import annotations

from typing import Any

import click

from smecredit import render, render_drift
from smecredit.cli.options import as_json, client, connected, day, print_json

note = click.option("--note", help="Why, for the record.")


@click.command("approve")
@click.argument("version")
@note
@as_json
@connected("operator-demo")
def approve_command(version: str, note: str | None, as_json: bool, url: str, identity: str) -> None:
    """Approve a model that somebody else trained; one trained with --promote then serves."""
    model = client(url, identity).approve(version, note=note)
    print_json(model) if as_json else render.models([model])


@click.command("rollback")
@click.argument("version")
@note
@as_json
@connected("bank-demo")
def rollback_command(version: str, note: str | None, as_json: bool, url: str, identity: str) -> None:
    """Take the serving model VERSION out of service; the one that served before serves again."""
    model = client(url, identity).roll_back(version, note=note)
    print_json(model) if as_json else render.models([model])


@click.command("drift")
@click.option("--model", help="A version; by default the serving model.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day; by default a year before the last.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; by default today.")
@as_json
@connected("bank-demo")
def drift_command(model: str | None, since: Any, until: Any, as_json: bool, url: str, identity: str) -> None:
    """Report whether a model still meets the firms it was made for, and whether its PDs came true."""
    report = client(url, identity).drift(model, since=day(since), until=day(until))
    print_json(report) if as_json else render_drift.drift(report)
