"""Exporting what a file says of who owns and controls the firm, in the words of the standard (BODS 0.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from chassis.core.moments import day_of
from services.profile.book import enterprise_store, import_store
from services.profile.book.context import Context
from services.profile.book.domain import relation
from services.profile.book.domain.bods.outward import KINDS, Held, Subject
from services.profile.book.domain.moment import Asked
from services.profile.book.usecases.gather import gather_kind
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading


@dataclass(frozen=True, slots=True)
class Exported:
    """A firm and its relations, as they go out."""

    file: OpenFile
    subject: Subject
    relations: list[Held]


def export_relations(context: Context, reading: Reading, enterprise: str, asked: Asked) -> Exported:
    """Open a firm's file and return its relations of ownership and control, those that have ended among them."""
    file = open_at(context, reading, enterprise, asked)
    rows = gather_kind(context, file.moment, file.permit, relation.DATASET.name)
    rows = rows.filter(pl.col("relation").is_in(KINDS))
    imports = rows["import_id"].unique().to_list()
    with context.database.read() as session:
        days, senders = import_store.stated_days(session, imports), import_store.senders(session, imports)
        firm = enterprise_store.enterprises(session, [enterprise]).get(enterprise)
    as_of, known_on = file.moment.as_of, day_of(file.facts.known_at)
    channels = {name: channel for name, (_, channel) in senders.items()}
    held = [_held(row, channels, days) for row in rows.to_dicts()]
    return Exported(file, Subject(enterprise, firm.name if firm else None, as_of, known_on), held)


def _held(row: Mapping[str, object], channels: Mapping[str, str], days: Mapping[str, date]) -> Held:
    told = {name: row[name] for name in ("relation", "party", "share", "since", "until", "version")}
    name = str(row["import_id"])
    return Held(**told, channel=channels[name], stated_on=days[name])  # type: ignore[arg-type]
