"""Signal 8: invoices that run in a circle: a sells to b, b to c, … and back to a, about the same amount, in short time.

Only hops between enterprises of the book can be seen. A hop is seen by either side: the seller's sale and the buyer's
purchase are one.
"""

from __future__ import annotations

from math import log1p

import polars as pl

from services.profile.book.domain.party import party_of
from services.profile.standards.text import Text
from services.profile.watch.domain.signals.inputs import SignalInputs
from services.profile.watch.domain.signals.signal import RECORDS, Signal, readings, records

c = pl.col
EDGES = {"seller": pl.String, "buyer": pl.String, "number": pl.String, "date": pl.Date, "amount": pl.Int64}
# Beyond this many open paths the book is one knot; what was found until then is told.
MOST_PATHS = 2_000_000


def edges(scene: SignalInputs) -> pl.DataFrame:
    """Return positive invoices between enterprises of the book since the days that can matter; each hop once.

    A firm's own word is no hop: who makes up a circle would draw others into it, and learn who is in the book.
    """
    limit = scene.threshold("circular-invoicing")
    first = pl.lit(scene.as_of).dt.offset_by(f"-{int(limit['recent_days'] + limit['days'])}d")
    rows = scene.heard.filter((c("total_fen") >= int(limit["least_fen"])) & (c("date") >= first))
    # Who has no file of its own is left out at once: in most books that is nearly everybody.
    firms = scene.valid.select(party="enterprise").unique()
    within = rows.with_columns(party=party_of(c("counterparty"))).join(firms, on="party", how="semi")
    sold = c("direction") == "sale"
    return (
        within.select(
            seller=pl.when(sold).then("enterprise").otherwise("party"),
            buyer=pl.when(sold).then("party").otherwise("enterprise"),
            number="number",
            date="date",
            amount="total_fen",
        )
        .filter(c("seller") != c("buyer"))
        .unique(["seller", "buyer", "number", "date", "amount"])
    )


def rings(hops: pl.DataFrame, *, longest: int, days: int, tolerance: float) -> pl.DataFrame:
    """Find closed paths of 2 to `longest` hops in order of time within `days`, each amount near the first one's.

    `hops` has the columns of EDGES. Returns ring (its hops' numbers, joined), members (list), hops, amount (the
    smallest), first_on, last_on, path (list of struct seller, buyer, number, date, amount). A ring is found once,
    from its earliest hop; no enterprise occurs in it twice.
    """
    left = _prune(hops).sort("date", "seller", "buyer", "number").with_row_index("edge")
    step = log1p(tolerance)
    bucket = (c("amount").cast(pl.Float64).log() / step).floor().cast(pl.Int64)
    # Amounts within the tolerance of each other lie in the same bucket or in the next one.
    onward = pl.concat(
        [
            left.select("seller", "buyer", "edge", "date", "amount", near=bucket + shift).rename(
                {"seller": "at", "buyer": "next", "edge": "hop", "date": "on", "amount": "worth"}
            )
            for shift in (-1, 0, 1)
        ]
    )
    open_paths = left.select(
        start="seller",
        at="buyer",
        first="edge",
        path=pl.concat_list("edge"),
        seen=pl.concat_list("seller", "buyer"),
        since="date",
        last="date",
        amount="amount",
        near=bucket,
    )
    found: list[pl.DataFrame] = []
    for length in range(2, longest + 1):
        open_paths, closed = _extend(open_paths, onward, days, tolerance, last=length == longest)
        found.append(closed.select("path", hops=pl.lit(length)))
        if open_paths.is_empty() or open_paths.height > MOST_PATHS:
            break
    return _told(pl.concat(found), left)


