"""Telling from whom what is known of enterprises comes, and gathering what may confirm their own word.

What SQL knows of it is asked of a `Noted`: of the database itself, or of values that were read from it before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.data.database import Database
from services.profile.book import enterprise_store, import_store, step_store, tables
from services.profile.book.domain import invoice, payment, tax_filing
from services.profile.book.domain.confirmation import SENDERS, Beside
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.departure import Gone
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.party import party_of, written
from services.profile.book.lake import Lake
from services.profile.book.usecases.gather import gone_at, standing_rows


class Noted(Protocol):
    """What SQL knows beside the lakes."""

    def senders(self, imports: Sequence[str]) -> pl.DataFrame:
        """Return who sent these imports, and by which channel (`SENDERS`)."""

    def held(self, parties: Sequence[str]) -> list[str]:
        """Return those of these parties that the book holds, sorted."""

    def gone(self, enterprises: Sequence[str], moment: Moment) -> Gone:
        """Return what of these enterprises does not count at a moment."""

    def version(self, kind: str, known_at: datetime | None) -> int | None:
        """Return the version of a kind's lake that readers saw at a time, None where there was none."""

    def registered(self, enterprises: Sequence[str], known_at: datetime | None) -> Mapping[str, date]:
        """Return on which day these were registered, as another than themselves had stated it at a time."""


class FromDatabase:
    """Asks the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def senders(self, imports: Sequence[str]) -> pl.DataFrame:
        """Return the senders of these imports."""
        with self._database.read() as session:
            found = import_store.senders(session, imports)
        rows = [(name, client, channel) for name, (client, channel) in found.items()]
        return pl.DataFrame(rows, schema=SENDERS, orient="row")

    def held(self, parties: Sequence[str]) -> list[str]:
        """Return the firms among these parties."""
        with self._database.read() as session:
            return sorted(enterprise_store.enterprises(session, parties))

    def gone(self, enterprises: Sequence[str], moment: Moment) -> Gone:
        """Return what has left."""
        with self._database.read() as session:
            return gone_at(session, enterprises, moment)

    def version(self, kind: str, known_at: datetime | None) -> int | None:
        """Return the version of a lake."""
        with self._database.read() as session:
            return step_store.lake_versions(session, known_at).get(kind)

    def registered(self, enterprises: Sequence[str], known_at: datetime | None) -> Mapping[str, date]:
        """Return the days of registration."""
        with self._database.read() as session:
            return registered_at(session, enterprises, known_at)


def everybody(session: Session) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Return the ids of all firms, and every import with who sent it, and by which channel."""
    firms, sent = tables.Enterprise.id, tables.Import
    rows = session.execute(select(sent.id, sent.client, sent.channel))
    return list(session.execute(select(firms).order_by(firms)).scalars()), [(row[0], row[1], row[2]) for row in rows]


def registered_at(session: Session, enterprises: Sequence[str], known_at: datetime | None) -> dict[str, date]:
    """Return on which day these were registered, as another than themselves had stated it at a time."""
    if known_at is None:
        firms = list(enterprise_store.enterprises(session, enterprises).values())
    else:
        firms = enterprise_store.enterprises_at(session, known_at, enterprises)
    return {firm.id: firm.registered_on for firm in firms if firm.registered_on is not None}


class BookSources:
    """Who sent what the book holds, by the imports that it has noted, and what its lakes hold beside."""

    def __init__(self, lakes: Mapping[str, Lake], noted: Noted) -> None:
        self._lakes, self._noted = lakes, noted

    def senders(self, imports: Sequence[str]) -> pl.DataFrame:
        """Return who sent these imports, and by which channel."""
        return self._noted.senders(imports)

    def beside(self, own: pl.DataFrame, moment: Moment, known_at: datetime | None) -> tuple[Beside, pl.DataFrame]:
        """Return what may confirm these own words, of what was known at a time, and who sent that.

        Of the files of others only their statements of dealings with these enterprises are taken (征信业管理条例
        Art. 21: a trading counterparty is a lawful source).
        """
        firms = own["enterprise"].unique().sort().to_list()
        beside = Beside(
            self._mirrored(own, firms, moment),
            self._file(payment.DATASET, firms, moment, known_at),
            self._file(tax_filing.DATASET, firms, moment, known_at),
        )
        imports = pl.concat([each["import_id"] for each in (beside.mirrored, beside.payments, beside.filings)])
        return beside, self.senders(imports.unique().sort().to_list())

    def registered(self, enterprises: Sequence[str], known_at: datetime | None) -> Mapping[str, date]:
        """Return on which day these were registered, as another than themselves had stated it at a time."""
        return self._noted.registered(enterprises, known_at)

    def _mirrored(self, own: pl.DataFrame, firms: Sequence[str], moment: Moment) -> pl.DataFrame:
        """Return the invoices of these numbers in the files of partners that the book has."""
        parties = own.select(party_of(pl.col("counterparty"))).to_series().drop_nulls().unique().sort()
        partners = self._noted.held(parties.to_list())
        if not partners:
            return invoice.DATASET.empty()
        gone = self._noted.gone(partners, moment)
        rows = standing_rows(self._lakes[invoice.DATASET.name], invoice.DATASET, moment.version, partners, gone)
        rows = rows.filter(pl.col("number").is_in(own["number"].unique().implode()))
        known = invoice.as_known(rows, known_at=moment.known_at, as_of=moment.as_of)
        return known.filter(pl.col("counterparty").is_in(written(firms)))

    def _file(self, dataset: Dataset, firms: Sequence[str], moment: Moment, known_at: datetime | None) -> pl.DataFrame:
        """Return what these enterprises' own files hold of a kind."""
        version = self._noted.version(dataset.name, known_at)
        if version is None:
            return dataset.empty()
        gone = self._noted.gone(firms, moment)
        rows = standing_rows(self._lakes[dataset.name], dataset, version, firms, gone)
        return dataset.as_known(rows, known_at=known_at, as_of=moment.as_of)
