"""Identities that lost leading zeros: `12345` of a file is the `00012345` of the book where all else agrees."""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.dataset import Dataset

JOINED = (
    "{n} records have a number that differs by leading zeros only ({few}); they were taken as the same / "
    "{n} 条记录的号码仅前导零不同（{few}），已按同一记录处理；请将号码列设为文本格式"
)
FEW = 3


def with_zeros(dataset: Dataset, rows: pl.DataFrame, held: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return rows with numbers as they are held, else as the file has them in full, and what is told of the change.

    Two numbers are one where they differ by leading zeros and all else of the identity agrees.
    """
    name = dataset.padded
    if name is None or rows.is_empty():
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
    few = ", ".join(f"{one} = {other}" for one, other in changed.select(name, "full").head(FEW).rows())
    return rows.with_columns(full), (JOINED.format(n=changed.height, few=few),)


def _bare(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars_start("0").alias("bare")
