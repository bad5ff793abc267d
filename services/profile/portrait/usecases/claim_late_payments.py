"""What customers owe beyond their terms, and the interest that the law gives for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from services.profile.book import enterprise_store
from services.profile.book.context import Context
from services.profile.book.domain.enterprise import Enterprise
from services.profile.book.domain.moment import Asked
from services.profile.book.domain.party import party_of
from services.profile.book.usecases.gather import gather
from services.profile.portrait.domain.late_payment import Account, Side, accounts, checked_rate, parts_of, unrecognised
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading


@dataclass(frozen=True, slots=True)
class Claimed:
    """The accounts of an enterprise's customers (or its own towards suppliers) as of a day.

    `unrecognised_fen` is money for goods whose other side nobody told: what is open may have been paid with it.
    """

    file: OpenFile
    side: Side
    accounts: tuple[Account, ...]
    since: date | None
    unrecognised_fen: int


def claim_late_payments(
    context: Context, reading: Reading, enterprise: str, asked: Asked, side: Side, yearly: Decimal | None = None
) -> Claimed:
    """Return who pays late, by how much and for how long, and the interest accrued.

    `yearly` is an agreed rate; raises `RateTooLow` where it lies below the one-year LPR of the as-of day. `since` is
    the first payment known: invoices before it are not judged, and None says that no payments are known at all.
    """
    file = open_at(context, reading, enterprise, asked)
    moment = file.moment
    rate = None if yearly is None else checked_rate(yearly, moment.as_of)
    evidence = gather(context, moment, file.permit)
    with context.database.read() as session:
        partners = evidence.invoices.select(party_of(pl.col("counterparty").unique().drop_nulls())).to_series()
        firms = enterprise_store.enterprises_at(session, file.facts.known_at, [enterprise, *partners])
    parts = parts_of(evidence.invoices, evidence.payments, evidence.orders, _parties(firms), side)
    first = evidence.payments.filter(pl.col("direction") == ("in" if side == "sale" else "out"))["date"].min()
    since = first if isinstance(first, date) else None
    return Claimed(file, side, accounts(parts, moment.as_of, rate), since, unrecognised(evidence.payments, side))


def _parties(firms: list[Enterprise]) -> pl.DataFrame:
    rows = [(firm.id, firm.size_class) for firm in firms]
    return pl.DataFrame(rows, schema={"enterprise": pl.String, "size_class": pl.String}, orient="row")
