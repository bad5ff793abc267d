"""Confirmed by a bank line: money of another source between the two covers the invoice, and each fen of it once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeAlias

import polars as pl

from services.profile.book.domain.confirmation.told import Told

c = pl.col
# How long before and after its invoice money is taken for it: 2026-11, ours. An advance comes with the order; terms of
# payment reach 60 days (保障中小企业款项支付条例), and who pays later mostly does within two terms more.
BEFORE, AFTER = timedelta(days=30), timedelta(days=180)
# How much of an invoice may be lacking, in parts of a hundred: 2026-11, ours. Fees and rounding are less.
LACKING_PERCENT = 1
# A day, an amount in fen, and the place of the row that it is of.
Entry: TypeAlias = tuple[date, int, int]
PAIR = ("enterprise", "direction", "counterparty")
ORDER = ("date", "number", "code", "total_fen")


def bank(rows: pl.DataFrame, told: Told, proven: pl.DataFrame) -> pl.Series:
    """Tell which invoices are covered by payments that another source than the enterprise states.

    Of the payments of a pair the invoices that are proven otherwise take theirs first, then these, the oldest first;
    each takes the oldest money within its days. What only part is left for is not confirmed and keeps that part, so
    that one more payment never takes a confirmation away.
    """
    lines = _lines(told)
    paid = rows.join(lines.select(PAIR).unique(), on=PAIR, how="semi")
    if paid.is_empty():
        return pl.Series([False]).new_from_index(0, rows.height)
    near = proven.filter(c("total_fen") > 0).join(paid.select(PAIR).unique(), on=PAIR, how="semi")
    first, money = _by_pair(near, "total_fen"), _by_pair(lines, "amount_fen")
    covered: list[int] = []
    for pair, claims in _by_pair(paid, "total_fen").items():
        till = Till(money[pair])
        till.take(first.get(pair, []))
        covered += [claim[2] for claim, whole in zip(claims, till.take(claims), strict=True) if whole]
    return rows["place"].is_in(covered)


class Till:
    """What is left of the lines of a pair, the oldest first; claims take from it."""

    def __init__(self, lines: Sequence[Entry]) -> None:
        self._days = [day for day, _, _ in lines]
        self._left = [fen for _, fen, _ in lines]

    def take(self, claims: Sequence[Entry]) -> list[bool]:
        """Let claims, the oldest first, take the oldest money within their days; tell which of them are covered."""
        covered, start = [], 0
        for day, fen, _ in claims:
            while start < len(self._days) and (not self._left[start] or self._days[start] < day - BEFORE):
                start += 1
            lacking = fen - self._taken(start, day + AFTER, fen)
            covered.append(lacking * 100 <= fen * LACKING_PERCENT)
        return covered

    def _taken(self, start: int, last: date, fen: int) -> int:
        """Take up to so much from the lines from a place on that are dated up to a day; return how much there was."""
        lacking = fen
        for place in range(start, len(self._days)):
            if not lacking or self._days[place] > last:
                break
            part = min(lacking, self._left[place])
            self._left[place] -= part
            lacking -= part
        return fen - lacking


def _lines(told: Told) -> pl.DataFrame:
    """Return the money for goods, or without a stated purpose, between two parties, as the other side of invoices."""
    goods = c("purpose").is_null() | (c("purpose") == "goods")
    named = told.beside.payments.filter(c("status") == "valid", goods, c("counterparty").is_not_null(), ~told.own())
    side = pl.when(c("direction") == "in").then(pl.lit("sale")).otherwise(pl.lit("purchase")).alias("direction")
    return named.select("enterprise", side, "counterparty", "date", "amount_fen", place=pl.lit(0))


def _by_pair(rows: pl.DataFrame, amount: str) -> dict[tuple[str, ...], list[Entry]]:
    """Return day, fen and place of rows by pair, in an order that does not depend on how they lie in the lake."""
    found: dict[tuple[str, ...], list[Entry]] = {}
    ordered = rows.sort([name for name in ORDER if name in rows.columns], nulls_last=True)
    for *pair, day, fen, place in ordered.select(*PAIR, "date", amount, "place").iter_rows():
        found.setdefault(tuple(pair), []).append((day, fen, place))
    return found
