"""What the first values of a column look like, and how many of them our readers take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice, permutations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from services.profile.book.domain.amounts import fen_of
from services.profile.book.domain.cells import READERS
from services.profile.book.domain.dataset import Column
from services.profile.standards.codes import uscc_fault

MOST_LOOKED_AT = 200
FEW, MOSTLY, FEW_SHARE = 3, 0.95, 0.3
# A word that holds a known one is taken for it once the sender confirms.
MEANT = 0.8
MOST_AMOUNTS = 12
Amounts: TypeAlias = npt.NDArray[np.float64]
# Forms of dates that nobody reads unless they are declared, since a day and a month look alike.
DATE_FORMS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y")
# Any text is one of these, so that its being read says nothing.
TELL_NOTHING = frozenset({"text", "identifier", "counterparty", "party", "enterprise"})
DIGIT = r"\d"
DATE_LIKE = r"^\s*\d{1,4}[-/.年 ]\s*\w{1,9}[-/.月 ]\s*\d{1,4}|^\s*(19|20)\d{6}"
INVOICE_NUMBER = r"^\d{20}$"
DECIMALS = r"^[¥￥]?\s*[+-]?[\d,]+\.\d{1,2}$"
MINUS = r"^\s*[-−－]"
# Signs that stand for a word: what comes and what goes.
SIGNS: Mapping[str, str] = {"+": "in", "-": "out", "＋": "in", "－": "out"}
NOTHING = r"^[\s\-—–―/*]*$"


@dataclass(frozen=True, slots=True)
class Sample:
    """The first values of a column: those that are filled, each once; all in their order.

    `shares` tell how many are credit codes, invoice numbers of 20 digits, amounts with decimals, dates or digits.
    """

    distinct: pl.Series
    rows: pl.Series
    shares: Mapping[str, float]


def sample(rows: pl.Series) -> Sample:
    """Return the sample of a column of text; what stands for nothing, such as a dash, is not filled."""
    text = rows.str.strip_chars()
    filled = text.filter(text.is_not_null() & ~text.str.contains(NOTHING))
    distinct = filled.unique(maintain_order=True).head(MOST_LOOKED_AT)
    return Sample(distinct, text, _shares(distinct))


def _shares(distinct: pl.Series) -> dict[str, float]:
    if distinct.is_empty():
        return dict.fromkeys(("code", "invoice", "decimals", "digits", "dates"), 0.0)
    codes = [uscc_fault(text.removeprefix("uscc:").upper()) is None for text in distinct if len(text) >= 18]
    patterns = {"invoice": INVOICE_NUMBER, "decimals": DECIMALS, "digits": DIGIT, "dates": DATE_LIKE}
    shares = {name: float(distinct.str.contains(pattern).sum()) / distinct.len() for name, pattern in patterns.items()}
    return {"code": sum(codes) / distinct.len(), **shares}


def fit(column: Column, found: Sample, today: date) -> float | None:
    """Return the share of a sample's values that are read as this column is; None where that says nothing."""
    if found.distinct.is_empty() or column.reads in TELL_NOTHING:
        return None
    if column.choices:
        known = [
            1.0 if word in column.choices else MEANT * bool(meant(word, column.choices)) for word in found.distinct
        ]
        return sum(known) / len(known)
    if found.shares["digits"] < FEW_SHARE:
        return 0.0
    if column.reads in {"date", "day"} and (form := date_form(column, found, today)):
        column = replace(column, form=form)
    return _read(column, found, today)


def _read(column: Column, found: Sample, today: date) -> float:
    parsed, _ = READERS[column.reads](column, found.distinct, today)
    return 1 - parsed.null_count() / found.distinct.len()


def date_form(column: Column, found: Sample, today: date) -> str | None:
    """Return the form of dates that are written in another way than ours; None where they are not, or may be two."""
    if found.shares["dates"] < FEW_SHARE or _read(column, found, today) >= MOSTLY:
        return None
    fitting = [form for form in DATE_FORMS if _read(replace(column, form=form), found, today) >= MOSTLY]
    return fitting[0] if len(fitting) == 1 else None


def meant(word: str, choices: Mapping[str, str]) -> str | None:
    """Return what a word stands for that holds a known one, the longest; None where it may stand for two."""
    if SIGNS.get(word) in choices.values():
        return SIGNS[word]
    held = sorted((known for known in choices if known in word), key=len, reverse=True)
    longest = {choices[known] for known in held if len(known) == len(held[0])}
    return longest.pop() if len(longest) == 1 else None


def owner(found: Mapping[str, Sample]) -> str | None:
    """Return the credit code that stands in every row, in one of the columns of codes or another; the file is about it.

    Where several do, as one seller and one buyer of a short file, none is told.
    """
    columns = [one.rows.str.to_uppercase() for one in found.values() if one.shares["code"] > FEW_SHARE]
    if len(columns) < 2 or columns[0].is_empty():
        return None
    everywhere = []
    for code in {code for rows in columns for code in rows.drop_nulls().unique().head(FEW)}:
        there = np.any([(rows == code).fill_null(value=False).to_numpy() for rows in columns], axis=0)
        if there.all() and uscc_fault(code.removeprefix("USCC:")) is None:
            everywhere.append(code.removeprefix("USCC:"))
    return f"uscc:{everywhere[0]}" if len(everywhere) == 1 else None


def adds_up(found: Mapping[str, Sample]) -> tuple[str, str, str] | None:
    """Return the columns of which a net amount and its smaller tax add up to a total in nearly every row."""
    fen = _amounts(found)
    for net, tax, total in permutations(fen, 3):
        smaller = np.abs(fen[tax]) < np.abs(fen[net])
        if smaller.mean() > 0.5 and _nought(fen[net] + fen[tax] - fen[total]):
            return net, tax, total
    return None


def runs_on(found: Mapping[str, Sample]) -> tuple[str, tuple[str, ...]] | None:
    """Return a balance that moves from row to row by an amount, up or down, and the columns of that amount."""
    fen = _amounts(found)
    moves = {name: np.where(amount == 0, np.nan, np.abs(amount)) for name, amount in fen.items()}
    for balance, held in fen.items():
        steps = np.abs(np.diff(held))
        agreeing = tuple(
            name
            for name, moved in moves.items()
            if name != balance and (_nought(moved[1:] - steps) or _nought(moved[:-1] - steps))
        )
        if agreeing:
            return balance, agreeing
    return None


def _amounts(found: Mapping[str, Sample]) -> dict[str, Amounts]:
    """Return the columns of amounts in fen, not a number where there is none."""
    mostly = [name for name, one in found.items() if one.shares["digits"] > MOSTLY]
    fen = {name: _fen(found[name].rows) for name in mostly}
    return dict(islice(((name, one) for name, one in fen.items() if np.isfinite(one).sum() >= FEW), MOST_AMOUNTS))


def _fen(rows: pl.Series) -> Amounts:
    fen = fen_of(rows.str.replace_all(r"[,¥￥\s]", "").head(MOST_LOOKED_AT))
    return fen.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _nought(difference: Amounts) -> bool:
    known = difference[np.isfinite(difference)]
    return known.size >= FEW and bool((np.abs(known) <= 1).mean() >= MOSTLY)
