"""Bringing a big flat file into the book in slices (`in_slices`): the steps of `load`, none of which holds it whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from chassis.data.jobs import Job
from services.profile.book import tables
from services.profile.book.commits import Commits
from services.profile.book.context import Context
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.titles import LINE
from services.profile.book.domain.versions import former_parties
from services.profile.book.fit import Commit
from services.profile.book.parts import Whole
from services.profile.book.readers.sheets import FileTooLarge, Limits
from services.profile.book.readers.slices import Flat, Step, flat, sent
from services.profile.book.spill import Part, Weighed
from services.profile.book.usecases.conclude import conclude
from services.profile.book.usecases.hooks import Hooks
from services.profile.book.usecases.in_slices import NeedsAll, Sliced, can_be_sliced, looked_at, reported, workplace
from services.profile.book.usecases.report import write_report
from services.profile.book.usecases.stand import claim_nature, last_step, standing_of
from services.profile.book.usecases.understand import how_read, understanding

STAGES = 5
# Memory that a row takes at most while its slice is checked, or its part weighed, in bytes.
ROW_IN_SLICE, ROW_IN_PART = 4096, 2048
# As much for a row of a file that is looked at whole: there may be so many of them.
ROW_WHOLE = 1024
# Of the memory of an import the text of a slice takes this part.
TEXT = 64
# What is packed may be so many times as long.
PACKED = 1000


def bring_in_slices(context: Context, hooks: Mapping[str, Hooks], job: Job, order: tables.Import, path: Path) -> bool:
    """Bring a file into the book in slices, where it is big and can be; tell whether it was."""
    memory = context.settings.import_memory
    step = Step(max(1, memory // ROW_IN_SLICE), max(1, memory // TEXT))
    if path.stat().st_size * PACKED <= step.bytes:
        return False
    with ExitStack() as stack:
        with understanding(order):
            form, today = how_read(context, order)
            table = stack.enter_context(flat(form, path, Limits(unpacked=context.settings.largest_unpacked)))
            if table is None or table.rows <= step.rows:
                return False
            if not can_be_sliced(form, table):
                return _whole(table, memory // ROW_WHOLE)
            folder = stack.enter_context(workplace(path))
            try:
                file = looked_at(form, table, step, today, folder, max(1, memory // ROW_IN_PART))
            except NeedsAll:
                return _whole(table, memory // ROW_WHOLE)
        job.progress(2, STAGES)
        assert form.dataset is not None
        _write_report(context, order, file, table, step)
        claim_nature(context, file.seen.natures)
        commit = _append(context, order, form.dataset, file, folder)
        if commit.facts.get("refused"):
            file = file.without(commit.facts["refused"])
            _write_report(context, order, file, table, step)
        job.progress(4, STAGES)
        conclude(context, hooks, order, [file.sheet], Commits((form.dataset, commit)), file.rows)
    context.lakes[form.dataset.name].tidy(commit.facts["enterprises"])
    return True


def _whole(table: Flat, most: int) -> bool:
    """Tell that a file is to be looked at whole; raise `FileTooLarge` where it has more rows than memory admits."""
    if table.rows > most:
        raise FileTooLarge(
            f"The file has {table.rows} rows, and what they mean is told by all of them together; at most {most} are "
            "taken at once: split it by enterprise, account or period and send the parts. / "
            f"该类文件须整体核对，一次最多受理 {most} 行；请按企业、账户或期间拆分后分别报送。",
            rows=table.rows,
            most=most,
        )
    return False


@dataclass(frozen=True, slots=True)
class _Records:
    """A part as the lake takes it: with the columns of its kind alone."""

    part: Part
    columns: tuple[str, ...]

    @property
    def near(self) -> pl.Expr | None:
        return self.part.near

    def rows(self) -> pl.DataFrame:
        return self.part.rows().select(self.columns)


def _append(context: Context, order: tables.Import, dataset: Dataset, file: Sliced, folder: Path) -> Commit:
    """Append the records of the file to their lake, or find that this was done before a crash."""
    lake = context.lakes[dataset.name]
    done = lake.committed(order.id)
    if done is not None:
        return done
    none = Whole(dataset.conform(pl.DataFrame(schema={LINE: pl.Int64})))
    return lake.append_parts(
        [_Records(part, (*dataset.content, LINE)) for part in file.parts] or [none],
        order.id,
        Weighed(folder / "weighed"),
        now=context.now(),
        step=last_step(context, dataset),
        standing=partial(standing_of, context, order),
        counted=lambda place, new, held: {
            "taken": [file.counted(place, new)],
            "before": former_parties(dataset, new, held),
        },
    )


def _write_report(context: Context, order: tables.Import, file: Sliced, table: Flat, step: Step) -> None:
    def slices() -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        raw = (one.frame for one in table.slices(step, file.known)) if file.refused.height else None
        for place, report in reported(file):
            # What is refused beside other rows is no more at hand as it was written.
            again = None if raw is None else sent(next(raw), table.titles(file.known))[0]
            if again is not None:
                yield report, again
            elif not report.is_empty():
                yield report, pl.read_ipc(file.seen.reports[place][1])

    write_report(context, order.id, slices, file.seen.titles if file.sheet.checked.rejected else None)
