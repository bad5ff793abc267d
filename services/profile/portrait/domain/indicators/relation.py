"""Relations (关联风险): control groups, guarantees, shared contacts, trade in circles, partners in trouble.

The dimension starts whole at 100 and each figure takes points (ours, 2026-11, declared beside it). It needs a source
of relations or of partners' public records; trade in circles alone, which invoices show, is no picture of a group.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from services.profile.book.domain.party import as_counterparty
from services.profile.book.domain.public_record import live
from services.profile.portrait.domain.features.aggregates import slot_of
from services.profile.portrait.domain.indicators.indicator import FIRM, Indicator, Scale, moments
from services.profile.standards.text import Text

c = pl.col
# Relations that make two firms one group where they meet in one party; a shareholder from half of the shares on
# (公司法 2023 Art. 265: a controlling shareholder holds over 50 %; half is taken in, ours).
CONTROL = ("controller", "person-in-charge", "shareholder")
CONTROLLING_SHARE = 0.5
CONTACT = ("address", "phone")
TROUBLE = ("dishonest", "abnormal", "enforcement", "freeze")


def _taken(*anchors: tuple[float, float]) -> Scale:
    return Scale(anchors)


INDICATORS = (
    Indicator(
        name="group_firms",
        title=Text("同一控制下企业数", "Firms under the same control"),
        unit="count",
        dimension="relation",
        direction=1,
        worse=Text("同一控制下企业较多", "Many firms under the same control"),
        better=Text("没有同一控制下的其他企业", "No other firm under the same control"),
        value=c("group_firms"),
        source="network",
        scale=_taken((1, 0), (3, -5), (10, -20)),
    ),
    Indicator(
        name="shared_contacts",
        title=Text("与其共用地址或电话的企业数", "Firms at the same address or phone"),
        unit="count",
        dimension="relation",
        direction=1,
        worse=Text("与其他企业共用地址或电话", "Shares an address or phone with other firms"),
        better=Text("地址和电话独立", "An address and phone of its own"),
        value=c("shared_contacts"),
        source="network",
        scale=_taken((0, 0), (1, -4), (5, -15)),
    ),
    Indicator(
        name="guarantees_given",
        title=Text("为其担保的企业数", "Firms that it guarantees for"),
        unit="count",
        dimension="relation",
        direction=1,
        actionable="lower",
        worse=Text("对外担保", "Guarantees for others"),
        better=Text("没有对外担保", "Guarantees for nobody"),
        value=c("guarantees_given"),
        source="network",
        scale=_taken((0, 0), (1, -8), (3, -20), (6, -30)),
    ),
    Indicator(
        name="guarantee_ring",
        title=Text("处于互保圈", "On a ring of guarantees"),
        unit="count",
        dimension="relation",
        direction=1,
        worse=Text("处于互保圈，风险会相互传导", "On a ring of guarantees: one failure pulls the next"),
        better=Text("不在互保圈", "On no ring of guarantees"),
        value=c("guarantee_ring"),
        source="network",
        scale=_taken((0, 0), (1, -25)),
    ),
    Indicator(
        name="related_sales_share_12m",
        title=Text("近12个月对同一控制企业销售占比", "Sales to firms under the same control, last 12 months"),
        unit="ratio",
        dimension="relation",
        direction=1,
        actionable="lower",
        worse=Text("关联销售占比高", "Much of its sales go to its own group"),
        better=Text("销售不依赖关联企业", "Sales do not hang on its own group"),
        value=c("related_sales"),
        source="network",
        scale=_taken((0.1, 0), (0.5, -20), (1, -35)),
    ),
    Indicator(
        name="mutual_trade_share_12m",
        title=Text("近12个月对开往来占比", "Trade with partners that both buy and sell, last 12 months"),
        unit="ratio",
        dimension="relation",
        direction=1,
        actionable="lower",
        worse=Text("与同一对手既买又卖，疑似对开", "Buys from and sells to the same partners"),
        better=Text("没有对开往来", "No trade back and forth"),
        value=c("mutual_trade"),
        source="invoices",
        scale=_taken((0.05, 0), (0.5, -25)),
    ),
    Indicator(
        name="troubled_partners_share_12m",
        title=Text("近12个月与失信等对手往来占比", "Trade with partners on a list of debtors, last 12 months"),
        unit="ratio",
        dimension="relation",
        direction=1,
        actionable="lower",
        worse=Text("交易对手存在失信、异常或被执行", "Partners are on lists of debtors"),
        better=Text("主要交易对手记录良好", "Its partners have clean records"),
        value=c("troubled_partners"),
        source="network",
        scale=_taken((0, 0), (0.3, -30), (1, -50)),
    ),
)


def mutual_trade(invoices: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return twice the smaller of sales and purchases per partner over all trade of 12 months, per firm and day."""
    valid = invoices.filter(c("status") == "valid").select("enterprise", "counterparty", "direction", "date", "net_fen")
    recent = moments(valid, days).filter((c("date") <= c("as_of")) & (slot_of(c("date"), c("as_of")) < 12))
    sale = c("direction") == "sale"
    links = recent.group_by(*FIRM, "counterparty").agg(
        sold=c("net_fen").filter(sale).sum().clip(0), bought=c("net_fen").filter(~sale).sum().clip(0)
    )
    # Who bought without a code need not be who sold without one.
    named = c("counterparty").is_not_null()
    both, whole = pl.min_horizontal("sold", "bought").filter(named).sum(), (c("sold") + c("bought")).sum()
    share = pl.when(whole > 0).then(2 * both.cast(pl.Float64) / whole.cast(pl.Float64))
    return links.group_by(FIRM).agg(mutual_trade=share)


