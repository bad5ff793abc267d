"""Commands of those who answer for models, the book and a bank's policy: approve, rollback, drift, book, counting."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import click

from smecredit.answers import Book, Counting, CountingPolicy, Model
from smecredit.cli.options import connected, day, printed
from smecredit.client import Client
from smecredit.rendering.book import book
from smecredit.rendering.counting import counting
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


@click.command("book")
@day("--date", help="As the operator: read files as of this day where a request names none.")
@click.option(
    "--by-month", is_flag=True, help="As the operator: read them as of the end of the last month that is over."
)
@note
@printed(book)
@connected("operator-demo")
def book_command(operator: Client, date: date | None, *, by_month: bool, note: str | None) -> Book:
    """Show what the book holds and as of which day files are read; no record moves that day.

    It is the day that the operator has set, else the end of the last month that is over in China.
    """
    if date and by_month:
        raise click.UsageError("Give --date or --by-month, not both.")
    if date or by_month:
        operator.date_book(date, note=note)
    return operator.book()


@click.command("counting")
@click.argument("counts", type=click.Choice(["confirmed", "everything", "usual"]), required=False)
@note
@printed(counting)
@connected("bank-demo")
def counting_command(
    bank: Client, counts: Literal["confirmed", "everything", "usual"] | None, note: str | None
) -> CountingPolicy:
    """Show what counts for you where an order or a product does not say, or set it; `usual` is the installation's.

    By `confirmed` what only a firm itself states never raises the score that decides.
    """
    if counts:
        own: Counting | None = None if counts == "usual" else counts
        return bank.set_counting_policy(own, note=note)
    return bank.counting_policy()
