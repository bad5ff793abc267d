"""What a lake holds that rows may speak of: read without the rest, by the bounds of its files."""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.dataset import Dataset
from services.profile.book.table_files import TableFiles

# What is known of a row beside its content.
ORIGIN = ("version", "import_id", "known_at")


class HeldRows:
    """The rows of one kind of data in the files of its table."""

    def __init__(self, files: TableFiles, dataset: Dataset) -> None:
        self._files, self._dataset = files, dataset

    def beside(self, version: int, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the files of the buckets of these rows."""
        listed = self._files.listed(version)
        return listed.files if listed.files.is_empty() else listed.of(rows["enterprise"].unique().to_list())

    def of(self, files: pl.DataFrame, rows: pl.DataFrame, near: pl.Expr | None = None) -> pl.DataFrame:
        """Return what the lake may already hold of `rows` in the files `beside` them.

        Which are those of the same enterprises and directions, and days if they tell.
        Of what is known by its number alone, earlier statements may be of any direction and day. Of the records of
        these enterprises only those are looked at that are `near`, where it is given.
        """
        if rows.is_empty() or files.is_empty():
            return self._dataset.empty().select(*self._dataset.content, *ORIGIN)
        among = pl.col("enterprise").is_in(rows["enterprise"].unique().implode())
        if near is not None:
            among &= near
        alone = self._dataset.alone
        if alone is None or not alone.anywhere(rows):
            return self._near(files, rows, among)
        numbers = rows.filter(alone.where).select(alone.columns[-1]).to_series().unique()
        columns = (*self._dataset.content, *ORIGIN)
        known = (
            self._files.scan(files)
            .filter(among, pl.col(numbers.name).is_in(numbers.implode()))
            .select(columns)
            .collect()
        )
        usual = rows.filter(~alone.where)
        return known if usual.is_empty() else pl.concat([self._near(files, usual, among & ~alone.where), known])

    def _near(self, files: pl.DataFrame, rows: pl.DataFrame, among: pl.Expr) -> pl.DataFrame:
        """Return what these files hold of the same directions as `rows`, and of the same days if they tell."""
        lead, day = self._dataset.lead, self._dataset.day
        sorts = rows[lead].unique().to_list()
        near = files.filter(
            pl.lit(len(sorts) > 1) | pl.col(f"min.{lead}").is_in(sorts) | pl.col(f"max.{lead}").is_in(sorts)
        )
        wanted = [pl.col(lead).is_in(sorts), among]
        if self._dataset.pruned:
            first, last = rows[day].min(), rows[day].max()
            near = near.filter(pl.col(f"max.{day}") >= first, pl.col(f"min.{day}") <= last)
            wanted.append(pl.col(day).is_between(first, last))
        return self._files.scan(near).filter(*wanted).select(*self._dataset.content, *ORIGIN).collect()