def network(relations: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    """Return group_firms, shared_contacts, guarantees_given, guarantee_ring, related_sales, troubled_partners per firm.

    `links` are the trade of 12 months (enterprise, counterparty, sold, bought). Firms of which nothing is known in a
    figure have null there.
    """
    return network_of(current(relations, day), troubled(records, day), [links.lazy()])


def current(relations: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    """Return the relations that hold on a day: enterprise, relation, party, share."""
    holding = (c("until") >= day).fill_null(value=True) & (c("since") <= day).fill_null(value=True)
    return relations.filter(holding).select("enterprise", "relation", "party", "share")


def troubled(records: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    """Return each firm of which anything was published by a day, and whether it is in trouble (`troubled`) then."""
    listed = live(day) & c("record").is_in(TROUBLE) & (c("tier").fill_null("general") != "minor")
    return records.filter(c("published_on") <= day).group_by("enterprise").agg(troubled=listed.any())


def network_of(current: pl.DataFrame, troubled: pl.DataFrame, links: Sequence[pl.LazyFrame]) -> pl.DataFrame:
    """Return what `network` does of the relations that hold and the firms that are in trouble.

    `links` may be in parts, each with all rows of its firms: one of them is held at a time.
    """
    group = _groups(current)
    found = current.select("enterprise").unique()
    sizes = group.with_columns(group_firms=pl.len().over("group").cast(pl.Float64))
    for part in (sizes.select("enterprise", "group_firms"), _contacts(current), _guarantees(current)):
        found = found.join(part, on="enterprise", how="left")
    alone = pl.col("group_firms").fill_null(1.0)
    zero = (c(name).fill_null(0.0) for name in ("shared_contacts", "guarantees_given", "guarantee_ring"))
    found = found.with_columns(alone, *zero)
    traded = [(_related(held, group), _troubled(held, troubled)) for held in (part.collect() for part in links)]
    for part in (pl.concat(each) for each in zip(*traded, strict=True)):
        found = found.join(part, on="enterprise", how="full", coalesce=True)
    return found


def _groups(relations: pl.DataFrame) -> pl.DataFrame:
    """Return the group of each enterprise with a controlling relation: firms joined through parties, however far."""
    enough = (c("relation") != "shareholder") | (c("share") >= CONTROLLING_SHARE).fill_null(value=False)
    ties = relations.filter(c("relation").is_in(CONTROL) & enough).select("enterprise", "party").unique()
    names = pl.concat([ties["enterprise"], ties["party"]]).unique().sort()
    place = pl.DataFrame({"name": names}).with_row_index("place")
    at = pl.arange(names.len(), eager=True)
    ends = [ties[side].replace_strict(names, at, return_dtype=pl.Int64) for side in ("enterprise", "party")]
    one, other = (end.cast(pl.Int64).to_numpy() for end in ends)
    label = _components(names.len(), one, other)
    firms = ties.select("enterprise").unique().join(place, left_on="enterprise", right_on="name")
    # A party that is an enterprise itself belongs to the group it controls.
    owners = place.filter(c("name").is_in(relations["enterprise"].unique().implode())).rename({"name": "enterprise"})
    both = pl.concat([firms.select("enterprise", "place"), owners.select("enterprise", "place")]).unique()
    return both.select("enterprise", group=pl.Series(label[both["place"].to_numpy()]))


def _components(count: int, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the smallest node reachable from each node: labels sink along edges, and jump to their label's label."""
    label = np.arange(count)
    while True:
        before = label.copy()
        low = np.minimum(label[one], label[other])
        np.minimum.at(label, one, low)
        np.minimum.at(label, other, low)
        label = label[label]
        if (label == before).all():
            return label


def _contacts(relations: pl.DataFrame) -> pl.DataFrame:
    """Return how many other firms have the same address or phone, the most crowded one counting."""
    contacts = relations.filter(c("relation").is_in(CONTACT)).select("enterprise", "relation", "party").unique()
    others = contacts.with_columns(others=pl.len().over("relation", "party") - 1)
    return others.group_by("enterprise").agg(shared_contacts=c("others").max().cast(pl.Float64))


def _guarantees(relations: pl.DataFrame) -> pl.DataFrame:
    """Return for how many firms each firm guarantees, and whether it is on a ring of guarantees (or between two)."""
    given = relations.filter(c("relation") == "guarantor").select(backed="enterprise", enterprise="party").unique()
    count = given.group_by("enterprise").agg(guarantees_given=pl.len().cast(pl.Float64))
    ring = given
    while True:  # a firm without a guarantor or without a firm it guarantees for is on no ring; take it out, and again
        left = ring.join(ring, left_on="backed", right_on="enterprise", how="semi")
        left = left.join(ring, left_on="enterprise", right_on="backed", how="semi")
        if left.height == ring.height:
            break
        ring = left
    on = ring.select("enterprise").unique().with_columns(guarantee_ring=pl.lit(1.0))
    return count.join(on, on="enterprise", how="left")


def _related(links: pl.DataFrame, group: pl.DataFrame) -> pl.DataFrame:
    sold = links.filter(c("sold") > 0).with_columns(as_counterparty(c("counterparty"))).join(group, on="enterprise")
    partner = group.select(as_counterparty(c("enterprise")).alias("counterparty"), partners="group")
    sold = sold.join(partner, on="counterparty", how="left")
    inside = c("sold").filter(c("group") == c("partners")).sum().cast(pl.Float64)
    return sold.group_by("enterprise").agg(related_sales=inside / c("sold").sum().cast(pl.Float64))


def _troubled(links: pl.DataFrame, troubled: pl.DataFrame) -> pl.DataFrame:
    """Return the share of trade with partners in trouble, null where nothing is published of any partner."""
    partners = troubled.select(as_counterparty(c("enterprise")).alias("counterparty"), "troubled")
    amount = (c("sold") + c("bought")).cast(pl.Int64)
    links = links.with_columns(as_counterparty(c("counterparty")))
    traded = links.join(partners, on="counterparty", how="left").group_by("enterprise")
    share = amount.filter(c("troubled").fill_null(value=False)).sum().cast(pl.Float64) / amount.sum().cast(pl.Float64)
    seen = c("troubled").is_not_null().any() & (amount.sum() > 0)
    return traded.agg(troubled_partners=pl.when(seen).then(share))
