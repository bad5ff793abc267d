"""Each kind of data as a Delta table: one atomic commit per import, read by enterprise or as a whole at a version.

An import's commit carries its id and its counts, so that a worker which was killed between this commit and the one
in SQL finds its own work and appends nothing twice. Commits are serialised by optimistic locking: the file of the
next version exists once only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from chassis.data.files import Cache
from services.profile.book.delta import BEFORE_ALL, bucket_of, harden, in_buckets, last_import, writer_of
from services.profile.book.domain import invoice
from services.profile.book.domain.channel import Standing
from services.profile.book.domain.dataset import KNOWN_AT, Dataset
from services.profile.book.domain.departure import Departure, remaining
from services.profile.book.domain.evidence import HELD
from services.profile.book.domain.versions import weigh
from services.profile.book.fit import TRANSACTIONS_KEPT, Commit, Step, require
from services.profile.book.held import HeldRows
from services.profile.book.parts import Brought, InMemory, Kept, Part, Whole, together
from services.profile.book.table_files import SHRED, TableFiles

MOST_ATTEMPTS = 8
# A firm of a bucket with this many files is read in some 20 ms more; joining them costs about as much.
MOST_FILES = 64
# Log entries are kept long enough to read the lake as of any version that SQL may still name.
CONFIGURATION = {
    "delta.logRetentionDuration": "interval 3650 days",
    "delta.setTransactionRetentionDuration": TRANSACTIONS_KEPT,
    "delta.dataSkippingNumIndexedCols": "4",
}
# The table's statistics cut times to milliseconds: what was known last may be as much later as this.
STATISTICS_STEP = timedelta(milliseconds=1)


class LakeBusy(Exception):
    """Other imports kept committing; the job is tried again."""


class Lake:
    """One kind of data of all enterprises, at `url` (a folder, or an object store with `options`)."""

    def __init__(
        self,
        url: str,
        options: Mapping[str, str] | None = None,
        *,
        dataset: Dataset = invoice.DATASET,
        cache: Cache | None = None,
    ) -> None:
        self._files = TableFiles(url, options, dataset, cache)
        self._dataset, self._schema, self._writer = dataset, dataset.schema, writer_of(dataset)
        self._held = HeldRows(self._files, dataset)
        self._content = [name for name in self._schema if name not in ("known_at", "import_id")]

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

    def require(self, step: Step | None) -> int:
        """Return the newest version; raise `LakeBehind` or `LakeForeign` where a step of the database is missing."""
        table = self._files.table()
        require(table, step, self._dataset.name)
        return table.version()

    def commits(self, since: int = 0) -> dict[int, Commit]:
        """Return the commits of imports and acts after a version that the log still tells of, by version."""
        later = self.newest() - since
        entries = [entry for entry in self._files.history(later) if "import_id" in entry] if later > 0 else []
        made = (Commit(entry["version"], orjson.loads(entry["import"]), entry["import_id"]) for entry in entries)
        return {commit.version: commit for commit in made}

    @property
    def files(self) -> TableFiles:
        """The table's files, for whoever looks at them one by one."""
        return self._files

    @property
    def url(self) -> str:
        """Where the table lies: a folder or an object store."""
        return self._files.url

    def paths(self, version: int) -> list[str]:
        """Return the names of the files that hold the rows of a version."""
        return self._files.at(version)["path"].to_list()

    def measure(self) -> tuple[int, int, int]:
        """Return the newest version, and how many files and bytes hold its rows."""
        table = self._files.table()
        sizes = pl.DataFrame(table.get_add_actions(flatten=True)).get_column("size_bytes")
        return table.version(), sizes.len(), int(sizes.sum())

    def newest(self) -> int:
        """Return the newest version, also one whose import is not concluded yet."""
        return self._files.table().version()

    def committed(self, import_id: str) -> Commit | None:
        """Return what an import has committed already, None where it has not."""
        table = self._files.table()
        if table.transaction_version(import_id) is None:
            return None
        for entry in self._files.history():
            if entry.get("import_id") == import_id:
                return Commit(entry["version"], orjson.loads(entry["import"]), import_id)
        raise LookupError(f"the commit of {import_id} is no longer in the log")

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

        One part is in memory at a time; what it brings is `kept` until all are weighed. `counted` is told its place.
        """
        weighed: dict[int, tuple[list[str], Brought]] = {}
        for _ in range(MOST_ATTEMPTS):
            table = self._files.table()
            require(table, step, self._dataset.name)
            for place, part in enumerate(parts):
                rows = part.rows()
                beside = self._held.beside(table.version(), rows)["path"].to_list()
                # Where others won the race, only that is weighed anew beside which they have put something.
                if place not in weighed or weighed[place][0] != beside:
                    held = self._held.of(table.version(), rows, part.near)
                    one = weigh(self._dataset, rows, held, standing(held["import_id"].unique().to_list()))
                    new = one.rows.filter(pl.col("version") > 0)
                    brought = Brought.of(self._dataset, one, new, counted(place, new, held))
                    kept.keep(place, in_buckets(one.rows, self._content, self._dataset.day))
                    weighed[place] = beside, brought
            # Strictly later than all before it: what was known at a moment never changes afterwards.
            known_at = max(now, self._last_known(table.version()) + STATISTICS_STEP)
            entry = {"known_at": known_at.isoformat(), **together([weighed[place][1] for place in sorted(weighed)])}
            origin = {"known_at": pl.lit(known_at).cast(KNOWN_AT), "import_id": pl.lit(import_id)}
            columns = [origin.get(name, pl.col(name)).alias(name) for name in (*self._schema, "bucket")]
            try:
                return self._commit(table, kept.stream(columns), import_id, entry)
            except CommitFailedError:
                # Told to have failed, it may have landed: an object store that answers late tells so of its own write.
                if done := self.committed(import_id):
                    return done
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
            known_at = max(now, self._last_known(table.version()) + STATISTICS_STEP)
            entry = {"known_at": known_at.isoformat(), **self._summary(rows)}
            try:
                return self._commit(table, self._placed(rows, known_at, import_id), mark, entry)
            except CommitFailedError:
                continue
        raise LakeBusy(mark)

    def read(
        self,
        version: int,
        enterprises: Iterable[str] | None = None,
        *,
        without: Collection[str],
        where: pl.Expr | None = None,
    ) -> pl.DataFrame:
        """Return all versions of the invoices of these enterprises, or of all, as the lake stood at `version`.

        `without` names the imports that were taken back at the moment that is read: whoever picks the last version of
        a thing must not find theirs, so nobody reads without saying which they are. `where` leaves out further rows
        before they are read.
        """
        wanted = None if enterprises is None else sorted(set(enterprises))
        try:
            return self._read(version, wanted, without, where)
        except FileNotFoundError:
            # Shredded by another process after they were listed: what is left of the version is in other files.
            self._files.forget()
            return self._read(version, wanted, without, where)

    def _read(
        self, version: int, wanted: Sequence[str] | None, without: Collection[str], where: pl.Expr | None
    ) -> pl.DataFrame:
        files = self._files.at(version)
        if wanted is not None:
            files = files.filter(pl.col("bucket").is_in({bucket_of(enterprise) for enterprise in wanted}))
            among = pl.col("enterprise").is_in(wanted)
            where = among if where is None else among & where
        rows = _left(self._files.scan(files), without)
        return (rows if where is None else rows.filter(where)).collect()

    def scan(
        self, version: int, *, without: Collection[str], bucket: int | None = None, since: datetime | None = None
    ) -> pl.LazyFrame:
        """Return the lake, a bucket of it, or what came later than `since`, at `version` and `without` as in `read`.

        It is unread: only what a query needs of it is read.
        """
        files = self._near(version, bucket, since)
        # It is read when nobody here can list again, so what another process has erased is looked for now.
        if not self._files.there(files):
            self._files.forget()
            files = self._near(version, bucket, since)
        rows = _left(self._files.scan(files), without)
        return rows if since is None else rows.filter(pl.col("known_at") > since)

    def _near(self, version: int, bucket: int | None, since: datetime | None) -> pl.DataFrame:
        """Return the files that may hold rows of a bucket, or such as are known since a moment."""
        files = self._files.at(version)
        if bucket is not None:
            files = files.filter(pl.col("bucket") == bucket)
        return files if since is None else files.filter(pl.col("max.known_at") + STATISTICS_STEP > since)

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
                self._files.remote().vacuum(0, dry_run=False, enforce_retention_duration=False)
            self._files.forget()
            return before.height - after.height
        raise LakeBusy(SHRED)

    def compact(self, bucket: int | None = None) -> int:
        """Join the small files of many imports into few; return how many were replaced. Contents stay the same."""
        table = self._files.remote()
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
        except DeltaError:
            return 0  # somebody else was quicker, or a file is damaged; the next import tries again

    def _commit(self, table: DeltaTable, placed: Any, import_id: str, entry: dict[str, Any]) -> Commit:
        version = table.version() + 1
        properties = CommitProperties(
            custom_metadata={"import_id": import_id, "import": orjson.dumps(entry).decode()},
            app_transactions=[Transaction(import_id, 1, int(datetime.now(UTC).timestamp() * 1000))],
            max_commit_retries=0,
        )
        with self._files.committing(table) as writable:
            write_deltalake(
                writable,
                placed,
                mode="append",
                schema_mode="merge",  # a lake of an earlier release may lack a column
                writer_properties=self._writer,
                commit_properties=properties,
            )
        return Commit(version, entry, import_id)

    def _rewrite(self, table: DeltaTable, rows: pl.DataFrame, buckets: Sequence[int]) -> None:
        """Put these rows in the place of all that is in some buckets, in one commit that later readers recognise."""
        version = table.version() + 1
        properties = CommitProperties(
            custom_metadata={SHRED: str(len(buckets))},
            app_transactions=[Transaction(SHRED, version)],
            max_commit_retries=0,
        )
        where = f"bucket IN ({', '.join(map(str, buckets))})"
        with self._files.committing(table) as writable:
            if rows.is_empty():
                writable.delete(where, commit_properties=properties)
                return
            write_deltalake(
                writable,
                in_buckets(rows, self._schema, self._dataset.day),
                mode="overwrite",
                predicate=where,
                schema_mode="merge",
                writer_properties=self._writer,
                commit_properties=properties,
            )

    def _harden(self, version: int) -> None:
        if self._files.folder is not None:
            harden(self._files.folder, version)

    def _last_known(self, version: int) -> datetime:
        latest = self._files.at(version)["max.known_at"].max()
        known = latest if isinstance(latest, datetime) else BEFORE_ALL
        table = self._files.table()
        # What was known last may be among what was erased.
        return (
            known
            if table.transaction_version(SHRED) is None
            else max(known, last_import(self._files.history(), version))
        )

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


def lakes(url: str, options: Mapping[str, str] | None = None, cache: Cache | None = None) -> dict[str, Lake]:
    """Return the table of each kind of data: invoices at `url`, every other kind beside it."""
    places = {name: url if name == invoice.DATASET.name else f"{url.rstrip('/')}-{name}" for name in HELD}
    return {name: Lake(places[name], options, dataset=dataset, cache=cache) for name, dataset in HELD.items()}
