"""Buyers without a code: what they buy counts, and they are no partners of anybody."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from crosscheck_material import around
from invoice_books import AS_OF, book, sale
from signal_scenes import scene

from services.profile.book.domain.evidence import ENTERPRISES, evidence
from services.profile.portrait.domain.crosscheck import check
from services.profile.portrait.domain.features import compute
from services.profile.portrait.domain.indicators import chain, relation
from services.profile.portrait.domain.late_payment import parts_of
from services.profile.portrait.domain.portrait import partners

FIRMS = [sale("2019-06-10", 300, "K1"), sale("2019-07-10", 100, "K2"), sale("2018-07-10", 100, "K1")]
PERSONS = [sale(f"2019-{month:02}-15", 1_000, counterparty=None) for month in range(3, 13)]
OF_PARTNERS = ("customers_12m", "customer_hhi_12m", "customer_top1_share_12m", "customer_retention_12m")


def values(*rows: dict[str, Any]) -> dict[str, Any]:
    return compute(book(*rows), as_of=AS_OF).row(0, named=True)


@pytest.mark.parametrize("feature", [*OF_PARTNERS, "sales_per_customer_12m", "repeat_customer_share_36m"])
def test_persons_are_left_out_of_what_is_said_of_partners(feature: str) -> None:
    """Concentration, retention and partners are those of the firms that buy."""
    assert values(*FIRMS, *PERSONS)[feature] == values(*FIRMS)[feature]


def test_sales_to_persons_are_sales() -> None:
    """They count in every sum."""
    assert values(*FIRMS, *PERSONS)["sales_12m"] == 10_400
    assert values(*FIRMS, *PERSONS)["sales_invoices_12m"] == 12


def test_a_shop_depends_on_nobody() -> None:
    """Persons alone are no customer of one's own, and no concentration."""
    found = values(*PERSONS)
    assert [found[name] for name in OF_PARTNERS[:3]] == [0, None, None]


def test_a_portrait_lists_no_person_among_the_partners() -> None:
    """And the shares are those among firms."""
    found = partners(book(*FIRMS, *PERSONS), "sale", AS_OF)
    assert [(partner.id, partner.share) for partner in found] == [("local:K1", 0.8), ("local:K2", 0.2)]


def test_the_network_knows_no_person() -> None:
    """They are neither a node nor a partner on both sides, and yet part of all trade."""
    rows = book(*FIRMS, *PERSONS, sale("2019-06-11", 5_000, counterparty=None, direction="purchase"))
    links = chain.links(rows, pl.lit(AS_OF))
    assert links["sold"].sum() == 10_400
    assert chain.network(links, pl.Series([], dtype=pl.String))["enterprise"].to_list() == ["local:E1"]
    days = pl.DataFrame({"enterprise": ["local:E1"], "as_of": [AS_OF]})
    assert relation.mutual_trade(rows, days)["mutual_trade"].to_list() == [0.0]


def test_no_person_owes_anything_that_could_be_told_apart() -> None:
    """What is owed is settled by party."""
    found = evidence(book(*PERSONS), {}, pl.DataFrame(schema=ENTERPRISES))
    paid = found.payments
    assert parts_of(found.invoices, paid, found.orders, found.enterprises, "sale").is_empty()


def test_no_cross_check_pairs_persons() -> None:
    """Neither what they paid nor the number of what they sold."""
    twice = [sale("2019-06-10", 1_000_000_00, counterparty=None, direction="purchase", number="1") for _ in range(2)]
    found = evidence(book(*PERSONS, *twice), {}, pl.DataFrame(schema=ENTERPRISES))
    findings = check(around(found, AS_OF))
    assert findings.filter("contradicts").is_empty()


def test_no_signal_loses_or_gains_a_person_as_a_customer() -> None:
    """Links to customers are links to firms; what was sold to anybody stands beside them."""
    found = scene(*FIRMS, *PERSONS).customers
    assert found["counterparty"].to_list() == ["local:K1", "local:K2"]
    assert found["all_12"].to_list() == [10_400, 10_400]
