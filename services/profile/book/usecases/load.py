"""Working off an import: read, check, append to the lake in one commit, then make it visible in one transaction.

A worker may be killed at any point and the job is taken again. Everything before the lake's commit is repeated and
gives the same result; the lake's commit is found again by the import's id; the last transaction happens once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl

from chassis.core.errors import Refused
from chassis.data.jobs import Job
from services.profile.book import store, tables
from services.profile.book.context import Context
from services.profile.book.domain import relation
from services.profile.book.domain.channel import Standing, standing
from services.profile.book.domain.columns import KINDS, Form
from services.profile.book.domain.relation import sealed
from services.profile.book.domain.validation import REPORT, check, one_nature
from services.profile.book.domain.versions import without_repeats
from services.profile.book.lake import Commit
from services.profile.book.party_key import party_key
from services.profile.book.readers.connectors import form_of
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import Limits, Part
from services.profile.book.usecases.conclude import Sheet, conclude
from services.profile.book.usecases.enrol import SyntheticMixed, claim
from services.profile.book.usecases.hooks import Hooks
from services.profile.book.usecases.receive import sync_folder
from services.profile.standards.days import day_of

STAGES = 5
# Kinds that name persons: their files go as soon as they are worked off, and parties are held as keyed hashes.
SEALED = frozenset({relation.DATASET.name})
NOT_YOURS = "stated by another source already; dispute it instead of restating it / 其他来源已有记录，请提出异议"


def load(context: Context, hooks: Mapping[str, Hooks], job: Job) -> None:
    """Bring one received file into the book, with the hooks of its kind.

    Raises a `Refused` and changes nothing where it cannot be used.
    """
    with context.database.read() as session:
        order = session.get_one(tables.Import, job.id)
    path = context.settings.uploads / order.id
    try:
        if order.finished_at is None:
            _bring_in(context, hooks, job, order, path)
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


def _bring_in(context: Context, hooks: Mapping[str, Hooks], job: Job, order: tables.Import, path: Path) -> None:
    # The day it was received, in China: a repetition tomorrow must judge future dates the same.
    today = day_of(order.created_at)
    form = form_of(order.kind, order.connector, order.enterprise)
    parts = read(form, path, Limits(unpacked=context.settings.largest_unpacked))
    job.progress(1, STAGES)
    sheets = [_checked(part, form if part.kind == form.kind else KINDS[part.kind], today) for part in parts]
    sheets = [_hooked(context, hooks, job, order, sheet) for sheet in sheets]
    job.progress(2, STAGES)
    _report(reject_report(context, order.id), sheets)
    _claim(context, sheets)
    commit = _append(context, order, sheets)
    if commit is not None and commit.facts.get("refused"):
        sheets = [_without_refused(sheet, commit.facts["refused"]) for sheet in sheets]
        _report(reject_report(context, order.id), sheets)
    job.progress(4, STAGES)
    conclude(context, hooks, order, sheets, commit)
    if commit is not None:
        _tidied(context, sheets, commit)


def reject_report(context: Context, import_id: str) -> Path:
    """Return where an import's reject report lies, as CSV."""
    return context.settings.uploads / f"{import_id}.rejects.csv"


def _checked(part: Part, form: Form, today: date) -> Sheet:
    matched = form.match([title for title in part.frame.columns if title != "line"])
    checked = check(form, part.frame, matched, part.unread, today=today)
    return Sheet(form, part.sheet, checked, matched.ignored)


def _hooked(context: Context, hooks: Mapping[str, Hooks], job: Job, order: tables.Import, sheet: Sheet) -> Sheet:
    """Return the sheet without the lines that the hook of its kind refuses."""
    dataset = sheet.form.dataset
    if dataset is None or dataset.name not in hooks:
        return sheet
    for lines, why in hooks[dataset.name].on_check(context, job, order, sheet.checked.rows):
        sheet = _without_refused(sheet, lines, why)
    return sheet


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
