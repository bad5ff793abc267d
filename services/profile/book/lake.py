"""Each kind of data as a Delta table: one atomic commit per import, read by enterprise or as a whole at a version.

An import's commit carries its id and its counts, so that a worker which was killed between this commit and the one
in SQL finds its own work and appends nothing twice. Commits are serialised by optimistic locking: the file of the
next version exists once only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson
import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from services.profile.book.delta import BEFORE_ALL, bucket_of, harden, in_buckets, last_import, writer_of
from services.profile.book.domain import invoice
from services.profile.book.domain.channel import Standing
from services.profile.book.domain.dataset import KNOWN_AT, Dataset
from services.profile.book.domain.departure import Departure, remaining
from services.profile.book.domain.evidence import HELD
from services.profile.book.domain.versions import Weighed, refused_together, told_together, weigh
from services.profile.book.table_files import SHRED, TableFiles

MOST_ATTEMPTS = 8
# A firm of a bucket with this many files is read in some 20 ms more; joining them costs about as much.
MOST_FILES = 64
# Log entries are kept long enough to read the lake as of any version that SQL may still name.
CONFIGURATION = {"delta.logRetentionDuration": "interval 3650 days", "delta.dataSkippingNumIndexedCols": "4"}
# The table's statistics cut times to milliseconds: what was known last may be as much later as this.
STATISTICS_STEP = timedelta(milliseconds=1)
# What is known of a row beside its content.
ORIGIN = ("version", "import_id", "known_at")


class LakeBusy(Exception):
    """Other imports kept committing; the job is tried again."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One import in the lake: the version it made, and what it said of itself (counts, `known_at`, latest `date`)."""

    version: int
    facts: Mapping[str, Any]


