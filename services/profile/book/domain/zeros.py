"""Identities that lost a part of themselves, where all else agrees: leading zeros, or the code before a number.

`12345` of a file is the `00012345` of the book; an invoice whose source leaves out its code is the one that has it.
"""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.told import FEW, tell

JOINED = (
    "{n} records have a number that differs by leading zeros only ({few}); they were taken as the same / "
    "{n} 条记录的号码仅前导零不同（{few}），已按同一记录处理；请将号码列设为文本格式"
)
WITHOUT = (
    "{n} invoices are stated with their code here and without it there, all else alike; they were taken as the same / "
    "{n} 张发票仅有无发票代码之别，其余一致，已按同一张处理"
)


def rejoined(dataset: Dataset, rows: pl.DataFrame, held: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return rows with identities as they are held, else as the file has them in full, and what is told of it."""
    rows, zeros = with_zeros(dataset, rows, held)
    rows, codes = with_codes(dataset, rows, held)
    return rows, (*zeros, *codes)


def with_codes(dataset: Dataset, rows: pl.DataFrame, held: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return rows whose identity has its `lax` column as it is held, else as another row of the file states it.

    Where two are stated for what one row leaves open, nobody knows which is meant, and all stay apart.
    """
    name = dataset.lax
    if name is None or rows.is_empty():
        return rows, ()
    left_out = rows[name].null_count() + held[name].null_count()
    if left_out in {0, rows.height + held.height}:
        return rows, ()
    rest = [column for column in dataset.identity if column != name]
    mine = rows.with_row_index("place").filter(~dataset.alone.where) if dataset.alone else rows.with_row_index("place")
    both = pl.concat([mine.select(*rest, name, ours=True), held.select(*rest, name, ours=False)])
    hashes = both.select(rest).hash_rows()
    near = hashes.is_in(hashes.filter(both[name].is_null()).implode())
    near &= hashes.is_in(hashes.filter(both[name].is_not_null()).implode())
    if not near.any():
        return rows, ()
    code, kept = pl.col(name), ~pl.col("ours")
    told = (
        both.filter(near)
        .group_by(rest)
        .agg(
            n=code.drop_nulls().n_unique(),
            one=code.drop_nulls().first(),
            as_held=(kept & code.is_null()).any() & ~(kept & code.is_not_null()).any(),
        )
    )
    told = told.filter(pl.col("n") == 1).select(*rest, meant=pl.when(~pl.col("as_held")).then("one"))
    changed = mine.join(told, on=rest, how="inner", nulls_equal=True).filter(code.ne_missing(pl.col("meant")))
    if changed.is_empty():
        return rows, ()
    column = rows[name].scatter(changed["place"], changed["meant"])
    return rows.with_columns(column), (tell(WITHOUT, {"n": changed.height}),)


def with_zeros(dataset: Dataset, rows: pl.DataFrame, held: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return rows with numbers as they are held, else as the file has them in full, and what is told of the change.

    Two numbers are one where they differ by leading zeros and all else of the identity agrees.
    """
    name = dataset.padded
    if name is None or rows.is_empty():
        return rows, ()
    if _spelled_alike(rows[name], held[name]):
        return rows, ()
    number = pl.col(name)
    padded = number.str.starts_with("0")
    long = pl.concat([rows.select(number).filter(padded), held.select(number).filter(padded)]).to_series().unique()
    long = long.filter(long.str.contains("^[0-9]+$"))
    bare = long.str.strip_chars_start("0")
    near = number.is_in(pl.concat([long, bare]).implode())
    mine = rows.with_row_index("place").filter(near)
    if (
        not rows.filter(near & ~padded).height
        and not held.filter(near & ~padded).height
        and bare.n_unique() == len(long)
    ):
        return rows, ()
    rest = [column for column in dataset.identity if column != name]
    both = pl.concat(
        [part.select(*rest, number.alias("full"), _bare(name), rank=pl.lit(rank)) for rank, part in
         ((0, mine), (1, held.filter(near)))]
    )  # fmt: skip
    best = both.sort("rank", pl.col("full").str.len_bytes()).unique([*rest, "bare"], keep="last")
    spelled = mine.select("place", *rest, name, _bare(name)).join(
        best, on=[*rest, "bare"], how="inner", nulls_equal=True
    )
    changed = spelled.filter(pl.col("full") != number).sort("place")
    if changed.is_empty():
        return rows, ()
    full = rows[name].scatter(changed["place"], changed["full"])
    first = changed.select("place", name, "full").head(FEW)
    lines = rows["line"].gather(first["place"]) if "line" in rows.columns else first["place"]
    few = [(line, f"{one} = {other}") for line, (_, one, other) in zip(lines, first.rows(), strict=True)]
    return rows.with_columns(full), (tell(JOINED, {"n": changed.height}, few=few),)


def _spelled_alike(*numbers: pl.Series) -> bool:
    """Tell whether no two numbers differ by leading zeros only: quick to see where all are of one length."""
    lengths = pl.concat([each.str.len_bytes().unique() for each in numbers]).drop_nulls()
    if lengths.n_unique() <= 1:
        return True
    every = pl.concat(each.drop_nulls() for each in numbers)
    return every.n_unique() == every.str.strip_chars_start("0").n_unique()


def _bare(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars_start("0").alias("bare")
