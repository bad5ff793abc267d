"""Working off an import: read, check, append to the lake in one commit, then make it visible in one transaction.

A worker may be killed at any point and the job is taken again. Everything before the lake's commit is repeated and
gives the same result; the lake's commit is found again by the import's id; the last transaction happens once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

from chassis.core.errors import Refused
from chassis.data.jobs import Job
from services.profile import store, tables
from services.profile.context import Context
from services.profile.domain import invoice, public_record, relation
from services.profile.domain.channel import Standing, standing
from services.profile.domain.columns import ENTERPRISES, KINDS, Form
from services.profile.domain.days import day_of
from services.profile.domain.departure import names_of
from services.profile.domain.enterprise import Enterprise
from services.profile.domain.relation import sealed
from services.profile.domain.repair import too_early
from services.profile.domain.standards.attributes import warnings
from services.profile.domain.validation import REPORT, Checked, check, one_nature
from services.profile.domain.versions import without_repeats
from services.profile.lake import Commit
from services.profile.readers.connectors import form_of
from services.profile.readers.parts import Limits, Part
from services.profile.readers.read import read
from services.profile.usecases.enrol import SyntheticMixed, claim, merged
from services.profile.usecases.receive import sync_folder
from services.profile.usecases.repair import leave
from services.profile.usecases.seal import party_key
from services.profile.usecases.watch import order_look

STAGES = 5
MOST_WARNINGS = 20
TICK = timedelta(microseconds=1)
# Kinds that name persons: their files go as soon as they are worked off, and parties are held as keyed hashes.
SEALED = frozenset({relation.DATASET.name})
TOO_EARLY = "repaired sooner than the tier on file allows / 早于档案所载失信类别的最短公示期"
NOT_YOURS = "stated by another source already; dispute it instead of restating it / 其他来源已有记录，请提出异议"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of a file or a sheet: received = accepted + duplicate + rejected."""

    received: int
    accepted: int
    duplicate: int
    rejected: int

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of both together."""
        return Counts(*(mine + theirs for mine, theirs in zip(_four(self), _four(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One checked table of the file."""

    form: Form
    name: str | None
    checked: Checked
    ignored: tuple[str, ...]


def load(context: Context, job: Job) -> None:
    """Bring one received file into the book; raise a `Refused` and change nothing where it cannot be used."""
    with context.database.read() as session:
        order = session.get_one(tables.Import, job.id)
    path = context.settings.uploads / order.id
    try:
        if order.finished_at is None:
            _bring_in(context, job, order, path)
    except Refused:
        _forget(context, order)
        raise
    _forget(context, order)


def _forget(context: Context, order: tables.Import) -> None:
    """Remove a file that names persons, and what a killed reader left of it: what is kept of them is in the lake."""
    if order.kind in SEALED:
        for path in context.settings.uploads.glob(f"{order.id}*"):
            if path != reject_report(context, order.id):
                path.unlink(missing_ok=True)


def _bring_in(context: Context, job: Job, order: tables.Import, path: Path) -> None:
    # The day it was received, in China: a repetition tomorrow must judge future dates the same.
    today = day_of(order.created_at)
    form = form_of(order.kind, order.connector, order.enterprise)
    parts = read(form, path, Limits(unpacked=context.settings.largest_unpacked))
    job.progress(1, STAGES)
    sheets = [_checked(part, form if part.kind == form.kind else KINDS[part.kind], today) for part in parts]
    sheets = [_without_wrong_repairs(context, job, order, sheet) for sheet in sheets]
    job.progress(2, STAGES)
    _report(reject_report(context, order.id), sheets)
    _claim(context, sheets)
    commit = _append(context, order, sheets)
    if commit is not None and commit.facts.get("refused"):
        sheets = [_without_refused(sheet, commit.facts["refused"]) for sheet in sheets]
        _report(reject_report(context, order.id), sheets)
    job.progress(4, STAGES)
    _conclude(context, order, sheets, commit)
    if commit is not None:
        _tidied(context, sheets, commit)


