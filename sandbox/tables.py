"""The economy as the tables a data source would deliver: our English columns, and `synthetic` true on every row."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sandbox.distress import WINDOW
from sandbox.economy import Economy
from sandbox.firms import Firms
from sandbox.invoices import Invoices
from sandbox.reference import INDUSTRIES, REGIONS

CLASSES = ("large", "medium", "small", "micro")
SIZES = 10  # the random stream of head counts and assets


def tables(economy: Economy) -> dict[str, pl.DataFrame]:
    """Return the four tables by import kind: enterprises, invoices.purchase, invoices.sale, outcomes."""
    invoices, count = economy.invoices, len(economy.firms)
    codes = party_codes(economy)
    numbers = invoice_numbers(invoices)
    bought, sold = np.flatnonzero(invoices.buyer < count), np.flatnonzero(invoices.seller < count)
    return {
        "enterprises": _enterprises(economy),
        "invoices.purchase": _book(economy, codes, numbers, bought, invoices.buyer, invoices.seller),
        "invoices.sale": _book(economy, codes, numbers, sold, invoices.seller, invoices.buyer),
        "outcomes": _outcomes(economy),
    }


def party_codes(economy: Economy) -> pl.Series:
    """Make ids of all parties: S for firms, W for the world outside; a made-up credit code could be real."""
    count = len(economy.firms)
    highest = max(int(economy.invoices.seller.max(initial=0)), int(economy.invoices.buyer.max(initial=0)), count)
    number = pl.select(number=pl.int_range(1, highest + 2, dtype=pl.Int64))
    inside = pl.format("local:S{}", pl.col("number").cast(pl.String).str.zfill(6))
    outside = pl.format("local:W{}", (pl.col("number") - count).cast(pl.String).str.zfill(7))
    return number.select(code=pl.when(pl.col("number") <= count).then(inside).otherwise(outside))["code"]


def invoice_numbers(invoices: Invoices) -> pl.Series:
    """Count each seller's invoices in order of issue: a book without gaps."""
    frame = pl.DataFrame({"seller": invoices.seller})
    return frame.select(number=pl.int_range(1, pl.len() + 1).over("seller").cast(pl.String).str.zfill(8))["number"]


def _enterprises(economy: Economy) -> pl.DataFrame:
    """Return who the firms are."""
    firms, plan = economy.firms, economy.plan
    founded = (np.datetime64(plan.start, "M") + firms.born).astype("datetime64[D]")
    names = [
        f"{REGIONS[region][1]}{INDUSTRIES[industry].name}（虚构）{index + 1}号"
        for index, (region, industry) in enumerate(zip(firms.region, firms.industry, strict=True))
    ]
    revenue, heads, assets = sizes(economy)
    return pl.DataFrame(
        {
            "enterprise": party_codes(economy).head(len(firms)),
            "name": names,
            "industry": [INDUSTRIES[position].code for position in firms.industry],
            "region": [REGIONS[position][0] for position in firms.region],
            "size_class": _size_classes(firms, revenue, heads, assets),
            "established_on": founded,
            "employees": heads,
            "revenue_fen": revenue,
            "assets_fen": assets,
            "taxpayer": "general",
            "synthetic": np.ones(len(firms), dtype=bool),
        }
    )


def sizes(economy: Economy) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return revenue of the last twelve months (fen), employees, and assets (fen) of each firm.

    A head earns its firm about 600,000 yuan a year, and assets turn over about once: both drawn per firm.
    """
    firms, invoices, calendar = economy.firms, economy.invoices, economy.calendar
    recent = invoices.day >= calendar.edges[max(calendar.months - 12, 0)]
    counted = recent & ~invoices.void & (invoices.seller < len(firms))
    revenue = np.bincount(invoices.seller[counted], invoices.net[counted], minlength=len(firms)).astype(np.int64)
    rng = np.random.default_rng([economy.plan.seed, SIZES])
    heads = np.maximum(np.rint(revenue / 6e7 * np.exp(rng.normal(0, 0.5, len(firms)))), 1).astype(np.int64)
    assets = np.rint(np.maximum(revenue, 0) * np.exp(rng.normal(0, 0.4, len(firms)))).astype(np.int64)
    return np.maximum(revenue, 0), heads, assets


def _size_classes(
    firms: Firms, revenue: NDArray[np.int64], heads: NDArray[np.int64], assets: NDArray[np.int64]
) -> list[str]:
    """Return the class that meets every bound of the firm's industry; micro where it misses one of small's."""
    found = np.zeros(len(firms), dtype=np.int64)
    for index, industry in enumerate(INDUSTRIES):
        here = firms.industry == index
        measured = ((industry.revenue, revenue / 1e6), (industry.heads, heads), (industry.assets, assets / 1e6))
        for bounds, value in measured:
            if bounds is not None:
                found[here] = np.maximum(found[here], (value[here, None] < np.array(bounds)).sum(axis=1))
    return [CLASSES[position] for position in found]


def _book(
    economy: Economy,
    codes: pl.Series,
    numbers: pl.Series,
    rows: NDArray[np.int64],
    owner: NDArray[np.int64],
    other: NDArray[np.int64],
) -> pl.DataFrame:
    """Return one direction of the invoices as its owners report them, by owner and date."""
    invoices: Invoices = economy.invoices
    rows = rows[np.argsort(owner[rows], kind="stable")]
    net, tax = invoices.net[rows], invoices.tax[rows]
    return pl.DataFrame(
        {
            "enterprise": codes.gather(owner[rows]),
            "number": numbers.gather(rows),
            "date": economy.calendar.days[invoices.day[rows]],
            "counterparty": codes.gather(other[rows]),
            "net": yuan(net),
            "tax": yuan(tax),
            "total": yuan(net + tax),
            "status": np.where(invoices.void[rows], "void", "valid"),
            "synthetic": np.ones(len(rows), dtype=bool),
        }
    )


def yuan(fen: NDArray[np.int64]) -> pl.Series:
    """Return exact yuan with two decimals."""
    return pl.Series(fen).cast(pl.Decimal(18, 0)).cast(pl.Decimal(18, 2)) / 100


def _outcomes(economy: Economy) -> pl.DataFrame:
    """Return what became of each loan, and when that was known: at the default's month end or the window's."""
    month = economy.course.default_month
    end = np.datetime64(economy.plan.start, "M") + economy.plan.months
    known = (end + np.where(month >= 0, month, WINDOW - 1) + 1).astype("datetime64[D]") - 1
    return pl.DataFrame(
        {
            "enterprise": party_codes(economy).head(len(month)),
            "defaulted": month >= 0,
            "observed_on": known,
            "synthetic": np.ones(len(month), dtype=bool),
        }
    )
