"""From a table to the numbers a learner sees, without ever looking at the label.

Features of the catalogue are numbers already. A bank's own table also has words and dates: what each column becomes is
learned on the training rows alone, kept with the model and applied unchanged to every later row.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from services.scoring.domain.errors import FeaturesDoNotFit, TrainingDataUnusable
from services.scoring.ml.trees import as_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y")
# A word column gets a yes-or-no column for each frequent value; one of many values is told by their frequency as well,
# and there a value counts as frequent from so many rows on.
_FEW_LEVELS = 10
_RARE = 0.01
_OFTEN = 20
# Beyond every amount, count and day that a feature can have, and well within 32-bit floats.
BEYOND = 1e30
# What Parquet may hold and no learner reads.
_NOTHING = (pl.Time, pl.Duration, pl.Binary, pl.Object)
# A word column where most rows differ is a name or a number of a file: it cannot generalise.
_NAME_LIKE = 0.5


@dataclass(frozen=True, slots=True)
class Column:
    """One number that the learner sees: where it comes from and how; `missing` stands for what is not known.

    `frequencies` has the number of each word of a column of many, `default` that of a word that training never saw.
    """

    source: str
    kind: str  # number | date | level | frequency | rate
    level: str | None = None
    date_format: str | None = None
    frequencies: dict[str, float] = field(default_factory=dict)
    missing: float | None = None
    default: float = 0.0

    @property
    def name(self) -> str:
        """The source column, with the level where it is one of several."""
        if self.kind == "rate":
            return f"{self.source} (rate)"
        return f"{self.source}={self.level}" if self.kind == "level" else self.source


@dataclass(frozen=True)
class Encoding:
    """The columns in the learner's order, and the source columns that were left out with the reason."""

    columns: tuple[Column, ...]
    ignored: dict[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[str, ...]:
        """Source columns in order of first use."""
        return tuple(dict.fromkeys(column.source for column in self.columns))

    @cached_property
    def plain(self) -> bool:
        """Whether every column is a number as it stands."""
        return all(column.kind == "number" for column in self.columns)

    def owner(self) -> NDArray[np.int64]:
        """Return for each learner's column the position of its source: contributions are summed by it."""
        place = {source: position for position, source in enumerate(self.sources)}
        return np.array([place[column.source] for column in self.columns], dtype=np.int64)

    def rows(self, frame: pl.DataFrame) -> NDArray[np.float32]:
        """Return the frame as (rows, columns) of 32-bit floats, NaN where missing; raise `FeaturesDoNotFit`."""
        absent = [source for source in self.sources if source not in frame.columns]
        if absent:
            raise FeaturesDoNotFit(
                f"the table lacks {len(absent)} of the model's columns: {', '.join(absent[:5])}", absent=absent
            )
        # By their places: a column may be named as another's level is.
        encoded = frame.select(
            _expression(column, frame.schema[column.source]).alias(str(place))
            for place, column in enumerate(self.columns)
        )
        return self.filled(encoded.to_numpy().astype(np.float32, order="C"))

    def row(self, values: Mapping[str, Any]) -> NDArray[np.float32]:
        """Return one row (columns,) from named values; None is missing, an absent name is an error."""
        (row,) = self.few([values])
        return as_rows(row)

    def few(self, several: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
        """Do as `row` for several of them: (rows, columns)."""
        if not self.plain:
            lines = [pl.DataFrame([{source: values.get(source) for source in self.sources}]) for values in several]
            return as_rows(np.concatenate([self.rows(line) for line in lines]))
        names = [column.source for column in self.columns]
        try:
            with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused below
                rows = np.array([[values[name] for name in names] for values in several], dtype=np.float32)
        except KeyError as absent:
            raise FeaturesDoNotFit(f"the model needs the feature {absent.args[0]!r}", absent=[absent.args[0]]) from None
        except (TypeError, ValueError) as wrong:
            raise FeaturesDoNotFit(f"a feature is not a number: {wrong}") from None
        return as_rows(self.filled(rows))

    def filled(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return encoded rows (n, columns), in place, with what stands for a missing value where one is declared.

        Raises `FeaturesDoNotFit` for an infinite value.
        """
        if np.isinf(rows).any():
            column = self.columns[int(np.isinf(rows).any(axis=0).argmax())]
            raise FeaturesDoNotFit(f"the feature {column.source!r} holds an infinite or too large value")
        gaps = np.isnan(rows)
        if gaps.any():
            rows[gaps] = np.broadcast_to(self._missing, rows.shape)[gaps]
        return rows

    @cached_property
    def _missing(self) -> NDArray[np.float32]:
        return np.array(
            [np.nan if column.missing is None else column.missing for column in self.columns], dtype=np.float32
        )

    def as_json(self) -> dict[str, Any]:
        """Return the encoding as plain values."""
        return {"columns": [asdict(column) for column in self.columns], "ignored": self.ignored}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Encoding:
        """Return the inverse of `as_json`."""
        return cls(tuple(Column(**column) for column in value["columns"]), value["ignored"])


def learn_encoding(
    frame: pl.DataFrame, features: Sequence[str] | None, directions: Mapping[str, int] | None = None
) -> Encoding:
    """Return what each column becomes, from training rows without the label.

    `features` names numeric columns to take as they are (the catalogue's); None takes what is usable of every column.
    Where a feature's direction of risk is given, a missing value counts as worse than any known one: what is left out
    can never help.
    """
    if features is not None:
        absent = [name for name in features if name not in frame.columns]
        if absent:
            raise TrainingDataUnusable(f"the training table lacks the features {', '.join(absent)}", absent=absent)
        worst = {name: BEYOND * sign for name, sign in (directions or {}).items() if sign}
        return Encoding(tuple(Column(name, "number", missing=worst.get(name)) for name in features))
    columns: list[Column] = []
    ignored: dict[str, str] = {}
    for name in frame.columns:
        found = _columns_of(frame[name])
        if isinstance(found, str):
            ignored[name] = found
        else:
            columns.extend(found)
    if not columns:
        raise TrainingDataUnusable(f"no column can be learned from; each was left out: {ignored}", ignored=ignored)
    return Encoding(tuple(columns), ignored)


def _columns_of(values: pl.Series) -> list[Column] | str:
    """Return the learner's columns of one source column, or why it is left out."""
    if values.dtype.is_nested() or values.dtype in _NOTHING:
        return "holds neither numbers nor words nor days"
    if values.n_unique() - (values.null_count() > 0) <= 1:
        return "has one value only"
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        return [Column(values.name, "number")]
    if values.dtype.is_temporal():
        return [Column(values.name, "date")]
    return _columns_of_words(values.drop_nulls().cast(pl.String, strict=False).str.strip_chars())


def _columns_of_words(words: pl.Series) -> list[Column] | str:
    name, distinct = words.name, words.n_unique()
    if distinct > max(_NAME_LIKE * len(words), _FEW_LEVELS):
        return "names rows instead of describing them"
    if words.cast(pl.Float64, strict=False).null_count() == 0:
        return [Column(name, "number")]
    for date_format in _DATE_FORMATS:
        if words.str.to_date(date_format, strict=False).null_count() == 0:
            return [Column(name, "date", date_format=date_format)]
    counted = words.value_counts(normalize=True, name="share").sort("share", name, descending=[True, False])
    shares = dict(counted.iter_rows())
    few = distinct <= _FEW_LEVELS
    least = _RARE if few else max(_RARE, _OFTEN / len(words))
    levels = [Column(name, "level", level=level) for level, share in shares.items() if share >= least]
    return levels if few else [Column(name, "frequency", frequencies=shares), *levels]


def _expression(column: Column, dtype: pl.DataType) -> pl.Expr:
    source = pl.col(column.source)
    words = source.cast(pl.String, strict=False).str.strip_chars()
    match column.kind:
        case "number":
            value = (source if dtype.is_numeric() or dtype == pl.Boolean else words).cast(pl.Float64, strict=False)
        case "date":
            day = words.str.to_date(column.date_format, strict=False) if column.date_format else source.cast(pl.Date)
            value = day.cast(pl.Int32).cast(pl.Float64)
        case "level":
            value = (words == column.level).cast(pl.Float64)
        case _:
            known = words.is_not_null()
            share = words.replace_strict(column.frequencies, default=column.default, return_dtype=pl.Float64)
            value = pl.when(known).then(share)
    return value.fill_null(float("nan")).alias(column.name)