def reject_report(context: Context, import_id: str) -> Path:
    """Return where an import's reject report lies, as CSV."""
    return context.settings.uploads / f"{import_id}.rejects.csv"


def _checked(part: Part, form: Form, today: date) -> Sheet:
    matched = form.match([title for title in part.frame.columns if title != "line"])
    checked = check(form, part.frame, matched, part.unread, today=today)
    return Sheet(form, part.sheet, checked, matched.ignored)


def _without_wrong_repairs(context: Context, job: Job, order: tables.Import, sheet: Sheet) -> Sheet:
    """Return the sheet without repairs that are not the sender's to state, or too early for the record as it is held.

    What a row says of the record beside its repair is the sender's word: the tier that counts is the one on file.
    """
    rows = sheet.checked.rows
    if sheet.form.dataset is not public_record.DATASET or "repaired_on" not in rows.columns:
        return sheet
    rows = rows.filter(pl.col("repaired_on").is_not_null())
    if rows.is_empty():
        return sheet
    with context.database.read() as session:
        held = _held_records(context, session, rows["enterprise"].unique().to_list())
        sent = store.senders(session, held["import_id"].unique().to_list())
    theirs = [name for name, (client, _) in sent.items() if client == order.client or _is_operator(job)]
    same = list(public_record.IDENTITY)
    stated = rows.select(*same, "line", "repaired_on").join(held, on=same)
    others = stated.filter(~pl.col("import_id").is_in(theirs))["line"].to_list()
    early = stated.filter(too_early())["line"].to_list()
    sheet = _without_refused(sheet, others) if others else sheet
    early = sorted(set(early) - set(others))
    return _without_refused(sheet, early, TOO_EARLY) if early else sheet


def _held_records(context: Context, session: Session, enterprises: list[str]) -> pl.DataFrame:
    """Return the public records of these enterprises as they are held, each in its last version."""
    dataset = public_record.DATASET
    version = store.lake_versions(session).get(dataset.name)
    rows = dataset.empty() if version is None else context.lakes[dataset.name].read(version, enterprises)
    return dataset.as_known(rows).select(*dataset.identity, "tier", "published_on", "import_id")


def _is_operator(job: Job) -> bool:
    return job.caller is not None and job.caller.role == "operator"


def _without_refused(sheet: Sheet, lines: list[int], why: str = NOT_YOURS) -> Sheet:
    """Return the sheet without the lines that would revise what others have stated, or what `why` says."""
    checked = sheet.checked
    said = pl.DataFrame({"line": lines}, schema={"line": pl.Int64}).with_columns(
        column=pl.lit(""), value=pl.lit(""), reason=pl.lit(why)
    )
    kept = replace(
        checked,
        rows=checked.rows.filter(~pl.col("line").is_in(lines)),
        report=pl.concat([checked.report, said.cast(pl.Schema(REPORT))]).sort("line", maintain_order=True),
        rejected=checked.rejected + len(lines),
    )
    return replace(sheet, checked=kept)


