"""Each kind of data as a Delta table: appended to by imports, read at a version, kept quick to read, erased from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from chassis.data.files import Cache
from services.profile.book.appendable import MOST_ATTEMPTS, Appendable, LakeBusy
from services.profile.book.delta import SAID, bucket_of, harden, in_buckets
from services.profile.book.domain import invoice
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.departure import Departure, remaining
from services.profile.book.domain.evidence import HELD
from services.profile.book.fit import TRANSACTIONS_KEPT
from services.profile.book.table_files import SHRED, buckets_of
from services.profile.settings import USUAL_BUCKETS

# A firm of a bucket with this many files is read in some 20 ms more; joining them costs about as much.
MOST_FILES = 64
# Log entries are kept long enough to read the lake as of any version that SQL may still name.
CONFIGURATION = {
    "delta.logRetentionDuration": "interval 3650 days",
    "delta.setTransactionRetentionDuration": TRANSACTIONS_KEPT,
    "delta.dataSkippingNumIndexedCols": "4",
}


class Lake(Appendable):
    """One kind of data of all enterprises, at `url` (a folder, or an object store with `options`)."""

    def __init__(
        self,
        url: str,
        options: Mapping[str, str] | None = None,
        *,
        dataset: Dataset = invoice.DATASET,
        cache: Cache | None = None,
    ) -> None:
        super().__init__(url, options, dataset, cache)

    def create(self, buckets: int = USUAL_BUCKETS) -> None:
        """Create the empty table of so many buckets where there is none; one that is there keeps its own number."""
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
            commit_properties=CommitProperties(app_transactions=[Transaction(SAID, buckets)]),
        )

    def shred(self, gone: Collection[Departure]) -> int:
        """Erase records for good, from every version of the table, and return how many rows there were.

        What is left is written anew in one commit, then the files of all earlier versions are deleted. A reader at an
        earlier version is given the rest of what it saw. Raises `LakeBusy` where imports win the race again and again.
        """
        for _ in range(MOST_ATTEMPTS):
            table = self._files.table()
            buckets = sorted({bucket_of(each.enterprise, buckets_of(table)) for each in gone})
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

    def tidy(self, version: int, enterprises: Iterable[str]) -> int:
        """Compact the buckets of these enterprises that have many files at a version; return as `compact`."""
        counts = self._files.listed(version).of(enterprises).group_by("bucket").len()
        full = counts.filter(pl.col("len") > MOST_FILES)["bucket"].to_list()
        try:
            return sum(self.compact(bucket) for bucket in full)
        except DeltaError:
            return 0  # somebody else was quicker, or a file is damaged; the next import tries again

    def _rewrite(self, table: DeltaTable, rows: pl.DataFrame, buckets: Sequence[int]) -> None:
        """Put these rows in the place of all that is in some buckets, in one commit that later readers recognise."""
        version = table.version() + 1
        properties = CommitProperties(
            custom_metadata={SHRED: str(len(buckets))},
            app_transactions=[Transaction(SHRED, version)],
            max_commit_retries=0,
        )
        where = f"bucket IN ({', '.join(map(str, buckets))})"
        with self._files.committing(table) as (writable, _):
            if rows.is_empty():
                writable.delete(where, commit_properties=properties)
                return
            write_deltalake(
                writable,
                in_buckets(rows, self._schema, self._dataset.day, buckets_of(table)),
                mode="overwrite",
                predicate=where,
                schema_mode="merge",
                writer_properties=self._writer,
                commit_properties=properties,
            )

    def _harden(self, version: int) -> None:
        if self._files.folder is not None:
            harden(self._files.folder, version)


def lakes(url: str, options: Mapping[str, str] | None = None, cache: Cache | None = None) -> dict[str, Lake]:
    """Return the table of each kind of data: invoices at `url`, every other kind beside it."""
    places = {name: url if name == invoice.DATASET.name else f"{url.rstrip('/')}-{name}" for name in HELD}
    return {name: Lake(places[name], options, dataset=dataset, cache=cache) for name, dataset in HELD.items()}
