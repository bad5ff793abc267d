"""What a suite keeps, read past the suite: its databases and files, opened as its own processes open them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl
from faults.stage import Stage
from sqlalchemy import text

from chassis.data import listing
from chassis.data.check import check_database
from chassis.data.database import Database
from services.profile.book.context import Context
from services.profile.composition import make_context
from services.profile.rights.usecases.verify import verify
from services.profile.settings import Settings

PACKAGES: Final[Mapping[str, str]] = {
    "gateway": "gateway",
    "profile": "services.profile",
    "scoring": "services.scoring",
    "matching": "services.matching",
}
# What stands before the number of a row.
MARK: Final = r"^(.*)-\d+$"


class Books:
    """The databases and files of a stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def column(self, part: str, query: str, **values: str) -> list[Any]:
        """Return the first column of what a query finds in the database of a part."""
        with self._open(part) as database, database.engine.connect() as connection:
            return list(connection.execute(text(query), values).scalars())

    def pairs(self, part: str, query: str) -> dict[Any, Any]:
        """Return what a query finds in the database of a part, its second column by its first."""
        with self._open(part) as database, database.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(text(query))}

    def run_again(self, part: str, job: str) -> None:
        """Have a job run again that broke off or was set aside, as an operator does."""
        with self._open(part) as database:
            listing.again(database, job)

    def lake(self) -> Mapping[str, tuple[int, int]]:
        """Return by the mark of a file how many rows of it the lake holds, and how many invoices they are."""
        with self.profile() as context:
            lake = context.lakes["invoices"]
            numbers = lake.read(lake.newest(), without=()).select("number")
        marks = numbers.group_by(pl.col("number").str.extract(MARK).alias("mark"))
        return {
            mark: (rows, own)
            for mark, rows, own in marks.agg(pl.len(), pl.col("number").n_unique().alias("own")).rows()
        }

    def verified(self, home: Path | None = None) -> list[Any]:
        """Return what `verify deep` finds, of every service; of another home than the stage's where one is named."""
        with self.profile(home) as context:
            found = list(verify(context, PACKAGES["profile"], deep=True)[1])
        for part in ("scoring", "matching", "gateway"):
            with self._open(part, home) as database:
                found += check_database(database, PACKAGES[part], Counter(), deep=True)
        return found

    @contextmanager
    def profile(self, home: Path | None = None) -> Iterator[Context]:
        """Give what the profile service keeps."""
        with self._as("profile", home):
            context = make_context(Settings.from_environment())
            try:
                yield context
            finally:
                context.database.dispose()

    @contextmanager
    def _open(self, part: str, home: Path | None = None) -> Iterator[Database]:
        database = Database(self._url(part, home or self._stage.home_of(part)))
        try:
            yield database
        finally:
            database.dispose()

    def _url(self, part: str, home: Path) -> str:
        return self._stage.told.get(f"{part.upper()}_DATABASE_URL", f"sqlite:///{home / part}.db")

    @contextmanager
    def _as(self, part: str, home: Path | None) -> Iterator[None]:
        """Have this process read the environment of a part for the time of the block."""
        before = dict(os.environ)
        os.environ.update(self._stage.told | {"SMECREDIT_HOME": str(home or self._stage.home_of(part))})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
