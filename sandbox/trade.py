"""What follows from each invoice: the order before it, the delivery beside it, the payment after it."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sandbox.economy import Economy
from sandbox.tables import invoice_numbers, party_codes

TRADE = 20  # the random stream of this module
TERMS: Final = np.array([15, 30, 45, 60])  # agreed days between invoice and payment
# A seller in five runs its orders over a platform that reports them.
ON_PLATFORM = 5


def deals(economy: Economy) -> pl.DataFrame:
    """Return valid blue invoices that nothing cancelled, with the days of order, delivery, terms and payment.

    Columns: seller and buyer (codes), `from_inside` and `to_inside` (whether a firm of the economy sells, buys),
    number, `date`, `total_fen`, `ordered_on`, `delivered_on`, `due_on`, `paid_on`.
    """
    invoices, count = economy.invoices, len(economy.firms)
    rng = np.random.default_rng([economy.plan.seed, TRADE])
    codes = party_codes(economy)
    days = np.arange(len(invoices))
    terms = TERMS[(invoices.seller * 31 + invoices.buyer) % len(TERMS)]
    date = economy.calendar.days[invoices.day]
    late = _lateness(rng, economy)
    frame = pl.DataFrame(
        {
            "seller": codes.gather(invoices.seller),
            "buyer": codes.gather(invoices.buyer),
            "from_inside": invoices.seller < count,
            "to_inside": invoices.buyer < count,
            "on_platform": (invoices.seller < count) & (invoices.seller % ON_PLATFORM == 0),
            "number": invoice_numbers(invoices),
            "date": date,
            "net_fen": invoices.net,
            "total_fen": invoices.net + invoices.tax,
            "void": invoices.void,
            "ordered_on": date - rng.integers(2, 21, len(days)),
            "delivered_on": date - rng.integers(0, 3, len(days)),
            "due_on": date + terms,
            "paid_on": date + np.maximum(terms + late, 0),
        }
    )
    return _uncancelled(frame)


def payments(economy: Economy, found: pl.DataFrame) -> pl.DataFrame:
    """Return bank transactions of trade as each firm's bank reports them, up to the end of the book."""
    last = economy.calendar.days[-1]
    settled = found.filter(pl.col("paid_on") <= last)
    return pl.concat(
        [
            _sides(settled, "seller", "buyer", "from_inside", pl.lit("in")),
            _sides(settled, "buyer", "seller", "to_inside", pl.lit("out")),
        ]
    ).select(
        "enterprise",
        "direction",
        reference=pl.format("T{}-{}", pl.col("direction"), pl.col("number")),
        counterparty="counterparty",
        date="paid_on",
        amount_fen="total_fen",
        purpose=pl.lit("goods"),
        synthetic=pl.lit(value=True),
    )


def orders(found: pl.DataFrame) -> pl.DataFrame:
    """Return orders of the sellers that a platform reports, with the agreed day of payment."""
    return found.filter("on_platform").select(
        enterprise="seller",
        direction=pl.lit("sale"),
        number=pl.format("O{}", "number"),
        counterparty="buyer",
        date="ordered_on",
        due_on="due_on",
        amount_fen="total_fen",
        status=pl.lit("fulfilled"),
        synthetic=pl.lit(value=True),
    )


def deliveries(found: pl.DataFrame) -> pl.DataFrame:
    """Return deliveries against these orders."""
    return found.filter("on_platform").select(
        enterprise="seller",
        direction=pl.lit("sale"),
        number=pl.format("D{}", "number"),
        order=pl.format("O{}", "number"),
        counterparty="buyer",
        date="delivered_on",
        amount_fen="total_fen",
        synthetic=pl.lit(value=True),
    )


def _sides(settled: pl.DataFrame, owner: str, other: str, inside: str, direction: pl.Expr) -> pl.DataFrame:
    # A buyer holds one number from each of many sellers; its bank's serial must tell them apart.
    serial = pl.col("number") if owner == "seller" else pl.format("{}-{}", pl.col(other).str.slice(6), "number")
    return settled.filter(inside).select(
        direction.alias("direction"),
        pl.col(owner).alias("enterprise"),
        pl.col(other).alias("counterparty"),
        serial.alias("number"),
        "paid_on",
        "total_fen",
    )


def _lateness(rng: np.random.Generator, economy: Economy) -> NDArray[np.int64]:
    """Draw the days beyond terms: around zero, and more the more strained the payer is in that month."""
    invoices, count = economy.invoices, len(economy.firms)
    month = np.searchsorted(economy.calendar.edges, invoices.day, side="right") - 1
    payer = np.minimum(invoices.buyer, count - 1)
    strain = np.logaddexp(0, 2 * (economy.course.stress[payer, month] - 0.4)) / 2
    strain = np.where(invoices.buyer < count, strain, 0.2)
    return np.rint(rng.normal(0, 6, len(invoices)) + rng.exponential(12 * strain)).astype(np.int64)


def _uncancelled(frame: pl.DataFrame) -> pl.DataFrame:
    """Drop void invoices, red letters, and the blue ones that these cancel, one for one."""
    pair = ("seller", "buyer", "total_fen")
    valid = frame.filter(~pl.col("void"))
    red = valid.filter(pl.col("total_fen") < 0).with_columns(total_fen=-pl.col("total_fen"))
    place = pl.int_range(pl.len()).over(pair).alias("place")
    blue = valid.filter(pl.col("total_fen") > 0).with_columns(place)
    return blue.join(red.with_columns(place).select(*pair, "place"), on=[*pair, "place"], how="anti").drop("place")
