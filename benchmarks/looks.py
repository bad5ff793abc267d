"""Early warning over a book that grows: a look at the whole of it, and one after an import of a thousand rows.

The book is the real one in thinned copies: each firm stands twenty-four times with a twenty-fourth of its invoices, and
again for each million; a thirtieth of the partners are firms of the book, so that looks have neighbours to read. What
is told is the processor's seconds, children among them, and the most memory; the exponent says how the cost of a whole
look grows with the book (1: linear).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from benchmarks.features import REAL, generated_book, real_book
from services.profile.book import store
from services.profile.book.context import Context
from services.profile.book.domain.invoice import DATASET
from services.profile.composition import make_context, migrate
from services.profile.settings import Settings

THINNED, NEIGHBOURS = 24, 30
DAY = date(2020, 2, 21)
SIZES = (1, 3)


def make_book(home: Path, copies: int) -> Context:
    """Make a book of so many times a million invoices, by the lake's own commits."""
    context = _house(home)
    book = real_book() if REAL.is_dir() else generated_book(1_000_000, 400)
    rows = book.with_row_index("place").with_columns(share=pl.col("place") % THINNED)
    firms = book["enterprise"].n_unique() * THINNED * copies
    names = pl.Series([f"F{place:06}" for place in range(firms)])
    ranks = book.select(pl.col("enterprise").unique().sort()).with_row_index("rank")
    for copy in range(copies):
        first = copy * (firms // copies)
        at = first + pl.col("rank") * THINNED + pl.col("share")
        inside = pl.col("counterparty").hash(copy) % (NEIGHBOURS * firms)
        named = rows.join(ranks, on="enterprise").with_columns(at=at.cast(pl.Int64), inside=inside)
        partner = (
            pl.when(pl.col("counterparty").is_null())
            .then(None)
            .when(pl.col("inside") < firms)
            .then(pl.lit("F") + pl.col("inside").cast(pl.String).str.zfill(6))
            .otherwise(pl.format("{}_{}_{}", pl.col("counterparty").str.strip_prefix("local:"), "share", pl.lit(copy)))
        )
        made = named.with_columns(
            enterprise=pl.lit("local:") + names.gather(named["at"]),
            counterparty=partner,
            number=(10_000_000 + pl.col("place")).cast(pl.String),
            **{name: pl.lit(None, dtype=pl.String) for name in ("code", "blue_number")},
        )
        for direction in ("purchase", "sale"):
            part = made.filter(direction=direction).drop("place").with_row_index("line")
            append(context, part.select("line", *DATASET.content), f"imp_{direction}{copy}")
    return context


def append(context: Context, rows: pl.DataFrame, name: str) -> list[str]:
    """Bring invoices to the lake as an import does, and let readers see them; return whose they are."""
    now = datetime.now(UTC)
    commit = context.lake.append(rows, name, {}, now=now)
    with context.database.begin() as session:
        store.touch(session, commit.facts["enterprises"], commit.version, synthetic=True, now=now)
        state = store.book(session, lock=True)
        known_at = max(state.known_at + store.TICK, datetime.fromisoformat(commit.facts["known_at"]))
        store.add_step(session, DATASET.name, known_at, commit.version, rows.height)
        kept = {"known_at": known_at, "lake_version": commit.version, "invoices": state.invoices + rows.height}
        store.move_book(session, store.replace(state, **kept))
    return list(commit.facts["enterprises"])


def _house(home: Path) -> Context:
    settings = Settings(home=home, database_url=f"sqlite:///{home}/profile.db", lake_url=f"{home}/lake", jwks_url="")
    migrate(settings)
    return make_context(settings)
