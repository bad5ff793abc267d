"""Statements and their versions, for every kind of data: what a file says anew, and what of it stands.

A statement is held against the one held last, and within a file against the line before it that speaks of the same
thing. One that says nothing new is a repeat; another one is the next version, so that a correction can be corrected.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from services.profile.book.domain.channel import Standing
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.restated import ALIKE, ANOTHER_SUM, GOES_BACK, REPEATS, Restated, alike, looked_back
from services.profile.book.domain.told import Told, added
from services.profile.book.domain.zeros import JOINED, WITHOUT, rejoined

NOT_YOURS = "stated by another source already; dispute it instead of restating it / 其他来源已有记录，请提出异议"
TOO_OFTEN = (
    "stated more often than can be held; keep the statement that holds / 同一记录的陈述次数过多，请只保留有效的一行"
)
# An enterprise uses up half of the versions at most: whatever it says, others can state the thing anew.
MOST = (1 << 15) - 1
MOST_TOLD = 5
BACK = (REPEATS, GOES_BACK, ANOTHER_SUM)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a file brings: new rows with their `version` (0: does not stand), lines refused by reason, and words.

    `repeats` are the imports that had said already what is left out for that. Of several files, or parts of one, what
    is told adds up by `told_together`.
    """

    rows: pl.DataFrame
    refused: tuple[tuple[str, list[int]], ...] = ()
    told: tuple[str, ...] = ()
    repeats: frozenset[str] = frozenset()


def weigh(dataset: Dataset, rows: pl.DataFrame, held: pl.DataFrame, stands: Standing) -> Weighed:
    """Return what checked rows (with `line`, in its order) bring beside what is held of the same things.

    `held` has the content, `version`, `import_id` and `known_at`; `stands` says how the imports that stated it stand
    to this one.
    """
    rows, told = rejoined(dataset, rows, held)
    standing = _standing(held, stands)
    last = dataset.latest(standing)
    firm = _of(last, stands.weak, inside=False)
    rows = without_repeats(dataset, completed(dataset, rows, firm))
    fresh = unsaid(dataset, rows, standing, firm)
    again = rows.height > fresh.height
    said = rows.filter(~pl.col("line").is_in(fresh["line"].implode())) if again else rows.clear()
    repeats = _saying(dataset, said, firm) if again else frozenset[str]()
    rows = fresh
    others = among(dataset.keys(rows), dataset.keys(_of(standing, stands.firm, inside=True)))
    own, rows = rows.filter(others), rows.filter(~others)
    # Of an enterprise's own word no file is too old: whoever speaks first would keep a source's statement out.
    back = looked_back(dataset, rows, standing, firm, stands) if not firm.is_empty() else Restated()
    if back.gone:
        old = pl.col("line").is_in(back.gone)
        repeats |= _saying(dataset, rows.filter(old), standing)
        rows = rows.filter(~old)
    new = versioned(dataset, rows, held, MOST // 2 if stands.weakest else MOST)
    often, new = new.filter(pl.col("version").is_null()), new.drop_nulls("version")
    refused = ((NOT_YOURS, own["line"].to_list()), *back.refused, (TOO_OFTEN, often["line"].to_list()))
    told = (*told, *alike(dataset, new.filter(pl.col("version") == 1), last))
    if not own.is_empty():
        own = _unheard(dataset, own, held, stands).with_columns(pl.lit(0, dtype=pl.Int16).alias("version"))
        new = pl.concat([new, own.select(new.columns)])
    return Weighed(new, tuple((reason, lines) for reason, lines in refused if lines), (*told, *back.told), repeats)


def told_together(parts: Iterable[Sequence[str]]) -> list[str]:
    """Return what was told of the parts of a file, weighed each for itself, as it is told of the whole."""
    told = added(parts, (JOINED, WITHOUT, ALIKE, *BACK))
    back = [one for one in told if isinstance(one, Told) and one.words in BACK]
    left = set(back[MOST_TOLD:])
    return [one for one in told if one not in left]


def refused_in_order(refused: Mapping[str, Sequence[int]]) -> list[str]:
    """Return the reasons of refused lines in the order in which a whole file has them."""
    ends = {NOT_YOURS: 0, TOO_OFTEN: 2}
    return sorted(refused, key=lambda reason: (ends.get(reason, 1), min(refused[reason])))


def completed(dataset: Dataset, rows: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """Return rows with what they leave open of the `quiet` columns as it was held last of the same thing."""
    quiet = [name for name in dataset.quiet if rows[name].null_count() and last[name].null_count() < last.height]
    if not quiet:
        return rows
    held = last.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in quiet))
    known = dataset.keys(held).hstack(held.select(pl.col(name).alias(f"held_{name}") for name in quiet))
    spoken = dataset.keys(rows).join(known, on=dataset.identity, how="left", nulls_equal=True, maintain_order="left")
    return rows.with_columns(rows[name].fill_null(spoken[f"held_{name}"]) for name in quiet)


def without_repeats(dataset: Dataset, rows: pl.DataFrame) -> pl.DataFrame:
    """Drop what the line before it of the same thing says already.

    Only things whose hash occurs twice are compared in full: six times faster on a real book, and as exact, since
    equal things have equal hashes and a chance collision only adds a comparison.
    """
    things = dataset.keys(rows).hash_rows().alias("thing")
    near = things.is_duplicated()
    if not near.any():
        return rows
    placed = rows.with_columns(things).with_row_index("place").filter(near)
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in dataset.content)
    again = placed.sort("thing", "place").filter(same & (pl.col("thing") == pl.col("thing").shift(1)))["place"]
    return rows.filter(_except(rows.height, again))


