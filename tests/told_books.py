"""Small books in which firms speak for themselves beside others, and what may confirm them, drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st
from invoice_books import AS_OF, KNOWN, frame

from services.profile.book.domain import payment, tax_filing
from services.profile.book.domain.confirmation import SENDERS, Beside, Told, weigh

FIRMS = ("local:E1", "local:E2")
PARTNERS = ("P1", "P2", "E2", "E1")
# Who sent each import: the tax office, each firm, a bank, and a service that passes the firms' word on.
SENT = {
    "imp_tax": ("tax-office", "government"),
    "imp_partner": ("platform", "counterparty"),
    "imp_E1": ("local:E1", "subject"),
    "imp_E2": ("local:E2", "subject"),
    "imp_passed": ("platform", "subject"),
    "imp_bank": ("bank", "counterparty"),
}
SENDER_ROWS = pl.DataFrame([(name, *who) for name, who in SENT.items()], schema=SENDERS, orient="row")
OWN = {"local:E1": ("imp_E1", "imp_passed"), "local:E2": ("imp_E2", "imp_passed")}
START = date(2019, 6, 1)


@dataclass(frozen=True)
class Spoken:
    """A drawn book: invoices that stand, and what is told beside."""

    invoices: pl.DataFrame
    told: Told

    def weighed(self) -> pl.DataFrame:
        return weigh(self.invoices, self.told)


def told(
    *rows: dict[str, Any],
    mirrored: Iterable[dict[str, Any]] = (),
    payments: Iterable[dict[str, Any]] = (),
    filings: Iterable[dict[str, Any]] = (),
    before: Iterable[dict[str, Any]] = (),
) -> Spoken:
    """Return a book of these rows; `before` are statements that stand no more."""
    dealt = [{"number": str(place), **row} for place, row in enumerate(rows)]
    beside = Beside(
        frame(mirrored),
        pl.DataFrame([{**PAID, **each} for each in payments], schema=payment.SCHEMA),
        pl.DataFrame([{**FILED, **each} for each in filings], schema=tax_filing.SCHEMA),
    )
    return Spoken(frame(dealt), Told(frame([*before, *dealt]), SENDER_ROWS, beside))


PAID = {
    "enterprise": "local:E1",
    "direction": "in",
    "counterparty": "P1",
    "status": "valid",
    "version": 1,
    "known_at": KNOWN,
    "import_id": "imp_bank",
}
FILED = {
    "enterprise": "local:E1",
    "tax": "vat",
    "due_fen": 0,
    "paid_fen": 0,
    "version": 1,
    "known_at": KNOWN,
    "import_id": "imp_tax",
}


@st.composite
def told_books(draw: st.DrawFn) -> Spoken:
    """Up to 24 invoices of two firms, of their own word and of others, red and void too, with all that may confirm."""
    rows = [{**row, "number": str(place)} for place, row in enumerate(draw(st.lists(_invoices(), max_size=24)))]
    mirrored = [mirror(row, draw(st.sampled_from(sorted(SENT)))) for row in rows if draw(st.booleans())]
    return told(
        *rows,
        mirrored=mirrored,
        payments=draw(st.lists(payments_drawn(), max_size=8)),
        filings=draw(st.lists(filings_drawn(), max_size=3)),
    )


@st.composite
def _invoices(draw: st.DrawFn) -> dict[str, Any]:
    enterprise = draw(st.sampled_from(FIRMS))
    net = draw(st.sampled_from([100, 200, 300, 1000, -100]))
    return {
        "enterprise": enterprise,
        "direction": draw(st.sampled_from(["sale", "purchase"])),
        "counterparty": draw(st.sampled_from([each for each in PARTNERS if f"local:{each}" != enterprise])),
        "date": START + timedelta(days=draw(st.integers(0, (AS_OF - START).days))),
        "net_fen": net,
        "tax_fen": 0,
        "total_fen": net,
        "status": draw(st.sampled_from(["valid", "valid", "valid", "void"])),
        "version": 1,
        "known_at": KNOWN,
        "import_id": draw(st.sampled_from(["imp_tax", "imp_partner", *OWN[enterprise]])),
    }


def payments_drawn() -> st.SearchStrategy[dict[str, Any]]:
    """Return payments of either firm with partners, by a bank or by the firm itself."""
    return st.builds(
        lambda firm, way, party, back, fen, by: {
            **PAID,
            "enterprise": firm,
            "direction": way,
            "counterparty": party,
            "reference": f"{firm}{back}{fen}",
            "date": AS_OF - timedelta(days=back),
            "amount_fen": fen,
            "import_id": OWN[firm][0] if by else "imp_bank",
        },
        st.sampled_from(FIRMS),
        st.sampled_from(["in", "out"]),
        st.sampled_from(PARTNERS),
        st.integers(0, 300),
        st.sampled_from([50, 100, 200, 400, 1000]),
        st.integers(0, 4).map(lambda draw: draw == 0),
    )


def filings_drawn() -> st.SearchStrategy[dict[str, Any]]:
    """Return filings of VAT of whole months."""
    return st.builds(
        lambda firm, month, fen: {
            **FILED,
            "enterprise": firm,
            "period_start": date(2019, month, 1),
            "period_end": date(2019, month + 1, 1) - timedelta(days=1),
            "declared_sales_fen": fen,
        },
        st.sampled_from(FIRMS),
        st.integers(6, 11),
        st.sampled_from([100, 300, 1000, 30_000]),
    )


def mirror(row: dict[str, Any], by: str) -> dict[str, Any]:
    return {
        **row,
        "enterprise": f"local:{row['counterparty']}",
        "counterparty": row["enterprise"].removeprefix("local:"),
        "direction": "purchase" if row["direction"] == "sale" else "sale",
        "import_id": by,
    }
