"""Signals 6, 7 and 9 to 11: what the invoices themselves look like."""

from __future__ import annotations

import polars as pl

from services.profile.standards.text import Text
from services.profile.watch.domain.signals.goods import sold_of, unbought
from services.profile.watch.domain.signals.inputs import SignalInputs
from services.profile.watch.domain.signals.signal import Signal, readings, records

c = pl.col
SLOTS = 36
HISTORY = 24
QUARTER = 3


def _month(day: pl.Expr) -> pl.Expr:
    return day.dt.year() * 12 + day.dt.month().cast(pl.Int32) - 1


def _surge(scene: SignalInputs) -> pl.DataFrame:
    """Compare red with blue amounts of this month and the one before, against the firm's own months.

    A month is a surge where the ratio reaches the mean and three standard deviations of the 24 months before it, or
    where much of the month before was billed at its very end and taken back at once.
    """
    limit = scene.threshold("red-letter-surge")
    last = scene.as_of.year * 12 + scene.as_of.month - 1
    rows = scene.sales.with_columns(month=_month(c("date"))).filter(c("month") >= last - HISTORY - 1)
    months = rows.group_by("enterprise", "month").agg(
        blue=c("net_fen").filter(c("net_fen") > 0).sum(), red=-c("net_fen").filter(c("net_fen") < 0).sum()
    )
    months = months.with_columns(
        ratio=pl.when(c("blue") > 0).then(c("red") / c("blue")).otherwise(pl.when(c("red") > 0).then(1.0))
    ).sort("enterprise", "month")
    found = [_surge_in(months, month, limit["months"], limit["sigmas"]) for month in (last - 1, last)]
    both = pl.concat(found).join(_taken_back(scene), on=["enterprise", "month"], how="left")
    surge = (c("ratio") >= c("bound")) & (c("ratio") >= limit["least"])
    reversal = (c("reversed").fill_null(0.0) >= limit["reversed"]).fill_null(value=False)
    hit = surge.fill_null(value=False) | reversal
    first = pl.date(c("month") // 12, c("month") % 12 + 1, 1)
    return readings(
        both.with_columns(
            event=first.dt.strftime("%Y-%m"),
            subject=pl.when(reversal).then(pl.lit("month-end reversals")),
            value=c("ratio"),
            reference=c("bound"),
            fires=hit,
            calm=~hit,
            occurred_on=first,
        ).filter(c("fires"))
    )


def _surge_in(months: pl.DataFrame, month: int, least: float, sigmas: float) -> pl.DataFrame:
    past = months.filter(c("month").is_between(month - HISTORY, month - 1) & (c("blue") > 0))
    usual = past.group_by("enterprise").agg(
        mean=c("ratio").mean(), sigma=c("ratio").std(), known=pl.len().cast(pl.Float64)
    )
    bound = pl.when(c("known") >= least).then(c("mean") + sigmas * c("sigma"))
    now = months.filter((c("month") == month) & (c("red") > 0))
    return now.join(usual, on="enterprise", how="left").with_columns(bound=bound)


def _taken_back(scene: SignalInputs) -> pl.DataFrame:
    """Return the share of a month that was billed in its last days and taken back in the first days of the next.

    Columns: enterprise, month (that of the red letters), reversed. An invoice is taken back by an equal red one to
    the same customer; as many of each as there are of both count.
    """
    edge = int(scene.threshold("red-letter-surge")["edge_days"])
    rows = scene.sales.with_columns(month=_month(c("date")), size=c("total_fen").abs())
    late = (c("total_fen") > 0) & (c("date") > c("date").dt.month_end().dt.offset_by(f"-{edge}d"))
    early = (c("total_fen") < 0) & (c("date").dt.day() <= edge)
    same = ["enterprise", "counterparty", "size", "month"]
    billed = rows.filter(late).with_columns(c("month") + 1).group_by(same).agg(billed=pl.len())
    red = rows.filter(early).group_by(same).agg(red=pl.len())
    both = billed.join(red, on=same).with_columns(back=pl.min_horizontal("billed", "red") * c("size"))
    before = rows.filter(c("total_fen") > 0).group_by("enterprise", c("month") + 1).agg(before=c("total_fen").sum())
    back = both.group_by("enterprise", "month").agg(c("back").sum())
    joined = back.join(before, on=["enterprise", "month"])
    return joined.select("enterprise", "month", reversed=c("back") / c("before"))


def _voids(scene: SignalInputs) -> pl.DataFrame:
    """Compare the share of three months' sales invoices that were voided with the median of peers."""
    limit = scene.threshold("void-rate-spike")
    lately = _all_sales(scene).filter(c("slot") < QUARTER)
    found = (
        lately.group_by("enterprise")
        .agg(value=(c("status") == "void").mean(), invoices=pl.len())
        .filter(c("invoices") >= limit["invoices"])
        .join(scene.beside.norms.select("enterprise", reference="void_rate"), on="enterprise", how="left")
    )
    unusual = c("value") >= limit["times_peers"] * c("reference").fill_null(0.0)
    return readings(
        found.with_columns(fires=(c("value") >= limit["fires"]) & unusual, calm=c("value") < limit["clears"])
    )


def _all_sales(scene: SignalInputs) -> pl.DataFrame:
    """Return sales invoices of the last months, void ones included."""
    months = pl.lit(scene.as_of).dt.offset_by(f"-{QUARTER}mo")
    rows = scene.evidence.invoices.filter((c("direction") == "sale") & (c("date") > months))
    return rows.filter(c("date") <= scene.as_of).with_columns(slot=pl.lit(0))


def _flows(scene: SignalInputs) -> pl.DataFrame:
    """Return sales, purchases and their taxes over 12 and 36 months, with the number of invoices in twelve."""

    def total(direction: str, column: str, slots: int) -> pl.Expr:
        return c(column).filter((c("direction") == direction) & (c("slot") < slots)).sum()

    return scene.valid.group_by("enterprise").agg(
        sold_12=total("sale", "net_fen", 12),
        bought_12=total("purchase", "net_fen", 12),
        sold_36=total("sale", "net_fen", SLOTS),
        burden=total("sale", "tax_fen", SLOTS) - total("purchase", "tax_fen", SLOTS),
        sales=((c("direction") == "sale") & (c("slot") < 12)).sum(),
        purchases=((c("direction") == "purchase") & (c("slot") < 12)).sum(),
    )


def _outside(frame: pl.DataFrame, low: str, high: str) -> pl.DataFrame:
    """Read a value against the peers' first and last percent; the reference is the bound that it lies beyond."""
    under, over = c("value") < c(low), c("value") > c(high)
    bound = pl.when(under).then(c(low)).otherwise(c(high))
    return readings(frame.with_columns(reference=bound, fires=under | over, calm=~(under | over)))


def _mismatch(scene: SignalInputs) -> pl.DataFrame:
    """Return sales less purchases over sales, by amounts; and what was sold without being bought, by goods."""
    limit = scene.threshold("purchases-sales-mismatch")
    enough = (c("sales") >= limit["invoices"]) & (c("sold_12") > 0)
    found = _flows(scene).filter(enough).with_columns(value=(c("sold_12") - c("bought_12")) / c("sold_12"))
    by_amount = _outside(found.join(scene.beside.norms, on="enterprise"), "margin_low", "margin_high")
    return pl.concat([by_amount, unbought(scene)]).sort("enterprise", "event")


def _burden(scene: SignalInputs) -> pl.DataFrame:
    """Return output less input tax over net sales of 36 months, as peers' burden is measured."""
    limit = scene.threshold("tax-burden-anomaly")
    enough = (c("sales") >= limit["invoices"]) & (c("sold_36") > 0)
    found = _flows(scene).filter(enough).with_columns(value=c("burden") / c("sold_36"))
    return _outside(found.join(scene.beside.norms, on="enterprise"), "burden_low", "burden_high")


def _cap(scene: SignalInputs) -> pl.DataFrame:
    """Compare twelve months' sales of a small-scale taxpayer with the most that it may sell.

    The monthly quota of each taxpayer is known to the tax office only; this cap is known from the law.
    """
    limit = scene.threshold("invoicing-near-cap")
    small = scene.evidence.enterprises.filter(c("taxpayer") == "small").select("enterprise")
    found = _flows(scene).join(small, on="enterprise")
    return readings(
        found.with_columns(value=c("sold_12") / limit["cap_fen"], reference=pl.lit(limit["cap_fen"])).with_columns(
            fires=c("value") > limit["fires"], calm=c("value") < limit["clears"]
        )
    )


def _red_letters(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return the red letters of the month."""
    red = scene.sales.filter(c("total_fen") < 0).with_columns(event=c("date").dt.strftime("%Y-%m"))
    return records(red.join(hits.select("enterprise", "event"), on=["enterprise", "event"]))


def _voided(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return the voided invoices of three months."""
    void = _all_sales(scene).filter(c("status") == "void")
    return records(void.join(hits.select("enterprise", "event"), on="enterprise"))


def _year(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return all valid invoices of twelve months."""
    return records(scene.valid.filter(c("slot") < 12).join(hits.select("enterprise", "event"), on="enterprise"))


def _unfitting(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return all of the year where amounts do not fit, and the sales of a category where its goods do not."""
    by_amount = c("event") == ""
    return pl.concat([_year(scene, hits.filter(by_amount)), records(sold_of(scene, hits.filter(~by_amount)))])


SIGNALS = (
    Signal(
        number=6,
        key="red-letter-surge",
        title=Text("红字发票激增", "Red-letter surge"),
        explains=Text(
            "当月红字与蓝字金额之比超过自身均值加三倍标准差，或月末开票、次月初大量红冲",
            "A month's ratio of red to blue amounts exceeds the firm's own mean plus three standard deviations, or "
            "much of what was billed at a month's end was taken back at once",
        ),
        severity="warning",
        unit="ratio",
        needs=("invoices",),
        measure=_surge,
        behind=_red_letters,
    ),
    Signal(
        number=7,
        key="void-rate-spike",
        title=Text("作废率激增", "Void-rate spike"),
        explains=Text(
            "近三个月销项发票作废率不低于10%且达到同类企业中位数的三倍",
            "A tenth or more of three months' sales invoices were voided, three times what peers void",
        ),
        severity="warning",
        unit="ratio",
        needs=("invoices",),
        lasting=True,
        measure=_voids,
        behind=_voided,
    ),
    Signal(
        number=9,
        key="purchases-sales-mismatch",
        title=Text("进销不匹配", "Purchases and sales do not fit"),
        explains=Text(
            "近十二个月进销差率超出同类企业第1至第99百分位；或批发零售企业近十二个月销售额的20%以上属于近三十六个月从未购进的"
            "商品类别（进销发票明细均充分时方按商品判断，服务不计；进口及无票购进无从得知）",
            "Sales less purchases over sales lie outside peers' first to last percent; or a fifth of a wholesaler's or "
            "retailer's sales of twelve months are goods of a category of which it bought nothing in thirty-six (where "
            "enough invoices have lines both ways, services aside; imports and purchases without one are not seen)",
        ),
        severity="notice",
        unit="ratio",
        needs=("invoices", "norms|invoice-lines"),
        lasting=True,
        measure=_mismatch,
        behind=_unfitting,
    ),
    Signal(
        number=10,
        key="tax-burden-anomaly",
        title=Text("税负异常", "Tax-burden anomaly"),
        explains=Text(
            "增值税税负率超出同类企业第1至第99百分位",
            "The VAT burden lies outside peers' first to last percent",
        ),
        severity="notice",
        unit="ratio",
        needs=("invoices", "norms"),
        lasting=True,
        measure=_burden,
        behind=_year,
    ),
    Signal(
        number=11,
        key="invoicing-near-cap",
        title=Text("开票接近上限", "Invoicing near its cap"),
        explains=Text(
            "小规模纳税人连续十二个月销售额超过法定标准的90%（核定的月开票限额尚未接入）",
            "A small-scale taxpayer's twelve months exceed nine tenths of what the law lets it sell (approved monthly "
            "quotas are not known)",
        ),
        severity="notice",
        unit="ratio",
        needs=("invoices",),
        lasting=True,
        measure=_cap,
        behind=_year,
    ),
)
