"""Statements that go back: an old file sent again changes nothing newer, a correction taken back is a new version.

Two marks tell an old file: the day on which its source made it (`stated_on`) lies before that of what is held, or it
is byte for byte, under the same name, a file that was worked off before. Whatever else says again what an earlier
version said is said now, and stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from services.profile.book.domain.channel import Standing
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.told import FEW, tell

OLDER = "older than what is held, which was stated on {} by another file / 早于现有记录（{} 由另一文件提供）"
REPEATS = (
    "{n} records repeat version {was} of {day}; held is version {held} of import {by}; nothing was changed / "
    "{n} 条记录与 {day} 的第 {was} 版相同，现行为导入 {by} 的第 {held} 版，未作更改"
)
GOES_BACK = (
    "{n} records go back to what version {was} of {day} said; version {held} of import {by} stands no more / "
    "{n} 条记录恢复为 {day} 的第 {was} 版内容，取代导入 {by} 的第 {held} 版"
)
SUM = "total_fen"
ANOTHER_SUM = (
    "{n} invoices have another total than before ({few}); the new one stands / "
    "{n} 张发票的价税合计与此前不同（{few}），以本次为准"
)
ALIKE = (
    "{n} invoices have the number and the day of one held with another total or party ({few}); each counts. If one "
    "corrects the other, state the wrong one as void / "
    "{n} 张发票与现有发票号码、日期相同而金额或对方不同（{few}），均已计入；如为更正，请将错误的一张报为作废"
)


@dataclass(frozen=True, slots=True)
class Restated:
    """Lines that change nothing (`gone`, those refused by reason among them), and what is told of the import."""

    gone: frozenset[int] = frozenset()
    refused: tuple[tuple[str, list[int]], ...] = ()
    told: tuple[str, ...] = ()


def looked_back(
    dataset: Dataset, rows: pl.DataFrame, held: pl.DataFrame, last: pl.DataFrame, stands: Standing
) -> Restated:
    """Return what to do with rows that differ from what was held last (`last`), by the days of their imports."""
    about = _about(dataset, rows, held, last, stands)
    if about.is_empty():
        return Restated()
    returns = pl.col("was").is_not_null()
    old = pl.col("old") | (returns & stands.again)
    repeats, refused, back = (about.filter(each) for each in (old & returns, old & ~returns, ~old & returns))
    told = [*_told(REPEATS, repeats, stands.days), *_told(GOES_BACK, back, stands.days)]
    if dataset.alone is not None:
        told += _other_sums(dataset, rows.filter(pl.col("line").is_in(about.filter(~old)["line"].implode())), last)
    return Restated(
        frozenset(repeats["line"]) | frozenset(refused["line"]),
        tuple(_refused(refused, stands.days)),
        tuple(told),
    )


def alike(dataset: Dataset, new: pl.DataFrame, last: pl.DataFrame) -> Iterator[str]:
    """Tell of new invoices that may be another statement of one held, though older numbers are used again.

    A seller gives a number once a day at most; a buyer may be given one number by several sellers.
    """
    if dataset.alone is None or new.is_empty() or last.is_empty():
        return
    seller = pl.when(pl.col("direction") != "sale").then(pl.col("counterparty"))
    same = ("direction", "enterprise", "code", "number", "date", seller.alias("seller"))
    near = new.select(same).hash_rows().is_in(last.select(same).hash_rows().implode())
    found = new.filter(near).filter(~dataset.alone.where)
    if not found.is_empty():
        yield tell(ALIKE, {"n": found.height}, few=((number,) for number in found["number"].unique().sort().head(FEW)))


def _about(
    dataset: Dataset, rows: pl.DataFrame, held: pl.DataFrame, last: pl.DataFrame, stands: Standing
) -> pl.DataFrame:
    """Return the rows of things held: `line`, the version (`was`) that they repeat, what is `held`, whether `old`."""
    known = dataset.keys(last).with_columns(last["version"].alias("held"), last["import_id"].alias("by"))
    spoken = pl.concat([dataset.keys(rows), rows.select("line")], how="horizontal")
    found = spoken.join(known, on=dataset.identity, how="inner", nulls_equal=True).select("line", "held", "by")
    if found.is_empty():
        return found
    near = rows.filter(pl.col("line").is_in(found["line"].implode()))
    said = held.select(*dataset.content, pl.col("version").alias("was"), pl.col("import_id").alias("of"))
    before = near.join(said, on=dataset.content, how="inner", nulls_equal=True).select("line", "was", "of")
    before = before.sort("was").unique("line", keep="last")
    day = pl.col("by").replace_strict(list(stands.days), list(stands.days.values()), default=None, return_dtype=pl.Date)
    old = (day > stands.stated_on).fill_null(value=False) if stands.stated_on else pl.lit(value=False)
    both = found.join(before, on="line", how="left").with_columns(old.alias("old"))
    # What an enterprise said itself and another source says now is confirmed, not taken back.
    return both.filter(pl.col("was").is_null() | (pl.col("was") < pl.col("held"))).sort("line")


def _told(words: str, rows: pl.DataFrame, days: Mapping[str, date]) -> Iterator[str]:
    groups = rows.group_by("was", "of", "held", "by").len("n")
    for by, of, was, held, n in groups.select("by", "of", "was", "held", "n").iter_rows():
        yield tell(words, {"n": n}, by=by, of=of, was=was, held=held, day=days.get(of))


def _other_sums(dataset: Dataset, rows: pl.DataFrame, last: pl.DataFrame) -> Iterator[str]:
    """Tell of invoices whose sum is another one than was held: lines that are not all there, or a correction."""
    known = dataset.keys(last).with_columns(last[SUM].alias("before"))
    said = dataset.keys(rows).with_columns(rows[SUM].alias("after"), rows["number"].alias("written"), rows["line"])
    said = said.filter(said.select(dataset.identity).hash_rows().is_last_distinct())
    other = said.join(known, on=dataset.identity, how="inner", nulls_equal=True).filter(
        pl.col("after") != pl.col("before")
    )
    if not other.is_empty():
        few = (
            (number, line, number)
            for number, line in other.select("written", "line").sort("written", "line").head(FEW).rows()
        )
        yield tell(ANOTHER_SUM, {"n": other.height}, few=few)


def _refused(rows: pl.DataFrame, days: Mapping[str, date]) -> Iterator[tuple[str, list[int]]]:
    for (by,), lines in rows.group_by("by", maintain_order=True):
        day = days.get(str(by))
        yield OLDER.format(day, day), lines["line"].to_list()
