"""What the values of a column say of it, whatever its title: codes, numbers, dates, amounts that add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from services.profile.book.domain.dataset import Column
from services.profile.book.domain.proposal.values import MINUS, Sample, adds_up, fit, runs_on

MOSTLY, MANY = 0.9, 0.6
DATE = Column("date", "date", ())
PARTS = ("net_fen", "tax_fen", "total_fen")


@dataclass(frozen=True, slots=True)
class Look:
    """How sure the values are of a column of ours, from 0 to 1, and why ("english / 中文")."""

    weight: float
    reason: str


class Looks:
    """What all columns of one table look like; each way of reading is tried once a column."""

    def __init__(self, samples: Mapping[str, Sample], today: date) -> None:
        self.samples, self._today = samples, today
        self._sum, self._balance = adds_up(samples), runs_on(samples)
        self._dates = [name for name, one in samples.items() if (fit(DATE, one, today) or 0) > MOSTLY]
        self._known: dict[tuple[object, ...], float | None] = {}

    def of(self, name: str, column: Column) -> float | None:
        """Return the share of a column's values that are read as one of ours; None where that says nothing."""
        words = tuple(column.choices) if column.choices else None
        # A day on which something happened lies after a first one: the name is a part of how it is read.
        key = (name, column.reads, words, column.name == "date", column.unit)
        if key not in self._known:
            self._known[key] = fit(column, self.samples[name], self._today)
        return self._known[key]

    def signed(self, name: str) -> bool:
        """Tell whether a column has amounts below zero."""
        return bool(self.samples[name].distinct.str.contains(MINUS).any())

    def look(self, name: str, ours: str, column: Column, share: float | None) -> Look | None:
        """Return what the values of a column say of it as this one of ours, None where they say nothing."""
        if self.samples[name].distinct.is_empty():
            return None
        found = (*self._codes(name, ours), *self._figures(name, ours), *self._readable(name, ours, column, share))
        return max(found, key=lambda one: one.weight, default=None)

    def _codes(self, name: str, ours: str) -> Iterator[Look]:
        found = self.samples[name]
        if found.shares["code"] > MANY and ours in {"enterprise", "counterparty"}:
            # One firm in all rows is whom the file is about; many are its partners.
            fitting = (found.distinct.len() == 1) == (ours == "enterprise")
            yield Look(0.6 if fitting else 0.3, "the values are credit codes / 取值是统一社会信用代码")
        if found.shares["invoice"] > MANY and ours == "number":
            yield Look(0.7, "the values are invoice numbers of 20 digits / 取值是 20 位发票号码")

    def _figures(self, name: str, ours: str) -> Iterator[Look]:
        if self._sum and (name, ours) in zip(self._sum, PARTS, strict=True):
            yield Look(0.7, "net and tax add up to the total / 金额与税额之和等于价税合计")
        if self._balance is None:
            return
        balance, amounts = self._balance
        if (name, ours) == (balance, "balance_fen"):
            yield Look(0.7, "it moves by the amount of each row / 余额逐笔连续")
        if (name,) == amounts and ours == "amount_fen":
            yield Look(0.6, "a balance beside it moves by it / 与余额变动一致")

    def _readable(self, name: str, ours: str, column: Column, share: float | None) -> Iterator[Look]:
        if share is None or share <= MOSTLY:
            return
        if column.reads == "choice":
            yield Look(0.6, "the values are words that are known for it / 取值均在字典中")
        elif ours == "date" and self._dates == [name]:
            yield Look(0.6, "no other column holds dates / 唯一的日期列")
        elif column.reads in {"date", "day"}:
            yield Look(0.3, "the values are dates / 取值是日期")
        elif column.reads == "money" and self.samples[name].shares["decimals"] > MANY:
            yield Look(0.2, "the values are amounts / 取值是金额")
