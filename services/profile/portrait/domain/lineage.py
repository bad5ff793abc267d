"""The records behind a figure: for every feature and indicator, which rows of which kind count, on a day.

Declared once and checked against the formulas: a figure computed from its own records alone is the same figure
(`tests/profile/portrait/domain/test_lineage.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import polars as pl

from chassis.core.errors import NotFound
from services.profile.book.domain.evidence import Evidence
from services.profile.book.domain.public_record import live
from services.profile.portrait.domain.features.aggregates import SLOTS, slot_of
from services.profile.portrait.domain.indicators.compliance import COUNTED, counted

c = pl.col
Only: TypeAlias = Literal["valid", "void", "blue", "counted", "red", "originals"]
Table: TypeAlias = Literal["invoices", "payments", "orders", "deliveries", "tax_filings", "public_records", "relations"]
TABLES: tuple[Table, ...] = get_args(Table)
BOTH = ("sale", "purchase")
EVER = 10_000
INVOICE: Mapping[Only, pl.Expr] = MappingProxyType(
    {
        "valid": c("status") == "valid",
        "void": c("status") == "void",
        "blue": (c("status") == "valid") & (c("total_fen") > 0),
        # A blue one that is told as cancelled in full is none.
        "counted": (c("status") == "valid") & (c("total_fen") > 0) & c("reversal").ne_missing("whole"),
        "red": (c("status") == "valid") & (c("total_fen") < 0),
        "originals": (c("status") == "void") | (c("total_fen") > 0),  # blue ones and void ones: what was issued
    }
)


class FigureNotFound(NotFound):
    """No feature or indicator has this name."""


@dataclass(frozen=True, slots=True)
class Trade:
    """Invoices of these directions in the last `months` before the day.

    What explains a red letter among them lies behind the figure too: the partner's earlier invoices that are told as
    cancelled.
    """

    directions: tuple[str, ...]
    months: int = SLOTS
    only: Only = "valid"

    def rows(self, evidence: Evidence, as_of: date) -> dict[Table, pl.DataFrame]:
        """Return the records that count."""
        rows = evidence.invoices.filter(c("direction").is_in(self.directions) & (c("date") <= as_of))
        within = slot_of(c("date"), as_of) < self.months
        if self.only == "valid":
            told = c("reversal").is_not_null() & (c("total_fen") > 0)
            within |= told & (INVOICE["red"] & within).any().over("direction", "counterparty")
        return {"invoices": rows.filter(INVOICE[self.only] & within)}


@dataclass(frozen=True, slots=True)
class Settlement:
    """Invoices of a direction and the payments that settle them."""

    direction: str
    flow: str

    def rows(self, evidence: Evidence, as_of: date) -> dict[Table, pl.DataFrame]:
        """Return the records that count: from the first payment on, since older invoices are not judged."""
        goods = (c("purpose").is_null() | (c("purpose") == "goods")) & c("counterparty").is_not_null()
        paid = evidence.payments.filter(
            (c("status") == "valid") & (c("direction") == self.flow) & goods & (c("date") <= as_of)
        )
        began = paid["date"].min()
        billed = Trade((self.direction,), EVER).rows(evidence, as_of)["invoices"]
        billed = billed.filter(c("counterparty").is_not_null())
        judged = billed.filter(c("date") >= began) if isinstance(began, date) else billed.clear()
        return {"invoices": judged, "payments": paid}


@dataclass(frozen=True, slots=True)
class Selected:
    """Rows of one table that an expression of the day chooses."""

    table: Table
    name: str

    def rows(self, evidence: Evidence, as_of: date) -> dict[Table, pl.DataFrame]:
        """Return the records that count."""
        return {self.table: getattr(evidence, self.table).filter(_chosen(self.name, as_of))}


@dataclass(frozen=True, slots=True)
class Everything:
    """Every record of the enterprise."""

    def rows(self, evidence: Evidence, as_of: date) -> dict[Table, pl.DataFrame]:
        """Return the records that count; those of kinds that have a day of their own are cut to `as_of` already.

        A public record whose display has ended is shown to nobody, though it still tells how much is known.
        """
        found = {table: getattr(evidence, table) for table in TABLES}
        return found | {"public_records": evidence.public_records.filter(live(as_of))}


Behind: TypeAlias = Trade | Settlement | Selected | Everything


def _chosen(name: str, as_of: date) -> pl.Expr:
    if name in COUNTED:
        return counted(name) & live(pl.lit(as_of))
    due = (c("due_on") <= as_of) & (c("due_on") > pl.lit(as_of).dt.offset_by("-24mo"))
    in_force = (c("until") >= as_of).fill_null(value=True) & (c("since") <= as_of).fill_null(value=True)
    return {
        "tax_grade": (c("record") == "tax-grade") & (c("published_on") <= as_of),
        "tax_punctual_share_24m": due & (c("tax") != "social-insurance"),
        "insurance_punctual_share_24m": due & (c("tax") == "social-insurance"),
        "wage_months_share_12m": (c("status") == "valid") & (c("direction") == "out") & (c("purpose") == "wage"),
        "group_firms": in_force & c("relation").is_in(["controller", "person-in-charge", "shareholder"]),
        "shared_contacts": in_force & c("relation").is_in(["address", "phone"]),
        "guarantees_given": in_force & (c("relation") == "guarantor"),
        "guarantee_ring": in_force & (c("relation") == "guarantor"),
    }[name]


SALES, PURCHASES = ("sale",), ("purchase",)
# Features by the invoices they look at. Those that need a reach of so many months also rest on the first invoice of
# all, which is the one of `history_months`.
TRADES: Mapping[Trade, tuple[str, ...]] = MappingProxyType(
    {
        Trade(SALES): (
            *("sales_red_ratio_36m", "sales_red_rate_36m", "sales_36m", "repeat_customer_share_36m"),
            "sales_prudent_36m",
            *("anchor_customer_share_36m", "new_customer_share_12m"),
            *("sales_even_month_36m", "customers_repeat_36m", "customers_months_36m"),
        ),
        Trade(PURCHASES): (
            *("purchases_red_ratio_36m", "anchor_supplier_share_36m"),
            *("purchases_36m", "purchases_even_month_36m", "suppliers_repeat_36m"),
        ),
        Trade(SALES, only="originals"): ("sales_void_rate_36m",),
        Trade(PURCHASES, only="originals"): ("purchases_void_rate_36m",),
        Trade(SALES, only="blue"): ("sales_ticket_36m",),
        Trade(SALES, only="counted"): ("sales_active_months_36m", "sales_longest_silence_36m", "sales_silence_36m"),
        Trade(PURCHASES, only="counted"): ("purchases_active_months_36m",),
        Trade(BOTH): ("margin_36m", "vat_burden_36m"),
        Trade(BOTH, only="counted"): ("invoices_36m", "paired_months_36m"),
        Trade(SALES, 24): (
            *("sales_variation_24m", "sales_season_strength_24m", "sales_season_match_24m", "customer_retention_12m"),
            *("sales_growth_12m", "sales_trend_24m", "customers_growth_12m"),
            *("sales_held_24m", "customers_held_24m"),
        ),
        Trade(PURCHASES, 24): ("purchases_variation_24m", "supplier_retention_12m", "purchases_growth_12m"),
        Trade(SALES, 18): ("sales_growth_6m",),
        Trade(SALES, 6): ("sales_even_month_6m",),
        Trade(SALES, 15): ("sales_growth_3m",),
        Trade(SALES, 12): (
            *(
                "sales_12m",
                "sales_prudent_12m",
                "sales_typical_month_12m",
                "sales_peak_share_12m",
                "customers_12m",
                "customer_hhi_12m",
            ),
            *("customer_top1_share_12m", "sales_per_customer_12m", "sales_even_month_12m", "sales_lean_month_12m"),
            *("customers_reliance_12m", "core_customers_share_12m", "related_sales_share_12m"),
        ),
        Trade(SALES, 12, "counted"): ("sales_invoices_12m", "sales_active_months_12m", "sales_active_days_12m"),
        Trade(PURCHASES, 12): ("purchases_12m", "suppliers_12m", "supplier_hhi_12m", "supplier_top1_share_12m"),
        Trade(BOTH, 12): ("mutual_trade_share_12m", "troubled_partners_share_12m", "centrality_12m"),
        Trade(SALES, EVER): ("customer_age_12m",),
        Trade(PURCHASES, EVER): ("supplier_age_12m",),
        Trade(SALES, EVER, "counted"): ("sales_days_since_last",),
        Trade(PURCHASES, EVER, "counted"): ("purchases_days_since_last",),
        Trade(BOTH, EVER): ("history_months",),
    }
)
BEHIND: Mapping[str, Behind] = MappingProxyType(
    {
        **{name: trade for trade, names in TRADES.items() for name in names},
        "days_beyond_terms_paid_12m": Settlement("purchase", "out"),
        "days_beyond_terms_received_12m": Settlement("sale", "in"),
        **{name: Selected("tax_filings", name) for name in ("tax_punctual_share_24m", "insurance_punctual_share_24m")},
        "wage_months_share_12m": Selected("payments", "wage_months_share_12m"),
        **{name: Selected("public_records", name) for name in (*COUNTED, "tax_grade")},
        **{
            name: Selected("relations", name)
            for name in ("group_firms", "shared_contacts", "guarantees_given", "guarantee_ring")
        },
        **dict.fromkeys(("kinds_of_data", "verified_share", "checks_passed_share"), Everything()),
    }
)


def behind(figure: str) -> Behind:
    """Return what lies behind a figure; raise `FigureNotFound` for a name that no figure has."""
    if figure not in BEHIND:
        raise FigureNotFound(f"There is no figure {figure[:64]}; GET /v1/catalogue names them.", figure=figure[:64])
    return BEHIND[figure]