def _extend(
    paths: pl.DataFrame, onward: pl.DataFrame, days: int, tolerance: float, *, last: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the paths one hop longer that are still open, and those that have come back to their start."""
    longer = (
        paths.lazy()
        .join(onward.lazy(), on=["at", "near"])
        .filter(
            (c("hop") > c("first"))
            & (c("on") >= c("last"))
            & ((c("on") - c("since")).dt.total_days() <= days)
            & ((c("worth") - c("amount")).abs() <= tolerance * c("amount"))
        )
        .with_columns(path=pl.concat_list("path", "hop"), closes=c("next") == c("start"))
        .collect()
    )
    closed = longer.filter("closes")
    if last:
        return longer.clear(), closed
    going = longer.filter(~c("closes") & ~c("seen").list.contains(c("next")))
    return (
        going.select(
            "start",
            at="next",
            first="first",
            path="path",
            seen=pl.concat_list("seen", "next"),
            since="since",
            last="on",
            amount="amount",
            near="near",
        ),
        closed,
    )


def _prune(hops: pl.DataFrame) -> pl.DataFrame:
    """Drop hops that cannot close: whose seller buys from nobody, or whose buyer sells to nobody, again and again."""
    while True:
        kept = hops.filter(
            c("seller").is_in(hops["buyer"].unique().implode()) & c("buyer").is_in(hops["seller"].unique().implode())
        )
        if kept.height == hops.height:
            return kept
        hops = kept


def _told(found: pl.DataFrame, left: pl.DataFrame) -> pl.DataFrame:
    rows = (
        found.with_row_index("place")
        .explode("path")
        .join(left, left_on="path", right_on="edge", how="left", maintain_order="left")
    )
    return (
        rows.group_by("place", maintain_order=True)
        .agg(
            hops=c("hops").first(),
            ring=pl.concat_str("seller", "number", separator=":").str.join(" > "),
            members=c("seller"),
            amount=c("amount").min(),
            first_on=c("date").min(),
            last_on=c("date").max(),
            path=pl.struct(list(EDGES)),
        )
        .drop("place")
        .sort("last_on", "ring")
    )


def _found(scene: SignalInputs) -> pl.DataFrame:
    limit = scene.threshold("circular-invoicing")
    hops = edges(scene)
    if hops.is_empty():
        return rings(hops, longest=2, days=0, tolerance=limit["tolerance"])
    found = rings(hops, longest=int(limit["hops"]), days=int(limit["days"]), tolerance=limit["tolerance"])
    since = pl.lit(scene.as_of).dt.offset_by(f"-{int(limit['recent_days'])}d")
    return found.filter(c("last_on") > since)


def _circular(scene: SignalInputs) -> pl.DataFrame:
    """Return one event a ring for each of its members: the value is its hops, the reference its amount in fen.

    Rings of the same members are one event: the earliest that is still recent. A pair that trades back and forth all
    the time is one fact, not one a month.
    """
    found = _found(scene).with_columns(who=c("members").list.sort().list.join(" "))
    first = found.unique("who", keep="first", maintain_order=True)
    return readings(
        first.explode("members").with_columns(
            enterprise="members",
            event="who",
            subject="ring",
            value=c("hops").cast(pl.Float64),
            reference=c("amount").cast(pl.Float64),
            fires=pl.lit(value=True),
            occurred_on="last_on",
        )
    )


def _hops(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return every hop of the ring, as the alerted enterprise's book or another member's tells it."""
    if hits.is_empty():
        return pl.DataFrame(schema=RECORDS)
    wanted = hits.select("enterprise", "event", ring="subject")
    hops = _found(scene).join(wanted, on="ring").explode("path").select("enterprise", "event", "path").unnest("path")
    invoices = (
        scene.valid.with_columns(party=party_of(c("counterparty")))
        .with_columns(
            seller=pl.when(c("direction") == "sale").then("enterprise").otherwise("party"),
            buyer=pl.when(c("direction") == "sale").then("party").otherwise("enterprise"),
            amount="total_fen",
        )
        .select(*EDGES, "code", "import_id")
    )
    keys = list(EDGES)
    once = invoices.join(hops.select(keys).unique(), on=keys, how="semi").sort("import_id").unique(keys, keep="first")
    # Seen from nobody in particular: the direction is the seller's, the counterparty names both.
    both = hops.join(once, on=keys, how="left").with_columns(
        direction=pl.lit("sale"),
        counterparty=pl.concat_str("seller", "buyer", separator=" > "),
        total_fen="amount",
    )
    return records(both)


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
