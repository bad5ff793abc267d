"""Keeping the graph's store: built from the lakes bucket by bucket, brought forward at the cost of what is new.

New invoices and payments add up with those before. Where a row speaks anew of one that is held, a record has left, or
an import was taken back, the firms that are touched are read again, and no others; so are the registers of firms of
which there is something new. What comes of it is what a build afresh gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path

import polars as pl

from services.profile.book import departures
from services.profile.book.context import Context
from services.profile.book.delta import Bucket
from services.profile.book.domain.evidence import HELD
from services.profile.graph.domain.sums import added
from services.profile.graph.tie_store import Graph, Mark, Part, TieStore
from services.profile.graph.usecases.sum_trade import (
    INVOICES,
    RELATIONS,
    SUMMED,
    Cut,
    bucket_sums,
    cut_now,
    firm_sums,
    register_rows,
    sums_of,
)

FOLDER = "graph"
# Segments beside those of a build; more of them are joined to one.
MOST_ADDED = 12
# Rows beside those of the build: so many, and this share of them; more are joined into it.
LEAST_ROWS, MOST_SHARE = 100_000, 0.25
# Relations that a request sorts by itself.
MOST_SORTED = 50_000
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
# What is read of new rows of each kind.
LEAN = {**SUMMED, RELATIONS: ("enterprise",)}


@lru_cache(maxsize=8)
def ties_of(home: Path) -> TieStore:
    """Return the graph's store of an installation; each process keeps what it has read of it."""
    return TieStore(home / FOLDER)


def kept(context: Context) -> TieStore:
    """Return the graph's store of the service."""
    return ties_of(context.settings.home)


def refresh(context: Context, *, most: int | None = None, wait: bool = True) -> Graph | None:
    """Bring the graph to what is known now, and return it.

    With `most` it is left as it is (and None returned) where more rows than that are new, where there is something new
    in many registers (they are sorted as a whole: 2 s for 400,000 relations), or where it was never built.
    Without `wait`, also where another process is at it.
    """
    held = kept(context)
    cut = cut_now(context)
    graph = held.current()
    if graph is not None and _made_from(graph.mark, cut):
        return graph
    with held.alone(wait=wait) as ours:
        if not ours:
            return None
        cut, graph = cut_now(context), held.current()
        if graph is not None and _made_from(graph.mark, cut):
            return graph
        later = None if graph is None else _later(context, graph.mark, cut)
        if graph is None or later is None:
            return None if most is not None else _built(context, held, cut)
        if most is not None and (sum(rows.height for rows in later.values()) > most or _must_sort(held, graph, later)):
            return None
        return _forward(context, held, graph, cut, later)


def _must_sort(held: TieStore, graph: Graph, later: Mapping[str, pl.DataFrame]) -> bool:
    return not later[RELATIONS].is_empty() and len(held.registers(graph).order) > MOST_SORTED


def tend(context: Context) -> None:
    """Bring the graph forward, and remove the files that nobody reads any more: a worker's chore."""
    refresh(context)
    kept(context).tidy()


def _made_from(mark: Mark, cut: Cut) -> bool:
    return mark.known_at == cut.known_at and mark.versions == cut.versions


def _built(context: Context, held: TieStore, cut: Cut) -> Graph:
    """Build the graph from the whole lakes, a bucket at a time."""
    seen = {kind: _last_seen(context, kind, version) for kind, version in cut.versions.items()}
    count = context.lake.buckets(cut.versions[INVOICES])
    parts = _by_bucket(held, count, lambda number: bucket_sums(context, cut, Bucket(number, count)))
    graph = Graph(_mark(cut, seen), parts, held.write_registers(register_rows(context, cut)), count)
    held.name(graph)
    return graph


def _later(context: Context, mark: Mark, cut: Cut) -> dict[str, pl.DataFrame] | None:
    """Return the rows of each kind that came since; None where the book is an earlier one than the graph's."""
    earlier = any(cut.versions.get(kind, -1) < version for kind, version in mark.versions.items())
    if earlier or cut.known_at < mark.known_at or not set(mark.withdrawn) <= cut.gone.imports:
        return None
    return {kind: _since(context, mark, cut, kind) for kind in LEAN}


