"""What firms declare and pay to the state: VAT and social insurance, month by month, and the wages behind it."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sandbox.economy import Economy
from sandbox.tables import party_codes, sizes

FILINGS = 30  # the random stream of this module
WAGE_FEN = 700_000  # a head's monthly wage, about
INSURED = 0.26  # the employer's share of social insurance in the wage bill


def tax_filings(economy: Economy) -> pl.DataFrame:
    """Return a VAT and a social-insurance filing per firm and month of trade, due on the 15th of the next."""
    months = _months(economy)
    common = {
        "due_on": pl.col("due_on"),
        "filed_on": pl.col("due_on").dt.offset_by("-3d"),
        "paid_on": pl.col("paid_on"),
    }
    vat = months.select(
        "enterprise",
        "period_start",
        "period_end",
        tax=pl.lit("vat"),
        declared_sales_fen="sales_fen",
        due_fen=(pl.col("output_fen") - pl.col("input_fen")).clip(0),
        **common,
    )
    insurance = months.select(
        "enterprise",
        "period_start",
        "period_end",
        tax=pl.lit("social-insurance"),
        declared_sales_fen=pl.lit(None, pl.Int64),
        due_fen=_insured(),
        **common,
    )
    return (
        pl.concat([vat, insurance])
        .with_columns(paid_fen="due_fen", synthetic=pl.lit(value=True))
        .sort("enterprise", "period_start", "tax")
    )


def payments(economy: Economy) -> pl.DataFrame:
    """Return the filings as the bank sees them: wages on a month's last day, taxes on the day they are paid."""
    months = _months(economy)
    filed = tax_filings(economy).filter(pl.col("paid_fen") > 0, pl.col("paid_on") <= economy.calendar.days[-1])
    wages = months.select(
        "enterprise",
        reference=pl.format("W-{}", pl.col("period_end").dt.strftime("%Y%m")),
        date="period_end",
        amount_fen="wages_fen",
        purpose=pl.lit("wage"),
    )
    purpose = pl.when(pl.col("tax") == "vat").then(pl.lit("tax")).otherwise(pl.col("tax"))
    taxes = filed.select(
        "enterprise",
        reference=pl.format("X-{}-{}", "tax", pl.col("period_end").dt.strftime("%Y%m")),
        date="paid_on",
        amount_fen="paid_fen",
        purpose=purpose,
    )
    return pl.concat([wages, taxes]).select(
        "enterprise",
        "reference",
        "date",
        "amount_fen",
        "purpose",
        direction=pl.lit("out"),
        counterparty=pl.lit(None, pl.String),
        synthetic=pl.lit(value=True),
    )


def _insured() -> pl.Expr:
    return (pl.col("wages_fen") * INSURED).round().cast(pl.Int64)


def _months(economy: Economy) -> pl.DataFrame:
    """Return a row per firm and month from its founding on: sales, taxes, wages, in fen, and when taxes were paid."""
    firms, calendar, invoices = economy.firms, economy.calendar, economy.invoices
    rng = np.random.default_rng([economy.plan.seed, FILINGS])
    count, length = len(firms), calendar.months
    month = np.searchsorted(calendar.edges, invoices.day, side="right") - 1

    def total(owner: NDArray[np.int64], value: NDArray[np.int64]) -> NDArray[np.int64]:
        counted = ~invoices.void & (owner < count)
        place = owner[counted] * length + month[counted]
        return np.rint(np.bincount(place, value[counted], minlength=count * length)).astype(np.int64)

    starts = calendar.days[calendar.edges[:-1]]
    ends = calendar.days[calendar.edges[1:] - 1]
    firm, when = np.divmod(np.arange(count * length), length)
    strain = np.maximum(economy.course.stress - 0.8, 0).ravel()
    delay = np.where(rng.random(count * length) < strain, rng.integers(5, 60, count * length), 0)
    heads = sizes(economy)[1][firm]
    wages = np.rint(heads * WAGE_FEN * np.exp(rng.normal(0, 0.05, count * length))).astype(np.int64)
    due = (ends + 1).astype("datetime64[D]") + 14
    return pl.DataFrame(
        {
            "enterprise": party_codes(economy).gather(firm),
            "period_start": starts[when],
            "period_end": ends[when],
            "due_on": due[when],
            "paid_on": due[when] + delay,
            "sales_fen": total(invoices.seller, invoices.net),
            "output_fen": total(invoices.seller, invoices.tax),
            "input_fen": total(invoices.buyer, invoices.tax),
            "wages_fen": wages,
        }
    ).filter(pl.Series(when >= firms.born[firm]))
