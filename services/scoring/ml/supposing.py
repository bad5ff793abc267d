"""From a table's fuller files to the scores that firms would have, had they shown more: many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from services.scoring.domain.counting import BESIDE, Counts
from services.scoring.domain.fuller import SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.scoring.ml.deciding import DecidedMany
    from services.scoring.ml.scorer import Scorer

COLUMN = "fuller"
HEADS = ("registered_on", "depth", "features_sha256")
KINDS: Mapping[str, type[pl.DataType]] = {
    **dict.fromkeys(("months", "score"), pl.Int64),
    **dict.fromkeys((*HEADS, "grade"), pl.String),
}


def suppose_many(scorer: Scorer, table: pl.DataFrame) -> pl.DataFrame:
    """Return a table with the fuller scores of its rows in place of their fuller files, null where 36 months are shown.

    Only leaves are looked up, no reasons, and of the whole table at once: parts of a batch that did so each took longer
    to call than to look. Members are those of `Fuller`; in `values` NaN is what is not known.
    """
    told = table.get_column(COLUMN, default=None)
    if told is None:
        return table
    known = told.is_not_null()
    if not known.any():
        return table.with_columns(pl.lit(None, _form(len(scorer.features))).alias(COLUMN))
    found = (told if known.all() else told.filter(known)).struct.unnest()
    values = found["values"].struct.unnest().select(pl.col(*scorer.features).cast(pl.Float64)).to_numpy()
    figures = scorer.figures_many(values, depths=found["depth"].to_list())
    made = found.with_columns(
        pl.Series("values", np.ascontiguousarray(values)),
        *(pl.Series(name, getattr(figures, name)) for name in BESIDE),
        months=pl.col("window"),
    )
    score = made.select(_MEMBERS).to_struct(COLUMN).cast(_form(len(scorer.features)))
    # What is not there lies at no place, and so is null.
    places = pl.select(pl.when(known).then(known.cum_sum().cast(pl.Int64) - 1)).to_series()
    return table.with_columns(score if known.all() else score.gather(places))


def supposed_of(rows: pl.DataFrame, confirmed: pl.DataFrame, decided: DecidedMany) -> pl.Series | None:
    """Return the fuller scores of the readings that decide of rows; None where no row has one.

    Both tables have been through `suppose_many`.
    """
    if COLUMN not in rows.columns:  # a profile service of before tells of none
        return None
    whole = rows[COLUMN]
    second = [row for row, beside in decided.beside.items() if beside.counts is Counts.EVERYTHING]
    if second:
        beside = confirmed.select("enterprise", COLUMN)
        mine = rows.select("enterprise").join(beside, on="enterprise", how="left", maintain_order="left")[COLUMN]
        decides = pl.Series(np.isin(np.arange(rows.height), second))
        whole = pl.select(pl.when(decides).then(mine).otherwise(whole).alias(COLUMN)).to_series()
    return whole if whole.count() else None


_MEMBERS = ("shown", "months", *HEADS, "values", *BESIDE)


def _form(width: int) -> pl.Struct:
    """Return the form of fuller scores in a table, by a model of so many features."""
    shown = pl.Struct(dict.fromkeys(SIDES, pl.Int64))
    named: Mapping[str, Any] = {"shown": shown, "values": pl.Array(pl.Float64, width), **KINDS}
    return pl.Struct({name: named.get(name, pl.Float64) for name in _MEMBERS})
