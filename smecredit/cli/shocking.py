"""Commands about contagion: shock, exposures, partner-shifts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from smecredit.answers import Exposures, PartnerShifts, ShockAnswer
from smecredit.cli.options import as_fen, as_of, connected, printed, purpose_of
from smecredit.cli.tables import rows_of
from smecredit.client import Client
from smecredit.money import fen
from smecredit.problems import Problem
from smecredit.rendering.shock import exposures, partner_shifts, shock
from smecredit.report import Reporter

share = click.FloatRange(0, 1)
# What the columns of a book may be called; amounts are in yuan.
COLUMNS = {
    "enterprise": ("enterprise", "企业代号", "统一社会信用代码"),
    "exposure": ("exposure", "敞口", "贷款余额"),
    "lgd": ("lgd", "违约损失率"),
    "pd": ("pd", "违约概率"),
}
NO_SCORE = (403, 404)


def _fen_or_none(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    return None if value is None else as_fen(ctx, param, value)


@click.command("shock")
@click.argument("enterprises", nargs=-1)
@click.option("--industry", help="All open files of an industry instead, such as C13.")
@click.option("--region", help="All open files of a region instead, such as 110000 or 北京.")
@click.option("--severity", type=share, default=1.0, show_default=True, help="Share of equity and production lost.")
@click.option("--kind", type=click.Choice(["linear", "nonlinear"]), default="linear", show_default=True)
@click.option(
    "--book",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of your exposures: enterprise, exposure (yuan), lgd, pd; without a pd that of your latest score counts.",
)
@purpose_of("credit-monitoring", "credit-assessment", "supervision")
@as_of
@printed(shock)
@connected("bank-demo")
def shock_command(bank: Client, enterprises: tuple[str, ...], book: Path | None, **options: Any) -> ShockAnswer:
    """Show what the failure of firms, an industry or a region would do to those whose files you may read."""
    named = {"enterprises": list(enterprises), "industry": options.pop("industry"), "region": options.pop("region")}
    hit = {name: said for name, said in named.items() if said}
    if len(hit) != 1:
        raise click.UsageError("Name enterprises, or --industry, or --region: one of them.")
    with Reporter().stage("shock") as on_progress:
        return bank.shock(hit, exposures=_exposures(bank, book) if book else (), on_progress=on_progress, **options)


@click.command("exposures")
@click.option(
    "--book",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of your exposures, in the place of the book before: enterprise, exposure (yuan), lgd, pd.",
)
@click.option("--threshold", callback=_fen_or_none, help="Rise of the book's expected loss that is an alert, in yuan.")
@printed(exposures)
@connected("bank-demo")
def exposures_command(bank: Client, book: Path | None, threshold: int | None) -> Exposures:
    """Show your book of exposures, or state it: from then on its contagion is an alert to you, and to nobody else."""
    if (book is None) != (threshold is None):
        raise click.UsageError("State the book and the threshold together: --book FILE --threshold AMOUNT.")
    if book is None or threshold is None:
        return bank.exposures()
    return bank.state_exposures(_exposures(bank, book), threshold_fen=threshold)


@click.command("partner-shifts")
@click.argument("enterprise")
@as_of
@printed(partner_shifts)
@connected("bank-demo")
def partner_shifts_command(bank: Client, enterprise: str, as_of: date | None) -> PartnerShifts:
    """Show which of its present partners would lower a firm's risk; a firm may ask of itself."""
    return bank.partner_shifts(enterprise, as_of=as_of)


def _exposures(bank: Client, file: Path) -> list[dict[str, Any]]:
    rows = rows_of(file, {title: name for name, titles in COLUMNS.items() for title in titles})
    try:
        return [
            {
                "enterprise": row["enterprise"],
                "exposure_fen": fen(row["exposure"]),
                "lgd": float(row["lgd"]),
                "pd": float(row["pd"]) if row.get("pd") else _latest_pd(bank, row["enterprise"]),
            }
            for row in rows
        ]
    except (KeyError, ValueError) as error:
        raise click.BadParameter(f"the book needs the columns enterprise, exposure, lgd, pd ({error})") from error


def _latest_pd(bank: Client, enterprise: str) -> float | None:
    """Return the PD of the newest score that the bank may read, None where there is none."""
    try:
        newest = next(bank.scores_of(enterprise), None)
    except Problem as problem:
        if problem.status in NO_SCORE:
            return None
        raise
    return newest["pd"] if newest else None
