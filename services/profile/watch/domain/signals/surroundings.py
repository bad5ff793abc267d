"""Signals 14 to 16: what happens around an enterprise: its customers, its registration, its other lenders."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from services.profile.book.domain.party import party_of
from services.profile.book.domain.public_record import live
from services.profile.standards.text import Text
from services.profile.watch.domain.signals.inputs import OUTCOMES, SignalInputs
from services.profile.watch.domain.signals.signal import RECORDS, Signal, readings, records

c = pl.col
# A record of these says that its subject does not pay (失信被执行人, 被执行人).
DOES_NOT_PAY = ("dishonest", "enforcement")
RECORDED = ("freeze", "enforcement", "dishonest", "abnormal")
CHANGED = ("controller", "person-in-charge", "address")


def _fallen(scene: SignalInputs) -> pl.DataFrame:
    return fallen(scene.evidence.public_records, scene.beside.outcomes, scene.as_of)


def fallen(public_records: pl.DataFrame, outcomes: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return who is known not to pay: party, occurred_on, kind, number, import_id; one row each, the earliest."""
    recorded = public_records.filter(c("record").is_in(DOES_NOT_PAY) & live(as_of)).select(
        party="enterprise",
        occurred_on="date",
        kind=pl.lit("public-records"),
        number="number",
        import_id="import_id",
    )
    known = c("observed_on").is_null() | (c("observed_on") <= as_of)
    defaulted = (
        outcomes.select(list(OUTCOMES))
        .filter(c("defaulted") & known)
        .select(
            party="enterprise",
            occurred_on="observed_on",
            kind=pl.lit("outcomes"),
            number=pl.lit(None, dtype=pl.String),
            import_id="import_id",
        )
    )
    both = pl.concat([defaulted, recorded]).sort("party", "occurred_on", "kind", "number", nulls_last=True)
    return both.unique("party", keep="first", maintain_order=True)


def _counterparty(scene: SignalInputs) -> pl.DataFrame:
    """Return the share of twelve months' sales that goes to each customer that does not pay its debts.

    What the firm alone says ties it to nobody: it would read in its own signals who is in trouble.
    """
    limit = scene.threshold("counterparty-default")
    shares = scene.heard_customers.with_columns(
        value=c("net_12").clip(0) / c("all_12"), party=party_of(c("counterparty"))
    )
    exposed = shares.join(_fallen(scene), on="party")
    return readings(
        exposed.with_columns(event=c("counterparty"), subject=c("counterparty"), reference=pl.lit(limit["fires"]))
        .filter(c("value") >= limit["clears"])
        .with_columns(fires=c("value") >= limit["fires"], calm=pl.lit(value=False))
    )


def _legal(scene: SignalInputs) -> pl.DataFrame:
    """Return changes of who stands behind the firm, of its capital, and records against it."""
    found = pl.concat([_changed(scene), _cut(scene), _recorded(scene)])
    return found.unique(["enterprise", "event"], keep="first", maintain_order=True).sort("enterprise", "event")


def _changed(scene: SignalInputs) -> pl.DataFrame:
    """Return a controller, a person in charge or an address that came after another one."""
    rows = _new_relations(scene).filter(c("relation").is_in(CHANGED) & c("later"))
    return _events(rows, scene)


def _cut(scene: SignalInputs) -> pl.DataFrame:
    """Return a capital below the one before it."""
    rows = _new_relations(scene).filter((c("relation") == "capital") & c("lower"))
    return _events(rows, scene)


def _new_relations(scene: SignalInputs) -> pl.DataFrame:
    limit = scene.threshold("legal-change")
    same = ["enterprise", "relation"]
    rows = scene.evidence.relations.sort(*same, "since", "party", nulls_last=False)
    changes = rows.with_columns(
        later=c("party").shift(1).over(same).is_not_null() & (c("party") != c("party").shift(1).over(same)),
        lower=c("amount_fen") < c("amount_fen").shift(1).over(same),
        age=(pl.lit(scene.as_of) - c("since")).dt.total_days(),
    )
    return changes.filter(c("age").is_between(0, limit["changed_days"]))


def _events(rows: pl.DataFrame, scene: SignalInputs) -> pl.DataFrame:
    limit = scene.threshold("legal-change")
    return readings(
        rows.with_columns(
            event=pl.concat_str(c("relation"), c("since"), separator=" "),
            subject=c("relation"),
            value=c("age").cast(pl.Float64),
            reference=pl.lit(limit["changed_days"]).cast(pl.Float64),
            fires=pl.lit(value=True),
            occurred_on=c("since"),
        )
    )


