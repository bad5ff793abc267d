"""Bringing a big flat file into the book in slices (`in_slices`): the steps of `load`, none of which holds it whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from chassis.data.jobs import Job
from services.profile.book import tables
from services.profile.book.commits import Commits
from services.profile.book.context import Context
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.sheet import Digests
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


@dataclass(frozen=True, slots=True)
class Records:
    """A part as the lake takes it: with the columns of its kind alone."""

    part: Part
    columns: tuple[str, ...]

    @property
    def near(self) -> pl.Expr | None:
        """What tells them among others of the same enterprises."""
        return self.part.near

    def rows(self) -> pl.DataFrame:
        """Return them in the order of the file."""
        return self.part.rows().select(self.columns)


@dataclass(frozen=True, slots=True)
class Divided:
    """A big file that was looked at in slices: the parts of its rows wait in a folder."""

    dataset: Dataset
    file: Sliced
    table: Flat
    step: Step
    folder: Path

    @property
    def parts(self) -> Sequence[Records | Whole]:
        """Its records as the lake takes them, part by part."""
        none = Whole(self.dataset.conform(pl.DataFrame(schema={LINE: pl.Int64})))
        return [Records(part, (*self.dataset.content, LINE)) for part in self.file.parts] or [none]

    @property
    def kept(self) -> Weighed:
        """Where they wait when they are weighed."""
        return Weighed(self.folder / "weighed")

    def counted(self, place: int, new: pl.DataFrame, held: pl.DataFrame) -> dict[str, Any]:
        """Count what a part brings beside what is held."""
        return {"taken": [self.file.counted(place, new)], "before": former_parties(self.dataset, new, held)}


@contextmanager
def divided(context: Context, order: tables.Import, path: Path, *, bounded: bool = True) -> Iterator[Divided | None]:
    """Look at a file in slices, where it is big and can be; None where it is to be looked at whole.

    Raise `FileTooLarge` where it is `bounded` and too big for that: what was taken once is taken again.
    """
    memory = context.settings.import_memory
    step = Step(max(1, memory // ROW_IN_SLICE), max(1, memory // TEXT))
    if path.stat().st_size * PACKED <= step.bytes:
        yield None
        return
    with ExitStack() as stack:
        with understanding(order):
            found = _divided(context, order, path, step, stack)
            if bounded and found is not None and not isinstance(found, Divided):
                require_few(found, memory // ROW_WHOLE)
        yield found if isinstance(found, Divided) else None


def _divided(context: Context, order: tables.Import, path: Path, step: Step, stack: ExitStack) -> Divided | Flat | None:
    """Return a big file divided, or as it is where its rows tell only together what they mean; None: a small one."""
    form, today = how_read(context, order)
    limits = Limits(unpacked=context.settings.largest_unpacked, rows=step.rows)
    table = stack.enter_context(flat(form, path, limits))
    if table is None or table.rows <= step.rows:
        return None
    if form.dataset is None or not can_be_sliced(form, table):
        return table
    folder = stack.enter_context(workplace(path))
    try:
        most = max(1, context.settings.import_memory // ROW_IN_PART)
        buckets = context.lakes[form.dataset.name].buckets()
        return Divided(form.dataset, looked_at(form, table, step, today, folder, most, buckets), table, step, folder)
    except NeedsAll:
        return table


def bring_in_slices(context: Context, hooks: Mapping[str, Hooks], job: Job, order: tables.Import, path: Path) -> bool:
    """Bring a file into the book in slices, where it is big and can be; tell whether it was."""
    with divided(context, order, path) as found:
        if found is None:
            return False
        job.progress(2, STAGES)
        file = found.file
        noted = _write_report(context, order, found)
        claim_nature(context, file.seen.natures)
        commit = _append(context, order, found)
        if commit.facts.get("refused"):
            file = file.without(commit.facts["refused"])
            noted = _write_report(context, order, replace(found, file=file))
        job.progress(4, STAGES)
        conclude(context, hooks, order, [file.sheet], Commits((found.dataset, commit)), noted, file.rows)
    context.lakes[found.dataset.name].tidy(commit.version, commit.facts["enterprises"])
    return True


def require_few(table: Flat, most: int) -> None:
    """Raise `FileTooLarge` where a file that is looked at whole has more rows than memory admits."""
    if table.rows > most:
        raise FileTooLarge(
            f"The file has {table.rows} rows, and what they mean is told by all of them together; at most {most} are "
            "taken at once: split it by enterprise, account or period and send the parts. / "
            f"该类文件须整体核对，一次最多受理 {most} 行；请按企业、账户或期间拆分后分别报送。",
            rows=table.rows,
            most=most,
        )


def _append(context: Context, order: tables.Import, found: Divided) -> Commit:
    """Append the records of the file to their lake, or find that this was done before a crash."""
    lake = context.lakes[found.dataset.name]
    done = lake.committed(order.id)
    if done is not None:
        return done
    return lake.append_parts(
        found.parts,
        order.id,
        found.kept,
        now=context.now(),
        step=last_step(context, found.dataset),
        standing=partial(standing_of, context, order),
        counted=found.counted,
    )


def _write_report(context: Context, order: tables.Import, found: Divided) -> Digests:
    file, table, step = found.file, found.table, found.step

    def slices() -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        raw = (one.frame for one in table.slices(step, file.known)) if file.refused.height else None
        for place, report in reported(file):
            # What is refused beside other rows is no more at hand as it was written.
            again = None if raw is None else sent(next(raw), table.titles(file.known))[0]
            if again is not None:
                yield report, again
            elif not report.is_empty():
                yield report, pl.read_ipc(file.seen.reports[place][1])

    return write_report(context, order.id, slices, file.seen.titles if file.sheet.checked.rejected else None)
