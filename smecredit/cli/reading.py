"""Commands that ask about one enterprise: portrait, score, match."""

from __future__ import annotations

from typing import Any

import click

from smecredit import render
from smecredit.cli.options import as_fen, as_json, as_of, client, connected, day, print_json


@click.command("portrait")
@click.argument("enterprise")
@as_of
@as_json
@connected("bank-demo")
def portrait_command(enterprise: str, as_of: Any, as_json: bool, url: str, identity: str) -> None:
    """Show an enterprise's credit portrait: eight dimensions, recent months, partners."""
    portrait = client(url, identity).portrait(enterprise, as_of=day(as_of))
    print_json(portrait) if as_json else render.portrait(portrait)


@click.command("score")
@click.argument("enterprise")
@as_of
@as_json
@connected("bank-demo")
def score_command(enterprise: str, as_of: Any, as_json: bool, url: str, identity: str) -> None:
    """Score an enterprise and say why; the score is stored and counts as a credit query."""
    score = client(url, identity).score(enterprise, as_of=day(as_of))
    print_json(score) if as_json else render.score(score)


@click.command("match")
@click.argument("enterprise")
@click.option("--amount", required=True, callback=as_fen, help="Amount needed in yuan, such as 500000 or 50万.")
@click.option("--months", type=click.IntRange(1, 360), required=True, help="For how many months.")
@click.option("--kind", help="Only products of this kind, such as invoice-finance.")
@as_of
@as_json
@connected("bank-demo")
def match_command(  # noqa: PLR0913, PLR0917 - one parameter an option
    enterprise: str,
    amount: int,
    months: int,
    kind: str | None,
    as_of: Any,
    as_json: bool,
    url: str,
    identity: str,
) -> None:
    """Find the bank products that fit: offers with terms, refusals with the rule. A soft check."""
    match = client(url, identity).match(enterprise, amount_fen=amount, months=months, kind=kind, as_of=day(as_of))
    print_json(match) if as_json else render.match(match)
