"""A kind of data, declared once: its columns and what sources call them, its identity, its rules, how it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

import polars as pl

from services.profile.standards.spelling import Rounding, by_majority

# Characters of a free text that are kept.
MOST_REMEMBERED = 40
KNOWN_AT = pl.Datetime("us", "UTC")
DTYPES: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "enterprise": pl.String(),
        "counterparty": pl.String(),
        "identifier": pl.String(),
        "text": pl.String(),
        "currency": pl.String(),
        "choice": pl.String(),
        "party": pl.String(),
        "date": pl.Date(),
        "day": pl.Date(),
        "money": pl.Int64(),
        "count": pl.Int64(),
        "share": pl.Float64(),
        "flag": pl.Boolean(),
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind of file: our name, how it is read, and every name that sources give it.

    The first of `titles` is the Chinese title of the field, `english` the English one. A `date` lies in the past, a
    `day` may lie ahead; `money` is in yuan unless `unit` says fen or wan (万元); `form` is a source's own form of
    dates; `default` is what an empty cell or an absent column means. Of a choice, `words` are those that decide where
    a longer text holds them (any text is welcome then), and `keeps` names the column that keeps a text without one.
    `mistaken` tells, by a pattern, what a text that cannot be read is instead. A `derived` column is worked out on
    import and never read from a file. `rounding` tells whether a spreadsheet has rounded its long numbers.
    """

    name: str
    # enterprise, counterparty, identifier, text, party; date, day; money, count, share; choice, currency, flag
    reads: str
    titles: tuple[str, ...]
    required: bool = True  # the column must be there
    filled: bool = True  # and no row of it may be empty
    choices: Mapping[str, str] | None = None
    longest: int = 128  # characters of a text
    english: str = ""
    unit: str = "yuan"
    form: str | None = None
    default: str | None = None
    words: Mapping[str, str] | None = None
    keeps: str | None = None
    mistaken: tuple[tuple[str, str], ...] = ()
    derived: bool = False
    rounding: Rounding = by_majority


