"""Commands of those who answer for models: approve, rollback, drift."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from smecredit.answers import Model
from smecredit.cli.options import connected, day, printed
from smecredit.client import Client
from smecredit.rendering.drift import drift
from smecredit.rendering.models import model

note = click.option("--note", help="Why, for the record.")


@click.command("approve")
@click.argument("version")
@note
@click.option("--exception", help="Why it may serve although it failed its gate; every score of it will tell.")
@printed(model)
@connected("operator-demo")
def approve_command(operator: Client, version: str, note: str | None, exception: str | None) -> Model:
    """Approve a model that somebody else trained; one trained with --promote then serves.

    A model that is behind its challenger on firms that neither saw needs --exception.
    """
    return operator.approve(version, note=note, exception=exception)


@click.command("rollback")
@click.argument("version")
@note
@printed(model)
@connected("bank-demo")
def rollback_command(bank: Client, version: str, note: str | None) -> Model:
    """Take the serving model VERSION out of service; the one that served before serves again."""
    return bank.roll_back(version, note=note)


@click.command("drift")
@click.option("--model", help="A version; by default the serving model.")
@day("--since", help="First day; by default a year before the last.")
@day("--until", help="Last day; by default today.")
@printed(drift)
@connected("bank-demo")
def drift_command(bank: Client, model: str | None, since: date | None, until: date | None) -> dict[str, Any]:
    """Report whether a model still meets the firms it was made for, and whether its PDs came true."""
    return bank.drift(model, since=since, until=until)
