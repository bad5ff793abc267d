"""Late payment: which receipt settled which invoice, how many days beyond terms, and the interest that the law sets.

保障中小企业款项支付条例 (State Council decree 728 of 2020, revised by decree 802 from 2025-06-01): public bodies pay
small and medium firms within 30 days of delivery, or as agreed but within 60 (Art. 9); large firms within 60 days, or
as agreed (Art. 9, since the revision); late payment bears the agreed interest, at least the one-year LPR of the day of
the contract, else 0.05 % a day (Art. 17). A day due on a day off moves to the next working day (民法典 Art. 203)
and the first day of a term is not counted (Art. 201).

Invoices do not name the payment that settled them, so receipts settle the oldest open invoice of the counterparty
first (ours, as 民法典 Art. 560 orders debts of one debtor by their falling due). The invoice's date stands for the
day of delivery (ours). Money is integer fen; interest is an exact `Decimal`: a fen-day at 0.05 % is a whole number
of 1/10,000 fen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import polars as pl

from chassis.core.errors import Invalid
from services.profile.book.domain.party import party_of
from services.profile.standards.calendar import next_working

c = pl.col
KEY = ["enterprise", "counterparty"]
Side = Literal["sale", "purchase"]
FLOW = {"sale": "in", "purchase": "out"}
EARLIEST = -30  # days: an advance of a year must not pay off for months of delay elsewhere (ours)


@dataclass(frozen=True, slots=True)
class Term:
    """How long a sort of debtor has from a day on: usual days, the most that may be agreed (None: no bound)."""

    debtor: str
    since: date
    days: int
    most: int | None
    binding: bool
    source: str


TERMS = (
    Term("public-body", date(2020, 9, 1), 30, 60, True, "保障中小企业款项支付条例 2020-09-01; rev. 2025-06-01 Art. 9"),
    Term("large-firm", date(2025, 6, 1), 60, None, True, "保障中小企业款项支付条例 rev. 2025-06-01 Art. 9"),
    Term("other", date(1, 1, 1), 60, None, False, "no law sets a term; 60 days is the custom assumed (ours)"),
)
DAILY_RATE = Decimal("0.0005")
# One-year loan prime rate (全国银行间同业拆借中心, published on the 20th): from this day on, a year.
LPR = (
    (date(2019, 8, 20), Decimal("0.0425")),
    (date(2019, 9, 20), Decimal("0.0420")),
    (date(2019, 11, 20), Decimal("0.0415")),
    (date(2020, 2, 20), Decimal("0.0405")),
    (date(2020, 4, 20), Decimal("0.0385")),
    (date(2021, 12, 20), Decimal("0.0380")),
    (date(2022, 1, 20), Decimal("0.0370")),
    (date(2022, 8, 22), Decimal("0.0365")),
    (date(2023, 6, 20), Decimal("0.0355")),
    (date(2023, 8, 21), Decimal("0.0345")),
    (date(2024, 7, 22), Decimal("0.0335")),
    (date(2024, 10, 21), Decimal("0.0310")),
    (date(2025, 5, 20), Decimal("0.0300")),
)
DAYS_A_YEAR = 365

PARTS: dict[str, pl.DataType] = {
    "enterprise": pl.String(),
    "counterparty": pl.String(),
    "date": pl.Date(),
    "due_on": pl.Date(),
    "amount_fen": pl.Int64(),
    "settled_on": pl.Date(),
    "cash": pl.Boolean(),
    "binding": pl.Boolean(),
    "debtor": pl.String(),
    "term": pl.Int32(),
}


class RateTooLow(Invalid):
    """The agreed interest lies below what the law lets a contract agree."""


def least_agreed(contract: date) -> Decimal | None:
    """Return the lowest yearly rate that a contract of this day may agree: the one-year LPR; None before there was one.

    Art. 17. An agreement below it does not bind; the caller falls back to it.
    """
    return next((rate for since, rate in reversed(LPR) if since <= contract), None)


def interest(fen_days: int, yearly: Decimal | None = None) -> Decimal:
    """Return the interest in fen on so many fen-days (amount × days late): 0.05 % a day, or an agreed yearly rate.

    At the rate of the law it is exact, and so adds up over days and parts.
    """
    return fen_days * DAILY_RATE if yearly is None else fen_days * yearly / DAYS_A_YEAR


def checked_rate(yearly: Decimal, contract: date) -> Decimal:
    """Return an agreed yearly rate; raise `RateTooLow` where the law does not let a contract of this day agree it."""
    least = least_agreed(contract)
    if least is not None and yearly < least:
        raise RateTooLow(
            f"An agreed rate of {yearly} a year is below the one-year LPR of {contract}, {least}, and does not bind; "
            f"ask with {least} or more, or without a rate for 0.05 % a day.",
            least=str(least),
        )
    return yearly


def whole_fen(amount: Decimal) -> int:
    """Return an amount rounded half up to whole fen, once, at the end."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def due_days(claims: pl.DataFrame) -> pl.DataFrame:
    """Return claims with `term`, `due_on` and `binding` from their `date`, `debtor` and `agreed` days (or null)."""
    days, most, binding = pl.lit(TERMS[-1].days), pl.lit(None, pl.Int32), pl.lit(value=False)
    for term in TERMS[:-1]:
        covered = (c("debtor") == term.debtor) & (c("date") >= term.since)
        days = pl.when(covered).then(pl.lit(term.days)).otherwise(days)
        most = pl.when(covered).then(pl.lit(term.most, pl.Int32)).otherwise(most)
        binding = pl.when(covered).then(pl.lit(term.binding)).otherwise(binding)
    agreed = pl.min_horizontal(pl.coalesce("agreed", days), most)
    dated = claims.with_columns(term=agreed.cast(pl.Int32), binding=binding)
    dated = dated.with_columns(due_on=c("date") + pl.duration(days="term"))
    return dated.with_columns(next_working(dated["due_on"]).alias("due_on"))