def _recorded(scene: SignalInputs) -> pl.DataFrame:
    limit = scene.threshold("legal-change")
    rows = scene.evidence.public_records.filter(c("record").is_in(RECORDED) & live(scene.as_of))
    fresh = rows.with_columns(age=(pl.lit(scene.as_of) - c("published_on")).dt.total_days())
    return readings(
        fresh.filter(c("age").is_between(0, limit["recorded_days"])).with_columns(
            event=pl.concat_str(c("record"), c("number"), separator=" "),
            subject=c("record"),
            value=c("age").cast(pl.Float64),
            reference=pl.lit(limit["recorded_days"]).cast(pl.Float64),
            fires=pl.lit(value=True),
            occurred_on=c("date"),
        )
    )


def _queries(scene: SignalInputs) -> pl.DataFrame:
    """Count hard queries of half a year; a client that asks again within thirty days of having asked asks once."""
    limit = scene.threshold("query-burst")
    counted = _counted(scene).group_by("enterprise").agg(value=pl.len().cast(pl.Float64))
    return readings(
        counted.with_columns(
            reference=pl.lit(limit["fires"]).cast(pl.Float64),
            fires=c("value") >= limit["fires"],
            calm=c("value") < limit["clears"],
        )
    )


def _counted(scene: SignalInputs) -> pl.DataFrame:
    last, limit = scene.beside.asked_on or scene.as_of, scene.threshold("query-burst")
    first = last - timedelta(days=int(limit["days"]) - 1)
    asker = ["enterprise", "client"]
    asked = scene.beside.queries.filter(c("date").is_between(first, last)).sort(*asker, "date")
    since = c("date").diff().over(asker).dt.total_days()
    return asked.filter(since.is_null() | (since > limit["same_days"]))


def _of_fallen(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return the record of the default, and twelve months' invoices to that customer."""
    wanted = hits.select("enterprise", "event", counterparty="subject")
    defaults = wanted.with_columns(party=party_of(c("counterparty"))).join(_fallen(scene), on="party")
    defaults = defaults.with_columns(date=c("occurred_on"))
    sold = scene.sales.filter(c("slot") < 12).join(wanted, on=["enterprise", "counterparty"])
    kinds = [records(part, str(kind[0])) for kind, part in defaults.partition_by("kind", as_dict=True).items()]
    return pl.concat([*kinds, records(sold)])


def _of_change(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return the relation or the record that the event comes from."""
    wanted = hits.select("enterprise", "event")
    relations = scene.evidence.relations.with_columns(
        event=pl.concat_str(c("relation"), c("since"), separator=" "), number=c("relation"), date=c("since")
    )
    public = scene.evidence.public_records.with_columns(event=pl.concat_str(c("record"), c("number"), separator=" "))
    same = ["enterprise", "event"]
    return pl.concat(
        [
            records(relations.join(wanted, on=same), "relations"),
            records(public.join(wanted, on=same), "public-records"),
        ]
    )


def _no_records(_scene: SignalInputs, _hits: pl.DataFrame) -> pl.DataFrame:
    """Return no records: queries come from no import, and the access record tells the enterprise who asked."""
    return pl.DataFrame(schema=RECORDS)


SIGNALS = (
    Signal(
        number=14,
        key="counterparty-default",
        title=Text("交易对手违约", "Counterparty default"),
        explains=Text(
            "一家客户已违约、被列为失信被执行人或被强制执行（本服务不掌握客户的违约概率，故按事件判断）",
            "A customer defaulted, is a dishonest debtor or under enforcement (PDs of customers are not known here: "
            "events count)",
        ),
        severity="serious",
        unit="ratio",
        needs=("invoices", "outcomes|public-records"),
        partners=True,
        measure=_counterparty,
        behind=_of_fallen,
    ),
    Signal(
        number=15,
        key="legal-change",
        title=Text("工商司法变更", "Legal change"),
        explains=Text(
            "实际控制人、负责人或地址变更，减资，股权冻结、强制执行、失信或经营异常",
            "Controller, person in charge or address changed, capital was cut, or a freeze, an enforcement, a "
            "dishonest or an abnormal entry appeared",
        ),
        severity="serious",
        unit="day",
        needs=("relations|public-records",),
        measure=_legal,
        behind=_of_change,
    ),
    Signal(
        number=16,
        key="query-burst",
        title=Text("查询激增", "Query burst"),
        explains=Text(
            "半年内信用评估查询不少于六次，可能多头融资",
            "Six or more hard queries within six months: the firm may be applying everywhere",
        ),
        severity="notice",
        unit="count",
        needs=("queries",),
        lasting=True,
        measure=_queries,
        behind=_no_records,
    ),
)
