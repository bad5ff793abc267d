"""Telling from whom what is known of enterprises comes, and gathering what may confirm their own word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from chassis.data.database import Database
from services.profile.book import store
from services.profile.book.domain.moment import Moment
from services.profile.book.lake import Lake
from services.profile.portrait.domain.confirmation import SENDERS, Beside


class BookSources:
    """Who sent what the book holds, by the imports that it has noted."""

    def __init__(self, lakes: Mapping[str, Lake], database: Database) -> None:
        self._lakes, self._database = lakes, database

    def senders(self, imports: Sequence[str]) -> pl.DataFrame:
        """Return who sent these imports, and by which channel."""
        with self._database.read() as session:
            found = store.senders(session, imports)
        rows = [(name, client, channel) for name, (client, channel) in found.items()]
        return pl.DataFrame(rows, schema=SENDERS, orient="row")

    def beside(self, own: pl.DataFrame, moment: Moment, known_at: datetime | None) -> tuple[Beside, pl.DataFrame]:
        """Return what may confirm these own words, of what was known at a time, and who sent that."""
        return Beside(), pl.DataFrame(schema=SENDERS)