def settled(claims: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of claims, each settled by one receipt or open: the oldest claim takes the oldest receipt.

    `claims`: enterprise, counterparty, date, amount_fen and what `due_days` adds. `receipts`: enterprise,
    counterparty, date, amount_fen, cash (a red letter is no cash). The parts of a claim add up to it. In columns:
    both sides are laid along one line of money, and every cut on either side begins a new part.
    """
    owed = claims.sort(*KEY, "date", "due_on", "amount_fen").with_columns(end=c("amount_fen").cum_sum().over(KEY))
    paid = receipts.sort(*KEY, "date", "cash", "amount_fen").with_columns(end=c("amount_fen").cum_sum().over(KEY))
    paid = paid.select(*KEY, "end", "cash", settled_on="date")
    cuts = pl.concat([owed.select(*KEY, "end"), paid.select(*KEY, "end")]).unique().sort("end", *KEY)
    parts = cuts.with_columns(part=c("end") - c("end").shift(1).over(KEY).fill_null(0))
    parts = _forward(_forward(parts, owed), paid).filter(c("date").is_not_null())
    return parts.with_columns(amount_fen="part").select(*PARTS).sort(*KEY, "date", "settled_on", nulls_last=True)


def _forward(parts: pl.DataFrame, line: pl.DataFrame) -> pl.DataFrame:
    return parts.join_asof(line.sort("end"), on="end", by=KEY, strategy="forward", check_sortedness=False)


def lateness(parts: pl.DataFrame, as_of: pl.Expr) -> pl.DataFrame:
    """Return the parts of claims made up to a day with `open` and `late` (days past due, 0 in time) as of it.

    `as_of` is one day for all rows or a column of theirs. What was settled later counts as open still; what a red
    letter cancelled was never owed and is left out once it is cancelled.
    """
    known = parts.filter(c("date") <= as_of)
    is_open = c("settled_on").is_null() | (c("settled_on") > as_of)
    cancelled = ~is_open & ~c("cash").fill_null(value=True)
    end = pl.when(is_open).then(as_of).otherwise(c("settled_on"))
    late = (end - c("due_on")).dt.total_days()
    return known.filter(~cancelled).with_columns(open=is_open, beyond=late, late=late.clip(0))


def parts_of(
    invoices: pl.DataFrame, payments: pl.DataFrame, orders: pl.DataFrame, parties: pl.DataFrame, side: Side
) -> pl.DataFrame:
    """Return what customers owe (sale) or what is owed to suppliers (purchase) as settled parts.

    `parties` names the size class of enterprises. A firm's payments are taken to be complete from its first one on:
    invoices before it are not judged. Orders that state a day of payment give the agreed term: their median per
    counterparty. Persons, who have no code, owe nothing that could be told apart.
    """
    goods = _for_goods(payments, side).filter(c("counterparty").is_not_null())
    if goods.is_empty():
        return pl.DataFrame(schema=PARTS)
    began = goods.group_by("enterprise").agg(began=c("date").min())
    named = (c("status") == "valid") & (c("direction") == side) & c("counterparty").is_not_null()
    valid = invoices.filter(named).join(began, on="enterprise")
    valid = without_cancelled(valid.filter(c("date") >= c("began")))
    claims = valid.filter(c("total_fen") > 0).select(*KEY, "date", amount_fen="total_fen")
    claims = due_days(_with_terms(claims, orders.filter(c("direction") == side), parties, side))
    reds = valid.filter(c("total_fen") < 0).select(*KEY, "date", amount_fen=-c("total_fen"), cash=pl.lit(value=False))
    cash = goods.select(*KEY, "date", "amount_fen", cash=pl.lit(value=True))
    return settled(claims, pl.concat([cash, reds]))


def unrecognised(payments: pl.DataFrame, side: Side) -> int:
    """Return the money for goods in fen whose other side is not known; own accounts are not among it."""
    untold = c("counterparty").is_null() & c("party_match").ne_missing("own")
    return int(_for_goods(payments, side).filter(untold)["amount_fen"].sum())


def _for_goods(payments: pl.DataFrame, side: Side) -> pl.DataFrame:
    """Return valid payments of a side for goods, or without a stated purpose."""
    goods = c("purpose").is_null() | (c("purpose") == "goods")
    return payments.filter((c("status") == "valid") & (c("direction") == FLOW[side]) & goods)


def without_cancelled(invoices: pl.DataFrame) -> pl.DataFrame:
    """Drop blue invoices that a later red letter of exactly their amount cancels, and that red letter."""
    place = c("date").rank("ordinal").over(*KEY, "total_fen")
    ranked = invoices.sort("date").with_columns(size=c("total_fen").abs(), place=place).with_row_index("row")
    pair = [*KEY, "size", "place"]
    reds = ranked.filter(c("total_fen") < 0)
    met = ranked.filter(c("total_fen") > 0).join(reds, on=pair, suffix="_red").filter(c("date_red") >= c("date"))
    gone = pl.concat([met["row"], met["row_red"]])
    return ranked.filter(~c("row").is_in(gone.implode())).drop("row", "size", "place")


def _with_terms(claims: pl.DataFrame, orders: pl.DataFrame, parties: pl.DataFrame, side: Side) -> pl.DataFrame:
    """Add who owes (`debtor`), and the days that orders agreed (`agreed`)."""
    stated = orders.filter(c("due_on").is_not_null() & (c("status") != "cancelled"))
    days = (c("due_on") - c("date")).dt.total_days()
    agreed = stated.group_by(KEY).agg(agreed=days.median().round().cast(pl.Int32))
    sizes = parties.select("enterprise", "size_class")
    buyer, seller = ("counterparty", "enterprise") if side == "sale" else ("enterprise", "counterparty")
    claims = claims.join(agreed, on=KEY, how="left")
    for role, name in (("buyer", buyer), ("seller", seller)):
        size = sizes.rename({"enterprise": "party", "size_class": role})
        claims = claims.with_columns(party=party_of(c(name))).join(size, on="party", how="left").drop("party")
    # The law protects small and medium firms; a seller of unknown size is taken for one.
    protected = c("seller").fill_null("small") != "large"
    return claims.with_columns(debtor=pl.when(protected).then(debtor(c(buyer), c("buyer"))).otherwise(pl.lit("other")))


def debtor(party: pl.Expr, size_class: pl.Expr) -> pl.Expr:
    """Return the sort of debtor: a credit code that begins with 11, 12 or 13 is a public body (GB 32100-2015).

    1 is the registration by the establishment authority: 11 organs (机关), 12 institutions (事业单位), 13 mass
    organisations, which pay as public bodies where they spend public money (the regulation's last chapter).
    """
    public = party.str.contains(r"^uscc:1[123]")
    return (
        pl.when(public)
        .then(pl.lit("public-body"))
        .when(size_class == "large")
        .then(pl.lit("large-firm"))
        .otherwise(pl.lit("other"))
    )


@dataclass(frozen=True, slots=True)
class Account:
    """What one counterparty owes and paid late, as of a day; fen, days, and the exact interest in fen."""

    counterparty: str
    debtor: str
    term_days: int
    binding: bool
    invoiced_fen: int
    open_fen: int
    overdue_fen: int
    paid_late_fen: int
    days_beyond_terms: float
    most_days_late: int
    oldest_due_on: date | None
    interest: Decimal


def accounts(parts: pl.DataFrame, as_of: date, yearly: Decimal | None = None) -> tuple[Account, ...]:
    """Return the accounts of one enterprise's counterparties, the most interest and then the most overdue first.

    Interest accrues on binding parts only, on each part from the day after it was due to the day it was paid, or to
    `as_of`. Debtor and term are those of the latest invoice.
    """
    judged = lateness(parts, pl.lit(as_of)).sort("counterparty", "date")
    amount = c("amount_fen")
    overdue = c("open") & (c("late") > 0)
    rows = judged.group_by("counterparty").agg(
        c("debtor", "term").last(),
        binding=c("binding").any(),
        invoiced=amount.sum(),
        open=amount.filter("open").sum(),
        overdue=amount.filter(overdue).sum(),
        paid_late=amount.filter(~c("open") & (c("late") > 0)).sum(),
        beyond=days_beyond(as_of=pl.lit(as_of)),
        most=c("late").max(),
        oldest=c("due_on").filter(overdue).min(),
        fen_days=(amount.cast(pl.Int128) * c("late")).filter("binding").sum(),
    )
    rows = rows.sort("fen_days", "overdue", "invoiced", "counterparty", descending=[True, True, True, False])
    return tuple(
        Account(
            counterparty=row["counterparty"],
            debtor=row["debtor"],
            term_days=row["term"],
            binding=row["binding"],
            invoiced_fen=row["invoiced"],
            open_fen=row["open"],
            overdue_fen=row["overdue"],
            paid_late_fen=row["paid_late"],
            days_beyond_terms=row["beyond"] or 0.0,
            most_days_late=row["most"],
            oldest_due_on=row["oldest"],
            interest=interest(int(row["fen_days"]), yearly),
        )
        for row in rows.iter_rows(named=True)
    )


def days_beyond(as_of: pl.Expr) -> pl.Expr:
    """Return value-weighted days beyond terms of what is due: early days count down to `EARLIEST`, null if none is due.

    Whole numbers until the one division, so that the order of rows does not matter.
    """
    counts = ~c("open") | (c("due_on") < as_of)
    weight = c("amount_fen").filter(counts).cast(pl.Int128)
    total = (weight * c("beyond").clip(EARLIEST).filter(counts)).sum()
    return pl.when(weight.sum() > 0).then(total.cast(pl.Float64) / weight.sum().cast(pl.Float64))
