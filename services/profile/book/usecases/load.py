"""Working off an import: read, check, append to the lake in one commit, then make it visible in one transaction.

A worker may be killed at any point and the job is taken again. Everything before the lake's commit is repeated and
gives the same result; the lake's commit is found again by the import's id; the last transaction happens once. The lines
of invoices follow those into a lake of their own, in a commit of their own, and become visible with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl

from chassis.core.errors import Refused, UpstreamUnavailable
from chassis.data.jobs import Job
from services.profile.book import tables
from services.profile.book.commits import Commits
from services.profile.book.context import Context
from services.profile.book.domain import invoice_lines
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.form import Form
from services.profile.book.domain.items import joined
from services.profile.book.domain.lines import agreeing, summed, with_lines, with_lines_beside
from services.profile.book.domain.listed import continued, whole
from services.profile.book.domain.relation import sealed
from services.profile.book.domain.sheet import Sheet, dataset_of, numbered, of_sheet, taken
from services.profile.book.domain.validation import check, one_nature
from services.profile.book.domain.versions import former_parties
from services.profile.book.fit import Commit
from services.profile.book.import_store import SEALED
from services.profile.book.party_key import party_key
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import Limits, RawSheet
from services.profile.book.usecases.agree import SECONDS, agree
from services.profile.book.usecases.bring_slices import bring_in_slices
from services.profile.book.usecases.conclude import conclude
from services.profile.book.usecases.hooks import Hooks
from services.profile.book.usecases.recognise import recognised
from services.profile.book.usecases.report import reports, write_reports
from services.profile.book.usecases.stand import claim_nature, last_step, standing_of
from services.profile.book.usecases.understand import form_of_sheet, how_read, understanding

STAGES = 5


def load(context: Context, hooks: Mapping[str, Hooks], job: Job) -> None:
    """Bring one received file into the book, with the hooks of its kind.

    Raises a `Refused` and changes nothing where it cannot be used.
    """
    with context.database.read() as session:
        order = session.get_one(tables.Import, job.id)
    agree(context, within=SECONDS)
    try:
        if order.finished_at is None:
            with context.uploads.open(order.id) as path:
                _bring_in(context, hooks, job, order, path)
    except UpstreamUnavailable:
        raise  # it is tried again, and needs its file
    except Refused:
        _forget(context, order)
        raise
    _forget(context, order)


def _forget(context: Context, order: tables.Import) -> None:
    """Remove a file that names persons, and what a killed reader left of it: what is kept of them is in the lake."""
    if order.kind in SEALED:
        for file in context.uploads.list(order.id):
            if file.name not in reports(order.id):
                context.uploads.delete(file.name)


def _bring_in(context: Context, hooks: Mapping[str, Hooks], job: Job, order: tables.Import, path: Path) -> None:
    if bring_in_slices(context, hooks, job, order, path):
        return
    with understanding(order):
        sheets = sheets_of(context, order, path)
    job.progress(1, STAGES)
    sheets = [_hooked(context, hooks, job, order, sheet) for sheet in sheets]
    job.progress(2, STAGES)
    noted = write_reports(context, order.id, sheets)
    _claim(context, sheets)
    left, commits = _committed(context, order, sheets)
    if left is not sheets:
        sheets, noted = left, write_reports(context, order.id, left)
    job.progress(4, STAGES)
    conclude(context, hooks, order, sheets, commits, noted)
    for dataset, commit in commits:
        # Many small imports leave a file each: the lake is kept quick to read.
        context.lakes[dataset.name].tidy(commit.version, commit.facts["enterprises"])


def _committed(context: Context, order: tables.Import, sheets: list[Sheet]) -> tuple[list[Sheet], Commits]:
    """Append what the sheets bring to the lakes; return the sheets without what is refused, and the commits."""
    dataset = dataset_of(sheets)
    if dataset is None:
        return sheets, Commits()
    commit = _append(context, order, dataset, sheets)
    if commit.facts.get("refused"):
        sheets = without_refused(sheets, commit)
    # Only now is it known whose lines are lines of invoices of the book.
    if all(sheet.lines.is_empty() for sheet in sheets):
        return sheets, Commits((dataset, commit))
    lines = invoice_lines.DATASET
    return sheets, Commits((dataset, commit), ((lines, _append(context, order, lines, sheets)),))


def statements(context: Context, order: tables.Import, dataset: Dataset) -> pl.DataFrame | None:
    """Return the records that a file received states, as they are held; None where the file is not kept any more."""
    try:
        with context.uploads.open(order.id) as path:
            return records_of(context, dataset, sheets_of(context, order, path))
    except FileNotFoundError:
        return None


def _limits(context: Context, order: tables.Import) -> Limits:
    """Return what reading a file whole may take; what was taken once is taken again, untried."""
    settings = context.settings
    memory = max(Limits().memory, settings.import_memory * 5 // 8)
    return Limits(unpacked=settings.largest_unpacked, memory=memory, gauged=order.finished_at is not None)


def sheets_of(context: Context, order: tables.Import, path: Path) -> list[Sheet]:
    """Return the tables of a file received, read and checked, and all of it at once."""
    form, today = how_read(context, order)
    raw = read(form, path, _limits(context, order))
    forms = {each.kind: form_of_sheet(context, order, each.kind) for each in raw if each.kind != form.kind}
    sheets = [_checked(each, forms.get(each.kind, form), today) for each in raw]
    own = order.channel == Channel.SUBJECT
    return [recognised(context, sheet, own=own) for sheet in agreeing(sheets)]


def records_of(context: Context, dataset: Dataset, sheets: list[Sheet]) -> pl.DataFrame:
    """Return what the sheets state of a kind, as its lake takes it."""
    parts = [numbered(_rows(dataset, sheet), place) for place, sheet in enumerate(sheets) if sheet.form.dataset]
    if dataset.name in SEALED:
        parts = [sealed(part, party_key(context.settings)) for part in parts]
    return pl.concat(parts)


def _rows(dataset: Dataset, sheet: Sheet) -> pl.DataFrame:
    """Return what a sheet says of a kind: its own, or the lines of its invoices."""
    if dataset is invoice_lines.DATASET:
        return invoice_lines.gathered(sheet.checked.rows, sheet.lines, sheet.folded)
    return dataset.conform(sheet.checked.rows)


def _checked(raw: RawSheet, form: Form, today: date) -> Sheet:
    matched = form.match(raw.titles)
    raw = replace(raw, frame=continued(raw.frame, raw.titles, matched, raw.unread))
    checked = check(form, raw.frame, matched, raw.unread, today=today)
    found = matched.found.items()
    secret = form.kind in SEALED  # of other kinds the file itself is kept
    shown = frozenset(name for name, column in found if column.reads != "party") if secret else None
    sheet = Sheet(
        form, raw.name, checked, matched.ignored, raw.notes, raw=raw.frame, titles=tuple(raw.titles), open_columns=shown
    )
    sheet = with_lines(sheet, raw.lines)
    if raw.beside is not None:
        return with_lines_beside(sheet, _checked(raw.beside, form, today))
    numbers = [name for name, column in found if column.name == "number"]
    return joined(summed(whole(sheet, numbers), numbers))


def _hooked(context: Context, hooks: Mapping[str, Hooks], job: Job, order: tables.Import, sheet: Sheet) -> Sheet:
    """Return the sheet without the lines that the hook of its kind refuses."""
    dataset = sheet.form.dataset
    if dataset is None or dataset.name not in hooks:
        return sheet
    for lines, reason in hooks[dataset.name].on_check(context, job, order, sheet.checked.rows):
        sheet = sheet.without(lines, reason)
    return sheet


def without_refused(sheets: list[Sheet], commit: Commit) -> list[Sheet]:
    """Return the sheets without what their lake refused when it took them."""
    return [_refused(sheet, place, commit) for place, sheet in enumerate(sheets)]


def _refused(sheet: Sheet, place: int, commit: Commit) -> Sheet:
    """Return the sheet at a place of the file without the lines that do not go with what is held."""
    for reason, lines in commit.facts["refused"]:
        sheet = sheet.without(of_sheet(lines, place), reason)
    return sheet


def _claim(context: Context, sheets: list[Sheet]) -> None:
    claim_nature(context, {one_nature(sheet.checked.rows) for sheet in sheets if not sheet.checked.rows.is_empty()})


def _append(context: Context, order: tables.Import, dataset: Dataset, sheets: list[Sheet]) -> Commit:
    """Append the records of the file to their lake, or find that this was done before a crash."""
    lake = context.lakes[dataset.name]
    done = lake.committed(order.id)
    if done is not None:
        return done
    return lake.append(
        records_of(context, dataset, sheets),
        order.id,
        {},
        now=context.now(),
        step=last_step(context, dataset),
        standing=partial(standing_of, context, order),
        counted=lambda new, held: {"taken": taken(sheets, new["line"]), "before": former_parties(dataset, new, held)},
    )