@dataclass(frozen=True, slots=True)
class RowRule:
    """What must hold between the columns of a row: `wrong` is true where it does not."""

    column: str
    wrong: pl.Expr
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """Rows with what one step has worked out, what must hold of them, and what is told of the file."""

    rows: pl.DataFrame
    rules: tuple[RowRule, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alone:
    """Where `where` holds, these columns of the identity are all of it: the rest may be stated anew.

    It never holds where the last of the columns has fewer than `width` bytes, which is quick to see.
    """

    columns: tuple[str, ...]
    where: pl.Expr
    width: int

    def anywhere(self, rows: pl.DataFrame) -> bool:
        """Tell whether it may hold for one of the rows."""
        longest = rows[self.columns[-1]].str.len_bytes().max()
        return isinstance(longest, int) and longest >= self.width


_EMPTY: dict[str, pl.DataFrame] = {}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A kind of data as held: what makes two statements speak of the same thing, and what else they say.

    `day` is the column of the event's date: data of a past day leave out what happened later (null counts as past).
    Where it is part of the identity (`pruned`), the lake finds earlier statements by it alone. `padded` is the column
    of the identity whose leading zeros a spreadsheet may have lost, `lax` one that a source may leave out. A
    statement that leaves a `quiet` column empty says nothing of it, so that what was held stays. What is `found`
    depends on what else is known when a file is read. Rows that say more `of` the records of another kind have
    the identity of those: they bear their names, and leave with them.
    """

    name: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    day: str
    rules: tuple[RowRule, ...] = ()
    alone: Alone | None = None
    padded: str | None = None
    quiet: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    lax: str | None = None
    of: str | None = None

    @property
    def records(self) -> str:
        """The kind of the records that the rows speak of: its own, unless they say more of another's."""
        return self.of or self.name

    @property
    def key(self) -> list[pl.Expr]:
        """What two statements of one thing have alike, named as the identity; null where the rest is enough."""
        alone = self.alone
        if alone is None:
            return [pl.col(name) for name in self.identity]
        return [
            pl.col(name) if name in alone.columns else pl.when(~alone.where).then(pl.col(name)).alias(name)
            for name in self.identity
        ]

    def keys(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the key of each row; as `key`, and without its cost where no row needs less than the identity."""
        whole = self.alone is None or not self.alone.anywhere(rows)
        return rows.select(self.identity if whole else self.key)

    @property
    def content(self) -> tuple[str, ...]:
        """Identity first, then what a later statement may change."""
        columns = tuple(column.name for column in self.columns)
        return (*self.identity, *(name for name in columns if name not in self.identity))

    @property
    def lead(self) -> str:
        """The column by which a file's rows are counted beside the enterprise: a direction or a sort of record."""
        return next(column.name for column in self.columns if column.reads == "choice")

    @property
    def pruned(self) -> bool:
        """Whether the event's date is part of the identity and never empty."""
        column = next(column for column in self.columns if column.name == self.day)
        return self.day in self.identity and column.filled

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """The stored columns; the lake keeps statistics of the first four."""
        types = {column.name: DTYPES[column.reads] for column in self.columns}
        first = {name: types[name] for name in ("enterprise", self.lead, self.day)}
        origin = {"version": pl.Int16(), "import_id": pl.String()}
        return {**first, "known_at": KNOWN_AT, **types, **origin}

    def empty(self) -> pl.DataFrame:
        """Return a table of this kind without rows; it is made once, as that costs more than most questions."""
        if self.name not in _EMPTY:
            _EMPTY[self.name] = pl.DataFrame(schema=self.schema)
        return _EMPTY[self.name].clone()

    def conform(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return checked rows with every column of the content, null where the source has none, and their `line`."""
        types = self.schema
        absent = [pl.lit(None, dtype=types[name]).alias(name) for name in self.content if name not in rows.columns]
        return rows.with_columns(absent).select(*self.content, "line")

    def as_known(
        self, rows: pl.DataFrame, *, known_at: datetime | None = None, as_of: date | None = None
    ) -> pl.DataFrame:
        """Return each thing in the last version known at `known_at`, of those that had happened by `as_of`."""
        if rows.is_empty():  # of most firms there is nothing of most kinds
            return rows
        if known_at is not None:
            rows = rows.filter(pl.col("known_at") <= known_at)
        rows = self.latest(rows)
        if as_of is not None:
            rows = rows.filter(pl.col(self.day).is_null() | (pl.col(self.day) <= as_of))
        return rows

    def latest(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return each thing in its last version; statements that do not stand (version 0) are none.

        Versions after the first are rare, so only the things that have one are looked at closely.
        """
        if (rows["version"] == 0).any():
            rows = rows.filter(pl.col("version") > 0)
        revised = rows.filter(pl.col("version") > 1)
        if revised.is_empty():
            return rows
        near = pl.col(self.mark).is_in(revised[self.mark].unique().implode())
        placed = rows.with_row_index("place").filter(near)
        earlier = placed.filter(pl.col("version") < pl.col("version").max().over(self.key))["place"]
        return rows.filter(~pl.int_range(pl.len(), dtype=pl.UInt32).is_in(earlier.implode()))

    @property
    def mark(self) -> str:
        """The column that tells things apart best."""
        return next((name for name in ("number", "reference", "party") if name in self.identity), "enterprise")


# Columns that several kinds have alike.
ENTERPRISE = Column(
    "enterprise",
    "enterprise",
    ("企业代号", "统一社会信用代码", "纳税人识别号", "enterprise", "enterprise_id", "id"),
    english="Enterprise",
)
COUNTERPARTY = Column(
    "counterparty",
    "counterparty",
    ("对方单位代号", "对方统一社会信用代码", "对方单位", "counterparty"),
    english="Counterparty",
)
