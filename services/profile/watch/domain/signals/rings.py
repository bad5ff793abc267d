"""Signal 8: invoices that run in a circle: a sells to b, b to c, … and back to a, about the same amount, in short time.

Only hops between enterprises of the book can be seen. A hop is seen by either side: the seller's sale and the buyer's
purchase are one. Rings are enumerated by the graph (`graph.domain.rings`, ADR 37).
"""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.party import party_of
from services.profile.graph.domain.rings import EDGES, Found
from services.profile.standards.text import Text
from services.profile.watch.domain.signals.inputs import SignalInputs
from services.profile.watch.domain.signals.signal import RECORDS, Signal, readings, records

c = pl.col


def _circular(scene: SignalInputs) -> pl.DataFrame:
    """Return one event a ring for each of its members: the value is its hops, the reference what it sold itself (fen).

    The subject is from whom the member bought and to whom it sold: of the others it learns nothing here. Rings of the
    same members are one event: the earliest that is still recent. A pair that trades back and forth all the time is one
    fact, not one a month.
    """
    found = _recent(scene, scene.rings).with_columns(who=c("members").list.sort().list.join(" "))
    first = found.unique("who", keep="first", maintain_order=True).with_columns(
        before=pl.concat_list(c("members").list.tail(1), c("members").list.head(c("hops") - 1))
    )
    return readings(
        first.explode("members", "before", "path").with_columns(
            enterprise="members",
            event="who",
            subject=pl.concat_str("before", "members", c("path").struct.field("buyer"), separator=" > "),
            value=c("hops").cast(pl.Float64),
            reference=c("path").struct.field("amount").cast(pl.Float64),
            fires=pl.lit(value=True),
            occurred_on="last_on",
        )
    )


def _recent(scene: SignalInputs, found: Found) -> pl.DataFrame:
    days = int(scene.threshold("circular-invoicing")["recent_days"])
    return found.rings.filter(c("last_on") > pl.lit(scene.as_of).dt.offset_by(f"-{days}d"))


def _hops(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return a record a hop of the ring: the alerted enterprise's own hops in full, of the others that they are there.

    What two others sold each other is theirs: who may read one of their files finds it in `GET …/rings` (ADR 37).
    """
    if hits.is_empty():
        return pl.DataFrame(schema=RECORDS)
    found = _recent(scene, scene.rings).with_columns(event=c("members").list.sort().list.join(" "))
    first = found.unique("event", keep="first", maintain_order=True)
    hops = (
        hits.select("enterprise", "event")
        .join(first.select("event", "path"), on="event")
        .explode("path")
        .unnest("path")
        .drop("times")
    )
    own = (c("seller") == c("enterprise")) | (c("buyer") == c("enterprise"))
    others = hops.filter(~own).select("enterprise", "event", total_fen=pl.lit(None, dtype=pl.Int64))
    return pl.concat([records(_sourced(scene, hops.filter(own))), records(others)]).sort(
        "enterprise", "event", maintain_order=True
    )


def _sourced(scene: SignalInputs, hops: pl.DataFrame) -> pl.DataFrame:
    """Return an enterprise's own hops as its book tells them, or its partner's where only that does."""
    sold = c("direction") == "sale"
    invoices = scene.heard.with_columns(party=party_of(c("counterparty"))).select(
        "enterprise",
        "code",
        "import_id",
        "number",
        "date",
        seller=pl.when(sold).then("enterprise").otherwise("party"),
        buyer=pl.when(sold).then("party").otherwise("enterprise"),
        amount="total_fen",
    )
    told = hops.join(invoices, on=list(EDGES), how="left", suffix="_of")
    # The firm's own book first; then the earliest import, so that the order of rows changes nothing.
    mine = told.sort(c("enterprise_of") != c("enterprise"), "import_id", "code", nulls_last=True, maintain_order=True)
    once = mine.unique(["enterprise", "event", *EDGES], keep="first", maintain_order=True)
    sells = c("seller") == c("enterprise")
    return once.with_columns(
        direction=pl.when(sells).then(pl.lit("sale")).otherwise(pl.lit("purchase")),
        counterparty=pl.when(sells).then("buyer").otherwise("seller"),
        total_fen="amount",
    )


SIGNALS = (
    Signal(
        number=8,
        key="circular-invoicing",
        title=Text("循环开票", "Circular invoicing"),
        explains=Text(
            "账册内企业之间30天内、不超过六环、金额相近、按时间首尾相接的循环开票",
            "Invoices between enterprises of the book ran in a circle of at most six hops within 30 days, about the "
            "same amount each",
        ),
        severity="serious",
        unit="hop",
        needs=("invoices",),
        partners=True,
        measure=_circular,
        behind=_hops,
    ),
)
