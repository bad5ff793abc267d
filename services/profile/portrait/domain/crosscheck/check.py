"""All rules over many enterprises at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import polars as pl

from services.profile.portrait.domain.crosscheck import filings, flows, invoices, own_words, sizes
from services.profile.portrait.domain.crosscheck.rule import FINDINGS, PAIRS, Material, Pairs, Rule, rules

PAIRED: Mapping[str, Pairs] = MappingProxyType(
    {
        "mirrored-invoice": invoices.mirrored_invoice,
        "mirrored-status": invoices.mirrored_status,
        "tax-above-rate": invoices.tax_above_rate,
        "red-above-blue": invoices.red_above_blue,
        "number-used-twice": invoices.number_used_twice,
        "number-missing": invoices.number_missing,
        "receipts-below-sales": flows.receipts_below_sales,
        "receipts-above-sales": flows.receipts_above_sales,
        "payments-below-purchases": flows.payments_below_purchases,
        "declared-sales": filings.declared_sales,
        "tax-paid": filings.tax_paid,
        "insurance-of-wages": filings.insurance_of_wages,
        "size-class": sizes.classes,
        "declared-revenue": filings.declared_revenue,
        "rate-of-industry": filings.rate_of_industry,
        "weekend-sales": invoices.weekend_sales,
        "round-amounts": invoices.round_amounts,
        "sales-before-founding": filings.sales_before_founding,
        "delivered-of-ordered": flows.delivered_of_ordered,
        "delivered-of-invoiced": flows.delivered_of_invoiced,
        "grade-against-lists": filings.grade_against_lists,
        "own-total": own_words.own_total,
        "own-tax": own_words.own_tax,
        "own-date": own_words.own_date,
        "own-status": own_words.own_status,
        "own-partner": own_words.own_partner,
    }
)
# What these rules pair, they pair of rows of such a table, some with a value in such a column: without any there is no
# pair. Of most firms little is known, and a plan of nothing costs as much as one of much.
RESTS_ON: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        **dict.fromkeys(("tax-above-rate", "red-above-blue"), ("invoices", None)),
        **dict.fromkeys(("number-used-twice", "number-missing"), ("invoices", None)),
        **dict.fromkeys(("weekend-sales", "round-amounts"), ("invoices", None)),
        **dict.fromkeys(("receipts-below-sales", "receipts-above-sales"), ("payments", None)),
        **dict.fromkeys(("payments-below-purchases", "tax-paid"), ("payments", None)),
        **dict.fromkeys(("declared-sales", "insurance-of-wages"), ("tax_filings", None)),
        "size-class": ("enterprises", "size_class"),
        "declared-revenue": ("enterprises", "revenue_fen"),
        "rate-of-industry": ("enterprises", "taxpayer"),
        "sales-before-founding": ("enterprises", "established_on"),
        "delivered-of-ordered": ("orders", None),
        "delivered-of-invoiced": ("deliveries", None),
        "grade-against-lists": ("public_records", None),
        **dict.fromkeys(("own-total", "own-tax", "own-date"), ("contested", None)),
        **dict.fromkeys(("own-status", "own-partner"), ("contested", None)),
    }
)
# These pair dealings of two firms: without the book of one there is none.
OF_TWO_BOOKS = frozenset({"mirrored-invoice", "mirrored-status"})
# By rule, the pairs in which a firm's own word alone says something of another firm: told, and not judged.
UNCONFIRMED: Mapping[str, Pairs] = MappingProxyType({"mirrored-invoice": invoices.own_words})

FEW = 50_000  # invoices up to which plans are run as they are written

TALLY: dict[str, pl.DataType] = {
    "enterprise": pl.String(),
    "rule": pl.String(),
    "compared": pl.Int64(),
    "contradictions": pl.Int64(),
    "unconfirmed": pl.Int64(),
}
COUNTS = (
    pl.col("contradicts").count().cast(pl.Int64).alias("compared"),
    pl.col("contradicts").sum().cast(pl.Int64).alias("contradictions"),
    pl.col("contradicts").null_count().cast(pl.Int64).alias("unconfirmed"),
)


def check(material: Material, chosen: Iterable[Rule] | None = None) -> pl.DataFrame:
    """Compare by all rules (or the chosen ones) that hold on the day; one row per comparison, as `FINDINGS`.

    Rows come by rule in the order of declaration, then by enterprise, day and subject: the same for the same facts.
    """
    parts = _made(material, [_findings(rule, material) for rule in _spoken(material, chosen)])
    return pl.concat([pl.DataFrame(schema=FINDINGS), *parts])


def tally(findings: pl.DataFrame) -> pl.DataFrame:
    """Count, per enterprise and rule, what was compared, what contradicts, and what is unconfirmed (`TALLY`)."""
    return findings.lazy().group_by("enterprise", "rule", maintain_order=True).agg(*COUNTS).collect()


def tally_book(material: Material, chosen: Iterable[Rule] | None = None) -> pl.DataFrame:
    """Return what `tally(check(material))` does in another order, without a row for each of a book's comparisons."""
    parts = [_judged(rule, material).group_by("enterprise", "rule").agg(*COUNTS) for rule in _spoken(material, chosen)]
    return pl.concat([pl.DataFrame(schema=TALLY), *_made(material, parts)])


