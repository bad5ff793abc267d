"""What firms say of themselves ties nobody to anybody: neither their own network figures nor those of others."""

from __future__ import annotations

from typing import Any

import polars as pl
from crosscheck_material import fitted
from invoice_books import AS_OF, frame, purchase, sale

from services.profile.book.domain.evidence import ENTERPRISES, evidence
from services.profile.portrait.domain.indicators import Trust, whole
from services.profile.portrait.domain.indicators.confidence import CHANNELS, CHECKS

FIRMS = fitted(
    pl.DataFrame([{"enterprise": "local:E1"}, {"enterprise": "local:E2", "size_class": "large"}]), ENTERPRISES
)
SENT = [("imp_tax", "government"), ("imp_E1", "subject")]
TRUST = Trust(pl.DataFrame(SENT, schema=CHANNELS, orient="row"), pl.DataFrame(schema=CHECKS))
KNOWN = [
    sale("2020-01-05", 100, "E3", enterprise="local:E2", import_id="imp_tax"),
    purchase("2020-01-07", 100, "E3", enterprise="local:E2", import_id="imp_tax"),
]
INVENTED = [sale("2020-01-06", 900, "E2", import_id="imp_E1"), purchase("2020-01-08", 900, "E2", import_id="imp_E1")]


def figures(*rows: dict[str, Any]) -> pl.DataFrame:
    numbered = [{"number": str(place), **row} for place, row in enumerate(rows)]
    invoices = frame(numbered).with_columns(pl.col("counterparty").str.strip_prefix("local:"))
    return whole(evidence(invoices, {}, FIRMS), AS_OF, TRUST)


def test_invented_dealings_move_no_figure_of_the_other_and_tell_the_inventor_nothing() -> None:
    """In both directions, with a large firm: no share of mutual trade, no core customer, no place in the network."""
    assert figures(*KNOWN, *INVENTED).equals(figures(*KNOWN))


def test_the_same_dealings_as_another_source_states_them_do() -> None:
    told = [{**row, "import_id": "imp_tax"} for row in INVENTED]
    assert not figures(*KNOWN, *told).equals(figures(*KNOWN))