def _report(path: Path, sheets: list[Sheet]) -> None:
    """Write the reject report whole or not at all."""
    reports = []
    for sheet in sheets:
        place = pl.lit(f"{sheet.name}!").add(pl.col("column")) if sheet.name else pl.col("column")
        reports.append(sheet.checked.report.with_columns(place.alias("column")))
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        pl.concat(reports).write_csv(file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def _claim(context: Context, sheets: list[Sheet]) -> None:
    natures = {one_nature(sheet.checked.rows) for sheet in sheets if not sheet.checked.rows.is_empty()}
    if len(natures) > 1 or None in natures:
        raise SyntheticMixed("The file mixes synthetic and real rows; send them apart, to separate books.")
    with context.database.begin() as session:
        for synthetic in natures:
            claim(session, synthetic=bool(synthetic))


def _append(context: Context, order: tables.Import, sheets: list[Sheet]) -> Commit | None:
    """Append the records of the file to their lake, or find that this was done before a crash."""
    dataset = next((sheet.form.dataset for sheet in sheets if sheet.form.dataset), None)
    if dataset is None:
        return None
    lake = context.lakes[dataset.name]
    done = lake.committed(order.id)
    if done is not None:
        return done
    parts = [dataset.conform(sheet.checked.rows) for sheet in sheets if sheet.form.dataset]
    if dataset.name in SEALED:
        parts = [sealed(part, party_key(context.settings)) for part in parts]
    rows = pl.concat([without_repeats(dataset, part) for part in parts])
    return lake.append(rows, order.id, {}, now=context.now(), standing=partial(_standing, context, order))


def _standing(context: Context, order: tables.Import, earlier: list[str]) -> Standing:
    """Return how earlier imports stand to this one: an enterprise's own word does not revise another's."""
    with context.database.read() as session:
        return standing((order.client, order.channel), store.senders(session, earlier))


def _tidied(context: Context, sheets: list[Sheet], commit: Commit) -> None:
    """Keep the lake quick to read where many small imports leave a file each."""
    [dataset, *_] = [sheet.form.dataset.name for sheet in sheets if sheet.form.dataset]
    context.lakes[dataset].tidy(commit.facts["enterprises"])


def _conclude(context: Context, order: tables.Import, sheets: list[Sheet], commit: Commit | None) -> None:
    """Make the import visible: firms, outcomes, the book's state and the counts, in one transaction."""
    now = context.now()
    with context.database.begin() as session:
        if session.get_one(tables.Import, order.id, with_for_update=True).finished_at is not None:
            return
        state = store.book(session, lock=True)
        if commit is not None:
            state = _made_visible(session, state, sheets, commit, now)
            _repaired(session, order, sheets, now)
        counts = [_concluded(session, order, sheet, commit, now) for sheet in sheets]
        store.move_book(session, state)
        done = session.get_one(tables.Import, order.id)
        done.counts, done.finished_at = _summary(sheets, counts), now
        order_look(session, _touched(sheets, commit), order.kind)


def _repaired(session: Session, order: tables.Import, sheets: list[Sheet], now: datetime) -> None:
    """Let the public records leave that a source says were repaired, in the transaction that brings the statement."""
    for sheet in sheets:
        if sheet.form.dataset is not public_record.DATASET:
            continue
        rows = sheet.checked.rows
        if "repaired_on" not in rows.columns:
            continue
        rows = rows.filter(pl.col("repaired_on").is_not_null())
        named = rows.select("enterprise", "number").with_columns(names_of(public_record.DATASET, rows).alias("name"))
        for (enterprise,), mine in named.partition_by("enterprise", as_dict=True, maintain_order=True).items():
            leave(
                session, str(enterprise), dict(mine.select("name", "number").iter_rows()), order.id, order.client, now
            )


def _touched(sheets: list[Sheet], commit: Commit | None) -> set[str]:
    """Return the enterprises that an import said something of: those with new records, or all that it names."""
    if commit is not None:
        return set(commit.facts["enterprises"])
    return {name for sheet in sheets for name in sheet.checked.rows["enterprise"].unique()}


def _concluded(session: Session, order: tables.Import, sheet: Sheet, commit: Commit | None, now: datetime) -> Counts:
    checked = sheet.checked
    if commit is not None and sheet.form.dataset is not None:
        appended = commit.facts["appended"]
        sort = sheet.form.constants.get(sheet.form.dataset.lead)
        accepted = int(appended.get(sort, 0) if sort else sum(appended.values()))
    elif sheet.form.kind == ENTERPRISES.kind:
        accepted = _enrolled(session, order, checked.rows, now)
    else:
        accepted = _observed(session, order, checked.rows, now)
    return Counts(checked.received, accepted, checked.rows.height - accepted, checked.rejected)


def _enrolled(session: Session, order: tables.Import, rows: pl.DataFrame, now: datetime) -> int:
    """Store the firms of a file and return how many rows said something new."""
    before = store.enterprises(session, rows["enterprise"].unique().to_list())
    latest, accepted, stated = dict(before), 0, set[str]()
    heard = store.outcome_statements(session, list({*rows["enterprise"].to_list()}))
    said: list[tuple[str, bool, date | None]] = []
    for row in _described(rows):
        name, defaulted = row.pop("enterprise"), row.pop("defaulted", None)
        firm = merged(latest.get(name), name, row)
        outcome = (name, defaulted, None)
        new_outcome = defaulted is not None and outcome not in heard
        # A row counts as accepted when it changes what is known; the invoices' own mention of a code is no statement.
        if firm != latest.get(name) or new_outcome or (name not in stated and before.get(name) is None):
            accepted += 1
        latest[name] = firm
        stated.add(name)
        if new_outcome:
            heard.add(outcome)
            said.append(outcome)
    changed = [firm for name, firm in latest.items() if firm != before.get(name)]
    store.keep_enterprises(session, changed, now)
    store.add_outcomes(session, said, order.id, now)
    return accepted


def _described(rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    yield from rows.drop("line").iter_rows(named=True)


def _observed(session: Session, order: tables.Import, rows: pl.DataFrame, now: datetime) -> int:
    """Store the outcomes of a file and return how many are new."""
    if "observed_on" not in rows.columns:
        rows = rows.with_columns(pl.lit(None, dtype=pl.Date).alias("observed_on"))
    statements = list(dict.fromkeys(rows.select("enterprise", "defaulted", "observed_on").iter_rows()))
    names = list({name for name, _, _ in statements})
    heard = store.outcome_statements(session, names)
    new = [statement for statement in statements if statement not in heard]
    synthetic = bool(store.book(session).synthetic)
    known = store.enterprises(session, names)
    store.keep_enterprises(session, [Enterprise(n, synthetic=synthetic) for n in names if n not in known], now)
    store.add_outcomes(session, new, order.id, now)
    return len(new)


def _made_visible(
    session: Session, state: store.BookState, sheets: list[Sheet], commit: Commit, now: datetime
) -> store.BookState:
    """Move the book on to a commit: from this step on readers see it, and a replay of this moment will."""
    [dataset, *_] = [sheet.form.dataset.name for sheet in sheets if sheet.form.dataset]
    added, synthetic = sum(commit.facts["appended"].values()), bool(state.synthetic)
    known_at = max(state.known_at + TICK, datetime.fromisoformat(commit.facts["known_at"]))
    store.add_step(session, dataset, known_at, commit.version, added)
    if dataset != invoice.DATASET.name:
        store.name_enterprises(session, commit.facts["enterprises"], synthetic=synthetic, now=now)
        return replace(state, known_at=known_at)
    store.touch(session, commit.facts["enterprises"], commit.version, synthetic=synthetic, now=now)
    latest = commit.facts["date"]
    days = [day for day in (state.date, date.fromisoformat(latest) if latest else None) if day]
    return replace(
        state,
        lake_version=max(state.lake_version, commit.version),
        known_at=known_at,
        date=max(days, default=None),
        invoices=state.invoices + added,
    )


def _summary(sheets: list[Sheet], counts: list[Counts]) -> dict[str, Any]:
    whole = sum(counts[1:], counts[0])
    ignored = sorted({title for sheet in sheets for title in sheet.ignored})
    parts = [
        {"sheet": sheet.name, "kind": sheet.form.kind, **asdict(count)}
        for sheet, count in zip(sheets, counts, strict=True)
        if sheet.name
    ]
    told = {"ignored_columns": ignored, "warnings": _warnings(sheets)}
    return {**asdict(whole), **told, "parts": parts or None}


def _warnings(sheets: list[Sheet]) -> list[str]:
    """Return what the standards do not know of the firms in the file: each once, and not more than anybody reads."""
    firms = (row for sheet in sheets if sheet.form.kind == ENTERPRISES.kind for row in _described(sheet.checked.rows))
    return list(
        islice(dict.fromkeys(said for row in firms for said in warnings(row["enterprise"], row)), MOST_WARNINGS)
    )


def _four(counts: Counts) -> tuple[int, int, int, int]:
    return counts.received, counts.accepted, counts.duplicate, counts.rejected
