"""Verifying what the profile service keeps: database, ledger, lakes and files received, each against the others.

It runs beside a service at work: the database is read first, and what came later is left out. What retention has
removed is missing rightly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from deltalake.exceptions import DeltaError
from sqlalchemy import select

from chassis.core.errors import Refused
from chassis.core.findings import Finding
from chassis.data import jobs
from chassis.data.check import check_database
from services.profile.book import state_store, step_store, tables
from services.profile.book.context import Context
from services.profile.book.damage import damaged
from services.profile.book.delta import Bucket
from services.profile.book.domain import invoice
from services.profile.book.domain.sheet import NOTED
from services.profile.book.fit import Commit
from services.profile.book.import_store import SEALED
from services.profile.book.lake import Lake
from services.profile.book.usecases.agree import agree
from services.profile.book.usecases.report import digest_of
from services.profile.rights.domain.retention import policies_on
from services.profile.standards.days import start_of

REBUILD = "put it back from a backup, or: python -m services.profile.cli rebuild"
RESTORE = "restore the database and the lake from one backup"
BACK = "put it back from a backup"


def verify(context: Context, package: str, *, deep: bool) -> tuple[Counter[str], list[Finding]]:
    """Return how many things of each sort were looked at, and what is not as it should be."""
    checked: Counter[str] = Counter()
    found = list(check_database(context.database, package, checked, deep=deep))
    if any(each.what == "database" for each in found):
        return checked, found
    found += [*_fit(context), *_book(context), *_lakes(context, checked, deep=deep)]
    found += _imports(context, checked, deep=deep)
    return checked, found


def _fit(context: Context) -> Iterator[Finding]:
    try:
        agree(context)
    except Refused as refusal:
        yield Finding("lake and database", "all lakes", refusal.detail.partition(". ")[0], "that they fit", RESTORE)
    except DeltaError:
        return  # which entry of the log it is is told with the lake


def _book(context: Context) -> Iterator[Finding]:
    with context.database.read() as session:
        state, step = state_store.book(session), step_store.last_steps(session).get(invoice.DATASET.name)
    if step is not None and state.lake_version != step.version:
        yield Finding("book", "invoices", f"version {state.lake_version}", f"version {step.version}", RESTORE)


def _lakes(context: Context, checked: Counter[str], *, deep: bool) -> Iterator[Finding]:
    for kind, lake in context.lakes.items():
        with context.database.read() as session:
            rows = session.execute(_steps(kind)).all()
        wrong = list(damaged(kind, lake.files, deep=deep))
        for each in wrong:
            where = f"lake of {kind}, " + ("log" if each.bucket is None else f"bucket {each.bucket}")
            yield Finding("file", f"{where}, {each.file}", each.found, each.expected, REBUILD)
        try:
            checked["files of lakes"] += lake.files.at(lake.newest()).height
            yield from _commits(kind, lake.commits(), rows, checked)
            yield from () if wrong else _elsewhere(kind, lake, deep=deep)
        except (DeltaError, Refused):
            if not wrong:
                yield Finding("log", f"lake of {kind}", "it cannot be read", "a log that can be read", REBUILD)


def _elsewhere(kind: str, lake: Lake, *, deep: bool) -> Iterator[Finding]:
    """Look for files of buckets that the lake has not; `deep`: and of enterprises that nobody would look for there."""
    listed = lake.files.listed(lake.newest())
    for path, number in listed.files.select("path", "bucket").iter_rows():
        astray = number >= listed.buckets
        if deep and not astray:
            rows = lake.files.scan(listed.files.filter(pl.col("path") == path)).select(pl.col("enterprise").unique())
            astray = not all(Bucket(number, listed.buckets).among(rows.collect().to_series()))
        if astray:
            expected = f"enterprises of that bucket of {listed.buckets}"
            yield Finding("bucket", f"lake of {kind}, bucket {number}, {path}", "others", expected, REBUILD)


def _steps(kind: str) -> Any:
    table = tables.LakeStep
    columns = (table.lake_version, table.commit_id, table.records)
    return select(*columns).where(table.dataset == kind).order_by(table.lake_version)


def _commits(
    kind: str, commits: Mapping[int, Commit], steps: Sequence[Any], checked: Counter[str]
) -> Iterator[Finding]:
    """Compare what the database says of each version of a lake with what the lake's log says of it."""
    for version, commit, records in steps:
        checked["imports in lakes"] += 1
        made = commits.get(version)
        where = f"lake of {kind}, version {version}"
        if made is None:
            yield Finding("commit", where, "no such commit in the log", commit or "a commit", REBUILD)
            continue
        appended = sum(made.facts["appended"].values())
        if commit not in (None, made.name):
            yield Finding("commit", where, made.name, str(commit), RESTORE)
        elif ">" not in made.name and appended != records:  # of rows handed over the last commit alone is noted
            yield Finding("count", where, f"{appended} records in the log", f"{records} in the database", RESTORE)


def _imports(context: Context, checked: Counter[str], *, deep: bool) -> Iterator[Finding]:
    """Look for the files received, and for imports that no job will conclude."""
    table, job = tables.Import, jobs.TABLE
    received = (table.id, table.kind, table.sha256, table.size, table.created_at, table.finished_at, table.counts)
    with context.database.read() as session:
        rows = session.execute(
            select(*received, job.c.state).outerjoin(job, job.c.id == table.id).order_by(table.id)
        ).all()
    there = {each.name: each.size for each in context.uploads.list()}
    kept_from = max((start_of(each.kept_from(context.today())) for each in policies_on("uploads")), default=None)
    for name, kind, sha256, size, created_at, finished_at, counts, state in rows:
        checked["imports"] += 1
        if finished_at is None and state not in ("queued", "running", "failed"):
            yield Finding("import", name, "not done, and no job is to do it", "a job", "send the file again")
        if kept_from is not None and created_at < kept_from:
            continue
        # What an earlier release wrote of rejected rows has no digest.
        for report, noted in (counts or {}).get(NOTED, {}).items():
            checked["reports"] += 1
            yield from _file(context, "report", report, there.get(report), None, noted, deep=deep)
        if kind not in SEALED:
            checked["files received"] += 1
            yield from _file(context, "file received", name, there.get(name), size, sha256, deep=deep)


def _file(
    context: Context, what: str, name: str, found: int | None, size: int | None, sha256: str, *, deep: bool
) -> Iterator[Finding]:
    """Look whether a file has its size, where that is noted; `deep`: and its digest."""
    if found is None or found != (size or found):
        expected = "a file" if size is None else f"{size} bytes"
        yield Finding(what, name, "missing" if found is None else f"{found} bytes", expected, BACK)
    elif deep and (digest := _digest(context, name)) != sha256:
        yield Finding(what, name, f"SHA-256 {digest[:16]}…", f"{sha256[:16]}…", BACK)


def _digest(context: Context, name: str) -> str:
    with context.uploads.open(name) as path:
        return digest_of(path)
