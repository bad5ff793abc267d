"""Signals 1 to 5: what sales and customers say."""

from __future__ import annotations

import polars as pl

from services.profile.standards.text import Text
from services.profile.watch.domain.signals.inputs import SignalInputs, ranked
from services.profile.watch.domain.signals.signal import Signal, readings, records

c = pl.col
CONSISTENT = 1.4826  # makes the median absolute deviation a standard deviation under a normal law
SEASON = 12
QUARTER = 3
HISTORY = 24
FURTHEST = 99.0  # a z beyond this says no more, and JSON knows no infinity
FLOOR = 0.01  # share of the usual quarter that stands for nothing at all on a logarithmic scale


def _drop(scene: SignalInputs) -> pl.DataFrame:
    """Compare three months' sales with the same season, and tell how unusual they are for this firm.

    z is robust and on the logarithm of three-month sums: (ln now − median) / (1.4826 · MAD) over those that ended 3 to
    24 months ago. Amounts themselves are bounded by zero, so that no z of an uneven firm could reach −3.
    """
    limit = scene.threshold("revenue-drop")
    months = scene.months.filter(c("quarter").is_not_null())
    usual = c("quarter").filter(c("slot").is_between(QUARTER, HISTORY)).clip(0)
    floor = (c("usual") * FLOOR).clip(1)
    level = pl.max_horizontal(c("quarter").cast(pl.Float64), floor).log()
    past = level.filter(c("slot").is_between(QUARTER, HISTORY))
    found = (
        months.with_columns(usual=usual.median().over("enterprise"))
        .with_columns(level=level)
        .group_by("enterprise")
        .agg(
            now=c("quarter").filter(c("slot") == 0).first(),
            before=c("quarter").filter(c("slot") == SEASON).first(),
            level=level.filter(c("slot") == 0).first(),
            middle=past.median(),
            spread=(past - past.median()).abs().median(),
        )
        .filter(c("before") > 0)
    )
    change = c("now") / c("before") - 1
    raw = (c("level") - c("middle")) / (CONSISTENT * c("spread"))
    z = raw.fill_nan(0.0).clip(-FURTHEST, FURTHEST)
    return readings(
        found.with_columns(value=change, reference=z).with_columns(
            fires=(c("value") <= limit["fires"]) & (c("reference") <= limit["z"]),
            calm=(c("value") > limit["clears"]) | (c("reference") > limit["z"] / 2),
        )
    )


def _spike(scene: SignalInputs) -> pl.DataFrame:
    """Compare the last month's sales with the median of the twelve before it."""
    limit = scene.threshold("revenue-spike")
    past = c("net").filter(c("slot").is_between(1, SEASON))
    found = (
        scene.months.group_by("enterprise")
        .agg(now=c("net").filter(c("slot") == 0).first(), usual=past.median(), months=past.len())
        .filter((c("usual") > 0) & (c("months") >= limit["months"]))
    )
    return readings(
        found.with_columns(value=c("now") / c("usual"), reference=c("usual")).with_columns(
            fires=c("value") >= limit["fires"], calm=c("value") < limit["clears"]
        )
    )


def _lost(scene: SignalInputs) -> pl.DataFrame:
    """Return the large customers of twelve months that have been silent for much longer than usual.

    Silence counts until the firm's own last sale: a firm that sells to nobody has lost no customer, signal 1 tells.
    """
    limit = scene.threshold("key-customer-lost")
    last_sale = scene.sales.group_by("enterprise").agg(until=c("date").max())
    key = (
        ranked(scene.customers.with_columns(share=c("net_12") / c("all_12")), "net_12")
        .filter(
            (c("rank") <= limit["top"]) & (c("share") >= limit["share"]) & (c("meetings") >= limit["meetings"]),
        )
        .join(last_sale, on="enterprise")
        .with_columns(silent=(c("until") - c("last_on")).dt.total_days())
    )
    lasting = c("silent") >= limit["least_days"]
    return readings(
        key.with_columns(
            event=pl.concat_str(c("counterparty"), c("last_on"), separator=" since "),
            subject=c("counterparty"),
            value=c("silent") / c("gap"),
            reference=c("gap"),
            occurred_on=c("last_on"),
        )
        .filter(c("value") > limit["clears"])
        .with_columns(fires=(c("value") > limit["fires"]) & lasting)
    )


def _switch(scene: SignalInputs) -> pl.DataFrame:
    """Return the share of three months' sales that goes to the few largest customers met within half a year."""
    limit = scene.threshold("customer-switch")
    sold = scene.customers.group_by("enterprise").agg(all=c("all_3").first())
    months_new = int(limit["months_new"])
    first_slot = scene.sales.group_by("enterprise", "counterparty").agg(first=c("slot").max())
    new = (
        scene.customers.join(first_slot, on=["enterprise", "counterparty"])
        .filter((c("first") < months_new) & (c("net_3") > 0))
        .group_by("enterprise")
        .agg(new=c("net_3").top_k(int(limit["customers"])).sum())
    )
    known = scene.reach.filter(c("reach") >= limit["history"])
    found = known.join(sold.filter(c("all") > 0), on="enterprise").join(new, on="enterprise", how="left")
    return readings(
        found.with_columns(value=c("new").fill_null(0) / c("all")).with_columns(
            fires=c("value") >= limit["fires"], calm=c("value") < limit["clears"]
        )
    )


