"""Signals 12 and 13: whether money follows the invoices."""

from __future__ import annotations

import polars as pl

from services.profile.standards.text import Text
from services.profile.watch.domain.signals.inputs import SignalInputs
from services.profile.watch.domain.signals.signal import Signal, readings, records

c = pl.col
STATUTORY_EVENT = "statutory"


def _goods(scene: SignalInputs, direction: str) -> pl.DataFrame:
    """Return valid payments for goods, or without a stated purpose."""
    rows = scene.evidence.payments
    meant = c("purpose").is_null() | (c("purpose") == "goods")
    return rows.filter((c("direction") == direction) & (c("status") == "valid") & meant)


def _coverage(scene: SignalInputs) -> pl.DataFrame:
    """Divide receipts by invoiced sales, tax included, of the last days."""
    limit = scene.threshold("cash-against-invoices")
    since = pl.lit(scene.as_of).dt.offset_by(f"-{int(limit['days'])}d")
    billed = (
        scene.sales.filter(c("date") > since)
        .group_by("enterprise")
        .agg(billed=c("total_fen").sum(), invoices=pl.len())
        .filter((c("billed") > 0) & (c("invoices") >= limit["invoices"]))
    )
    paid_firms = scene.evidence.payments.select("enterprise").unique()
    received = _goods(scene, "in").filter(c("date") > since).group_by("enterprise").agg(received=c("amount_fen").sum())
    found = billed.join(paid_firms, on="enterprise").join(received, on="enterprise", how="left")
    return readings(
        found.with_columns(
            value=c("received").fill_null(0) / c("billed"), reference=pl.lit(limit["fires"])
        ).with_columns(fires=c("value") < limit["fires"], calm=c("value") >= limit["clears"])
    )


def settled(scene: SignalInputs) -> pl.DataFrame:
    """Return purchase invoices with the day on which each was paid, first in, first out per supplier.

    Columns: those of the invoice, paid_on (null: not yet), days (until paid, or until today). An invoice is paid by
    the payment that brings all payments to the supplier up to the sum of the invoices until it. Suppliers that no
    payment names are left out: who they are paid by is not known.
    """
    same = ["enterprise", "counterparty"]
    paid = (
        _goods(scene, "out")
        .drop_nulls("counterparty")
        .sort(*same, "date", "reference")
        .with_columns(until=c("amount_fen").cum_sum().over(same))
        .select(*same, "until", paid_on="date")
    )
    bought = (
        scene.valid.filter((c("direction") == "purchase") & (c("total_fen") > 0))
        .join(paid.select(same).unique(), on=same, how="semi")
        .sort(*same, "date", "number")
        .with_columns(until=c("total_fen").cum_sum().over(same))
    )
    joined = bought.sort("until").join_asof(
        paid.sort("until"), on="until", by=same, strategy="forward", check_sortedness=False
    )
    ended = pl.max_horizontal(c("paid_on"), c("date"))
    return joined.with_columns(
        days=(pl.when(c("paid_on").is_null()).then(pl.lit(scene.as_of)).otherwise(ended) - c("date")).dt.total_days()
    )


def _slowdown(scene: SignalInputs) -> pl.DataFrame:
    """Compare the days until invoices were paid, weighted by value: three months against the six before.

    From 2025-06-01 an invoice unpaid for longer than the statutory term is an event of its own.
    """
    limit = scene.threshold("payment-slowdown")
    rows = settled(scene)
    lately, earlier = (pl.lit(scene.as_of).dt.offset_by(f"-{count}mo") for count in (3, 9))
    now = c("paid_on") > lately
    before = (c("paid_on") <= lately) & (c("paid_on") > earlier)

    def mean(when: pl.Expr) -> pl.Expr:
        return (c("days") * c("total_fen")).filter(when).sum() / c("total_fen").filter(when).sum()

    pace = (
        rows.group_by("enterprise")
        .agg(now=mean(now), before=mean(before), known=now.sum(), known_before=before.sum())
        .filter((c("known") >= limit["invoices"]) & (c("known_before") >= limit["invoices"]))
    )
    slower = readings(
        pace.with_columns(value=c("now") - c("before"), reference=c("before")).with_columns(
            fires=c("value") >= limit["fires"], calm=c("value") < limit["clears"]
        )
    )
    return pl.concat([slower, _beyond_the_law(rows, limit.get("statutory_days"))])


def _beyond_the_law(rows: pl.DataFrame, term: float | None) -> pl.DataFrame:
    late = rows.filter(c("paid_on").is_null() & (c("days") > term)) if term else rows.clear()
    return readings(
        late.group_by("enterprise")
        .agg(value=c("days").max().cast(pl.Float64), occurred_on=c("date").min())
        .with_columns(event=pl.lit(STATUTORY_EVENT), reference=pl.lit(term, dtype=pl.Float64), fires=pl.lit(value=True))
    )


def _receipts(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return the invoices and the receipts of the days."""
    limit = scene.threshold("cash-against-invoices")
    since = pl.lit(scene.as_of).dt.offset_by(f"-{int(limit['days'])}d")
    named = hits.select("enterprise", "event")
    billed = records(scene.sales.filter(c("date") > since).join(named, on="enterprise"))
    received = _goods(scene, "in").filter(c("date") > since).rename({"reference": "number"})
    return pl.concat([billed, records(received.join(named, on="enterprise"), "payments")])


def _slow(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return the invoices paid late, or not yet."""
    limit = scene.threshold("payment-slowdown")
    named = hits.select("enterprise", "event", "reference")
    rows = settled(scene).join(named, on="enterprise")
    open_late = c("paid_on").is_null() & (c("days") > (limit.get("statutory_days") or 0))
    recent = (c("paid_on") > pl.lit(scene.as_of).dt.offset_by("-3mo")) & (c("days") > c("reference"))
    return records(rows.filter(pl.when(c("event") == STATUTORY_EVENT).then(open_late).otherwise(recent)))


SIGNALS = (
    Signal(
        number=12,
        key="cash-against-invoices",
        title=Text("回款与开票不符", "Cash against invoices"),
        explains=Text(
            "近90天收款不足同期开票金额的60%",
            "Receipts of 90 days cover less than 60 % of what was invoiced",
        ),
        severity="warning",
        unit="ratio",
        needs=("invoices", "payments"),
        lasting=True,
        measure=_coverage,
        behind=_receipts,
    ),
    Signal(
        number=13,
        key="payment-slowdown",
        title=Text("付款放缓", "Payment slowdown"),
        explains=Text(
            "对供应商的付款天数较前六个月均值延长15天以上，或超过法定60日",
            "Suppliers wait 15 days longer than in the six months before, or beyond the statutory 60 days",
        ),
        severity="warning",
        unit="day",
        needs=("invoices", "payments"),
        lasting=True,
        measure=_slowdown,
        behind=_slow,
    ),
)
