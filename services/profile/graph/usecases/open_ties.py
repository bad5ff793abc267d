"""Following ties from file to file: each file that a tie leads to is opened where the reader may, and read only then.

Which files a tie leads to is looked up in all relations (`Why.TIES`); nothing of a file that stays shut goes on from
here, not even that there is one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import polars as pl

from services.profile.book import enterprise_store, import_store
from services.profile.book.context import Context
from services.profile.book.domain import relation
from services.profile.book.domain.moment import Asked
from services.profile.book.domain.permit import Permit, Whole, Why, joined
from services.profile.book.party_key import party_key
from services.profile.book.usecases.gather import gather_kind
from services.profile.graph.domain.control.ties import (
    CONTROLLER,
    KINDS,
    SHAREHOLDER,
    Ties,
    above,
    is_enterprise,
    ties_of,
)
from services.profile.graph.domain.crowd import crowded
from services.profile.rights.usecases.list_enterprises import roster
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading, open_some, reading_transaction

# So many files are opened for one question, the nearest first: each leaves a record with its firm.
MOST_FILES = 300
UP = (SHAREHOLDER, CONTROLLER)
c = pl.col


@dataclass(frozen=True, slots=True)
class Tied:
    """The ties of the files that were opened around one firm; `cut`: there were more files than are opened.

    `crowded` are their parties that ten firms of the book or more name: no file was opened for these.
    """

    file: OpenFile
    permit: Permit
    ties: Ties
    cut: bool
    crowded: frozenset[str] = frozenset()


def ties_above(context: Context, reading: Reading, enterprise: str, asked: Asked) -> Tied:
    """Open a firm's file and those of the firms above it that the reader may read."""
    files = _Files(context, reading, open_at(context, reading, enterprise, asked))
    files.go_up()
    return files.tied()


def ties_around(context: Context, reading: Reading, enterprise: str, asked: Asked) -> Tied:
    """Open a firm's file, those above it, and those below it and below all that are above it."""
    files = _Files(context, reading, open_at(context, reading, enterprise, asked))
    files.go_up()
    files.go_down([enterprise, *above(files.tied().ties, enterprise)])
    return files.tied()


class _Files:
    """The files that are open so far, and the relations that lead on from them."""

    def __init__(self, context: Context, reading: Reading, file: OpenFile) -> None:
        self._context, self._reading, self._file = context, reading, file
        known = gather_kind(context, file.moment, Whole(Why.TIES), relation.DATASET.name)
        self._rows = relation.by_name(
            known.filter(c("relation").is_in(KINDS)), _firms(context, reading, file), party_key(context.settings)
        )
        self._crowded = crowded(self._rows, file.moment.as_of)
        self._permit, self._tried, self._cut = file.permit, {file.enterprise}, False

    def go_up(self) -> None:
        """Open the files of the firms that own or control those that are open, layer by layer."""
        layer: Collection[str] = self._permit.enterprises
        while layer:
            rows = self._rows.filter(c("enterprise").is_in(list(layer)), c("relation").is_in(UP))
            layer = self._opened(rows["party"])

    def go_down(self, heads: Iterable[str]) -> None:
        """Open the files of the firms that these own or control, layer by layer."""
        layer = set(heads) - self._crowded
        seen = set(layer)
        while layer:
            rows = self._rows.filter(c("party").is_in(sorted(layer)), c("relation").is_in(UP))
            self._opened(rows["enterprise"])
            layer = {name for name in rows["enterprise"] if name in self._permit} - seen
            seen |= layer

    def tied(self) -> Tied:
        """Return the ties of the open files."""
        with self._context.database.read() as session:
            own = import_store.own_imports(session)
        rows = self._rows.filter(c("enterprise").is_in(self._permit.enterprises))
        ties = ties_of(rows, self._file.moment.as_of, own)
        return Tied(self._file, self._permit, ties, self._cut, self._crowded & ties.parties)

    def _opened(self, parties: Iterable[str]) -> list[str]:
        """Open what may be opened of these parties' files, and return which were."""
        wanted = sorted({party for party in parties if is_enterprise(party)} - self._tried)
        self._tried.update(wanted)
        if not wanted:
            return []
        day = self._file.moment.as_of
        with reading_transaction(self._context) as connection:
            known = sorted(enterprise_store.enterprises(connection, wanted))
            room = MOST_FILES - len(self._permit.enterprises)
            permit, more = open_some(self._context, connection, self._reading, known, day, room)
        self._cut = self._cut or more
        self._permit = joined([self._permit, permit])
        return list(permit.enterprises)


def _firms(context: Context, reading: Reading, file: OpenFile) -> tuple[tuple[str, str], ...]:
    with context.database.read() as session:
        return roster(context, session, reading.caller, file.moment.known_at)