def _concentration(scene: SignalInputs) -> pl.DataFrame:
    """Compare the Herfindahl index of twelve months' customers with that of the year before."""
    limit = scene.threshold("concentration")

    def index(column: str) -> pl.Expr:
        share = c(column).clip(0) / c(column).clip(0).sum()
        return (share * share).sum()

    found = (
        scene.customers.group_by("enterprise")
        .agg(
            value=index("net_12"),
            reference=index("net_12_before"),
            top1=c("net_12").max() / c("net_12").clip(0).sum(),
            sold=c("net_12").clip(0).sum(),
            sold_before=c("net_12_before").clip(0).sum(),
        )
        .join(scene.reach.filter(c("reach") >= 2 * SEASON - 1), on="enterprise")
        .filter((c("sold") > 0) & (c("sold_before") > 0))
    )
    high = (c("value") >= limit["fires"]) | (c("top1") >= limit["top1"])
    return readings(
        found.with_columns(
            fires=high & (c("value") - c("reference") >= limit["rise"]),
            calm=(c("value") < limit["clears"]) & (c("top1") < limit["top1_clears"]),
        )
    )


def _sold_lately(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return the invoices of the last three months and of the same months a year before."""
    near = (c("slot") < QUARTER) | c("slot").is_between(SEASON, SEASON + QUARTER - 1)
    return records(scene.sales.filter(near).join(_named(hits), on="enterprise"))


def _last_month(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return the invoices of the last month."""
    return records(scene.sales.filter(c("slot") == 0).join(_named(hits), on="enterprise"))


def _of_lost(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return all invoices to the lost customer in the last two years: how regular it was, and how it ended."""
    wanted = hits.select("enterprise", "event", counterparty="subject")
    return records(scene.sales.filter(c("slot") < HISTORY).join(wanted, on=["enterprise", "counterparty"]))


def _to_new(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return three months' invoices to the few new customers."""
    limit = scene.threshold("customer-switch")
    first = scene.sales.group_by("enterprise", "counterparty").agg(first=c("slot").max())
    recent = first.filter(c("first") < int(limit["months_new"]))
    met = scene.customers.join(recent, on=["enterprise", "counterparty"]).filter(c("net_3") > 0)
    new = ranked(met, "net_3").filter(c("rank") <= limit["customers"]).select("enterprise", "counterparty")
    lately = scene.sales.filter(c("slot") < QUARTER).join(new, on=["enterprise", "counterparty"])
    return records(lately.join(_named(hits), on="enterprise"))


def _to_largest(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return twelve months' invoices to the largest customer."""
    largest = (
        scene.customers.sort("net_12", "counterparty", descending=[True, False])
        .group_by("enterprise", maintain_order=True)
        .agg(c("counterparty").first())
    )
    year = scene.sales.filter(c("slot") < SEASON).join(largest, on=["enterprise", "counterparty"])
    return records(year.join(_named(hits), on="enterprise"))


def _named(hits: pl.DataFrame) -> pl.DataFrame:
    return hits.select("enterprise", "event")


SIGNALS = (
    Signal(
        number=1,
        key="revenue-drop",
        title=Text("销售额骤降", "Revenue drop"),
        explains=Text(
            "近三个月销售额较上年同期大幅下降，且超出企业自身的正常波动",
            "Three months of sales fell far below the same season of last year, beyond the firm's usual swings",
        ),
        severity="warning",
        unit="ratio",
        needs=("invoices",),
        lasting=True,
        measure=_drop,
        behind=_sold_lately,
    ),
    Signal(
        number=2,
        key="revenue-spike",
        title=Text("申请前销售额突增", "Revenue spike before an application"),
        explains=Text(
            "最近一个月销售额达到此前十二个月中位数的数倍；若正值申请融资，请核实",
            "The last month sold a multiple of the median of the twelve before; verify it where credit is applied for",
        ),
        severity="notice",
        unit="times",
        needs=("invoices",),
        lasting=True,
        measure=_spike,
        behind=_last_month,
    ),
    Signal(
        number=3,
        key="key-customer-lost",
        title=Text("核心客户流失", "Key customer lost"),
        explains=Text(
            "前五大客户之一停止开票的时间已超过其通常间隔的三倍",
            "One of the five largest customers has been silent for more than three times its usual gap",
        ),
        severity="warning",
        unit="times",
        needs=("invoices",),
        measure=_lost,
        behind=_of_lost,
    ),
    Signal(
        number=4,
        key="customer-switch",
        title=Text("客户突换", "Customer switch"),
        explains=Text(
            "近三个月销售额半数以上来自不超过三家、半年内新出现的客户",
            "Half of three months' sales or more go to at most three customers met within six months",
        ),
        severity="notice",
        unit="ratio",
        needs=("invoices",),
        lasting=True,
        measure=_switch,
        behind=_to_new,
    ),
    Signal(
        number=5,
        key="concentration",
        title=Text("客户集中度上升", "Rising concentration"),
        explains=Text(
            "客户集中度（HHI）或第一大客户占比过高，且较上年上升",
            "The Herfindahl index of customers or the largest one's share is high, and higher than a year ago",
        ),
        severity="notice",
        unit="ratio",
        needs=("invoices",),
        lasting=True,
        measure=_concentration,
        behind=_to_largest,
    ),
)