def _since(context: Context, mark: Mark, cut: Cut, kind: str) -> pl.DataFrame:
    version, columns = cut.versions.get(kind), (*LEAN[kind], "version", "known_at")
    if version is None or version == mark.versions.get(kind):
        return HELD[kind].empty().select(columns)
    since = mark.seen.get(kind, BEFORE_ALL)
    rows = context.lakes[kind].scan(version, without=cut.gone.imports, since=since)
    return rows.select(columns).collect()


def _forward(context: Context, held: TieStore, graph: Graph, cut: Cut, later: dict[str, pl.DataFrame]) -> Graph:
    """Add what is new, and read the firms again of which more than that has changed."""
    left = _left_since(context, graph.mark, cut, tuple(SUMMED))
    touched = left.union(*(later[kind].filter(pl.col("version") > 1)["enterprise"] for kind in SUMMED))
    fresh = {
        kind: later[kind].filter(pl.col("version") > 0, ~pl.col("enterprise").is_in(sorted(touched))) for kind in SUMMED
    }
    new = added([sums_of(fresh, cut), firm_sums(context, cut, sorted(touched))]) if touched else sums_of(fresh, cut)
    parts = (*graph.parts, held.write(new, touched)) if new.height or touched else graph.parts
    # What has left is not to lie under what replaces it.
    parts = _rebuilt(held, replace(graph, parts=parts)) if left else _joined(held, replace(graph, parts=parts))
    seen = dict(graph.mark.seen)
    for kind, rows in later.items():
        if isinstance(last := rows["known_at"].max(), datetime):
            seen[kind] = last
    registers = _registers(context, held, graph, cut, set(later[RELATIONS]["enterprise"]))
    made = Graph(_mark(cut, seen), parts, registers, graph.buckets)
    held.name(made)
    return made


def _registers(context: Context, held: TieStore, graph: Graph, cut: Cut, stated: set[str]) -> str:
    """Return the folder of what registers tell now: the firms of which something changed are read again."""
    touched = sorted(stated | _left_since(context, graph.mark, cut, (RELATIONS,)))
    if not touched:
        return graph.registers
    rest = held.registers(graph).table().filter(~pl.col("enterprise").is_in(touched))
    return held.write_registers(pl.concat([rest, register_rows(context, cut, touched)]))


def _joined(held: TieStore, graph: Graph) -> tuple[Part, ...]:
    """Return the segments of a graph, fewer where many small ones lie beside those of its build."""
    base = tuple(part for part in graph.parts if part.bucket is not None)
    later = [part for part in graph.parts if part.bucket is None]
    if sum(part.rows for part in later) > LEAST_ROWS + MOST_SHARE * sum(part.rows for part in base):
        return _rebuilt(held, graph)
    return (*base, held.joined(later)) if len(later) > MOST_ADDED else graph.parts


def _rebuilt(held: TieStore, graph: Graph) -> tuple[Part, ...]:
    """Return one segment a bucket, from what the graph holds."""
    return _by_bucket(held, graph.buckets, partial(held.bucket, graph))


def _by_bucket(held: TieStore, count: int, sums: Callable[[int], pl.DataFrame]) -> tuple[Part, ...]:
    """Write a segment for each of so many buckets of which there is something, and return them."""
    made = ((bucket, sums(bucket)) for bucket in range(count))
    return tuple(held.write(rows, bucket=bucket) for bucket, rows in made if rows.height)


def _left_since(context: Context, mark: Mark, cut: Cut, kinds: tuple[str, ...]) -> set[str]:
    """Return the firms of which a record of these kinds has left, or an import that brought some was taken back."""
    with context.database.read() as session:
        left = departures.departed_between(session, mark.known_at, cut.known_at, kinds)
    for name in sorted(cut.gone.imports - set(mark.withdrawn)):
        for kind in cut.versions.keys() & set(kinds):
            lake = context.lakes[kind]
            left |= set(lake.brought(cut.versions[kind], name)["enterprise"].unique())
            with suppress(LookupError):  # the log is kept ten years
                commit = lake.committed(name)
                left |= set(commit.facts["enterprises"]) if commit else set()
    return left


def _mark(cut: Cut, seen: Mapping[str, datetime]) -> Mark:
    return Mark(cut.versions, cut.known_at, seen, tuple(sorted(cut.gone.imports)))


def _last_seen(context: Context, kind: str, version: int) -> datetime:
    """Return when the last row of a lake came, also one that does not count."""
    last = context.lakes[kind].scan(version, without=()).select(pl.col("known_at").max()).collect().item()
    return last if isinstance(last, datetime) else BEFORE_ALL
