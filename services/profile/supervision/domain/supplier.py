"""The record of a supplier (供应商履约记录): its contracts, deliveries, what was taken back, what authorities say.

Contracts are its orders of sale. What others state and what only the firm itself states are told apart: a contract that
a firm invents of itself stands under its own word alone. What is not held is null, never zero.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from services.profile.book.domain import public_record
from services.profile.book.domain.departure import names_of
from services.profile.book.domain.evidence import Evidence
from services.profile.standards.days import months_later
from services.profile.standards.text import Text

c = pl.col
# How far back contracts count, and from which share of its value on an order counts as delivered in full: quantities
# are seldom met to the fen (both ours, 2026-11).
MONTHS, IN_FULL = 36, 0.98
# An order not delivered after so many days is told as outstanding; no source states the day that was promised (ours).
OUTSTANDING_DAYS = 90
# What of the public records a buyer asks for: against a supplier, and for it.
AGAINST = ("penalty", "dishonest", "abnormal", "enforcement", "insolvency", "judgment", "freeze")
FOR = ("award", "licence")
MOST_RECORDS = 100


@dataclass(frozen=True, slots=True)
class Contracts:
    """Orders of sale and what became of them; days from an order to its full delivery, of those delivered in full.

    `delivered_share` is the share of the value of orders that are due (not cancelled, older than 90 days or delivered)
    that was delivered, at most all of each. `traced` are the orders that a delivery names.
    """

    orders: int
    amount_fen: int
    buyers: int
    fulfilled: int
    cancelled: int
    cancelled_fen: int
    delivered_in_full: int
    delivered_share: float | None
    outstanding: int
    outstanding_fen: int
    traced: int
    days_median: float | None
    days_p90: float | None


@dataclass(frozen=True, slots=True)
class Year:
    """The contracts of a calendar year, from whatever source."""

    year: int
    orders: int
    amount_fen: int
    cancelled: int
    delivered_in_full: int


@dataclass(frozen=True, slots=True)
class Returned:
    """Sales that were taken back: red-letter invoices over blue ones of the window, in fen."""

    sold_fen: int
    returned_fen: int
    share: float


@dataclass(frozen=True, slots=True)
class Stated:
    """A public record on display: its name, by which it is disputed, and what it says."""

    record: str
    sort: str
    authority: str
    decided_on: date
    tier: str | None
    amount_fen: int | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class SupplierRecord:
    """All of it, from the day `since` on; `contracts` and `own_word` are null where no orders are held.

    `left_out` counts the public records beyond the cap.
    """

    since: date
    contracts: Contracts | None
    own_word: Contracts | None
    years: tuple[Year, ...]
    returned: Returned | None
    against: tuple[Stated, ...]
    favour: tuple[Stated, ...]
    left_out: int
    contested: int


def supplier_record(evidence: Evidence, day: date, own: Collection[str]) -> SupplierRecord:
    """Return what is known of one supplier on a day; `own` are the imports in which it speaks of itself."""
    since = months_later(day, -MONTHS)
    orders = _delivered(evidence.orders, evidence.deliveries, own).filter(c("date") > since)
    mine = c("import_id").is_in(sorted(own))
    others, itself = (_contracts(orders.filter(part), day) for part in (~mine, mine))
    live = evidence.public_records.filter(public_record.live(day), c("published_on") <= day)
    against, favour = (_stated(live.filter(c("record").is_in(sorts))) for sorts in (AGAINST, FOR))
    left_out = sum(max(0, len(each) - MOST_RECORDS) for each in (against, favour))
    against, favour = against[:MOST_RECORDS], favour[:MOST_RECORDS]
    returned = _returned(evidence.invoices.filter(c("date") > since))
    contested = evidence.contested.filter(c("date") > since).height
    return SupplierRecord(since, others, itself, _years(orders), returned, against, favour, left_out, contested)


def summary(found: SupplierRecord) -> tuple[Text, ...]:
    """Return what the figures say, a sentence each, in both languages."""
    none = "No order is held that another than the firm states: nothing to judge by."
    said = [Text("没有他方报送的订单，无法评价履约。", none)]
    if (held := found.contracts) is not None:
        said = [
            Text(
                f"近{MONTHS}个月有{held.orders}笔他方报送的销售订单，采购方{held.buyers}家；取消{held.cancelled}笔。",
                f"{held.orders} orders of {held.buyers} buyers in {MONTHS} months, as others state; "
                f"{held.cancelled} cancelled.",
            )
        ]
        if held.delivered_share is not None:
            said.append(
                Text(
                    f"应交付金额中已交付{held.delivered_share:.1%}；逾{OUTSTANDING_DAYS}天未交齐{held.outstanding}笔。",
                    f"{held.delivered_share:.1%} of what was due is delivered; {held.outstanding} orders are not "
                    f"complete after {OUTSTANDING_DAYS} days.",
                )
            )
    if found.own_word is not None:
        said.append(
            Text(
                f"另有{found.own_word.orders}笔订单仅由企业自述，未计入以上数字。",
                f"{found.own_word.orders} more orders are the firm's own word alone and in none of these figures.",
            )
        )
    if found.against:
        said.append(
            Text(
                f"公示中的不利公共信用信息{len(found.against)}条。",
                f"{len(found.against)} public records against it are on display.",
            )
        )
    return tuple(said)


def _delivered(orders: pl.DataFrame, deliveries: pl.DataFrame, own: Collection[str]) -> pl.DataFrame:
    """Return orders of sale with what was delivered on them, and on which day they were complete.

    A delivery that only the firm states bears out an order of its own word alone.
    """
    sold = orders.filter(c("direction") == "sale")
    key = ["enterprise", "order", "counterparty"]
    told = deliveries.filter(c("direction") == "sale", c("order").is_not_null())
    told = told.with_columns(own=c("import_id").is_in(sorted(own))).sort("date", "number")
    placed = sold.select(
        "enterprise", order="number", counterparty="counterparty", ordered="amount_fen", by="import_id"
    )
    joined = told.join(placed, on=key).filter(~c("own") | c("by").is_in(sorted(own)))
    joined = joined.with_columns(so_far=c("amount_fen").cum_sum().over(key))
    full = c("so_far").cast(pl.Float64) >= IN_FULL * c("ordered")
    sums = joined.group_by(key).agg(
        delivered_fen=c("amount_fen").sum(), complete_on=c("date").filter(full).min(), deliveries=pl.len()
    )
    return sold.join(sums.rename({"order": "number"}), on=["enterprise", "number", "counterparty"], how="left")


def _contracts(orders: pl.DataFrame, day: date) -> Contracts | None:
    if orders.is_empty():
        return None
    cancelled = orders.filter(c("status") == "cancelled")
    standing = orders.filter(c("status") != "cancelled")
    old = c("date") <= pl.lit(day) - pl.duration(days=OUTSTANDING_DAYS)
    complete, fulfilled = c("complete_on").is_not_null(), c("status") == "fulfilled"
    traced = standing.filter(c("deliveries").is_not_null())
    # Where neither a delivery nor a state of an order is held, nothing tells what was delivered.
    told = traced.height > 0 or not standing.filter(fulfilled).is_empty()
    due = standing.filter(old | complete | fulfilled) if told else standing.clear()
    sent = pl.min_horizontal("delivered_fen", "amount_fen").fill_null(0)
    delivered = pl.when(fulfilled).then(c("amount_fen")).otherwise(sent)
    late = due.filter(~complete, ~fulfilled)
    days = due.filter(complete).select((c("complete_on") - c("date")).dt.total_days())
    spread = days.to_series().cast(pl.Float64).to_numpy()
    amount = int(due["amount_fen"].sum())
    return Contracts(
        orders=orders.height,
        amount_fen=int(orders["amount_fen"].sum()),
        buyers=orders["counterparty"].n_unique(),
        fulfilled=orders.filter(fulfilled).height,
        cancelled=cancelled.height,
        cancelled_fen=int(cancelled["amount_fen"].sum()),
        delivered_in_full=due.filter(complete | fulfilled).height,
        delivered_share=int(due.select(delivered.sum()).item()) / amount if amount else None,
        outstanding=late.height,
        outstanding_fen=int(late["amount_fen"].sum()),
        traced=traced.height,
        days_median=float(np.median(spread)) if len(spread) else None,
        days_p90=float(np.percentile(spread, 90)) if len(spread) else None,
    )


def _years(orders: pl.DataFrame) -> tuple[Year, ...]:
    told = orders.group_by(c("date").dt.year().alias("year")).agg(
        orders=pl.len(),
        amount_fen=c("amount_fen").sum(),
        cancelled=(c("status") == "cancelled").sum(),
        delivered_in_full=(
            (c("complete_on").is_not_null() & (c("status") != "cancelled")) | (c("status") == "fulfilled")
        ).sum(),
    )
    return tuple(Year(*row) for row in told.sort("year").iter_rows())


def _returned(invoices: pl.DataFrame) -> Returned | None:
    sales = invoices.filter(c("direction") == "sale", c("status") == "valid")
    blue = int(sales.filter(c("net_fen") > 0)["net_fen"].sum())
    red = -int(sales.filter(c("net_fen") < 0)["net_fen"].sum())
    return Returned(blue, red, red / blue) if blue else None


def _stated(rows: pl.DataFrame) -> tuple[Stated, ...]:
    named = rows.with_columns(name=names_of(public_record.DATASET, rows)).sort("date", "name", descending=[True, False])
    columns = named.select("name", "record", "authority", "date", "tier", "amount_fen", "ends_on")
    return tuple(Stated(*row) for row in columns.iter_rows())
