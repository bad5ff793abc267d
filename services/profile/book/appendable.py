"""Appending to a Delta table: one atomic commit per import, which carries its id and its counts.

A worker that was killed between this commit and the one in SQL finds its own work and appends nothing twice. Commits
are serialised by optimistic locking: the file of the next version exists once only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import orjson
import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from chassis.data.files import Cache
from services.profile.book import written
from services.profile.book.delta import BEFORE_ALL, in_buckets, last_import, writer_of
from services.profile.book.domain.channel import Standing
from services.profile.book.domain.dataset import KNOWN_AT, Dataset
from services.profile.book.domain.versions import weigh
from services.profile.book.fit import Commit, Step, require
from services.profile.book.held import HeldRows
from services.profile.book.overlap import ahead, behind
from services.profile.book.parts import Brought, InMemory, Kept, Part, Whole, together
from services.profile.book.readable import STATISTICS_STEP, Readable
from services.profile.book.table_files import SHRED, buckets_of

MOST_ATTEMPTS = 8


class LakeBusy(Exception):
    """Other imports kept committing; the job is tried again."""


class Appendable(Readable):
    """The table of one kind of data, as it grows."""

    def __init__(self, url: str, options: Mapping[str, str] | None, dataset: Dataset, cache: Cache | None) -> None:
        super().__init__(url, options, dataset, cache)
        self._held, self._writer = HeldRows(self._files, dataset), writer_of(dataset)

    def append(
        self,
        rows: pl.DataFrame,
        import_id: str,
        facts: Mapping[str, Any],
        *,
        now: datetime,
        step: Step | None = None,
        standing: Callable[[list[str]], Standing] = lambda _: Standing(),
        counted: Callable[[pl.DataFrame, pl.DataFrame], Mapping[str, Any]] = lambda _, __: {},
    ) -> Commit:
        """Append what the lake does not hold yet, in one commit that carries the facts, and return it.

        `rows` are checked rows with their `line`. The facts gain `appended` (rows by direction or sort), `enterprises`
        (those with new rows), `known_at`, the latest `date`, `refused` (lines by reason: what would revise what it may
        not, by the `standing` of the imports that stated it), `told` of the rest, `repeats` (the imports that had said
        already what is left out for that), and what `counted` says of the new rows and those that were held. `step` is
        the newest one that the database names. Raises `LakeBehind` or `LakeForeign` where the lake does not hold it,
        `LakeBusy` where other imports win the race again and again.
        """
        return self.append_parts(
            [Whole(rows)],
            import_id,
            InMemory(),
            now=now,
            step=step,
            standing=standing,
            counted=lambda _, new, held: {**facts, **counted(new, held)},
        )

    def append_parts(
        self,
        parts: Sequence[Part],
        import_id: str,
        kept: Kept,
        *,
        now: datetime,
        step: Step | None = None,
        standing: Callable[[list[str]], Standing] = lambda _: Standing(),
        counted: Callable[[int, pl.DataFrame, pl.DataFrame], Mapping[str, Any]] = lambda *_: {},
    ) -> Commit:
        """Append as `append` does, in one commit, rows that come in parts of which none says anything of another.

        One part is weighed at a time, while the next is read and the last written; what it brings is `kept` until all
        are weighed. `counted` is told its place.
        """
        weighed: dict[int, tuple[tuple[int, list[str]], Brought]] = {}
        known_at: datetime | None = None
        for _ in range(MOST_ATTEMPTS):
            table = self._files.table()
            # Who was stopped on its way here has lost its job, and whoever took that has been quicker.
            if table.transaction_version(import_id) is not None and (done := self.committed(import_id)):
                return done
            require(table, step, self._dataset.name)
            # Strictly later than all before it: what was known at a moment never changes afterwards.
            before, known_at = known_at, max(now, self._last_known(table) + STATISTICS_STEP)
            if before is not None and before < known_at:
                kept.stamp(known_at)
            placed = partial(self._placed, known_at=known_at, import_id=import_id, count=buckets_of(table))
            with ahead(part.rows() for part in parts) as every, behind() as do:
                for place, rows in enumerate(every):
                    files = self._held.beside(table.version(), rows)
                    beside = buckets_of(table), files["path"].to_list()
                    # Where others won the race, only that is weighed anew beside which they have put something.
                    if place in weighed and weighed[place][0] == beside:
                        continue
                    held = self._held.of(files, rows, parts[place].near)
                    one = weigh(self._dataset, rows, held, standing(held["import_id"].unique().to_list()))
                    new = one.rows.filter(pl.col("version") > 0)
                    brought = Brought.of(self._dataset, one, new, counted(place, new, held))
                    do(partial(_keep, kept, place, placed, one.rows))
                    weighed[place] = beside, brought
            entry = {"known_at": known_at.isoformat(), **together([weighed[place][1] for place in sorted(weighed)])}
            with suppress(CommitFailedError):
                return self._commit(table, kept, import_id, entry)
        raise LakeBusy(import_id)

    def hand_over(
        self, rows: pl.DataFrame, mark: str, import_id: str, *, now: datetime, step: Step | None = None
    ) -> Commit:
        """Append rows that are held already once more, in their versions, as those of another import.

        `mark` names the act: done again, it finds its own commit. `step` and what is raised are as of `append`.
        """
        for _ in range(MOST_ATTEMPTS):
            if done := self.committed(mark):
                return done
            table = self._files.table()
            require(table, step, self._dataset.name)
            known_at = max(now, self._last_known(table) + STATISTICS_STEP)
            entry = {"known_at": known_at.isoformat(), **self._summary(rows)}
            placed = self._placed(rows, known_at, import_id, buckets_of(table))
            with suppress(CommitFailedError):
                return self._commit(table, InMemory({0: placed}), mark, entry)
        raise LakeBusy(mark)

    def _commit(self, table: DeltaTable, kept: Kept, import_id: str, entry: Mapping[str, Any]) -> Commit:
        """Commit what is kept as the next version; raise `CommitFailedError` where another was quicker.

        Then nothing is left of what was written for it.
        """
        files: list[written.Written] = []
        try:
            return self._commit_files(table, kept, import_id, entry, files)
        except CommitFailedError:
            # Told to have failed, it may have landed: an object store that answers late tells so of its own write.
            if done := self.committed(import_id):
                return done
            self._files.withdraw([file.name for file in files])
            raise

    def _commit_files(
        self, table: DeltaTable, kept: Kept, import_id: str, entry: Mapping[str, Any], files: list[written.Written]
    ) -> Commit:
        version = table.version() + 1
        properties = CommitProperties(
            custom_metadata={"import_id": import_id, "import": orjson.dumps(entry).decode()},
            app_transactions=[Transaction(import_id, 1, int(datetime.now(UTC).timestamp() * 1000))],
            max_commit_retries=0,
        )
        with self._files.committing(table) as (writable, folder):
            if written.fits(table, list(self._schema)):
                files += kept.written(folder)
                written.commit(writable, folder, files, properties)
            else:  # a lake of an earlier release: it gains the columns that came later
                write_deltalake(
                    writable,
                    kept.stream(),
                    mode="append",
                    schema_mode="merge",
                    writer_properties=self._writer,
                    commit_properties=properties,
                )
        return Commit(version, entry, import_id)

    def _last_known(self, table: DeltaTable) -> datetime:
        latest = self._files.at(table.version())["max.known_at"].max()
        known = latest if isinstance(latest, datetime) else BEFORE_ALL
        # What was known last may be among what was erased.
        return (
            known
            if table.transaction_version(SHRED) is None
            else max(known, last_import(self._files.history(), table.version()))
        )

    def _placed(self, rows: pl.DataFrame, known_at: datetime, import_id: str, count: int) -> pl.DataFrame:
        """Give rows their bucket and origin, sorted so that one firm's rows lie together."""
        origin = (pl.lit(known_at).cast(KNOWN_AT).alias("known_at"), pl.lit(import_id).alias("import_id"))
        return in_buckets(rows.with_columns(*origin), self._schema, self._dataset.day, count)

    def _summary(self, new: pl.DataFrame) -> dict[str, Any]:
        latest = new[self._dataset.day].max()
        return {
            "enterprises": new["enterprise"].unique().sort().to_list(),
            "appended": dict(new[self._dataset.lead].value_counts().rows()),
            "date": latest.isoformat() if isinstance(latest, date) else None,
        }


def _keep(kept: Kept, place: int, placed: Callable[[pl.DataFrame], pl.DataFrame], rows: pl.DataFrame) -> None:
    kept.keep(place, placed(rows))
