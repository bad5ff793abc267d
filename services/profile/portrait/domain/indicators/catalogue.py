"""All indicators in one tuple, and how they are computed: a firm's own as of many days, the network as of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from services.profile.book.domain.evidence import Evidence
from services.profile.portrait.domain.features import CATALOGUE, Feature
from services.profile.portrait.domain.indicators import chain, compliance, confidence, payment, relation
from services.profile.portrait.domain.indicators.indicator import FIRM, Indicator, together

INDICATORS: tuple[Indicator, ...] = (
    *payment.INDICATORS,
    *relation.INDICATORS,
    *compliance.INDICATORS,
    *chain.INDICATORS,
    *confidence.INDICATORS,
)
FIGURES: tuple[Feature, ...] = (*CATALOGUE, *INDICATORS)
NETWORK = tuple(indicator for indicator in INDICATORS if indicator.source == "network")
OWN = tuple(indicator for indicator in INDICATORS if indicator.source != "network")
LAST_ON = "last_on"


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of the data itself: the channels of imports, and each firm's share of cross-checks that agree."""

    channels: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=confidence.CHANNELS))
    checks: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=confidence.CHECKS))


def own(evidence: Evidence, days: Sequence[date], parties: pl.DataFrame, trust: Trust) -> pl.DataFrame:
    """Return what the firms' own records say as of each day: enterprise, as_of, the indicators, and `last_on`.

    `parties` (enterprise, size_class) tells which counterparties are large. One row per firm and day on which
    anything was known of it.
    """
    moments = pl.DataFrame({"as_of": list(days)}, schema={"as_of": pl.Date})
    parts = (
        confidence.measured(evidence, moments, trust.channels),
        payment.measured(evidence, moments, parties),
        compliance.measured(evidence.public_records, moments),
        relation.mutual_trade(evidence.invoices, moments),
    )
    return together(parts).select(*FIRM, LAST_ON, *_values(OWN)).sort(FIRM)


@dataclass(frozen=True, slots=True)
class Edges:
    """What of firms' own records the network is made of: trade of 12 months, relations that hold, who is in trouble.

    Those of some firms and of others, one under the other, are those of all of them. `links` are in parts, each with
    all rows of its firms.
    """

    links: Sequence[pl.LazyFrame]
    relations: pl.DataFrame
    troubled: pl.DataFrame


def edges(evidence: Evidence, as_of: date, channels: pl.DataFrame) -> Edges:
    """Return the edges that the firms of some evidence make, as others than they themselves say.

    What firms say of themselves ties nobody to anybody: else one that makes up a sale would move another's figures, and
    read in its own whether that one is in the book, in trouble or large (ADR 28).
    """
    day = pl.lit(as_of)
    return Edges(
        (chain.links(_heard(evidence.invoices, channels), day).lazy(),),
        relation.current(_heard(evidence.relations, channels), day),
        relation.troubled(evidence.public_records, day),
    )


def network(edges: Edges, large: pl.Series, checks: pl.DataFrame) -> pl.DataFrame:
    """Return what only the whole book can tell of each firm: enterprise and the network indicators, sorted.

    `large` are the ids of large firms; `checks` tells how far the sources of each firm agree (`Trust.checks`).
    """
    found = chain.network(edges.links, large)
    for part in (relation.network_of(edges.relations, edges.troubled, edges.links), confidence.agreed(checks)):
        found = found.join(part, on="enterprise", how="full", coalesce=True)
    return found.select("enterprise", *_values(NETWORK)).sort("enterprise")


def whole(evidence: Evidence, as_of: date, trust: Trust) -> pl.DataFrame:
    """Return the network of a whole book's evidence as of a day."""
    firms = evidence.enterprises
    large = firms.filter(pl.col("size_class") == "large")["enterprise"]
    return network(edges(evidence, as_of, trust.channels), large, trust.checks)


def _heard(rows: pl.DataFrame, channels: pl.DataFrame) -> pl.DataFrame:
    """Return what others than the enterprises themselves say."""
    own = channels.filter(pl.col("channel").is_in(confidence.UNVERIFIED))["import_id"]
    return rows if own.is_empty() else rows.filter(~pl.col("import_id").is_in(own.implode()).fill_null(value=False))


def _values(indicators: Sequence[Indicator]) -> list[pl.Expr]:
    return [indicator.value.cast(pl.Float64).alias(indicator.name) for indicator in indicators]
