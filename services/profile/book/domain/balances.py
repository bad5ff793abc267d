"""Whether the running balance of a statement adds up, line by line, so that a missing or altered line is named.

The balance after a line is the balance before it and what the line adds. A gap between two lines is the sum that lies
between them: a line was cut out, or one was altered. Lines of one moment may stand in any order, since banks print
them so; what a line that could not be read would explain is said of that line. In whole fen, so a gap is exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import polars as pl

from services.profile.book.domain.statement import newest_first, signed

MOST_TOLD = 8
MOST_MOMENTS = 1000  # beyond so many broken moments the column is no balance
ENOUGH = 2  # gaps that are none with the sides exchanged; one may be by chance
EXCHANGED = (
    "the balances add up only if debit is money that came and credit money that went, as in a company's own journal; "
    "send the bank's statement, or make a connector of your own that names both columns (POST /v1/connectors) / "
    "余额只有在借方为收入、贷方为支出时才连续，应为企业自己的银行存款日记账；请报送银行对账单，或自建映射注明收支两栏"
)
NEEDED = {"date", "amount_fen", "direction", "balance_fen"}


def gaps(rows: pl.DataFrame, minute: pl.Series, accounts: pl.Series | None, unread: pl.Series) -> tuple[str, ...]:
    """Return what is told of the gaps of a statement, in the order of time; nothing where all balances add up.

    `rows` are all lines as read, also those that are refused, `accounts` names the account of each where a file has
    several, `unread` are lines that could not be split into columns.
    """
    told: list[str] = []
    for part in _accounts(rows, minute, accounts):
        told += _told(_found(_in_order(part)), [*unread, *part.filter(_unreadable())["line"]])
    if len(told) > MOST_TOLD:
        rest = len(told) - MOST_TOLD
        return (*told[:MOST_TOLD], f"{rest} more places where the balances do not add up / 另有{rest}处余额不连续")
    return tuple(told)


def exchanged(rows: pl.DataFrame, minute: pl.Series, accounts: pl.Series | None) -> bool:
    """Tell whether all balances add up if what came had gone and what went had come, and do not as it is written."""
    parts = _accounts(rows, minute, accounts)
    other = (part.with_columns(-pl.col("signed")) for part in parts)
    broken = sum(_found(_in_order(part)).height for part in parts)
    return broken >= ENOUGH and not any(_found(_in_order(part)).height for part in other)


def _accounts(rows: pl.DataFrame, minute: pl.Series, accounts: pl.Series | None) -> list[pl.DataFrame]:
    """Return the lines of each account with what they add; none where no balance is told."""
    if not set(rows.columns) >= NEEDED or rows["balance_fen"].null_count() == rows.height:
        return []
    account = pl.lit("").alias("account_of") if accounts is None else accounts.fill_null("").alias("account_of")
    lines = rows.select("line", *sorted(NEEDED), account).with_columns(minute, signed(rows))
    return [part for _, part in lines.group_by("account_of", maintain_order=True)]


def _unreadable() -> pl.Expr:
    return pl.any_horizontal(pl.col("signed", "balance_fen").is_null())


def _in_order(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines as they happened: as the file has them, or back to front, or by their times."""
    known = lines.with_columns(pl.col("date").forward_fill().backward_fill())
    when = known.select(pl.struct("date", pl.col("minute").fill_null(""))).to_series()
    if known.height < 2:
        return known
    day = known["date"]
    if day.is_sorted() and day.is_sorted(descending=True):
        return min(known, known.reverse(), key=lambda order: _found(order).height)
    if day.is_sorted():
        return known
    if day.is_sorted(descending=True) or (newest_first(day) and when.is_sorted(descending=True)):
        return known.reverse()
    return known.sort("date", "minute", maintain_order=True, nulls_last=False)


def _found(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the gaps: the lines `before` and `line` that they lie between, and the `gap` in fen."""
    run = lines.with_columns(pl.col("signed").fill_null(0).cum_sum().alias("run"))
    known = run.filter(~_unreadable())
    gap = (pl.col("balance_fen").diff() - pl.col("run").diff()).alias("gap")
    pairs = known.with_columns(gap, before=pl.col("line").shift(1)).with_row_index("at")
    broken = pairs.filter(pl.col("gap") != 0)
    if broken.is_empty():
        return broken
    return broken.filter(~pl.col("at").is_in(_shuffled(pairs, broken)))


def _shuffled(pairs: pl.DataFrame, broken: pl.DataFrame) -> list[int]:
    """Return the places of gaps that vanish when the lines of one moment are put in another order.

    In the right order each balance but the first is the one before a line and the one after another. So a moment whose
    lines have one balance to begin with and one to end with lacks nothing, and it follows on the moment before it.
    """
    moment = ["date"] if pairs["minute"].null_count() else ["date", "minute"]
    blocks = pairs.with_columns(block=pl.struct(moment).rle_id())
    concerned = set(blocks.filter(pl.col("at").is_in(broken["at"].implode()))["block"])
    if len(concerned) > MOST_MOMENTS:
        return []
    near = blocks.filter(pl.col("block").is_in(list(concerned | {block - 1 for block in concerned})))
    ends = {block: _ends(part) for (block,), part in near.group_by("block", maintain_order=True)}
    places = dict(near.select("at", "block").rows())
    return [at for at in broken["at"] if _follows(places.get(at - 1), places[at], ends)]


Ends: TypeAlias = tuple[set[int], set[int]] | None


def _ends(part: pl.DataFrame) -> Ends:
    """Return the balances that the lines of a moment can begin and end with; None where no order of them adds up."""
    after, before = Counter(part["balance_fen"]), Counter(part["balance_fen"] - part["signed"])
    opens, closes = list((before - after).elements()), list((after - before).elements())
    if len(opens) > 1:
        return None
    return (set(opens), set(closes)) if opens else (set(before), set(before))


def _follows(earlier: int | None, block: int, ends: Mapping[int, Ends]) -> bool:
    """Tell whether a moment adds up and goes on where the one before it ends."""
    here, there = ends[block], ends[block if earlier is None else earlier]
    if here is None or there is None:
        return False
    return earlier in {None, block} or bool(there[1] & here[0])


def _told(found: pl.DataFrame, unreadable: list[int]) -> Iterator[str]:
    """Say each gap in words; two that cancel out around one line are that line's balance."""
    rows = found.select("at", "before", "line", "gap").rows()
    skip = False
    for number, (at, before, line, gap) in enumerate(rows):
        if skip:
            skip = False
            continue
        if number + 1 < len(rows) and rows[number + 1][0] == at + 1 and rows[number + 1][3] == -gap:
            skip = True
            yield (
                f"line {line}: its balance is {_yuan(gap)} off, or the line stands in the wrong place or was altered / "
                f"第{line}行余额与前后不符，差{_yuan(gap)}元：余额有改动或顺序有误"
            )
            continue
        low, high = sorted((before, line))
        between = sorted({other for other in unreadable if low < other < high})
        if between:
            lines = "、".join(map(str, between[:5]))
            yield (
                f"between line {low} and line {high} {_yuan(gap)} is missing: line {lines} could not be read / "
                f"第{low}行与第{high}行之间差{_yuan(gap)}元：第{lines}行未能读取"
            )
        else:
            yield (
                f"between line {low} and line {high} {_yuan(gap)} is missing, or a line was altered / "
                f"第{low}行与第{high}行之间差{_yuan(gap)}元：有缺行或有改动"
            )


def _yuan(fen: int) -> str:
    whole, part = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{part:02}"
