"""Which way money went, as sources write it: two columns, one signed column, or one amount and a word beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from services.profile.book.domain.amounts import MINUS, PLUS, SIGNS
from services.profile.book.domain.titles import plain

SIGNED = "signed"
# What banks write where there is nothing: dashes, a slash, stars.
NOTHING = r"^[\s\-—–―/*]*$"
NO_MONEY = r"^[\s\-+—–―/*¥￥]*0*\.?0*\s*元?$"
BOTH_FILLED = ((" / ", "both columns are filled: money came or went, not both / 收入与支出两栏同时有金额"),)


@dataclass(frozen=True, slots=True)
class Split:
    """One amount in several columns: which of them is filled tells a value of `by`, as debit and credit do.

    `titles` are the file's names by the value that they stand for, those preferred first. `signed` names columns whose
    sign tells it: `above` zero and `below` it; a word in a column of `by` itself beats a plus. `sides` names, for
    another column of ours, where it stands by the value of `by`: the payer of money that came, the payee of money that
    went.
    """

    amount: str
    by: str
    titles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signed: tuple[str, ...] = ()
    above: str = "in"
    below: str = "out"
    sides: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """The titles by what they are for, those preferred first."""
        sides = {f"{ours}/{value}": titles for ours, by in self.sides.items() for value, titles in by.items()}
        return {**self.titles, **({SIGNED: self.signed} if self.signed else {}), **sides}

    def parts(self, titles: Mapping[str, str]) -> dict[str, str]:
        """Return the table's column for each role that the file has; `titles` gives its columns by plain title."""
        found = {}
        for role, names in self.roles.items():
            there = next((titles[plain(name)] for name in names if plain(name) in titles), None)
            if there is not None:
                found[role] = there
        whole = bool(self.titles) and set(self.titles) <= set(found)
        unused = {SIGNED} if whole else set(self.titles) if SIGNED in found else set()
        return {role: name for role, name in found.items() if role not in unused}

    def missing(self, parts: Mapping[str, str]) -> dict[str, str]:
        """Return what a file lacks of the amount: our name, and the titles that it might have."""
        if SIGNED in parts or (self.titles and set(self.titles) <= set(parts)):
            return {}
        wanted = {value: names[0] for value, names in self.titles.items() if value not in parts}
        either = f" / {self.signed[0]}" if self.signed else ""
        return {name: f"{name}{either}" for name in wanted.values()} or {self.amount: self.signed[0]}

    def title(self, parts: Mapping[str, str]) -> str:
        """Return the joined column's name in a reject report."""
        return "/".join(name for role, name in parts.items() if role in self.titles or role == SIGNED)

    def joined(self, raw: pl.DataFrame, parts: Mapping[str, str], words: pl.Expr | None) -> list[pl.Expr]:
        """Return the amount and the value of `by` as columns of text, and the columns of either side.

        `words` is the column of `by`, where the file has one, in our words.
        """
        if SIGNED in parts:
            amount, by = self._by_sign(pl.col(parts[SIGNED]), words)
        else:
            amount, by = self._by_column({value: parts[value] for value in self.titles})
        return [amount.alias(self.title(parts)), by.alias(self.by), *self._of_sides(parts, by)]

    def _by_column(self, columns: Mapping[str, str]) -> tuple[pl.Expr, pl.Expr]:
        """Read two columns: a sum below zero in one of them is money that went the other way."""
        filled = {value: has_money(name) for value, name in columns.items()}
        many = pl.sum_horizontal(there.cast(pl.Int8) for there in filled.values()) > 1
        amount = pl.coalesce(pl.when(there).then(pl.col(columns[value])) for value, there in filled.items())
        by = pl.coalesce(pl.when(there).then(pl.lit(value)) for value, there in filled.items())
        below = amount.str.contains(MINUS)
        other = by.replace({self.above: self.below, self.below: self.above})
        both = pl.concat_str([pl.col(name).str.strip_chars() for name in columns.values()], separator=" / ")
        shown = pl.when(many).then(both).otherwise(amount.str.replace_all(SIGNS, ""))
        return shown, pl.when(below).then(other).otherwise(by)

    def _by_sign(self, amount: pl.Expr, words: pl.Expr | None) -> tuple[pl.Expr, pl.Expr]:
        """Read one column; a sign that a word beside it contradicts stays, for the rules to refuse.

        Where the sums that went are all below zero, the sign says what the word says. Without a word, and without a
        sum below zero among all, nothing says it.
        """
        below = amount.str.contains(MINUS)
        above = pl.when(amount.is_not_null()).then(pl.lit(self.above))
        sign: pl.Expr = pl.when(below).then(pl.lit(self.below)).otherwise(above)
        if words is not None:
            sign = pl.when(below.any() | amount.str.contains(PLUS)).then(sign)
        if words is None:
            return amount.str.replace_all(SIGNS, "").str.replace(PLUS, ""), sign
        by = words.fill_null(sign)
        agrees = below & (by == self.below) & (below | (by != self.below)).all()
        shown = pl.when(agrees).then(amount.str.replace_all(SIGNS, "")).otherwise(amount.str.replace(PLUS, ""))
        return shown, by

    def _of_sides(self, parts: Mapping[str, str], by: pl.Expr) -> list[pl.Expr]:
        found = []
        for ours, sides in self.sides.items():
            there = {value: parts[f"{ours}/{value}"] for value in sides if f"{ours}/{value}" in parts}
            if there:
                either = pl.coalesce(pl.when(by == value).then(pl.col(name)) for value, name in there.items())
                found.append(either.alias("/".join(there.values())))
        return found

    def side_titles(self, parts: Mapping[str, str]) -> dict[str, str]:
        """Return the joined columns of either side by their name in the table, and ours."""
        found = {}
        for ours, sides in self.sides.items():
            there = [parts[f"{ours}/{value}"] for value in sides if f"{ours}/{value}" in parts]
            if there:
                found["/".join(there)] = ours
        return found


def has_money(name: str) -> pl.Expr:
    """Tell where a column of amounts holds one other than nought."""
    return (~pl.col(name).str.contains(NO_MONEY)).fill_null(value=False)


def without_dashes(names: Sequence[str]) -> list[pl.Expr]:
    """Return columns of text with null where a bank's sign for nothing stands."""
    return [pl.when(~pl.col(name).str.contains(NOTHING)).then(pl.col(name)).alias(name) for name in names]


def in_our_words(name: str, words: Mapping[str, str]) -> pl.Expr:
    """Return a column of choices in our words, a word that is not known as it is."""
    written = pl.col(name).str.strip_chars()
    return pl.coalesce(written.replace_strict(dict(words), default=None, return_dtype=pl.String), written)
