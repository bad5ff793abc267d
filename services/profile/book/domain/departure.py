"""Records that have left the book: repaired, corrected or past their keeping. None of them is shown or counted.

A record is named by a digest of what makes it one thing, whatever its versions say; the name says nothing to those who
do not have the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson
import polars as pl

from services.profile.book.domain.dataset import Dataset
from services.profile.standards.spelling import PAIRS

DIGITS = 32  # of SHA-256, in hex: 128 bits


class Cause(StrEnum):
    """Why a record has left."""

    REPAIRED = "repaired"
    CORRECTED = "corrected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Departure:
    """One record of one enterprise that does not count."""

    enterprise: str
    dataset: str
    record: str


@dataclass(frozen=True, slots=True)
class Gone:
    """What does not count at a moment: records that have left, and whole imports that were taken back."""

    records: frozenset[Departure] = frozenset()
    imports: frozenset[str] = frozenset()


def names_of(dataset: Dataset, rows: pl.DataFrame) -> pl.Series:
    """Return the name of each row's record: `rec_` and 32 hexadecimal digits.

    >>> from services.profile.book.domain import public_record
    >>> rows = pl.DataFrame({"enterprise": ["local:E1"], "record": ["penalty"], "number": ["1"]})
    >>> names_of(public_record.DATASET, rows).to_list()
    ['rec_71a4583a3b4901f60c24e72afe0b55d7']
    """
    return _names(dataset, dataset.keys(rows.select(dataset.identity)))


def former_names_of(dataset: Dataset, rows: pl.DataFrame) -> pl.Series:
    """Return the names that rows had while all of the identity made a record, null where they are the present ones.

    Departures and disputes may still bear them; each means the one statement that it named.
    """
    if dataset.alone is None:
        return pl.Series("name", [None], dtype=pl.String).new_from_index(0, rows.height)
    names = _names(dataset, rows.select(dataset.identity))
    return rows.select(pl.when(dataset.alone.where).then(names).alias("name")).to_series()


def named(dataset: Dataset, rows: pl.DataFrame, names: Collection[str]) -> pl.Series:
    """Tell which rows are of records of these names, present or former."""
    wanted = pl.Series(list(names), dtype=pl.String).implode()
    found = names_of(dataset, rows).is_in(wanted)
    return found | former_names_of(dataset, rows).is_in(wanted).fill_null(value=False)


def name_of(dataset: Dataset, row: Mapping[str, object]) -> str:
    """Return the name of one record, given as a row of evidence."""
    return names_of_each(dataset, [row])[0][0]


def names_of_each(dataset: Dataset, rows: Sequence[Mapping[str, object]]) -> list[tuple[str, str | None]]:
    """Return the present and the former name of records, given as rows of evidence."""
    schema = {name: dataset.schema[name] for name in dataset.identity}
    frame = pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)
    return list(zip(names_of(dataset, frame), former_names_of(dataset, frame), strict=True))


def remaining(dataset: Dataset, rows: pl.DataFrame, gone: Collection[Departure]) -> pl.DataFrame:
    """Return the rows whose records have not left."""
    mine = [each for each in gone if each.dataset == dataset.records]
    if not mine or rows.is_empty():
        return rows
    # Names are costly: only those firms are looked at that something has left.
    near = pl.col("enterprise").is_in(sorted({each.enterprise for each in mine}))
    suspects = rows.with_row_index("place").filter(near)
    left = [each.record for each in mine]
    gone_at = pl.concat(each["place"].filter(named(dataset, each, left)) for each in _printed(dataset, suspects))
    return rows if gone_at.is_empty() else rows.filter(~pl.int_range(pl.len()).is_in(gone_at.implode()))


def _printed(dataset: Dataset, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Give rows as they are, and with each kind of brackets that documents are numbered with: names say which."""
    yield rows
    numbers = [column.name for column in dataset.columns if column.reads == "identifier"]
    if not numbers:
        return
    bracketed = rows.filter(pl.any_horizontal(pl.col(name).str.contains("(", literal=True) for name in numbers))
    for before, after in PAIRS if bracketed.height else ():
        yield bracketed.with_columns(pl.col(numbers).str.replace_many({"(": before, ")": after}))


def _names(dataset: Dataset, keys: pl.DataFrame) -> pl.Series:
    return pl.Series("name", [_name(dataset.records, key) for key in keys.iter_rows()], dtype=pl.String)


def _name(dataset: str, identity: tuple[object, ...]) -> str:
    return f"rec_{hashlib.sha256(orjson.dumps([dataset, *identity])).hexdigest()[:DIGITS]}"