def unsaid(dataset: Dataset, rows: pl.DataFrame, held: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """Drop the rows that say what was held last already.

    Where a file has several statements of a thing, its first one is compared with what is held; all of them are
    repeats where every one of them is held and the file ends as the book does.
    """
    said = among(rows.select(dataset.content), last.select(dataset.content))
    if not said.any():
        return rows
    things = dataset.keys(rows).hash_rows()
    several = things.is_duplicated()
    if several.any():
        newest = held.height == last.height  # nothing else is held
        known = said if newest else among(rows.select(dataset.content), held.select(dataset.content))
        marks = pl.DataFrame({"thing": things, "said": said, "known": known, "several": several})
        whole = (pl.col("known").all() & pl.col("said").last()).over("thing")
        first = pl.col("said") & pl.col("thing").is_first_distinct()
        drop = pl.when("several").then(whole | first).otherwise("said")
        said = marks.select(drop).to_series()
    return rows.filter(~said)


def versioned(dataset: Dataset, rows: pl.DataFrame, held: pl.DataFrame, most: int = MOST) -> pl.DataFrame:
    """Give each row the number of its version: 1 when the thing is new, otherwise one more than the last held.

    Rows must be free of repeats and in the order of their lines: the later line is the later statement. Null where
    there are more than `most`.
    """
    keys, held_keys = dataset.keys(rows), dataset.keys(held)
    hashes, held_hashes = keys.hash_rows(), held_keys.hash_rows()
    again = hashes.is_duplicated() | hashes.is_in(held_hashes.implode())
    first = pl.lit(1, dtype=pl.Int16).alias("version")
    if not again.any():
        return rows.with_columns(first)
    near = held_hashes.is_in(hashes.filter(again).implode())
    known = held_keys.with_columns(held["version"].alias("last")).filter(near)
    known = known.group_by(dataset.identity).agg(pl.col("last").max())
    later = keys.filter(again).join(known, on=dataset.identity, how="left", nulls_equal=True, maintain_order="left")
    number = pl.int_range(1, pl.len() + 1).over(dataset.identity) + pl.col("last").fill_null(0)
    numbers = later.select(pl.when(number <= most).then(number).cast(pl.Int16)).to_series()
    versions = pl.select(first).to_series().new_from_index(0, rows.height)
    return rows.with_columns(versions.scatter(again.arg_true(), numbers))


def former_parties(dataset: Dataset, new: pl.DataFrame, held: pl.DataFrame) -> list[str]:
    """Return the counterparties that earlier statements name of what new rows (with `version`) state anew."""
    revised = new.filter(pl.col("version") > 1)
    if revised.is_empty() or "counterparty" not in held.columns:
        return []
    same = pl.col(dataset.mark).is_in(revised[dataset.mark].unique().implode())
    return held.filter(same)["counterparty"].drop_nulls().unique().sort().to_list()


def among(rows: pl.DataFrame, others: pl.DataFrame) -> pl.Series:
    """Tell which rows are among others of the same columns: by their hashes first, then in full."""
    if others.is_empty():
        return pl.Series([False]).new_from_index(0, rows.height)
    suspects = rows.hash_rows().is_in(others.hash_rows().implode())
    if not suspects.any():
        return suspects
    placed = rows.with_row_index("place").filter(suspects)
    found = placed.join(others, on=rows.columns, how="semi", nulls_equal=True)
    return ~_except(rows.height, found["place"])


def _saying(dataset: Dataset, rows: pl.DataFrame, held: pl.DataFrame) -> frozenset[str]:
    """Return the imports that hold a row which is among these; by hashes, so that one too many may be named."""
    imports = frozenset(held["import_id"].unique())
    if len(imports) == 1:
        return imports
    said = rows.select(dataset.content).hash_rows()
    same = held.select(dataset.content).hash_rows().is_in(said.implode())
    return frozenset(held.filter(same)["import_id"].unique())


def _standing(held: pl.DataFrame, stands: Standing) -> pl.DataFrame:
    return _of(held.filter(pl.col("version") > 0), stands.gone, inside=False)


def _unheard(dataset: Dataset, own: pl.DataFrame, held: pl.DataFrame, stands: Standing) -> pl.DataFrame:
    """Return an enterprise's own statements as the file leaves them, but for those that it made last already."""
    ends = own.filter(dataset.keys(own).hash_rows().is_last_distinct())
    before = _of(held, stands.own, inside=True).sort("known_at")
    heard = before.filter(dataset.keys(before).hash_rows().is_last_distinct())
    return ends.filter(~among(ends.select(dataset.content), heard.select(dataset.content)))


def _of(held: pl.DataFrame, imports: Collection[str], *, inside: bool) -> pl.DataFrame:
    if not imports:
        return held.clear() if inside else held
    these = pl.col("import_id").is_in(list(imports))
    return held.filter(these if inside else ~these)


def _except(height: int, places: pl.Series | Sequence[int]) -> pl.Series:
    return pl.Series([True]).new_from_index(0, height).scatter(places, values=False)