class Lake:
    """One kind of data of all enterprises, at `url` (a folder, or an object store with `options`)."""

    def __init__(
        self, url: str, options: Mapping[str, str] | None = None, *, dataset: Dataset = invoice.DATASET
    ) -> None:
        self._files = TableFiles(url, options, dataset)
        self._dataset, self._schema, self._writer = dataset, dataset.schema, writer_of(dataset)

    def create(self) -> None:
        """Create the empty table where there is none."""
        if DeltaTable.is_deltatable(self._files.url, self._files.options):
            return
        if self._files.folder is not None:
            self._files.folder.mkdir(parents=True, exist_ok=True)
        write_deltalake(
            self._files.url,
            pl.DataFrame(schema={**self._schema, "bucket": pl.Int8()}),
            mode="ignore",
            partition_by=["bucket"],
            configuration=CONFIGURATION,
            storage_options=self._files.options,
        )

    def check(self) -> None:
        """Raise where the table is missing or out of reach."""
        self._files.table()

    def newest(self) -> int:
        """Return the newest version, also one whose import is not concluded yet."""
        return self._files.table().version()

    def committed(self, import_id: str) -> Commit | None:
        """Return what an import has committed already, None where it has not."""
        table = self._files.table()
        if table.transaction_version(import_id) is None:
            return None
        for entry in table.history():
            if entry.get("import_id") == import_id:
                return Commit(entry["version"], orjson.loads(entry["import"]))
        raise LookupError(f"the commit of {import_id} is no longer in the log")

    def append(
        self,
        rows: pl.DataFrame,
        import_id: str,
        facts: Mapping[str, Any],
        *,
        now: datetime,
        standing: Callable[[list[str]], Standing] = lambda _: Standing(),
        counted: Callable[[pl.DataFrame, pl.DataFrame], Mapping[str, Any]] = lambda _, __: {},
    ) -> Commit:
        """Append what the lake does not hold yet, in one commit that carries the facts, and return it.

        `rows` are checked rows with their `line`. The facts gain `appended` (rows by direction or sort), `enterprises`
        (those with new rows), `known_at`, the latest `date`, `refused` (lines by reason: what would revise what it may
        not, by the `standing` of the imports that stated it), `told` of the rest, `repeats` (the imports that had said
        already what is left out for that), and what `counted` says of the new rows and those that were held. Raises
        `LakeBusy` where other imports win the race again and again.
        """
        for _ in range(MOST_ATTEMPTS):
            table = self._files.table()
            held = self._held(table.version(), rows)
            weighed = weigh(self._dataset, rows, held, standing(held["import_id"].unique().to_list()))
            new = weighed.rows.filter(pl.col("version") > 0)
            # Strictly later than all before it: what was known at a moment never changes afterwards.
            known_at = max(now, self._last_known(table.version()) + STATISTICS_STEP)
            said = {"refused": [list(each) for each in weighed.refused], "told": told_together([weighed.told])}
            said["repeats"] = sorted(weighed.repeats)
            brought = {**said, **self._summary(new), **counted(new, held)}
            entry = {**facts, "known_at": known_at.isoformat(), **brought}
            entry["enterprises"] = weighed.rows["enterprise"].unique().sort().to_list()
            try:
                return self._commit(table, self._placed(weighed.rows, known_at, import_id), import_id, entry)
            except CommitFailedError:
                continue
        raise LakeBusy(import_id)

    def append_parts(
        self,
        parts: Sequence[Part],
        import_id: str,
        kept: Kept,
        *,
        now: datetime,
        standing: Callable[[list[str]], Standing],
        counted: Callable[[int, pl.DataFrame, pl.DataFrame], Mapping[str, Any]],
    ) -> Commit:
        """Append as `append` does, in one commit, rows that come in parts of which none says anything of another.

        One part is in memory at a time; what it brings is `kept` on disk until all are weighed. `counted` is told the
        place of the part; lists that it gives are joined, and numbers added.
        """
        weighed: dict[int, tuple[object, Brought]] = {}
        for _ in range(MOST_ATTEMPTS):
            table = self._files.table()
            version = table.version()
            for place, part in enumerate(parts):
                rows = part.rows()
                seen = self._files.near(version, rows)
                # Where others won the race, only what they may have changed is weighed anew.
                if place in weighed and weighed[place][0] == seen:
                    continue
                held = self._held(version, rows, part.near)
                one = weigh(self._dataset, rows, held, standing(held["import_id"].unique().to_list()))
                new = one.rows.filter(pl.col("version") > 0)
                kept.keep(place, in_buckets(one.rows, self._content, self._dataset.day))
                weighed[place] = seen, Brought.of(one, self._summary(new), counted(place, new, held))
            known_at = max(now, self._last_known(version) + STATISTICS_STEP)
            entry = {"known_at": known_at.isoformat(), **together([one for _, one in weighed.values()])}
            try:
                return self._commit(table, self._streamed(kept, known_at, import_id), import_id, entry)
            except CommitFailedError:
                continue
        raise LakeBusy(import_id)

    def hand_over(self, rows: pl.DataFrame, mark: str, import_id: str, *, now: datetime) -> Commit:
        """Append rows that are held already once more, in their versions, as those of another import.

        `mark` names the act: done again, it finds its own commit. Raises `LakeBusy` as `append` does.
        """
        for _ in range(MOST_ATTEMPTS):
            if done := self.committed(mark):
                return done
            table = self._files.table()
            known_at = max(now, self._last_known(table.version()) + STATISTICS_STEP)
            entry = {"known_at": known_at.isoformat(), **self._summary(rows)}
            try:
                return self._commit(table, self._placed(rows, known_at, import_id), mark, entry)
            except CommitFailedError:
                continue
        raise LakeBusy(mark)

    def read(self, version: int, enterprises: Iterable[str] | None = None, *, without: Collection[str]) -> pl.DataFrame:
        """Return all versions of the invoices of these enterprises, or of all, as the lake stood at `version`.

        `without` names the imports that were taken back at the moment that is read: whoever picks the last version of
        a thing must not find theirs, so nobody reads without saying which they are.
        """
        wanted = None if enterprises is None else sorted(set(enterprises))
        try:
            return self._read(version, wanted, without)
        except FileNotFoundError:
            # Shredded by another process after they were listed: what is left of the version is in other files.
            self._files.forget()
            return self._read(version, wanted, without)

    def _read(self, version: int, wanted: Sequence[str] | None, without: Collection[str]) -> pl.DataFrame:
        files = self._files.at(version)
        if wanted is None:
            return _left(self._files.scan(files), without).collect()
        near = files.filter(pl.col("bucket").is_in({bucket_of(enterprise) for enterprise in wanted}))
        return _left(self._files.scan(near), without).filter(pl.col("enterprise").is_in(wanted)).collect()

    def scan(
        self, version: int, *, without: Collection[str], bucket: int | None = None, since: datetime | None = None
    ) -> pl.LazyFrame:
        """Return the lake, a bucket of it, or what came later than `since`, at `version` and `without` as in `read`.

        It is unread: only what a query needs of it is read.
        """
        files = self._files.at(version)
        # It is read when nobody here can list again, so what another process has erased is looked for now.
        if not self._files.there(files):
            self._files.forget()
            files = self._files.at(version)
        if bucket is not None:
            files = files.filter(pl.col("bucket") == bucket)
        if since is None:
            return _left(self._files.scan(files), without)
        later = self._files.scan(files.filter(pl.col("max.known_at") + STATISTICS_STEP > since))
        return _left(later, without).filter(pl.col("known_at") > since)

    def brought(self, version: int, import_id: str) -> pl.DataFrame:
        """Return the rows that one import brought, as the lake stood at `version`."""
        return self._files.scan(self._files.at(version)).filter(pl.col("import_id") == import_id).collect()

    def shred(self, gone: Collection[Departure]) -> int:
        """Erase records for good, from every version of the table, and return how many rows there were.

        What is left is written anew in one commit, then the files of all earlier versions are deleted. A reader at an
        earlier version is given the rest of what it saw. Raises `LakeBusy` where imports win the race again and again.
        """
        buckets = sorted({bucket_of(each.enterprise) for each in gone})
        for _ in range(MOST_ATTEMPTS):
            table = self._files.table()
            before = self._files.scan(self._files.at(table.version()).filter(pl.col("bucket").is_in(buckets))).collect()
            after = remaining(self._dataset, before, gone)
            try:
                if after.height < before.height:
                    self._rewrite(table, after, buckets)
            except CommitFailedError:
                continue
            # Also where nothing was left to erase: whoever erased it may have been killed before the files went.
            if self._files.table().transaction_version(SHRED) is not None:
                self._files.table().vacuum(0, dry_run=False, enforce_retention_duration=False)
            self._files.forget()
            return before.height - after.height
        raise LakeBusy(SHRED)

    def compact(self, bucket: int | None = None) -> int:
        """Join the small files of many imports into few; return how many were replaced. Contents stay the same."""
        table = self._files.table()
        only = None if bucket is None else [("bucket", "=", str(bucket))]
        replaced = int(table.optimize.compact(partition_filters=only)["numFilesRemoved"])
        if replaced:
            self._harden(table.version())
        return replaced

    def tidy(self, enterprises: Iterable[str]) -> int:
        """Compact the buckets of these enterprises that small imports have filled with files; return as `compact`."""
        touched = {bucket_of(enterprise) for enterprise in enterprises}
        counts = self._files.at(self.newest()).filter(pl.col("bucket").is_in(touched)).group_by("bucket").len()
        full = counts.filter(pl.col("len") > MOST_FILES)["bucket"].to_list()
        try:
            return sum(self.compact(bucket) for bucket in full)
        except CommitFailedError:
            return 0  # somebody else was quicker; the next import tries again

    def _held(self, version: int, rows: pl.DataFrame) -> pl.DataFrame:
        """Return what the lake may already hold of `rows`: same enterprises and directions, and days if they tell.

        Of what is known by its number alone, earlier statements may be of any direction and day.
        """
        files = self._files.at(version)
        if rows.is_empty() or files.is_empty():
            return self._dataset.empty().select(*self._dataset.content, *ORIGIN)
        enterprises = rows["enterprise"].unique()
        files = files.filter(pl.col("bucket").is_in({bucket_of(enterprise) for enterprise in enterprises}))
        among = pl.col("enterprise").is_in(enterprises.implode())
        alone = self._dataset.alone
        if alone is None or not alone.anywhere(rows):
            return self._held_near(files, rows, among)
        numbers = rows.filter(alone.where).select(alone.columns[-1]).to_series().unique()
        columns = (*self._dataset.content, *ORIGIN)
        known = (
            self._files.scan(files)
            .filter(among, pl.col(numbers.name).is_in(numbers.implode()))
            .select(columns)
            .collect()
        )
        usual = rows.filter(~alone.where)
        return known if usual.is_empty() else pl.concat([self._held_near(files, usual, among & ~alone.where), known])

    def _held_near(self, files: pl.DataFrame, rows: pl.DataFrame, among: pl.Expr) -> pl.DataFrame:
        """Return what these files hold of the same directions as `rows`, and of the same days if they tell."""
        lead, day = self._dataset.lead, self._dataset.day
        sorts = rows[lead].unique().to_list()
        near = files.filter(
            pl.lit(len(sorts) > 1) | pl.col(f"min.{lead}").is_in(sorts) | pl.col(f"max.{lead}").is_in(sorts)
        )
        wanted = [pl.col(lead).is_in(sorts), among]
        if self._dataset.pruned:
            first, last = rows[day].min(), rows[day].max()
            near = near.filter(pl.col(f"max.{day}") >= first, pl.col(f"min.{day}") <= last)
            wanted.append(pl.col(day).is_between(first, last))
        return self._files.scan(near).filter(*wanted).select(*self._dataset.content, *ORIGIN).collect()

    def _commit(self, table: DeltaTable, placed: pl.DataFrame, import_id: str, entry: dict[str, Any]) -> Commit:
        version = table.version() + 1
        properties = CommitProperties(
            custom_metadata={"import_id": import_id, "import": orjson.dumps(entry).decode()},
            app_transactions=[Transaction(import_id, 1)],
            max_commit_retries=0,
        )
        write_deltalake(
            table,
            placed,
            mode="append",
            schema_mode="merge",  # a lake of an earlier release may lack a column
            writer_properties=self._writer,
            commit_properties=properties,
        )
        self._harden(version)
        return Commit(version, entry)

    def _rewrite(self, table: DeltaTable, rows: pl.DataFrame, buckets: Sequence[int]) -> None:
        """Put these rows in the place of all that is in some buckets, in one commit that later readers recognise."""
        version = table.version() + 1
        properties = CommitProperties(
            custom_metadata={SHRED: str(len(buckets))},
            app_transactions=[Transaction(SHRED, version)],
            max_commit_retries=0,
        )
        where = f"bucket IN ({', '.join(map(str, buckets))})"
        if rows.is_empty():
            table.delete(where, commit_properties=properties)
        else:
            placed = in_buckets(rows, self._schema, self._dataset.day)
            write_deltalake(
                table,
                placed,
                mode="overwrite",
                predicate=where,
                schema_mode="merge",
                writer_properties=self._writer,
                commit_properties=properties,
            )
        self._harden(version)

    def _harden(self, version: int) -> None:
        if self._files.folder is not None:
            harden(self._files.folder, version)

    def _last_known(self, version: int) -> datetime:
        latest = self._files.at(version)["max.known_at"].max()
        known = latest if isinstance(latest, datetime) else BEFORE_ALL
        table = self._files.table()
        # What was known last may be among what was erased.
        return known if table.transaction_version(SHRED) is None else max(known, last_import(table, version))

    def _placed(self, rows: pl.DataFrame, known_at: datetime, import_id: str) -> pl.DataFrame:
        """Give rows their bucket and origin, sorted so that one firm's rows lie together."""
        origin = (pl.lit(known_at).cast(KNOWN_AT).alias("known_at"), pl.lit(import_id).alias("import_id"))
        return in_buckets(rows.with_columns(*origin), self._schema, self._dataset.day)

    def _summary(self, new: pl.DataFrame) -> dict[str, Any]:
        latest = new[self._dataset.day].max()
        return {
            "enterprises": new["enterprise"].unique().sort().to_list(),
            "appended": dict(new[self._dataset.lead].value_counts().rows()),
            "date": latest.isoformat() if isinstance(latest, date) else None,
        }


def _left(rows: pl.LazyFrame, without: Collection[str]) -> pl.LazyFrame:
    return rows.filter(~pl.col("import_id").is_in(list(without))) if without else rows


def lakes(url: str, options: Mapping[str, str] | None = None) -> dict[str, Lake]:
    """Return the table of each kind of data: invoices at `url`, every other kind beside it."""
    places = {name: url if name == invoice.DATASET.name else f"{url.rstrip('/')}-{name}" for name in HELD}
    return {name: Lake(places[name], options, dataset=dataset) for name, dataset in HELD.items()}
