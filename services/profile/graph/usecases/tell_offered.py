"""Telling the figures of ties that a model may be bound to: of each firm's own file, under a consent of its own.

They are what `read_figures` tells of the same firm at the same moment, whichever other files are open to the reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from services.profile.book import import_store
from services.profile.book.context import Context
from services.profile.book.domain import public_record, relation
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Permit, joined
from services.profile.book.usecases.gather import gather_kind
from services.profile.graph.domain.figures.network import network
from services.profile.graph.domain.figures.of_ties import offered
from services.profile.graph.domain.figures.told import facts_of, ties_of
from services.profile.graph.usecases.read_figures import of_others
from services.profile.rights.domain.resource import Resource
from services.profile.rights.usecases.open_file import Reading, open_each, reading_transaction


def open_offered(context: Context, readings: Sequence[tuple[str, Reading]], files: Permit) -> Permit:
    """Open those of some open files whose ties the reader may read too, and record each of these reads.

    Nothing is refused for the others: of them no figure is known. A firm that reads its own file needs no consent.
    """
    ties = [(name, replace(each, resource=Resource.GRAPH_SET)) for name, each in readings if name in files]
    with reading_transaction(context) as connection:
        opened = open_each(context, connection, ties, set(files.enterprises))
    return joined(each for each in opened if isinstance(each, Permit))


def tell_offered(context: Context, permit: Permit, moment: Moment) -> Mapping[str, Mapping[str, float | None]]:
    """Return the figures (`OFFERED`) by firm; of whom nobody else tells a tie nothing is there."""
    with context.database.read() as session:
        own = sorted(import_store.own_imports(session))
    relations = of_others(gather_kind(context, moment, permit, relation.DATASET.name), own)
    ties = ties_of(relations, moment.as_of)
    if ties.is_empty():
        return {}
    firms = ties["file"].unique().sort().to_list()
    facts = facts_of(ties, firms[0], relations, public_record.DATASET.empty(), moment.as_of)
    found = offered(network(ties.drop("file"), firms), facts)
    # Who is only named in others' files has no row: its figures would hang on whose files are asked for with its own.
    told = found.filter(pl.col("enterprise").is_in(firms))
    return {row.pop("enterprise"): row for row in told.iter_rows(named=True)}
