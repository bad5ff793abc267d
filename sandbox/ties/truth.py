"""All ties of an economy under names that tell nothing, and the labels: what was planted, for those who measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from sandbox.economy import Economy
from sandbox.ties.capital import draw_capital
from sandbox.ties.guarantees import draw_guarantees
from sandbox.ties.ownership import Ownership, draw_ownership
from sandbox.ties.persons import draw_persons
from sandbox.ties.places import KINDS, draw_places
from sandbox.ties.tie import Registry, frame, registry

TIES = 60  # the random streams of this package
c = pl.col


@dataclass(frozen=True, slots=True)
class Ties:
    """The relations that a register states, the labels by name, and the planted groups of owners."""

    relations: pl.DataFrame
    labels: dict[str, pl.DataFrame]
    ownership: Ownership


def draw_ties(economy: Economy) -> Ties:
    """Draw who stands behind the firms; each sort of tie has a random stream of its own."""
    firms, streams = registry(economy), [np.random.default_rng([economy.plan.seed, TIES + sort]) for sort in range(6)]
    owned = draw_ownership(streams[0], firms)
    seats, persons = draw_persons(streams[1], firms, owned)
    backed, guarantees = draw_guarantees(streams[2], firms)
    sites, places = draw_places(streams[3], firms, owned)
    stated = frame([*owned.ties, *seats, *backed, *sites, *draw_capital(streams[4], firms)])
    names = _names(streams[5], stated)
    labels = {
        "owners": _owners(firms, owned),
        "persons": _table(persons, ("enterprise", "person", "why")),
        "guarantees": _table(guarantees, ("guarantor", "beneficiary", "figure", "shape")),
        "places": _table(places, ("enterprise", "relation", "party", "why")),
    }
    labels = {name: _renamed(table, names).sort(pl.all()) for name, table in labels.items()}
    relations = _renamed(stated, names).sort("enterprise", "relation", "since", "party")
    return Ties(relations.with_columns(synthetic=pl.lit(value=True)), labels, owned)


def _owners(firms: Registry, owned: Ownership) -> pl.DataFrame:
    """Return the planted groups, a row a member: who controls it, and the integrated share of that person."""
    rows = [
        (group.name, group.shape, firms.codes[firm], group.person, share, group.declared)
        for group in owned.groups
        for firm, share in zip(group.members, group.shares, strict=True)
    ]
    columns = ("group", "shape", "enterprise", "person", "integrated_share", "declared")
    kinds = (pl.String, pl.String, pl.String, pl.String, pl.Float64, pl.Boolean)
    return pl.DataFrame(rows, schema=dict(zip(columns, kinds, strict=True)), orient="row")


def _table(rows: Sequence[tuple[str, ...]], columns: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _names(rng: np.random.Generator, stated: pl.DataFrame) -> pl.DataFrame:
    """Give every person, address and phone a name that says nothing of what it is part of."""
    inner = stated.filter(~c("party").str.starts_with("local:")).select("party", "relation").unique().sort(pl.all())
    sort = pl.when(c("relation").is_in(KINDS)).then("relation").otherwise(pl.lit("person"))
    inner = inner.select("party", sort=sort).unique(maintain_order=True)
    number = pl.Series("number", rng.permutation(len(inner)) + 1).cast(pl.String).str.zfill(7)
    return inner.select(inner="party", name=pl.format("sandbox-{}-{}", "sort", number))


def _renamed(table: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Return a table with these names in place of the inner ones."""
    found = [name for name in ("party", "person") if name in table.columns]
    for column in found:
        joined = table.join(names.rename({"inner": column}), on=column, how="left", maintain_order="left")
        table = joined.with_columns(pl.coalesce("name", column).alias(column)).drop("name")
    return table
