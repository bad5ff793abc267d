"""Commands that ask about one enterprise: portrait, score, the way up, match."""

from __future__ import annotations

from datetime import date

import click

from smecredit.answers import Counting, Match, Portrait, Recourse, Score
from smecredit.cli.options import as_fen, as_of, connected, printed
from smecredit.client import Client
from smecredit.problems import Expected
from smecredit.rendering.match import match
from smecredit.rendering.portrait import portrait
from smecredit.rendering.score import score
from smecredit.rendering.ways import way_up


@click.command("portrait")
@click.argument("enterprise")
@as_of
@printed(portrait)
@connected("bank-demo")
def portrait_command(bank: Client, enterprise: str, as_of: date | None) -> Portrait:
    """Show an enterprise's credit portrait: eight dimensions, recent months, partners."""
    return bank.portrait(enterprise, as_of=as_of)


@click.command("score")
@click.argument("enterprise")
@click.option(
    "--counts",
    type=click.Choice(["confirmed", "everything"]),
    help="What counts: by `confirmed`, the usual default, what only the firm itself states never raises the score.",
)
@as_of
@printed(score)
@connected("bank-demo")
def score_command(bank: Client, enterprise: str, counts: Counting | None, as_of: date | None) -> Score:
    """Score an enterprise and say why; the score is stored and counts as a credit query."""
    return bank.score(enterprise, as_of=as_of, counts=counts)


@click.command("way-up")
@click.argument("enterprise")
@click.option("--grade", help="The grade to reach, such as BBB.")
@click.option("--points", type=int, help="The score to reach.")
@click.option("--of", "score_id", help="A stored score to go on from, by its id; else the latest that you may read.")
@printed(way_up)
@connected("bank-demo")
def way_up_command(
    bank: Client, enterprise: str, grade: str | None, points: int | None, score_id: str | None
) -> Recourse:
    """Show the plan of least effort to a grade or a score, simulated on the firm's own invoices.

    The look is recorded as a read of the score and uses up none; a firm may ask of itself.
    """
    if grade is None and points is None:
        raise click.UsageError("Say what is to be reached: --grade, --points, or both.")
    return bank.recourse(score_id or _latest(bank, enterprise), grade=grade, score=points)


def _latest(client: Client, enterprise: str) -> str:
    """Return the id of a firm's newest score that the client may read."""
    newest = next(client.scores_of(enterprise), None)
    if newest is None:
        raise Expected(f"{enterprise} has no score that you may read: smecredit score {enterprise}")
    return newest["id"]


@click.command("match")
@click.argument("enterprise")
@click.option("--amount", required=True, callback=as_fen, help="Amount needed in yuan, such as 500000 or 50万.")
@click.option("--months", type=click.IntRange(1, 360), required=True, help="For how many months.")
@click.option("--kind", help="Only products of this kind, such as invoice-finance.")
@as_of
@printed(match)
@connected("bank-demo")
def match_command(
    bank: Client, enterprise: str, amount: int, months: int, kind: str | None, as_of: date | None
) -> Match:
    """Find the bank products that fit: offers with terms, refusals with the rule. A soft check."""
    return bank.match(enterprise, amount_fen=amount, months=months, kind=kind, as_of=as_of)
