"""Which file of a lake is damaged: cut off, altered or gone. The paths told are those within the lake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from deltalake.exceptions import DeltaError
from polars.exceptions import PanicException, PolarsError

from chassis.core.errors import InvariantBroken
from services.profile.book import digests
from services.profile.book.table_files import TableFiles

UNREADABLE = (PolarsError, PanicException, OSError)
LOG = "_delta_log"
# What stands before a file's place within the lake, and is nobody's business.
AWAY = re.compile(r"\S*/(?=bucket=|_delta_log)")


class LakeDamaged(InvariantBroken):
    """A file of a lake is not as it was written."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that cannot be read as it was written; `bucket` is None of an entry of the log."""

    lake: str
    bucket: int | None
    file: str
    found: str
    expected: str

    def refusal(self) -> LakeDamaged:
        """Return what whoever needs the file is told."""
        where = "its log" if self.bucket is None else f"bucket {self.bucket}"
        return LakeDamaged(
            f"A file of the lake of {self.lake} is damaged, in {where}: {self.file} ({self.found}). Enterprises of "
            "other buckets are served. The operator puts the file back, or makes the lake again: smecredit rebuild. / "
            "数据湖的一个文件已损坏，请运营方从备份恢复该文件，或用 smecredit rebuild 重建；其他分区的企业不受影响。",
            lake=self.lake,
            bucket=self.bucket,
            file=self.file,
        )


def damaged(kind: str, files: TableFiles, *, deep: bool) -> Iterator[Damage]:
    """Give the damaged files of the newest version where they lie: by footers; `deep` by every value and digest."""
    try:
        actions = pl.DataFrame(files.remote().get_add_actions(flatten=True))
    except DeltaError as error:
        yield _log_entry(kind, files, error)
        return
    noted = digests.known(files.folder) if deep and files.folder is not None else {}
    for action in actions.iter_rows(named=True):
        if wrong := _wrong(files, action, deep=deep) or _altered(files, action["path"], noted):
            yield Damage(kind, int(action["partition.bucket"]), action["path"], *wrong)


def _wrong(files: TableFiles, action: Mapping[str, Any], *, deep: bool) -> tuple[str, str] | None:
    """Return how a file was found and expected, None where it is as it should be."""
    rows = f"{action['num_records']} rows"
    try:
        scan = pl.scan_parquet(
            f"{files.url}/{action['path']}", storage_options=files.options, glob=False, hive_partitioning=False
        )
        count = scan.collect().height if deep else scan.select(pl.len()).collect().item()
    except FileNotFoundError:
        return "missing", rows
    except UNREADABLE as error:
        return AWAY.sub("", str(error).partition("\n")[0])[:120], rows
    return None if count == action["num_records"] else (f"{count} rows", rows)


def _altered(files: TableFiles, path: str, noted: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the digests found and expected of a file that can be read and is not what was written."""
    expected = noted.get(path)
    if expected is None or files.folder is None:
        return None
    found = digests.differs(files.folder / path, expected)
    return None if found is None else (f"SHA-256 {found[:16]}…", f"{expected[:16]}…")


def _log_entry(kind: str, files: TableFiles, error: DeltaError) -> Damage:
    """Return the entry of the log that cannot be read."""
    said = AWAY.sub("", str(error).partition("\n")[0])[:120]
    entries = sorted((files.folder / LOG).glob("*.json")) if files.folder is not None else []
    for path in entries:
        try:
            for line in path.read_bytes().splitlines():
                orjson.loads(line)
        except (orjson.JSONDecodeError, OSError):
            return Damage(kind, None, f"{LOG}/{path.name}", "no whole entry", "lines of JSON")
    if gone := _first_gone(entries):
        return Damage(kind, None, f"{LOG}/{gone}", f"missing: {said}", "an entry of the log")
    return Damage(kind, None, LOG, said, "a log that can be read")


def _first_gone(entries: Sequence[Path]) -> str | None:
    """Return the first entry that is missing before the last; those before a checkpoint may go."""
    if not entries:
        return None
    first = int(entries[0].stem) if any(entries[0].parent.glob("*.checkpoint.parquet")) else 0
    there = {path.name for path in entries}
    numbered = (f"{version:020}.json" for version in range(first, int(entries[-1].stem)))
    return next((name for name in numbered if name not in there), None)