def _made(material: Material, plans: Sequence[pl.LazyFrame]) -> list[pl.DataFrame]:
    """Return what plans say: of a firm's few rows at hand as polars runs each eager step, without a search for better.

    That search took half of the time of all rules over one firm with every kind of record (47 ms against 24).
    """
    few = material.evidence.invoices.height < FEW
    as_written = pl.QueryOptFlags._eager()  # there is no public name for what every eager frame is run by
    return pl.collect_all(plans, optimizations=as_written if few else pl.QueryOptFlags())


def pass_rate(tallied: pl.DataFrame) -> pl.DataFrame:
    """Return each enterprise's mean, over its rules, of the share of comparisons that agree, and how many rules spoke.

    The mean over rules, so that ten thousand sums that add up do not drown one half-year without a payment. It is
    taken in the order of the rules' keys, so that the same tally gives the same bytes.
    """
    compared = tallied.filter(pl.col("compared") > 0)
    shares = compared.sort("enterprise", "rule").select(
        "enterprise", agree=1 - pl.col("contradictions") / pl.col("compared")
    )
    means = shares.group_by("enterprise", maintain_order=True).agg(pass_rate=pl.col("agree").mean(), rules=pl.len())
    return means.sort("enterprise")


def _spoken(material: Material, chosen: Iterable[Rule] | None) -> list[Rule]:
    """Return the rules (or the chosen ones) that hold on the day and may find a pair."""
    return [rule for rule in (chosen or rules()) if rule.since <= material.as_of and _may_pair(rule, material)]


def _may_pair(rule: Rule, material: Material) -> bool:
    """Tell whether there are rows that a rule could pair."""
    if rule.key in OF_TWO_BOOKS:
        return not material.books.is_empty() or bool(material.own and rule.key in UNCONFIRMED)
    name, column = RESTS_ON[rule.key]
    table: pl.DataFrame = getattr(material.evidence, name)
    return table.height > (table[column].null_count() if column else 0)


def _findings(rule: Rule, material: Material) -> pl.LazyFrame:
    judged = _judged(rule, material).select(list(FINDINGS))
    return judged.sort("enterprise", "on", "subject", "counterparty", nulls_last=True)


def _judged(rule: Rule, material: Material) -> pl.LazyFrame:
    judged = _shaped(PAIRED[rule.key](material)).with_columns(rule.contradicts().alias("contradicts"))
    if material.own and rule.key in UNCONFIRMED:
        untold = pl.lit(None, dtype=pl.Boolean).alias("contradicts")
        judged = pl.concat([judged, _shaped(UNCONFIRMED[rule.key](material)).with_columns(untold)])
    return judged.with_columns(pl.lit(rule.key).alias("rule"))


def _shaped(pairs: pl.LazyFrame) -> pl.LazyFrame:
    return pairs.select(pl.col(name).cast(kind) for name, kind in PAIRS.items())
