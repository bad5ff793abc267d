"""What a Delta table holds: its newest version, the commit of an import, rows of a version by enterprise or all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import orjson
import polars as pl

from chassis.data.files import Cache
from services.profile.book.delta import Bucket, bucket_of, one_of
from services.profile.book.domain.dataset import Dataset
from services.profile.book.fit import Commit, Step, require
from services.profile.book.table_files import Listed, TableFiles

# The table's statistics cut times to milliseconds: what was known last may be as much later as this.
STATISTICS_STEP = timedelta(milliseconds=1)


class Readable:
    """The table of one kind of data, as it is read."""

    def __init__(self, url: str, options: Mapping[str, str] | None, dataset: Dataset, cache: Cache | None) -> None:
        self._files = TableFiles(url, options, dataset, cache)
        self._dataset, self._schema = dataset, dataset.schema

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

    def buckets(self, version: int | None = None) -> int:
        """Return into how many buckets the rows of a version (None: the newest) are divided: how work on it is cut.

        What is read of it is the same whatever the number; each lake has its own.
        """
        return self._files.listed(self.newest() if version is None else version).buckets

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
        """Return what an import has committed already, None where it has not; it is durable then.

        Whoever committed it may have been killed before it was brought to the disk.
        """
        table = self._files.table()
        if table.transaction_version(import_id) is None:
            return None
        for entry in self._files.history():
            if entry.get("import_id") == import_id:
                self._files.make_sure(entry["version"])
                return Commit(entry["version"], orjson.loads(entry["import"]), import_id)
        raise LookupError(f"the commit of {import_id} is no longer in the log")

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
            files = self._files.listed(version).of(wanted)
            among = one_of(pl.col("enterprise"), wanted)
            where = among if where is None else among & where
        if files.is_empty():
            return self._dataset.empty()
        if wanted is None or where is not None:
            rows = _left(self._files.scan(files), without)
            return (rows if where is None else rows.filter(where)).collect()
        return self._files.spelled(_left(self._files.stored(files).filter(among), without).collect())

    def stated(
        self,
        version: int,
        enterprises: Collection[str],
        columns: Sequence[str],
        *,
        without: Collection[str],
        only: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """Return such columns of what `read` gives, as they were written: `spelled` sees to their spelling.

        Of many rows few are of use: who knows which spares the rest the look at their spelling. Of firms in `only`
        nothing is asked but rows with that lead (a direction): others of theirs may be missing.
        """
        listed, files = self._lasting(version, lambda found: found.of(enterprises))
        by_bucket: dict[int, list[str]] = {}
        for name in sorted(set(enterprises)):
            by_bucket.setdefault(bucket_of(name, listed.buckets), []).append(name)
        scans = [
            # Of a bucket only the groups of rows of its own firms are read.
            self._files.stored(near).filter(one_of(pl.col("enterprise"), names))
            for bucket, names in by_bucket.items()
            if not (near := self._leading(files.filter(pl.col("bucket") == bucket), names, only or {})).is_empty()
        ]
        rows = pl.concat(scans).select(columns).collect() if scans else self._dataset.empty().select(columns)
        return _left(rows.lazy(), without).collect() if without else rows

    def sharing(self, version: int, enterprises: Iterable[str], others: Iterable[str]) -> set[str]:
        """Return those of these enterprises that lie in the files of others: to read both at once is the quicker."""
        buckets = self.buckets(version)
        taken = {bucket_of(name, buckets) for name in others}
        return {name for name in enterprises if bucket_of(name, buckets) in taken}

    def _leading(self, files: pl.DataFrame, names: Collection[str], only: Mapping[str, str]) -> pl.DataFrame:
        """Return the files that may hold rows with the one lead that is asked of these firms, if it is one."""
        leads = {only.get(name) for name in names}
        if len(leads) > 1 or None in leads:
            return files
        lead = pl.lit(leads.pop())
        least, most = (pl.col(f"{end}.{self._dataset.lead}") for end in ("min", "max"))
        return files.filter(((least <= lead) & (most >= lead)).fill_null(value=True))

    def spelled(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return `stated` rows in the one spelling that every reader is given."""
        return self._files.spelled(rows)

    def scan(
        self, version: int, *, without: Collection[str], bucket: Bucket | None = None, since: datetime | None = None
    ) -> pl.LazyFrame:
        """Return the lake, a bucket of it, or what came later than `since`, at `version` and `without` as in `read`.

        The bucket may be of another number than the lake has.
        It is unread: only what a query needs of it is read.
        """
        listed, files = self._lasting(version, lambda found: _near(found, bucket, since))
        rows = _left(self._files.scan(files), without)
        if bucket is not None:
            rows = listed.only(rows, bucket)
        return rows if since is None else rows.filter(pl.col("known_at") > since)

    def scan_of(self, version: int, enterprises: Collection[str], *, without: Collection[str]) -> pl.LazyFrame:
        """Return the rows of these enterprises, unread as those of `scan`."""
        _, files = self._lasting(version, lambda found: found.of(enterprises))
        firms = pl.Series(sorted(enterprises), dtype=pl.String)
        return _left(self._files.scan(files), without).filter(pl.col("enterprise").is_in(firms.implode()))

    def _lasting(self, version: int, chosen: Callable[[Listed], pl.DataFrame]) -> tuple[Listed, pl.DataFrame]:
        """Return what is listed of a version, and the files that are chosen of it, which are all there.

        They are read when nobody can list again, so what another process has erased is looked for now.
        """
        listed = self._files.listed(version)
        if not self._files.there(files := chosen(listed)):
            self._files.forget()
            listed = self._files.listed(version)
            files = chosen(listed)
        return listed, files

    def brought(self, version: int, import_id: str) -> pl.DataFrame:
        """Return the rows that one import brought, as the lake stood at `version`."""
        return self._files.scan(self._files.at(version)).filter(pl.col("import_id") == import_id).collect()


def _near(listed: Listed, bucket: Bucket | None, since: datetime | None) -> pl.DataFrame:
    """Return the files that may hold rows of a bucket, or such as are known since a moment."""
    files = listed.files if bucket is None else listed.near(bucket)
    return files if since is None else files.filter(pl.col("max.known_at") + STATISTICS_STEP > since)


def _left(rows: pl.LazyFrame, without: Collection[str]) -> pl.LazyFrame:
    return rows.filter(~pl.col("import_id").is_in(list(without))) if without else rows
