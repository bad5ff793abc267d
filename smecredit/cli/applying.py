"""Commands of applications: a firm or its platform hands in and accepts, a bank offers and declines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import get_args

import click

from smecredit.answers import Application, ApplicationHistory, Dossier
from smecredit.answers.applications import ApplicationState, Move
from smecredit.cli.options import as_fen, connected, day, printed
from smecredit.client import Client
from smecredit.rendering.applications import application, applications, dossier

# Those that need nothing but a reason.
PLAIN_MOVES: tuple[Move, ...] = ("submit", "review", "decline", "withdraw", "repay", "default")


def _show(shown: Application) -> None:
    applications([shown])


@click.command("apply")
@click.argument("enterprise")
@click.argument("products", nargs=-1, required=True)
@click.option("--amount", required=True, callback=as_fen, metavar="YUAN", help="Such as 500000 or 50万.")
@click.option("--months", required=True, type=click.IntRange(1, 600))
@click.option("--match", help="The match that the wish comes from.")
@click.option("--draft", is_flag=True, help="Keep it to yourself until it is moved by `submit`.")
@printed(dossier)
@connected("platform-demo")
def apply_command(
    applicant: Client,
    enterprise: str,
    products: Sequence[str],
    amount: int,
    months: int,
    match: str | None,
    draft: bool,
) -> Dossier:
    """Hand in one dossier for PRODUCTS, as the firm or as a platform with its mandate."""
    return applicant.hand_in(enterprise, products, amount_fen=amount, months=months, match=match, draft=draft)


@click.command("applications")
@click.option("--state", type=click.Choice(get_args(ApplicationState)))
@click.option("--product")
@click.option("--enterprise", metavar="ID")
@day("--since", help="Moved on this day or later.")
@printed(applications)
@connected("bank-demo")
def applications_command(
    party: Client, state: ApplicationState | None, product: str | None, enterprise: str | None, since: date | None
) -> list[Application]:
    """List the applications that you are a party of, newest first."""
    return list(party.applications(state, product=product, enterprise=enterprise, since=since))


@click.command("application")
@click.argument("application_id", metavar="APPLICATION")
@printed(application)
@connected("bank-demo")
def application_command(party: Client, application_id: str) -> ApplicationHistory:
    """Show an application with every move and every offer."""
    return party.application(application_id)


@click.command("offer")
@click.argument("application_id", metavar="APPLICATION")
@click.option("--amount", required=True, callback=as_fen, metavar="YUAN")
@click.option("--months", required=True, type=click.IntRange(1, 600))
@click.option("--rate", required=True, type=click.FloatRange(0, 1), help="A year: 0.0435 is 4.35 %.")
@day("--expires-on", help="The offer's last day, in China.")
@printed(_show)
@connected("bank-demo")
def offer_command(
    bank: Client, application_id: str, amount: int, months: int, rate: float, expires_on: date | None
) -> Application:
    """Offer terms; the offer before is void by it."""
    terms = {"amount_fen": amount, "months": months, "rate": rate}
    return bank.offer(application_id, terms, expires_on=expires_on)  # type: ignore[arg-type]  # of this very shape


@click.command("accept")
@click.argument("application_id", metavar="APPLICATION")
@click.argument("number", type=click.IntRange(1))
@printed(_show)
@connected("platform-demo")
def accept_command(applicant: Client, application_id: str, number: int) -> Application:
    """Accept the offer of this NUMBER, as the firm or as a platform with its mandate to accept."""
    return applicant.accept(application_id, number)


@click.command("move")
@click.argument("application_id", metavar="APPLICATION")
@click.argument("event", type=click.Choice(PLAIN_MOVES))
@click.option("--reason", help="What the other party reads of it; to decline and to report a default it is asked for.")
@printed(_show)
@connected("bank-demo")
def move_command(party: Client, application_id: str, event: Move, reason: str | None) -> Application:
    """Make another move of an application."""
    return party.move(application_id, event, reason=reason)


@click.command("disburse")
@click.argument("application_id", metavar="APPLICATION")
@click.option("--drawn", required=True, callback=as_fen, metavar="YUAN", help="What was paid out.")
@printed(_show)
@connected("bank-demo")
def disburse_command(bank: Client, application_id: str, drawn: int) -> Application:
    """Say what was paid out, within what was agreed."""
    return bank.disburse(application_id, drawn)
