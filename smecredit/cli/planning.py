"""Commands of a bank that plans over many enterprises: churn, allocate."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from smecredit.cli.options import as_fen, as_of, connected, printed
from smecredit.client import Client
from smecredit.rendering.plan import allocation, churn
from smecredit.report import Reporter

share = click.FloatRange(0, 1)


@click.command("churn")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@printed(churn)
@connected("bank-demo")
def churn_command(bank: Client, file: Path) -> dict[str, Any]:
    """Import churn curves from a CSV file: rates in the first column, then one column a curve.

    A column's head names the grades that it is for, such as `AAA AA+ AA A`.
    """
    return bank.import_churn(_curves(file))


def _curves(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        head, *rows = [row for row in csv.reader(opened) if row]
    try:
        return [
            {
                "grades": grades.split(),
                "points": [{"rate": float(row[0]), "churn": float(row[place])} for row in rows],
            }
            for place, grades in enumerate(head[1:], start=1)
        ]
    except (ValueError, IndexError) as error:
        raise click.BadParameter(f"every row needs a rate and a share for each column ({error})") from error


def _pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    """Read `micro=0.2` and the like."""
    try:
        return {name: float(number) for name, _, number in (value.partition("=") for value in values)}
    except ValueError as error:
        raise click.BadParameter("write NAME=NUMBER, such as micro=0.2", ctx, param) from error


@click.command("allocate")
@click.option("--budget", required=True, callback=as_fen, help="Amount to divide, in yuan, such as 1亿 or 100000000.")
@click.option("--least", default="10万", show_default=True, callback=as_fen, help="Least amount for a firm, in yuan.")
@click.option("--most", default="100万", show_default=True, callback=as_fen, help="Most for a firm, in yuan.")
@click.option("--low", type=share, default=0.04, show_default=True, help="Lowest rate a year.")
@click.option("--high", type=share, default=0.15, show_default=True, help="Highest rate a year.")
@click.option("--lgd", type=share, default=0.5, show_default=True, help="Share lost in a default.")
@click.option("--funding", type=share, default=0.03, show_default=True, help="Cost of funding a year.")
@click.option("--operating", type=share, default=0.0, show_default=True, help="Operating cost a year.")
@click.option(
    "--paid",
    type=click.Choice(["offered", "drawn", "drawn-budget"]),
    default="offered",
    show_default=True,
    help="What is paid for: the line, or what is drawn; drawn-budget: the budget counts what is drawn, too.",
)
@click.option("--sector-share", type=share, help="Most of the budget for one section of GB/T 4754.")
@click.option("--loss-share", type=share, help="Most expected loss, as a share of what the budget counts.")
@click.option(
    "--floor", "floors", multiple=True, callback=_pairs, help="Least for a size class: micro=0.2 of the budget."
)
@click.option("--stress", "stresses", multiple=True, callback=_pairs, help="A factor on the PDs of a sector: C=2.")
@click.option(
    "--counts", type=click.Choice(["confirmed", "everything"]), help="What counts of the firms; else as you have set."
)
@as_of
@printed(allocation)
@connected("bank-demo")
def allocate_command(bank: Client, as_of: date | None, **options: Any) -> dict[str, Any]:
    """Divide a budget over every enterprise that you may read: amounts, rates, the proof, the price of fairness."""
    with Reporter().stage("allocate") as on_progress:
        return bank.allocate(_order(options, as_of), on_progress=on_progress)


def _order(options: Mapping[str, Any], as_of: date | None) -> dict[str, Any]:
    plain = ("lgd", "funding", "operating", "paid", "sector_share", "loss_share", "counts")
    return {
        "budget_fen": options["budget"],
        "least_fen": options["least"],
        "most_fen": options["most"],
        "rates": {"low": options["low"], "high": options["high"]},
        **{name: options[name] for name in plain},
        "floors": [
            {"name": name, "of": {"size_class": name}, "share": part} for name, part in options["floors"].items()
        ],
        "stress": [
            {"name": f"{sector} x{factor:g}", "shocks": [{"of": {"industry": sector}, "factor": factor}]}
            for sector, factor in options["stresses"].items()
        ],
        **({"as_of": as_of.isoformat()} if as_of else {}),
    }
